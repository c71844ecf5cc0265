"""``foundry`` from the outside: what it prints and how it exits."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from model_foundry import cli
from model_foundry.importing.safetensors_folder import SafetensorsFolder
from model_foundry.recipes import load_recipe
from model_foundry.sharding.restore import load_manifest, restore
from orion_py.manifest.kernel_variant import kernel_variant
from orion_py.native.runtime import NativeRuntime
from tests.model_foundry.built import RECIPE, built, imported
from tests.model_foundry.folders import FAMILIES, changed
from tests.model_foundry.importing.test_onnx_file import external, written
from tests.model_foundry.tiny_gguf import TinyModel

Capture = pytest.CaptureFixture[str]
ANYTHING = ("--max-perplexity-loss", "99", "--min-agreement", "0", "--max-kl", "99")
"""Thresholds that a random model passes, whose figures mean nothing."""


@pytest.fixture
def recipe(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A tiny GGUF, and ``lite`` as the recipe for it."""
    path = TinyModel().write(tmp_path / "tiny.gguf")
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    tiny = RECIPE.model_copy(update={"source_sha256": sha256})
    monkeypatch.setattr("model_foundry.building.sources.load_recipe", lambda name: tiny)
    return path


@pytest.fixture
def short_text(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {"prose": "the cat sat on a mat, saw a rat, and ran off at noon"}
    monkeypatch.setattr("model_foundry.commands.validate.evaluation_texts", lambda: texts)
    monkeypatch.setattr("model_foundry.measuring.quality.evaluation_texts", lambda: texts)


def test_import_says_what_is_in_a_file(tmp_path: Path, capsys: Capture) -> None:
    path = TinyModel().write(tmp_path / "tiny.gguf")
    assert cli.main(["import", str(path), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["family"] == "llama"
    assert facts["context_length"] == 128
    assert facts["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert cli.main(["import", str(path)]) == 0
    assert "Affine" in capsys.readouterr().out


@pytest.mark.usefixtures("short_text")
def test_optimize_builds_measures_and_repeats_nothing(recipe: Path, tmp_path: Path, capsys: Capture) -> None:
    arguments = ["optimize", str(recipe), "--out", str(tmp_path), "--steps", "12", *ANYTHING]
    assert cli.main(arguments) == 0
    printed = capsys.readouterr().out
    assert "variants wasm-int8, wasm-exact, webgpu-q4" in printed
    assert "original" in printed
    assert (tmp_path / "tiny" / "MODEL_CARD.md").is_file()
    assert cli.main(arguments) == 0
    assert "Every step was done before" in capsys.readouterr().out
    assert cli.main([*arguments, "--fresh", "--json", "--no-quality"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["steps_run"][0] == "weights"
    assert facts["quality"] == []


@pytest.mark.usefixtures("short_text")
def test_quantize_makes_a_new_version_beside_the_old_one(recipe: Path, tmp_path: Path, capsys: Capture) -> None:
    assert cli.main(["shard", str(recipe), "--out", str(tmp_path)]) == 0
    capsys.readouterr()
    arguments = ["quantize", "tiny", "--out", str(tmp_path), "--bits", "3", "--steps", "12"]
    assert cli.main([*arguments, *ANYTHING, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["version"] == "1.0.0-q3-affine-k-quant"
    assert facts["weight_bytes"] < facts["original_weight_bytes"]
    assert facts["quality"][0]["variant"] == "weights"
    assert cli.main([*arguments, *ANYTHING]) == 0
    assert "the memory in use is not" in capsys.readouterr().out.replace("\n", " ")
    assert cli.main(["shard", "tiny", "--out", str(tmp_path), "--list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert {found["version"]: found["current"] for found in listed} == {"1.0.0": False, facts["version"]: True}
    # The token table was in 8 bits and stays so: the versions share its shard, and the tokenizer.
    assert listed[0]["shared"] > 0


@pytest.mark.usefixtures("short_text")
def test_quantize_past_the_thresholds_exits_with_1_and_changes_nothing(
    recipe: Path, tmp_path: Path, capsys: Capture
) -> None:
    assert cli.main(["shard", str(recipe), "--out", str(tmp_path)]) == 0
    before = (tmp_path / "tiny" / "manifest.json").read_bytes()
    arguments = ["quantize", "tiny", "--out", str(tmp_path), "--bits", "2", "--method", "rtn", "--steps", "12"]
    assert cli.main([*arguments, "--min-agreement", "1", "--max-kl", "0"]) == 1
    assert "refused: weights: " in capsys.readouterr().out
    assert (tmp_path / "tiny" / "manifest.json").read_bytes() == before


def test_shard_cuts_again_lists_chooses_forgets_and_prunes(recipe: Path, tmp_path: Path, capsys: Capture) -> None:
    out = ["--out", str(tmp_path)]
    assert cli.main(["shard", str(recipe), *out]) == 0
    assert cli.main(["shard", "tiny", "--shards", "1", *out]) == 0
    assert cli.main(["shard", str(tmp_path / "tiny" / "versions" / "1.0.0.json"), "--shard-size", "1kb", *out]) == 0
    capsys.readouterr()
    assert cli.main(["shard", "tiny", "--list", *out]) == 0
    printed = capsys.readouterr().out
    assert "1.0.0-1-shards" in printed
    assert "1.0.0-1000-bytes" in printed
    assert cli.main(["shard", "tiny", "--use", "1.0.0", *out]) == 0
    assert cli.main(["shard", "tiny", "--drop", "1.0.0-1-shards", *out]) == 0
    assert cli.main(["shard", "--prune", *out]) == 0
    assert "shards that no version names are gone" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["tiny"], ["none.json"], [], ["tiny", "--shards", "99"]])
def test_what_cannot_be_sharded_exits_with_1(arguments: list[str], recipe: Path, tmp_path: Path) -> None:
    if "--shards" in arguments:
        assert cli.main(["shard", str(recipe), "--out", str(tmp_path)]) == 0
    assert cli.main(["shard", *arguments, "--out", str(tmp_path)]) == 1


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
    assert "isn't built in" in capsys.readouterr().err
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
    assert cli.main([*arguments, "--name", "tiny-gemma", "--no-quality"]) == 0
    assert "variants wasm-int8, wasm-exact, webgpu-q4" in capsys.readouterr().out
    manifest = load_manifest(tmp_path, "tiny-gemma")
    assert (manifest.recipe.name, manifest.recipe.options["method"]) == ("safetensors-to-orion", "rtn")
    assert manifest.source.sha256 == SafetensorsFolder(FAMILIES / "gemma").sha256()
    assert len(manifest.golden) == 5


@pytest.mark.parametrize("name", ["qwen3", "smollm3", "gemma3"])
async def test_optimize_builds_newer_families_for_our_kernel_too(tmp_path: Path, name: str) -> None:
    out = tmp_path / "public" / "models"
    arguments = ["optimize", str(FAMILIES / name), "--licence", "mit", "--out", str(out), "--context", "512"]
    assert cli.main([*arguments, "--name", f"tiny-{name}", "--no-quality"]) == 0
    manifest = load_manifest(out, f"tiny-{name}")
    variant = kernel_variant(manifest)
    assert variant is not None, "our kernel computes it"
    session = await NativeRuntime(out / "shards").open(manifest, variant, 1, 512)
    for shard in manifest.shards_for(variant):
        await session.feed(shard)
    await session.build()
    for golden in manifest.golden:
        logits = await session.forward(golden.tokens, 0)
        ids, values = zip(*golden.top, strict=True)
        np.testing.assert_allclose(logits[list(ids)], values, atol=0.5)


QWEN3 = TinyModel(architecture="qwen3", pre_tokenizer="qwen2", head_dim=32, head_norms=True)


def test_optimize_builds_a_gguf_that_no_recipe_names_with_its_own_numbers(tmp_path: Path, capsys: Capture) -> None:
    path = QWEN3.write(tmp_path / "tiny.gguf")
    arguments = ["optimize", str(path), "--out", str(tmp_path), "--name", "tiny-qwen3", "--no-quality"]
    assert cli.main(arguments) == 1
    assert "--licence" in capsys.readouterr().err
    assert cli.main([*arguments, "--licence", "Apache-2.0", "--context", "96"]) == 0
    manifest = load_manifest(tmp_path, "tiny-qwen3")
    assert (manifest.architecture.family, manifest.architecture.context_length) == ("qwen3", 96)
    assert manifest.source.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    found = restore(manifest, tmp_path / "shards")
    (tmp_path / "again").mkdir()
    theirs = imported(tmp_path / "again", QWEN3)
    for ours, other in zip(found.linears(), theirs.linears(), strict=True):
        np.testing.assert_array_equal(ours.weight.dequantized(), other.weight.dequantized())


def test_a_folders_licence_is_read_or_asked_for(tmp_path: Path, capsys: Capture) -> None:
    folder = changed(tmp_path / "My Model!", "llama")
    assert cli.main(["optimize", str(folder), "--out", str(tmp_path)]) == 1
    assert "--licence" in capsys.readouterr().err
    (folder / "README.md").write_text("---\nlanguage: en\nlicense: mit\n---\n# A model\nlicense: other\n")
    assert cli.main(["optimize", str(folder), "--out", str(tmp_path), "--context", "32", "--no-quality"]) == 0
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


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["import", "Org/Name"], "there is no file or folder Org/Name; the foundry reads what is on this machine"),
        (["import", "none.gguf"], "there is no file or folder none.gguf"),
        (
            ["validate", "nosuch", "--models", "public/none"],
            "isn't built in public/none; nothing is built there",
        ),
        (["validate", "lite", "--models", "public/none"], "build it with: python3 build.py models lite"),
        (["shard", "lite", "--out", "public/none"], "lite"),
    ],
)
def test_what_is_not_there_is_told_in_one_line_without_an_errno(
    arguments: list[str], words: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(arguments) == 1
    told = capsys.readouterr().err
    assert words in told
    assert told.count("\n") == 1
    assert "Errno" not in told


def test_the_foundry_without_its_packages_names_the_extra(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.setitem(sys.modules, "rich.table", None)
    for name in [name for name in sys.modules if name.startswith("model_foundry.commands.")]:
        monkeypatch.delitem(sys.modules, name)
    assert cli.main(["import", "x"]) == 1
    assert "pip install 'orion-inference[foundry]'" in capsys.readouterr().err


def test_a_model_that_is_built_in_the_default_folder_is_found_with_another_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = ["optimize", GEMMA, "--licence", "Apache-2.0", "--name", "tiny", "--no-quality"]
    assert cli.main(arguments) == 0
    assert cli.main(["shard", "tiny", "--shards", "2", "--out", "elsewhere"]) == 0
    assert load_manifest(tmp_path / "elsewhere", "tiny").model == "tiny"
