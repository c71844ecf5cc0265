"""``foundry merge`` from parents to a folder: what is written, and what is refused before anything is."""

from __future__ import annotations

import hashlib
import json
import os
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from model_foundry import cli
from model_foundry.errors import (
    FoundryError,
    IncompatibleParents,
    MalformedFolder,
    MalformedMerge,
    MalformedSafetensors,
    UnknownQuantization,
    UnsafePickle,
)
from model_foundry.importing.safetensors_folder import SafetensorsFolder
from model_foundry.merging.merge import Merge, prepare
from model_foundry.merging.methods.base import Input, Job
from model_foundry.merging.methods.dare import DareLinear, drawn_mask
from model_foundry.merging.methods.slerp import slerp
from model_foundry.merging.methods.ties import largest
from model_foundry.merging.recipe import average
from tests.model_foundry.merging.tiny_parents import TOKENS, TinyParent
from tests.model_foundry.merging.written import recipe_from

SLERP = "merge_method: slerp\nbase_model: a\nmodels: [{model: b}]\nparameters: {t: 0.5}\n"
STACK = "merge_method: passthrough\nslices: [{sources: [{model: %s, layer_range: [%d, %d]}]}]\n"


def quiet(what: str, done: int, total: int) -> None: ...


@pytest.fixture
def root(tmp_path: Path) -> Path:
    TinyParent(seed=1).write(tmp_path / "a")
    TinyParent(seed=2, offset_of=1).write(tmp_path / "b")
    return tmp_path


def prepared(root: Path, text: str = SLERP, **given: Path) -> Merge:
    return prepare(recipe_from(text), root, given)


def refused(root: Path, match: str, text: str = SLERP, kind: type[FoundryError] = IncompatibleParents) -> None:
    with pytest.raises(kind, match=match):
        prepared(root, text)


# what is written


def test_a_merge_is_a_folder_like_its_parents_with_a_record(root: Path) -> None:
    record = prepared(root).run(root / "out", quiet)
    assert SafetensorsFolder(root / "out").tensors.keys() == SafetensorsFolder(root / "a").tensors.keys()
    assert (root / "out" / "tokenizer.json").read_bytes() == (root / "a" / "tokenizer.json").read_bytes()
    assert json.loads((root / "out" / "merge.json").read_text()) == record
    assert record["recipe"]["parameters"] == {"t": 0.5}
    weights = (root / "b" / "model.safetensors").read_bytes()
    assert record["parents"][1]["weights_sha256"] == {"model.safetensors": hashlib.sha256(weights).hexdigest()}
    assert not list(root.glob(".*"))


def test_a_merge_is_the_same_in_many_files_and_from_many(root: Path) -> None:
    TinyParent(seed=2, offset_of=1, files=5).write(root / "c")
    prepared(root).run(root / "one", quiet)
    prepared(root, SLERP.replace("{model: b}", "{model: c}")).run(root / "many", quiet, shard_bytes=2000)
    one, many = SafetensorsFolder(root / "one"), SafetensorsFolder(root / "many")
    files = list((root / "many").glob("*.safetensors"))
    assert len(one.weights_sha256()) == 1
    assert len(many.weights_sha256()) == len(files) > 5
    assert all(file.stat().st_size < 4000 for file in files)
    for name, tensor in one.tensors.items():
        np.testing.assert_array_equal(tensor.read(), many.tensors[name].read())


def test_slices_are_stacked_and_their_layers_renumbered(root: Path) -> None:
    parts = (("a", 1, 3), ("b", 0, 4))
    sources = [f"{{sources: [{{model: {name}, layer_range: [{first}, {end}]}}]}}" for name, first, end in parts]
    slices = ", ".join(sources)
    text = f"merge_method: passthrough\nslices: [{slices}]"
    prepared(root, text).run(root / "out", quiet)
    a, b, out = (SafetensorsFolder(root / name).tensors for name in ("a", "b", "out"))
    assert json.loads((root / "out" / "config.json").read_text())["num_hidden_layers"] == 6
    name = "model.layers.%d.mlp.up_proj.weight"
    np.testing.assert_array_equal(out[name % 1].read(), a[name % 2].read())
    np.testing.assert_array_equal(out[name % 2].read(), b[name % 0].read())
    np.testing.assert_array_equal(out["model.embed_tokens.weight"].read(), a["model.embed_tokens.weight"].read())
    np.testing.assert_array_equal(out["model.norm.weight"].read(), b["model.norm.weight"].read())


def test_a_merge_with_itself_and_both_ends_of_slerp_give_the_parents_back(root: Path) -> None:
    for t, parent in ((0, "a"), (1, "b")):
        prepared(root, SLERP.replace("t: 0.5", f"t: {t}")).run(root / "out", quiet)
        expected = SafetensorsFolder(root / parent).tensors
        for name, tensor in SafetensorsFolder(root / "out").tensors.items():
            np.testing.assert_allclose(tensor.read(), expected[name].read(), rtol=1e-6, atol=1e-7)


def test_memory_stays_near_one_tensor_a_parent(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 2)):
        TinyParent(seed=seed, hidden=64, layers=24).write(tmp_path / name)
    size = (tmp_path / "a" / "model.safetensors").stat().st_size
    largest_tensor = 128 * 64 * 4
    merge = prepared(tmp_path)
    tracemalloc.start()
    merge.run(tmp_path / "out", quiet)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size > 60 * largest_tensor
    assert peak < 16 * largest_tensor


def test_dare_draws_by_seed_and_tensor_and_not_by_order(root: Path) -> None:
    text = "merge_method: dare_ties\nbase_model: a\nmodels: [{model: b, parameters: {weight: 1, density: 0.5}}]\n"
    outputs = []
    for seed, more in ((None, ""), (3, ""), (3, ""), (None, "random_seed: 3\n")):
        merge = prepare(recipe_from(text + more), root, seed=seed)
        outputs.append(merge.merged(merge.plan.tensors[5]))
    assert (outputs[0] != outputs[1]).any()
    np.testing.assert_array_equal(outputs[1], outputs[2])
    np.testing.assert_array_equal(outputs[1], outputs[3])
    mask = drawn_mask(0, "x", 0, (400, 500), 0.3)
    assert mask is not None
    assert abs(mask.mean() - 0.3) < 0.005  # five standard deviations
    other = drawn_mask(0, "x", 1, (400, 500), 0.3)
    assert abs((mask & other).mean() - 0.09) < 0.005


def test_dare_keeps_the_sum_of_magnitudes() -> None:
    rng = np.random.RandomState(0)
    base, tuned = (rng.standard_normal((64, 64)).astype(np.float32) for _ in range(2))
    inputs = [Input("a", base, {}, True), Input("b", tuned, {"weight": 1.0, "density": 0.25}, False)]
    job = Job("x", inputs, {"rescale": 1.0, "normalize": 0.0, "lambda": 1.0}, 0)
    delta = DareLinear().merge(job) - base
    assert np.abs(delta).sum() == pytest.approx(np.abs(tuned - base).sum(), rel=1e-4)
    assert abs((delta != 0).mean() - 0.25) < 0.04


def test_ties_keeps_the_largest_entries() -> None:
    values = np.array([[0.1, -3], [2, 0.2]], np.float32)
    np.testing.assert_array_equal(largest(values, 0.5), [[False, True], [True, False]])
    assert largest(values, 0.01).sum() == 1
    assert largest(values, 0).sum() == 0
    assert largest(values, 1) is None
    np.testing.assert_array_equal(largest(np.ones((2, 3), np.float32), 0.5), [[True] * 3, [False] * 3])


def test_slerp_follows_the_circle_and_goes_straight_between_parallels() -> None:
    x, y = np.array([2, 0], np.float32), np.array([0, 2], np.float32)
    np.testing.assert_allclose(slerp(0.5, x, y), [2**0.5, 2**0.5], rtol=1e-6)
    np.testing.assert_allclose(slerp(0.5, x, 2 * x), [3, 0], rtol=1e-6)
    np.testing.assert_allclose(slerp(0.25, 0 * x, 0 * x), [0, 0])


# incompatible parents, told exactly


@pytest.mark.parametrize(
    ("other", "difference"),
    [
        (TinyParent(model_type="qwen2"), "model_type is 'llama' in a and 'qwen2' in b"),
        (TinyParent(hidden=16), "hidden_size is 8 in a and 16 in b"),
        (TinyParent(config={"rope_theta": 1e6}), "rope_theta is 10000.0 in a and 1000000.0 in b"),
        (TinyParent(config={"rope_parameters": {"rope_theta": 1e6}, "rope_theta": None}), "rope_theta is 10000.0 in a"),
        (TinyParent(tied=False), "tie_word_embeddings is True in a and False in b"),
        (TinyParent(rows=33), "vocab_size is 32 in a and 33 in b"),
        (
            TinyParent(tokens=["ab", *TOKENS[1:]]),
            "1 tokens are only in a, such as 'a'; 1 tokens are only in b, such as 'ab'",
        ),
        (TinyParent(tokens=["b", "a", *TOKENS[2:]]), r"2 tokens have other ids, such as 'a' \(0 in a, 1 in b\)"),
        (TinyParent(layers=3), "a has 4, b has 3; use slices"),
        (
            TinyParent(config={"model_type": "mamba"}),
            "b is of the type mamba; models of these types can be merged: gemma",
        ),
    ],
)
def test_incompatible_parents_are_refused_with_the_difference(root: Path, other: TinyParent, difference: str) -> None:
    other.write(root / "b")
    refused(root, difference)


def test_a_tensor_that_one_parent_lacks_or_has_otherwise_is_named(root: Path) -> None:
    class Odd(TinyParent):
        def shapes(self) -> dict[str, tuple[int, ...]]:
            shapes = super().shapes()
            shapes["model.norm.weight"] = (9,)
            return {**shapes, "model.extra.weight": (2,)}

    Odd().write(root / "b")
    refused(root, r"b has model\.extra\.weight and a hasn't; model\.norm\.weight is \[8\] in a and \[9\] in b")


def test_a_tied_head_that_is_written_out_is_no_difference(root: Path) -> None:
    parent = TinyParent(seed=2, offset_of=1, tied=False)
    parent.config = {"tie_word_embeddings": True}
    parent.write(root / "b")
    prepared(root).run(root / "out", quiet)
    assert "lm_head.weight" in SafetensorsFolder(root / "out").tensors


# recipes that their parents can't fulfil


@pytest.mark.parametrize(
    ("text", "match"),
    [
        (SLERP.replace("base_model: a\n", ""), "slerp needs a base_model"),
        (SLERP.replace("{t: 0.5}", "{}"), "slerp needs the parameter t"),
        (SLERP.replace("t: 0.5", "t: [{filter: mlp, value: 1}]"), r"slerp needs the parameter t \(for model.embed"),
        (SLERP.replace("{model: b}", "{model: a}, {model: b}, {model: b}"), "model b stands twice"),
        (SLERP.replace("{model: b}", "{model: a}"), "slerp takes two models"),
        (SLERP.replace("{model: b}", "{model: b, parameters: {t: 0.2}}"), "t is a parameter of the merge"),
        (SLERP.replace("t: 0.5", "t: 0.5, tea: 1"), "the parameter tea is unknown; known are density"),
        ("merge_method: linear\nmodels: [{model: a}]", "linear needs the parameter weight for a"),
        ("merge_method: ties\nbase_model: a\nmodels: [{model: b}]", "ties needs the parameter weight for b"),
        (SLERP + "tokenizer_source: c", "neither base, nor union, nor one of the models"),
        (STACK % ("a", 0, 2) + "base_model: ../b", "isn't a path below"),
        ("merge_method: linear\nmodels: [{model: a, parameters: {weight: 0}}]", "isn't finite"),
    ],
)
def test_a_recipe_that_cant_be_fulfilled_is_refused(root: Path, text: str, match: str) -> None:
    with pytest.raises(MalformedMerge, match=match), np.errstate(all="ignore"):
        prepared(root, text).run(root / "out", quiet)
    assert not (root / "out").exists()


def test_a_slice_past_the_last_layer_is_refused(root: Path) -> None:
    refused(root, r"the slice \[2, 5\] of a goes past its 4 layers", STACK % ("a", 2, 5))


def test_a_parameter_without_effect_is_told_and_not_refused(root: Path) -> None:
    merge = prepared(root, SLERP.replace("t: 0.5", "t: 0.5, density: 1, int8_mask: true"))
    assert merge.plan.notes == (
        "the parameter density has no effect in slerp",
        "the parameter int8_mask has no effect in slerp",
    )


@pytest.mark.parametrize(
    "name", ["/etc", "../a", "a/../../x", "~/a", "c:/a", "a\\b", "none", "link", "circle", "a" * 400]
)
def test_a_path_that_leads_elsewhere_is_refused(root: Path, name: str) -> None:
    os.symlink("/etc", root / "link")
    os.symlink("circle", root / "circle")
    with pytest.raises(MalformedMerge, match="give its folder with --parent"):
        prepare(recipe_from((STACK % ("x", 0, 2)).replace("model: x", f"model: '{name}'")), root)


def test_a_folder_given_for_a_name_is_taken(root: Path) -> None:
    text = SLERP.replace("model: b", "model: Some/Hub-Name")
    merge = prepare(recipe_from(text), root, {"Some/Hub-Name": root / "b"})
    assert merge.parents["Some/Hub-Name"].folder == root / "b"
    with pytest.raises(MalformedMerge, match="the recipe names no model c"):
        prepared(root, c=root / "b")


# damaged and hostile folders


def header(data: dict[str, Any], body: bytes = b"") -> bytes:
    text = json.dumps(data).encode()
    return len(text).to_bytes(8, "little") + text + body


GOOD = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}


@pytest.mark.parametrize(
    ("data", "kind", "match"),
    [
        (b"", MalformedSafetensors, "truncated"),
        (b"\xff" * 8, MalformedSafetensors, "truncated"),
        (b"\x80\x04\x95" + b"0" * 40, UnsafePickle, "pickle under another name"),
        ((2).to_bytes(8, "little") + b"{]", MalformedSafetensors, "isn't JSON"),
        (header({"x": {**GOOD, "dtype": "I64"}}, b"0" * 4), MalformedSafetensors, "don't hold I64"),
        (header({"x": {**GOOD, "dtype": "I32"}}, b"0" * 4), UnknownQuantization, "x is I32; known are F32, F16, BF16"),
        (header({"x": {**GOOD, "shape": [0, 2], "data_offsets": [0, 0]}}), MalformedFolder, "holds nothing"),
        (header({"x": {**GOOD, "data_offsets": [0, 2**50]}}, b"0000"), MalformedSafetensors, "begin and an end"),
        (header({"x": GOOD}, b"000"), MalformedSafetensors, "ends past the file"),
        (header({"x": GOOD, "y": GOOD}, b"0000"), MalformedSafetensors, "overlaps another"),
    ],
)
def test_weights_that_cant_be_merged_are_refused_before_any_is_read(
    root: Path, data: bytes, kind: type[FoundryError], match: str
) -> None:
    (root / "b" / "model.safetensors").write_bytes(data)
    refused(root, match, kind=kind)


def test_a_number_that_isnt_finite_stops_the_merge_and_leaves_nothing(root: Path) -> None:
    weights = load_file(root / "b" / "model.safetensors")
    weights["model.norm.weight"][3] = np.nan
    save_file(weights, root / "b" / "model.safetensors")
    with pytest.raises(MalformedSafetensors, match=r"model\.norm\.weight holds numbers that aren't finite"):
        prepared(root).run(root / "out", quiet)
    assert sorted(path.name for path in root.iterdir()) == ["a", "b"]


@pytest.mark.parametrize(
    ("name", "text", "kind", "match"),
    [
        ("config.json", None, MalformedFolder, "has no config.json"),
        ("config.json", "[]", MalformedFolder, "isn't a JSON object"),
        ("config.json", "{" * 100_000, MalformedFolder, "nested too deeply"),
        ("tokenizer.json", "{}", MalformedFolder, "has no vocabulary"),
        ("model.safetensors", None, MalformedFolder, "has neither model.safetensors nor"),
    ],
)
def test_a_damaged_folder_is_refused(
    root: Path, name: str, text: str | None, kind: type[FoundryError], match: str
) -> None:
    if text is None:
        (root / "b" / name).unlink()
    else:
        (root / "b" / name).write_text(text)
    refused(root, match, kind=kind)


@pytest.mark.parametrize(
    ("index", "kind", "match"),
    [
        ({"weight_map": {"x": "../a/model.safetensors"}}, MalformedFolder, "isn't the name of a safetensors file"),
        ({"weight_map": {"x": "pytorch_model.bin"}}, UnsafePickle, "pickle"),
        ({"weight_map": {"x": "model-9.safetensors"}}, MalformedSafetensors, "there is no file .*model-9"),
        ({}, MalformedFolder, "has no weight_map"),
    ],
)
def test_an_index_that_leads_nowhere_or_elsewhere_is_refused(
    root: Path, index: dict[str, Any], kind: type[FoundryError], match: str
) -> None:
    (root / "b" / "model.safetensors").unlink()
    (root / "b" / "model.safetensors.index.json").write_text(json.dumps(index))
    refused(root, match, kind=kind)


def test_layers_that_are_missing_or_uneven_are_refused(root: Path) -> None:
    config = json.loads((root / "b" / "config.json").read_text())
    (root / "b" / "config.json").write_text(json.dumps({**config, "num_hidden_layers": 5}))
    refused(root, "says 5 layers, the weights have 4", kind=MalformedFolder)


# the command


def test_the_command_merges_and_says_what_it_made(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "r.yml").write_text(SLERP.replace("t: 0.5", "t: 0.5, density: 1"))
    assert cli.main(["merge", str(root / "r.yml"), "--out", str(root / "out"), "--check"]) == 0
    assert not (root / "out").exists()
    assert cli.main(["merge", str(root / "r.yml"), "--out", str(root / "out")]) == 0
    printed = capsys.readouterr().out
    assert "note: the parameter density has no effect in slerp" in printed
    assert "38 tensors, 4 layers" in printed
    assert (root / "out" / "model.safetensors").is_file()


def test_the_command_takes_folders_by_name_and_refuses_to_write_over_a_parent(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "sub").mkdir()
    (root / "sub" / "r.yml").write_text(SLERP)
    named = ["--parent", f"a={root / 'a'}", "--parent", f"b={root / 'b'}"]
    assert cli.main(["merge", str(root / "sub" / "r.yml"), "--out", str(root / "a"), *named]) == 1
    assert "needs a folder of its own" in capsys.readouterr().err
    assert cli.main(["merge", str(root / "sub" / "r.yml"), "--out", str(root / "out"), *named]) == 0
    assert cli.main(["merge", str(root / "sub" / "r.yml"), "--out", str(root / "o"), "--models", str(root)]) == 0
    assert cli.main(["merge", str(root / "sub" / "r.yml"), "--out", str(root / "out"), "--parent", "a"]) == 1
    assert "isn't NAME=FOLDER" in capsys.readouterr().err


def test_a_folder_that_holds_something_else_is_left_as_it_is(tmp_path: Path) -> None:
    TinyParent(1).write(tmp_path / "first")
    merge = prepare(average(["first"], [1.0]), tmp_path, {}, None)
    out = tmp_path / "letters"
    out.mkdir()
    (out / "letter.txt").write_text("Dear reader")
    with pytest.raises(FoundryError, match="isn't a merged model"):
        merge.run(out, lambda *_: None)
    assert [path.name for path in out.iterdir()] == ["letter.txt"]
