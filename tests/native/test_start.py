"""An engine in CPython that keeps its settings."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from orion_py import EngineConfig, native_engine
from orion_py.protocol import AgentDefinition

ROOT = Path(__file__).parents[2]
QUIET = EngineConfig(use_neural_router=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checkout in which no model was built."""
    shutil.copy(ROOT / "models.json", tmp_path / "models.json")
    return tmp_path


async def test_a_custom_agent_is_there_in_the_next_engine(folder: Path) -> None:
    async with await native_engine(folder, QUIET) as engine:
        await engine.register_agent(AgentDefinition(id="barkeeper", name="Barkeeper", prompt="You shake drinks."))
    async with await native_engine(folder, QUIET) as engine:
        assert [definition.id for definition in engine.custom_agents] == ["barkeeper"]


async def test_settings_may_lie_elsewhere(folder: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "mine.json"
    async with await native_engine(folder, QUIET, settings=elsewhere) as engine:
        assert (await engine.infer("What is 17 * 23?")).content.endswith("391")
    assert elsewhere.is_file()
    assert not (folder / ".orion").exists()


async def test_a_file_that_cannot_be_read_is_said_and_the_engine_answers(folder: Path) -> None:
    (folder / "mine.json").write_text("not ours")
    async with await native_engine(folder, QUIET, settings=folder / "mine.json") as engine:
        assert [row["kind"] for row in engine.fallbacks] == ["settings"]
        assert (await engine.infer("What is 17 * 23?")).content.endswith("391")
    assert (folder / "mine.json").read_text() == "not ours"
