"""A graph model is built by its name, or with its group, by the function that the table names."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from build_support import models, paths, senses
from build_support.downloads import Source
from build_support.errors import UsageError
from build_support.senses import SenseBuild
from tests.tiny_graphs import written

WEIGHTS = Source("eyes.onnx", "0" * 64)


@pytest.fixture(autouse=True)
def called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Mapping[str, Path]]:
    """A clone whose table has two graph models for eyes and one for ears; what their builder was given."""
    calls: list[Mapping[str, Path]] = []

    def build(files: Mapping[str, Path], folder: Path, report: Any) -> Any:
        calls.append(files)
        report("writing")
        return written(folder)

    made = ModuleType("made_for_eyes")
    made.build = build  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "made_for_eyes", made)
    monkeypatch.setenv("ORION_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(paths, "WORK", tmp_path / "work")
    monkeypatch.setattr(paths, "MODELS", tmp_path / "models")
    monkeypatch.setattr(models, "_makers", lambda name: [])
    monkeypatch.setattr(models, "obtain", lambda sources: {source: tmp_path / source.name for source in sources})
    monkeypatch.setattr(senses, "SENSES", {})
    for name, group in (("eyes", "vision"), ("labels", "vision"), ("ears", "speech")):
        senses.SENSES[name] = SenseBuild(group, "made_for_eyes:build", (WEIGHTS,))
    return calls


def test_a_group_is_its_members() -> None:
    assert models.check_names(["lite", "vision", "eyes", "router"]) == ["lite", "eyes", "labels", "router"]
    with pytest.raises(UsageError, match="There is no model 'nose'"):
        models.check_names(["nose"])
    assert models.check_names(["all", "eyes"]) == ["lite", "full", "large", "eyes", "labels", "ears"]
    with pytest.raises(
        UsageError,
        match="all, lite, full, large, vision, speech, eyes, labels, ears, "
        "smolvlm-256m, smolvlm-500m, qwen2-vl-2b, router",
    ):
        models.check_names(["nose"])


def test_a_graph_model_is_made_once_from_its_files_by_name(called: list[Mapping[str, Path]], tmp_path: Path) -> None:
    assert not models.made("vision")
    manifest = models.build("eyes")
    assert manifest == paths.MODELS / "tiny-graphs" / "manifest.json"
    assert called == [{"eyes.onnx": tmp_path / "eyes.onnx"}]
    assert models.build("eyes") == manifest
    assert len(called) == 1
    assert models.made("eyes")
    assert not models.made("vision")
    models.build("labels")
    assert models.made("vision")
    assert len(models.files(manifest)) == len(set(models.files(manifest)))


def test_what_a_builder_imports_decides_whether_it_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setitem(senses.SENSES, "eyes", SenseBuild("vision", "model_foundry.sharding.graph_folder:x", ()))
    makers = [path.name for path in models._makers("eyes")]
    assert "graph_folder.py" in makers
    assert "graph_manifest.py" in makers


def test_the_table_names_functions_that_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    for sense in senses.SENSES.values():
        module, _, function = sense.builder.partition(":")
        assert callable(getattr(__import__(module, fromlist=[function]), function)), sense.builder
        assert sense.group in ("vision", "speech", "voices")
        assert len({source.name for source in sense.sources}) == len(sense.sources)
