"""``foundry`` from the outside: what it prints and how it exits."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from model_foundry import cli
from model_foundry.importing.safetensors_folder import SafetensorsFolder
from model_foundry.recipes import load_recipe
from model_foundry.sharding.restore import load_manifest
from tests.model_foundry.built import RECIPE, built, imported
from tests.model_foundry.folders import FAMILIES, changed
from tests.model_foundry.test_onnx_file import external, written
from tests.model_foundry.tiny_gguf import TinyModel

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def recipe(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A tiny GGUF, and ``lite`` as the recipe for it."""
    path = TinyModel().write(tmp_path / "tiny.gguf")
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    tiny = RECIPE.model_copy(update={"source_sha256": sha256})
    monkeypatch.setattr("model_foundry.pipeline.load_recipe", lambda name: tiny)
    monkeypatch.setattr("model_foundry.cli.load_recipe", lambda name: tiny)
    return path


def test_import_says_what_is_in_a_file(tmp_path: Path, capsys: Capture) -> None:
    path = TinyModel().write(tmp_path / "tiny.gguf")
    assert cli.main(["import", str(path), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["family"] == "llama"
    assert facts["context_length"] == 128
    assert facts["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert cli.main(["import", str(path)]) == 0
    assert "Affine" in capsys.readouterr().out


def test_optimize_builds_and_shard_writes_the_same_shards(recipe: Path, tmp_path: Path, capsys: Capture) -> None:
    assert cli.main(["optimize", str(recipe), "--out", str(tmp_path / "all")]) == 0
    assert "variants wasm-int8, wasm-exact, webgpu-q4" in capsys.readouterr().out
    assert cli.main(["shard", str(recipe), "--out", str(tmp_path / "some")]) == 0
    written = {path.name for path in (tmp_path / "some" / "shards").iterdir()}
    assert written < {path.name for path in (tmp_path / "all" / "shards").iterdir()}
    printed = capsys.readouterr().out
    assert all(name in printed for name in written)


def test_a_faulty_file_exits_with_1_and_a_reason(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "x.gguf"
    path.write_bytes(b"not a model at all, but long enough to look at")
    assert cli.main(["import", str(path)]) == 1
    assert "doesn't begin with GGUF" in capsys.readouterr().err


def test_the_wrong_source_exits_with_1(tmp_path: Path, capsys: Capture) -> None:
    path = TinyModel().write(tmp_path / "tiny.gguf")
    assert cli.main(["optimize", str(path), "--out", str(tmp_path)]) == 1
    assert load_recipe("lite").source_sha256 in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["fly"], ["optimize"], ["shard", "x", "--recipe", "none"]])
def test_wrong_usage_exits_with_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        cli.main(arguments)
    assert exit_.value.code == 2


def validate(tmp_path: Path, *more: str) -> int:
    return cli.main(["validate", "tiny", "--models", str(tmp_path), "--threads", "1", *more])


@pytest.fixture
def short_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "model_foundry.cli.evaluation_texts", lambda: {"prose": "the cat sat on a mat, saw a rat, and ran off at noon"}
    )


@pytest.mark.usefixtures("short_text")
def test_validate_prints_a_table_or_json_and_passes(tmp_path: Path, capsys: Capture) -> None:
    built(tmp_path, imported(tmp_path, TinyModel()))
    assert validate(tmp_path, "--variant", "wasm-exact", "--json") == 0
    (report,) = json.loads(capsys.readouterr().out)
    assert report["variant"] == "wasm-exact"
    assert validate(tmp_path, "--variant", "wasm-exact", "--gguf", str(tmp_path / "tiny.gguf")) == 0
    assert "passed" in capsys.readouterr().out


@pytest.mark.usefixtures("short_text")
def test_validate_fails_past_the_thresholds(tmp_path: Path, capsys: Capture) -> None:
    built(tmp_path, imported(tmp_path, TinyModel()))
    other = TinyModel(seed=9).write(tmp_path / "other.gguf")
    assert validate(tmp_path, "--variant", "wasm-exact", "--gguf", str(other)) == 1
    assert "failed" in capsys.readouterr().out


def test_validate_says_what_is_missing(tmp_path: Path, capsys: Capture) -> None:
    assert validate(tmp_path) == 1
    assert "isn't the manifest of a built model" in capsys.readouterr().err
    built(tmp_path, imported(tmp_path, TinyModel()))
    assert validate(tmp_path, "--variant", "webnn") == 2
    assert "wasm-int8" in capsys.readouterr().err


GEMMA = str(FAMILIES / "gemma")


def test_import_says_what_is_in_a_folder(capsys: Capture) -> None:
    assert cli.main(["import", str(FAMILIES / "mistral"), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["family"], facts["stored_as"], facts["context_length"]) == ("mistral", "BF16", 96)
    assert "never leaves it" in facts["notes"][0]


def test_optimize_builds_a_folder_without_a_recipe(tmp_path: Path, capsys: Capture) -> None:
    arguments = ["optimize", GEMMA, "--licence", "Apache-2.0", "--out", str(tmp_path)]
    assert cli.main([*arguments, "--name", "tiny-gemma", "--form", "q8"]) == 0
    assert "variants wasm-int8, wasm-exact, webgpu-q4" in capsys.readouterr().out
    manifest = load_manifest(tmp_path, "tiny-gemma")
    assert (manifest.recipe.name, manifest.recipe.options["form"]) == ("safetensors-to-orion", "q8")
    assert manifest.source.sha256 == SafetensorsFolder(FAMILIES / "gemma").sha256()
    assert len(manifest.golden) == 5


def test_a_folders_licence_is_read_or_asked_for(tmp_path: Path, capsys: Capture) -> None:
    folder = changed(tmp_path / "My Model!", "llama")
    assert cli.main(["optimize", str(folder), "--out", str(tmp_path)]) == 1
    assert "--licence" in capsys.readouterr().err
    (folder / "README.md").write_text("---\nlanguage: en\nlicense: mit\n---\n# A model\nlicense: other\n")
    assert cli.main(["optimize", str(folder), "--out", str(tmp_path), "--context", "32"]) == 0
    manifest = load_manifest(tmp_path, "my-model")
    assert (manifest.licence, manifest.architecture.context_length) == ("mit", 32)
    assert cli.main(["optimize", str(folder), "--out", str(tmp_path), "--name", "No/Name"]) == 1
    assert "No/Name" in capsys.readouterr().err


def test_import_says_what_an_onnx_file_holds_or_why_it_is_refused(tmp_path: Path, capsys: Capture) -> None:
    assert cli.main(["import", str(written(tmp_path, external())), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["external"] == ["data.bin"]
    assert cli.main(["import", str(written(tmp_path, external("../data.bin")))]) == 1
    assert "isn't a path inside" in capsys.readouterr().err


def test_a_pickle_is_not_opened(tmp_path: Path, capsys: Capture) -> None:
    for command in ("import", "optimize"):
        assert cli.main([command, str(tmp_path / "pytorch_model.bin")]) == 1
        assert "pickle" in capsys.readouterr().err
