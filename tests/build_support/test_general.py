"""One command brings a general model from the hub, and then agents for all but code prefer it."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from build_support import cli, general, making, models, paths
from build_support.errors import SourceUnavailable, StepFailed, UsageError
from orion_py.errors import OutOfMemory
from orion_py.native.start import native_engine
from orion_py.protocol import InferOptions
from orion_py.runtime.base import Logits
from orion_py.runtime.segments import Inputs
from tests.build_support.hub_server import COMMIT, HubServer, Repository
from tests.model_foundry.folders import FAMILIES

NAME, ID = "Someone/Tiny-Chat", "someone--tiny-chat"
LISTED, LISTED_ID = "Qwen/Qwen2.5-0.5B-Instruct", "qwen2.5-0.5b-instruct"


@pytest.fixture(autouse=True)
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    """A hub with a tiny model under two names, and a clone without a model."""
    root = tmp_path / "clone"
    root.mkdir()
    shutil.copyfile(paths.ROOT / "models.json", root / "models.json")
    revision = next(model.revision for model in general.known() if model.hub == LISTED)
    monkeypatch.setattr(paths, "ROOT", root)
    monkeypatch.setattr(paths, "MODELS", root / "public" / "models")
    monkeypatch.setattr(paths, "WORK", root / ".cache" / "build")
    monkeypatch.setattr(models, "_makers", lambda name: [])
    monkeypatch.setenv("ORION_CACHE", str(tmp_path / "cache"))
    with HubServer() as server:
        server.repositories[NAME] = Repository(FAMILIES / "qwen2", languages=["en"])
        server.repositories[LISTED] = Repository(FAMILIES / "qwen2", commit=revision)
        monkeypatch.setenv("ORION_HUB", server.url)
        yield server


def run(*arguments: str) -> int:
    return cli.run(cli.parse(list(arguments)))


def test_one_command_brings_a_model_and_the_next_does_nothing(
    hub: HubServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("models", NAME) == 0
    said = capsys.readouterr()
    assert f"{NAME}@main: public/models/{ID}/manifest.json" in said.out.replace("\\", "/")
    assert re.search(r"takes \d+ MB of memory \(measured here\); agents for all but code prefer it", said.err)
    origin = json.loads((paths.MODELS / ID / "hub.json").read_text("utf-8"))
    assert origin["commit"] == COMMIT
    assert origin["memory_measured"] is True
    manifest = json.loads((paths.MODELS / ID / "manifest.json").read_text("utf-8"))
    assert (manifest["licence"], manifest["source"]["revision"]) == ("Apache-2.0", COMMIT)
    assert len(manifest["golden"]) == 5
    monkeypatch.setenv("ORION_HUB", "http://127.0.0.1:9")
    asked = len(hub.asked)
    assert run("models", NAME) == 0
    assert models.made(f"{NAME}@main")
    assert len(hub.asked) == asked


def test_the_list_of_the_registry_says_the_commit_the_title_and_the_languages(hub: HubServer) -> None:
    assert models.check_names([LISTED_ID, LISTED]) == models.check_names([LISTED])
    assert run("models", LISTED_ID) == 0
    entry = json.loads((paths.MODELS / LISTED_ID / "offer.json").read_text("utf-8"))
    assert (entry["title"], entry["languages"], entry["tier"]) == ("Qwen2.5 0.5B Instruct", ["en", "fr"], "full")
    assert all("main" not in path for path, _, _ in hub.asked)


def test_the_clones_engine_prefers_it_for_all_but_code_and_it_answers() -> None:
    run("models", NAME)

    async def asked() -> tuple[dict[str, str], str]:
        async with await native_engine(paths.ROOT) as engine:
            rows = {row["id"]: row["usable"] for row in engine.agents.describe()}
            preferred = {agent: usable[0] for agent, usable in rows.items() if usable}
            options = InferOptions(force_agent="conversation", max_tokens=4)
            return preferred, (await engine.infer("Tell me of the sea.", options)).model

    preferred, answered = asyncio.run(asked())
    assert preferred["conversation"] == preferred["creative"] == ID
    assert "code" not in preferred
    assert answered == ID


def test_a_site_for_which_nobody_chose_keeps_what_was_brought(monkeypatch: pytest.MonkeyPatch) -> None:
    run("models", NAME)
    wanted: list[str] = []
    monkeypatch.setattr(making, "make_site", lambda names, origins=(): wanted.append(names))
    monkeypatch.setattr(making, "_end_with_parent", lambda: None)
    monkeypatch.setattr(making.os, "nice", lambda by: 0, raising=False)
    assert making.main(["lite", "--if-made", "full"]) == 0
    assert making.main(["lite"]) == 0
    assert making.main(["lite", "--background"]) == 0
    assert wanted == [f"lite,{NAME}@main", "lite", f"{NAME}@main,lite"]


def test_what_it_is_made_from_can_be_fetched_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("models", "--sources", NAME) == 0
    files = [Path(line) for line in capsys.readouterr().out.splitlines()]
    assert {"config.json", "tokenizer.json", "model.safetensors"} <= {path.name for path in files}
    assert all(path.is_file() for path in files)
    assert not (paths.MODELS / ID).exists()


def test_without_a_network_the_command_says_so_and_makes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORION_HUB", "http://127.0.0.1:9")
    with pytest.raises(SourceUnavailable, match=r"Someone/Tiny-Chat@main can't be fetched from 127\.0\.0\.1:9"):
        run("models", NAME)
    assert not models.made(f"{NAME}@main")


def test_a_model_whose_entry_was_lost_is_offered_again(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    run("models", NAME)
    (paths.MODELS / ID / "offer.json").write_text("{}")
    assert run("models", NAME) == 0
    assert general.offered(paths.MODELS / ID / "manifest.json")


def test_a_model_that_was_built_is_known_when_the_cache_was_emptied(tmp_path: Path) -> None:
    run("models", NAME)
    shutil.rmtree(tmp_path / "cache")
    assert models.made(f"{NAME}@main")
    assert run("models", NAME) == 0
    assert not (tmp_path / "cache" / "hub").exists()
    assert general.built() == [f"{NAME}@main"]


def test_a_branch_that_moved_is_built_anew_only_where_its_old_commit_is_forgotten(
    hub: HubServer, tmp_path: Path
) -> None:
    run("models", NAME)
    hub.repositories[NAME].commit = "a" * 40
    shutil.rmtree(tmp_path / "cache")
    next((paths.MODELS / "shards").iterdir()).unlink()
    assert run("models", NAME) == 0
    assert general.commit_of(f"{NAME}@main") == "a" * 40
    assert models.made(f"{NAME}@main")


def test_a_model_that_computes_something_else_isnt_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    async def wrong(self: object, inputs: Inputs, position: int) -> Logits:
        return np.zeros(288, np.float32)

    monkeypatch.setattr("orion_py.native.runtime.NativeSession.forward", wrong)
    with pytest.raises(StepFailed, match="doesn't compute what it should: golden vector"):
        run("models", NAME)
    assert not (paths.MODELS / ID / "offer.json").exists()


def test_where_it_cant_be_run_its_memory_is_called_an_estimate(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def full(self: object) -> None:
        raise OutOfMemory

    monkeypatch.setattr("orion_py.native.runtime.NativeSession.build", full)
    assert run("models", NAME) == 0
    assert "its memory is an estimate" in capsys.readouterr().err
    assert json.loads((paths.MODELS / ID / "hub.json").read_text("utf-8"))["memory_measured"] is False


def test_a_licence_that_isnt_permissive_is_pointed_at(hub: HubServer, capsys: pytest.CaptureFixture[str]) -> None:
    hub.repositories[NAME].licence = "gemma"
    run("models", NAME)
    assert "Its licence is gemma: read it" in capsys.readouterr().err


def test_names_say_what_the_hub_can_bring() -> None:
    with pytest.raises(UsageError, match=r"router; and from the hub any OWNER/NAME, qwen3-1\.7b"):
        models.check_names(["nothing"])
    with pytest.raises(UsageError, match="too long a name"):
        general.model_id("o" * 60 + "/" + "n" * 60)


def test_what_the_registry_lists_is_pinned_permissive_and_not_claimed_to_have_run() -> None:
    listed = general.known()
    assert listed
    for model in listed:
        assert model.licence in general.PERMISSIVE
        assert {"en", "fr"} <= set(model.languages)
        assert 0.4e9 <= model.parameters <= 1.8e9
        assert not model.run, "say where it was measured before this changes"


def test_files_that_say_nothing_of_their_origin_are_no_models_of_the_hub() -> None:
    for name, text in {"a": "{", "b": "{}", "c": '{"hub": "x", "revision": "main"}'}.items():
        (paths.MODELS / name).mkdir(parents=True)
        (paths.MODELS / name / "hub.json").write_text(text)
    assert general.built() == []
    assert general.commit_of("Someone/Else") is None
