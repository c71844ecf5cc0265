"""A study merges by every recipe, measures all on the same texts, and says what was kept."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from model_foundry import cli
from model_foundry.commands.merge_study import SPECIALISED
from model_foundry.errors import FoundryError, MalformedMerge
from model_foundry.measuring.merge_study import Perplexities, study
from model_foundry.merging.recipe import Method, load_recipe
from tests.model_foundry.merging.tiny_parents import TinyParent

Capture = pytest.CaptureFixture[str]
ROWS = {
    "base": {"code": 20.0, "reference": 30.0, "prose": 25.0},
    "code": {"code": 10.0, "reference": 33.0, "prose": 26.0},
    "reference": {"code": 21.0, "reference": 30.0, "prose": 24.0},
}
MERGED = {"code": 20.0 / math.sqrt(2), "reference": 31.0, "prose": 25.0}
"""Half of what ``code`` gained, in nats."""


def quiet(what: str, done: int, total: int) -> None: ...


@pytest.fixture
def models(tmp_path: Path) -> dict[str, Path]:
    parents = {
        "base": TinyParent(seed=1),
        "code": TinyParent(seed=2, offset_of=1),
        "reference": TinyParent(seed=3, offset_of=1),
    }
    return {name: parent.write(tmp_path / name) for name, parent in parents.items()}


RECIPES = {path.stem: path for path in sorted(SPECIALISED.glob("*.yaml"))}


def test_there_is_a_recipe_for_every_method_that_joins_two_models() -> None:
    methods = {load_recipe(path).merge_method for path in RECIPES.values()}
    assert methods == set(Method.__args__) - {"passthrough"}


def test_every_recipe_is_merged_and_measured_beside_the_parents(models: dict[str, Path], tmp_path: Path) -> None:
    measured: list[dict[str, Path]] = []

    def measure(folders: dict[str, Path]) -> Perplexities:
        measured.append(dict(folders))
        return {name: ROWS.get(name, MERGED) for name in folders}

    told: list[str] = []
    found = study(models, RECIPES, tmp_path / "out", measure, lambda what, *_: told.append(what))  # type: ignore[arg-type]
    (folders,) = measured
    assert list(folders) == [*models, *RECIPES]
    for name, path in RECIPES.items():
        record = json.loads((folders[name] / "merge.json").read_text())
        assert record["recipe"]["merge_method"] == load_recipe(path).merge_method
        assert f"merging {name}" in told
    assert found.base == "base"
    # "reference" learnt nothing of its corpus, so that there is nothing of it to keep.
    assert found.kept == {name: {"code": pytest.approx(0.5)} for name in RECIPES}


def test_a_recipe_that_cant_be_fulfilled_stops_the_study_before_a_merge_is_made(
    models: dict[str, Path], tmp_path: Path
) -> None:
    (tmp_path / "other.yaml").write_text("merge_method: linear\nmodels: [{model: french, parameters: {weight: 1}}]")
    recipes = {**RECIPES, "other": tmp_path / "other.yaml"}
    with pytest.raises(MalformedMerge, match=r"other\.yaml names the model french; given are base, code, reference"):
        study(models, recipes, tmp_path / "out", dict, quiet)  # type: ignore[arg-type]
    assert not (tmp_path / "out").exists()
    with pytest.raises(FoundryError, match="linear is the name of a model and of a merge"):
        study({**models, "linear": models["code"]}, RECIPES, tmp_path / "out", dict, quiet)  # type: ignore[arg-type]
    models["code"] = models["code"].rename(tmp_path / "ties")
    with pytest.raises(FoundryError, match="is a parent"):
        study(models, {"ties": RECIPES["ties"]}, tmp_path, dict, quiet)  # type: ignore[arg-type]


def test_the_command_prints_a_table_or_json(
    models: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for index in range(24):
        (corpus / f"{index}.txt").write_text("the cat sat on the mat. " * 20)

    def run_script(name: str, arguments: Sequence[str | Path], say: Callable[[str], None]) -> None:
        settings = json.loads(Path(arguments[0]).read_text())
        for model in settings["models"]:
            for text in settings["texts"]:
                perplexity = ROWS.get(model, MERGED)[text]
                say(json.dumps({"model": model, "text": text, "tokens": 9, "perplexity": perplexity}))

    monkeypatch.setattr("model_foundry.measuring.perplexity.run_script", run_script)
    named = [f"{name}={folder}" for name, folder in models.items()]
    texts = ["--corpus", f"code={corpus}", "--corpus", f"prose={corpus}", "--length", "16"]
    assert cli.main(["merge-study", *named, *texts, "--json", "--out", str(tmp_path / "out")]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert list(facts["perplexity"]) == [*models, *RECIPES]
    assert facts["kept"]["ties"] == {"code": pytest.approx(0.5)}
    assert (tmp_path / "out" / "ties" / "model.safetensors").is_file()
    assert cli.main(["merge-study", *named, *texts, "--recipe", str(RECIPES["slerp"])]) == 0
    printed = capsys.readouterr().out
    assert "14.14 (-29.3%)" in printed
    assert "50%" in printed
    assert "ties" not in printed
    assert cli.main(["merge-study", *named, "code=elsewhere", *texts]) == 1
    assert "code is given two folders" in capsys.readouterr().err
