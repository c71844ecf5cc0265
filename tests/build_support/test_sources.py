"""What is fetched for a model is what its recipe is for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from build_support import paths
from build_support.errors import SourceUnavailable
from build_support.models import check_names
from build_support.sources import MODELS, PYODIDE_PACKAGES, pyodide_wheels
from model_foundry.recipes import load_recipe
from orion_py.registry.load import parse_registry
from tests.test_architecture import ROOT


@pytest.mark.parametrize("name", MODELS)
def test_a_models_source_is_its_recipes(name: str) -> None:
    recipe, source = load_recipe(name), MODELS[name]
    assert source.sha256 == recipe.source_sha256
    registry = parse_registry((ROOT / "models.json").read_text("utf-8"))
    assert registry.model(recipe.model).tier == name


def test_the_official_place_of_large_is_asked_first_and_packages_carry_the_same_bytes() -> None:
    large = MODELS["large"]
    assert large.urls
    assert load_recipe("large").source_revision in large.urls[0]
    assert len(large.members) == 22
    assert {member.version for member in large.members} == {"0.2.0"}


def test_large_is_a_name_of_the_command_line() -> None:
    assert check_names(["lite", "full", "large"]) == ["lite", "full", "large"]


@pytest.fixture
def pyodide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The npm package of pyodide, with a lock that knows all that we take."""
    folder = tmp_path / "pyodide"
    folder.mkdir()
    entries = {name: {"file_name": f"{name}.whl", "sha256": name} for name in PYODIDE_PACKAGES}
    (folder / "pyodide-lock.json").write_text(json.dumps({"packages": entries}))
    (folder / "package.json").write_text('{"version": "9.9"}')
    (folder / "pyodide.mjs").write_text("let a=`https://cdn.invalid/v${b}/full/`;")
    monkeypatch.setattr(paths, "NODE_MODULES", tmp_path)
    return folder


def test_wheels_for_the_browser_are_asked_where_pyodides_loader_would_ask(pyodide: Path) -> None:
    assert pyodide_wheels()[0].urls == ("https://cdn.invalid/v9.9/full/numpy.whl",)
    (pyodide / "pyodide.mjs").write_text("nothing of the kind")
    assert pyodide_wheels()[0].urls == ()
    assert pyodide_wheels()[0].members, "then a package carries it"


def test_a_pyodide_without_one_of_them_is_said(pyodide: Path) -> None:
    (pyodide / "pyodide-lock.json").write_text('{"packages": {}}')
    with pytest.raises(SourceUnavailable, match=r"The lock of pyodide 9\.9 doesn't know numpy\. Run npm ci again\."):
        pyodide_wheels()
