"""The bench of reading aloud has each voice speak natively and in Chromium, on one thread and on two."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from playwright.sync_api import Error

from bench.benches import speaking
from bench.context import Context
from build_support import paths
from build_support.errors import StepFailed
from orion_py.manifest import graph_manifest
from orion_py.native import graph_model
from tests.senses.speaking.scripted_voice import TalkingModel


class Bench:
    """Stands in for a ``Context`` of one round."""

    rounds = 1

    def __init__(self, site: Path, fails: bool = False) -> None:
        self.site, self.fails, self.said = site, fails, list[str]()

    def settle(self, what: str) -> None:
        self.said.append(what)


class SpeakingJob:
    def __init__(self, fails: bool) -> None:
        self.fails = fails

    def prepare(self, module: str, options: dict[str, Any]) -> None:
        assert module == "orion-speaking"
        if self.fails and options["model"] == "kokoro-82m":
            raise Error("it crashed\nwith a stack")

    def run(self, options: dict[str, Any]) -> dict[str, float]:
        return {"first_ms": 900.0, "took": 2.0, "seconds": 4.0, "memory": 2e8}


@pytest.fixture(params=[False, True])
def bench(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """With ``fails``, Kokoro's page crashes."""
    monkeypatch.setattr(paths, "MODELS", tmp_path / "models")
    for folder in (tmp_path / "models", tmp_path / "orion" / "models"):
        for model in ("piper-joe", "kokoro-82m"):
            (folder / model).mkdir(parents=True)
            (folder / model / "manifest.json").write_text("{}")

    @contextmanager
    def page(context: Any) -> Iterator[SpeakingJob]:
        yield SpeakingJob(request.param)

    class Model(TalkingModel):
        async def close(self) -> None: ...

    async def opened(*arguments: Any) -> Any:
        return Model()

    monkeypatch.setattr(speaking, "contender_page", page)
    monkeypatch.setattr(graph_manifest, "parse_graph_manifest", lambda text: None)
    monkeypatch.setattr(graph_model, "opened_graphs", opened)
    return Bench(tmp_path, request.param)


async def test_each_voice_is_measured_on_one_thread_and_on_two(bench: Bench) -> None:
    """Within an event loop: a browser's API runs in one."""
    outcome = speaking.run(cast(Context, bench))
    crashes = [f"kokoro-82m on {threads} in Chromium failed: it crashed" for threads in (1, 2)]
    assert outcome.notes == (crashes if bench.fails else [])
    names = [contender.name for contender in outcome.contenders]
    assert names == ["CPython, 1", "Chromium, 1", "CPython, 2", "Chromium, 2"]
    page = outcome.contenders[3].series
    assert page["piper-joe: first sound"].median == 900
    assert page["piper-joe: a second of sound"].median == 0.5
    assert len(outcome.contenders[0].series) == 4
    assert outcome.contenders[3].facts["piper-joe: memory, MB"] == 200
    goals = [(target.title, target.met) for target in outcome.targets if target.wanted is not None]
    assert goals == [("piper-joe: first sound, 2 in Chromium", True)]
    assert len(bench.said) == 4


def test_without_the_models_it_says_how_to_make_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "MODELS", tmp_path)
    with pytest.raises(StepFailed, match="aren't built"):
        speaking.run(cast(Context, Bench(tmp_path)))
