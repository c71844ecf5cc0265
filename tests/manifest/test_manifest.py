from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orion_py.errors import InvalidManifest
from orion_py.manifest.reading import parse_manifest
from tests.tiny import GPU_GRAPH, GRAPH, TOKENIZER, WEIGHTS, manifest, manifest_json, sha


def changed(path: str, value: Any) -> str:
    """The tiny manifest with one value replaced; ``path`` like "shards.3.size"."""
    whole = json.loads(manifest_json())
    *parents, last = path.split(".")
    here: Any = whole
    for part in parents:
        here = here[int(part)] if part.isdigit() else here[part]
    here[int(last) if last.isdigit() else last] = value
    return json.dumps(whole)


def test_a_good_manifest_is_read() -> None:
    assert manifest().architecture.layers == 3


def test_a_variant_needs_its_own_graphs_and_all_weights_by_priority() -> None:
    m = manifest()
    needed = [s.sha256 for s in m.shards_for(m.variant("wasm"))]
    assert needed == [sha(d) for d in [GRAPH, TOKENIZER, *WEIGHTS]]
    assert sha(GPU_GRAPH) in [s.sha256 for s in m.shards_for(m.variant("webgpu"))]


TENSOR = {"name": "w", "dtype": "F32", "shape": [2, 2], "offset": 8, "length": 16}


@pytest.mark.parametrize(
    ("path", "value", "names"),
    [
        ("shards.3.sha256", "../../etc/passwd", "shards.3.sha256"),
        ("shards.3.sha256", "ABC", "shards.3.sha256"),
        ("shards.3.size", -1, "shards.3.size"),
        ("shards.3.size", 0, "shards.3.size"),
        ("shards.3.size", 2**40, "shards.3.size"),
        ("shards.3.role", "virus", "shards.3.role"),
        ("shards.3.path", "x", "shards.3.path"),
        ("model", "../tiny", "model"),
        ("model", "", "model"),
        ("format", 2, "format"),
        ("eos_tokens", [], "eos_tokens"),
        ("architecture.layers", 10**9, "architecture.layers"),
        ("architecture.norm_epsilon", 0, "architecture.norm_epsilon"),
        ("tokenizer", "0" * 64, "tokenizer"),
        ("variants.0.prefill.graph", "0" * 64, "graph"),
        ("variants.0.tolerance_kl", 5, "tolerance_kl"),
        ("variants", [], "variants"),
        ("shards.3.tensors", [TENSOR | {"length": 15}], "w"),
        ("shards.3.tensors", [TENSOR | {"offset": 60}], "past the file"),
        ("shards.3.tensors", [TENSOR, TENSOR | {"name": "v", "offset": 12}], "overlaps"),
        ("shards.3.tensors", [TENSOR | {"offset": -8}], "offset"),
        ("shards.3.tensors", [TENSOR | {"shape": [-2, -2]}], "shape"),
        ("shards.3.tensors", [TENSOR | {"dtype": "PICKLE"}], "dtype"),
        ("golden", [{"name": "g", "tokens": [], "top": [[1, 0.5], [2, 0.1]]}], "tokens"),
    ],
)
def test_a_hostile_manifest_is_refused_and_the_fault_named(path: str, value: Any, names: str) -> None:
    with pytest.raises(InvalidManifest, match=names):
        parse_manifest(changed(path, value))


STAGES = [
    {"graph": sha(GRAPH), "shards": [sha(WEIGHTS[0])]},
    {"graph": sha(GPU_GRAPH), "shards": [sha(WEIGHTS[0]), sha(WEIGHTS[1])]},
]


def test_a_session_of_stages_needs_all_their_graphs() -> None:
    m = parse_manifest(changed("variants.0.prefill.stages", STAGES))
    assert m.variants[0].prefill.graphs == (sha(GRAPH), sha(GPU_GRAPH))
    assert m.variants[0].decode.graphs == (sha(GRAPH),)
    assert {sha(GRAPH), sha(GPU_GRAPH)} <= {s.sha256 for s in m.shards_for(m.variants[0])}


def test_a_session_without_stages_is_written_as_it_was_before_there_were_any() -> None:
    assert "stages" not in manifest().variants[0].prefill.model_dump_json()


@pytest.mark.parametrize(
    ("stages", "names"),
    [
        (STAGES[:1], "at least two"),
        ([STAGES[0], STAGES[0]], "differ"),
        (STAGES[::-1], "the first"),
        ([STAGES[0], STAGES[1] | {"shards": []}], "shards"),
        ([STAGES[0], STAGES[1] | {"graph": "0" * 64}], "isn't a graph"),
        ([STAGES[0], STAGES[1] | {"graph": sha(TOKENIZER)}], "isn't a graph"),
        ([STAGES[0], STAGES[1] | {"shards": ["0" * 64]}], "no weights"),
        ([STAGES[0], STAGES[1] | {"shards": [sha(TOKENIZER)]}], "no weights"),
        (STAGES * 9, "stages"),
    ],
)
def test_stages_that_make_no_session_are_refused(stages: list[dict[str, Any]], names: str) -> None:
    with pytest.raises(InvalidManifest, match=names):
        parse_manifest(changed("variants.0.prefill.stages", stages))


def test_only_a_growing_session_has_stages() -> None:
    whole = json.loads(manifest_json())
    session = whole["variants"][0]["prefill"]
    session |= {"stages": STAGES, "kv": "inplace"}
    with pytest.raises(InvalidManifest, match="kv grow has stages"):
        parse_manifest(json.dumps(whole))


KERNEL = {"id": "k", "engine": "kernel", "backend": "wasm", "exact": False, "tolerance_kl": 0.1}


def test_a_variant_for_the_kernel_needs_no_graph() -> None:
    m = manifest(variants=[KERNEL])
    assert [s.role for s in m.shards_for(m.variants[0])] == ["tokenizer", "layers", "layers", "layers"]
    assert m.variants[0].max_draft_tokens == 8


def test_a_variant_of_before_there_was_a_kernel_is_written_as_it_was() -> None:
    written = json.loads(manifest().variants[0].model_dump_json())
    assert "engine" not in written
    assert {"prefill", "decode"} <= set(written)


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"engine": "steam"}, "engine"),
        ({"backend": "webgpu"}, "the kernel runs on wasm"),
        ({"prefill": {"graph": sha(GRAPH), "kv": "grow"}}, "the kernel runs on wasm"),
        ({"engine": "onnxruntime"}, "prefill and decode"),
        ({"engine": "onnxruntime", "prefill": {"graph": sha(GRAPH), "kv": "grow"}}, "prefill and decode"),
    ],
)
def test_a_variant_has_what_its_engine_runs_and_nothing_else(change: dict[str, Any], names: str) -> None:
    with pytest.raises(InvalidManifest, match=names):
        manifest(variants=[KERNEL | change])


def test_our_own_shards_have_no_path_where_the_kernel_alone_runs_them() -> None:
    whole = json.loads(manifest_json(variants=[KERNEL]))
    whole["shards"][3]["path"] = "x"
    with pytest.raises(InvalidManifest, match="path"):
        parse_manifest(json.dumps(whole))


def test_two_shards_of_one_hash_are_refused() -> None:
    shards = json.loads(manifest_json())["shards"]
    with pytest.raises(InvalidManifest, match="one sha256"):
        parse_manifest(manifest_json(shards=[*shards, shards[0]]))


def expansion(**changes: Any) -> str:
    whole = json.loads(manifest_json())
    tensors = [
        {"name": "w.q8", "dtype": "U8", "shape": [1, 32], "offset": 8, "length": 32},
        {"name": "w.scale", "dtype": "F16", "shape": [1, 1], "offset": 40, "length": 2},
    ]
    whole["shards"][3]["tensors"] = tensors
    weight = {"source": "w", "k": 32, "n": 1, "weight_offset": 0, "scale_offset": 32, "sum_offset": 36} | changes
    whole["variants"][0]["expansions"] = [{"shard": sha(WEIGHTS[0]), "size": 40, "weights": [weight]}]
    return json.dumps(whole)


def test_an_expansion_of_stored_tensors_is_read() -> None:
    assert parse_manifest(expansion()).variants[0].expansions[0].weights[0].k == 32


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"source": "missing"}, "missing"),
        ({"sum_offset": 37}, "past"),
        ({"weight_offset": 16}, "past"),
        ({"weight_offset": -1}, "weight_offset"),
        ({"k": 2**30}, "k"),
    ],
)
def test_an_expansion_that_lies_is_refused(changes: dict[str, Any], names: str) -> None:
    with pytest.raises(InvalidManifest, match=names):
        parse_manifest(expansion(**changes))


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_and_nothing_else(text: str) -> None:
    with pytest.raises(InvalidManifest):
        parse_manifest(text)


SCALARS = st.none() | st.integers() | st.text(max_size=5)
VALUES = st.recursive(SCALARS, lambda c: st.lists(c) | st.dictionaries(st.text(max_size=8), c), max_leaves=8)


@given(VALUES)
def test_any_value_anywhere_is_read_or_refused_and_nothing_else(value: Any) -> None:
    for path in ("shards", "shards.3", "variants.0", "architecture", "golden"):
        try:
            parse_manifest(changed(path, value))
        except InvalidManifest:
            continue
        assert (path, value) == ("golden", [])
