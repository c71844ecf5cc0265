"""When a model is converted, when it is taken as it is, and what a conversion that fails leaves."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from build_support import models, paths
from build_support.downloads import Source
from build_support.errors import BuildError, StepFailed, UsageError
from build_support.sources import MODELS, ROUTER
from model_foundry.errors import FoundryError

SHARD = b"weights"
SHA = hashlib.sha256(SHARD).hexdigest()


class Foundry:
    """Stands in for the foundry: writes a model with one shard, and notes what it was given."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, list[str]]] = []
        self.error: Exception | None = None
        self.shard: bytes | None = SHARD

    def convert(self, name: str, files: list[Path], report: Callable[[str, int, int], None]) -> str:
        self.asked.append((name, [path.name for path in files]))
        if self.error:
            raise self.error
        report("writing", 1, 2)
        folder = paths.MODELS / f"id-of-{name}"
        for path in (folder, paths.MODELS / "shards"):
            path.mkdir(parents=True, exist_ok=True)
        if self.shard is not None:
            (paths.MODELS / "shards" / SHA).write_bytes(self.shard)
        (folder / "manifest.json").write_text(json.dumps({"shards": [{"sha256": SHA, "size": len(SHARD)}]}))
        return folder.name


@pytest.fixture(autouse=True)
def foundry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Foundry:
    """A clone without a model, and an empty cache."""
    made = Foundry()
    monkeypatch.setenv("ORION_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(paths, "WORK", tmp_path / "work")
    monkeypatch.setattr(paths, "MODELS", tmp_path / "models")
    monkeypatch.setattr(models, "_makers", lambda name: [])
    monkeypatch.setattr(models, "obtain", lambda sources: {source: tmp_path / source.name for source in sources})
    monkeypatch.setattr(models, "_convert", made.convert)
    return made


def another_clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on in a clone beside the first, with the same cache."""
    monkeypatch.setattr(paths, "WORK", tmp_path / "another" / "work")
    monkeypatch.setattr(paths, "MODELS", tmp_path / "another" / "models")


def test_a_model_is_converted_once(foundry: Foundry) -> None:
    assert not models.made("lite")
    manifest = models.build("lite")
    assert manifest == paths.MODELS / "id-of-lite" / "manifest.json"
    assert models.made("lite")
    assert models.build("lite") == manifest
    assert foundry.asked == [("lite", [MODELS["lite"].name])]


def test_the_router_is_made_from_its_encoder(foundry: Foundry) -> None:
    models.build("router")
    assert foundry.asked == [("router", [source.name for source in ROUTER])]
    assert models.fetch("router")[1].name == ROUTER[1].name


def test_other_weights_make_another_model(foundry: Foundry, monkeypatch: pytest.MonkeyPatch) -> None:
    models.build("lite")
    monkeypatch.setitem(models.MODELS, "lite", Source("newer.gguf", "0" * 64))
    assert not models.made("lite")
    models.build("lite")
    assert foundry.asked[1] == ("lite", ["newer.gguf"])


def test_a_model_that_failed_isnt_taken_for_the_one_before(foundry: Foundry, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other weights may have overwritten its files before they failed."""
    models.build("lite")
    foundry.error = FoundryError("no tensors")
    with monkeypatch.context() as edited:
        edited.setitem(models.MODELS, "lite", Source("newer.gguf", "0" * 64))
        with pytest.raises(StepFailed):
            models.build("lite")
    assert not models.made("lite")


def test_a_model_that_was_damaged_is_taken_from_the_cache(
    foundry: Foundry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A link shares its damage: then it is converted again, and kept again."""
    models.build("lite")
    (paths.MODELS / "shards" / SHA).unlink()
    assert models.made("lite"), "by its record; build looks closer"
    assert models.intact(models.build("lite"))
    assert len(foundry.asked) == 1
    (paths.MODELS / "shards" / SHA).write_bytes(b"damaged")
    assert models.intact(models.build("lite"))
    assert len(foundry.asked) == 2
    another_clone(tmp_path, monkeypatch)
    assert models.intact(models.build("lite"))
    assert len(foundry.asked) == 2


def test_another_clone_takes_the_model_that_was_made_here(
    foundry: Foundry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    models.build("lite")
    another_clone(tmp_path, monkeypatch)
    assert models.intact(models.build("lite"))
    assert models.made("lite")
    assert len(foundry.asked) == 1
    assert "lite is taken from the cache, as another clone made it" in capsys.readouterr().err


def test_weights_that_cant_be_converted_are_said_in_a_sentence_and_tried_again(foundry: Foundry) -> None:
    foundry.error = FoundryError("the file has no tensors")
    for tries in (1, 2):
        with pytest.raises(StepFailed, match="The model lite can't be converted: the file has no tensors"):
            models.build("lite")
        assert not models.made("lite")
        assert len(foundry.asked) == tries


@pytest.mark.parametrize("shard", [None, b"half"])
def test_a_conversion_that_left_something_out_is_no_model(
    foundry: Foundry, shard: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    foundry.shard = shard
    with pytest.raises(BuildError, match=r"The conversion of lite left .*id-of-lite incomplete"):
        models.build("lite")
    assert not models.made("lite")
    another_clone(tmp_path, monkeypatch)
    foundry.shard = SHARD
    models.build("lite")
    assert len(foundry.asked) == 2, "it wasn't kept for anybody"


def test_names_are_those_that_can_be_built() -> None:
    assert models.check_names(["full", "router", "full"]) == ["full", "router"]
    with pytest.raises(
        UsageError,
        match=r"There is no model ''\. These can be built: all, lite, .*, router; and from the hub any OWNER/NAME, ",
    ):
        models.check_names([""])


class Calls:
    """What the foundry's two pipelines are called with."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.made: list[Any] = []
        monkeypatch.undo()
        monkeypatch.setattr("model_foundry.building.pipeline.build_model", self._build)
        monkeypatch.setattr("model_foundry.routing.build.build_router", self._build)

    def _build(self, *arguments: Any) -> Any:
        self.made.append(arguments)
        return SimpleNamespace(model="its-id")


def test_models_and_the_router_go_through_their_own_pipelines(monkeypatch: pytest.MonkeyPatch) -> None:
    calls, steps = Calls(monkeypatch), list[Any]()

    def report(*step: Any) -> None:
        steps.append(step)

    assert models._convert("full", [Path("a.gguf")], report) == "its-id"
    assert calls.made.pop() == ("full", Path("a.gguf"), paths.MODELS, report)
    assert models._convert("router", [Path("w.npz"), Path("p.model")], report) == "its-id"
    weights, pieces, origins, folder, say = calls.made.pop()
    assert (weights, pieces, folder) == (Path("w.npz"), Path("p.model"), paths.MODELS)
    assert [origin.sha256 for origin in origins] == [source.sha256 for source in ROUTER]
    say("Reading")
    assert steps == [("Reading", 0, 1)]


def test_what_makes_a_model_are_its_pipeline_and_its_recipes_and_for_the_router_its_head(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.undo()
    of_model = {path.relative_to(paths.ROOT).as_posix() for path in models._makers("lite")}
    of_router = {path.relative_to(paths.ROOT).as_posix() for path in models._makers("router")}
    assert "model_foundry/building/pipeline.py" in of_model
    assert any(name.startswith("model_foundry/recipes/") for name in of_model)
    assert "model_foundry/routing/head.safetensors" in of_router
    assert not {name for name in of_model | of_router if name.startswith(("model_foundry/cli", "build_support/"))}
