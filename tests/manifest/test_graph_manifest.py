"""A graph model's manifest is parsed strictly, and whatever is wrong with it is named by its place."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orion_py.errors import InvalidManifest
from orion_py.manifest.graph_manifest import MAX_FILE_BYTES, TensorSpec, parse_graph_manifest, read_graph_manifest

FLOATS = {"dtype": "float32", "shape": [1, "n"]}
ROWS = {"dtype": "float32", "shape": [1, 8, "p", 64]}


def sha(number: int) -> str:
    return f"{number:064x}"


def shard(number: int, role: str, size: int = 10) -> dict[str, Any]:
    return {"sha256": sha(number), "size": size, "role": role}


WHOLE: dict[str, Any] = {
    "kind": "graphs",
    "format": 1,
    "model": "hears",
    "version": "1",
    "licence": "MIT",
    "sources": [{"name": "w", "file": "w.bin", "sha256": sha(9), "revision": "1"}],
    "recipe": {"name": "hears", "tool": "test"},
    "shards": [shard(1, "graph"), shard(2, "graph"), shard(3, "weights"), shard(4, "file"), shard(5, "golden")],
    "sessions": {
        "encoder": {
            "graph": sha(1),
            "inputs": {"mel": FLOATS},
            "outputs": {"cross.0": FLOATS},
            "hands_on": {"cross.0": {"session": "decoder", "input": "cross.0"}},
        },
        "decoder": {
            "graph": sha(2),
            "inputs": {"tokens": {"dtype": "int64", "shape": [1, "t"]}, "cross.0": FLOATS, "past": ROWS},
            "outputs": {"logits": FLOATS, "key": ROWS},
            "keeps": {"key": "past"},
            "threads": 2,
        },
    },
    "files": {"tokens.json": sha(4)},
    "golden": [
        {"name": "a", "session": "encoder", "tensors": sha(5), "tolerance": {"cross.0": 0.1}},
        {"name": "b", "session": "decoder", "tensors": sha(5), "tolerance": {"logits": 0.1}},
    ],
}


def whole() -> dict[str, Any]:
    """An encoder that hands on to a decoder, which keeps its rows."""
    top: dict[str, Any] = deepcopy(WHOLE)
    return top


def changed(path: str, value: Any) -> str:
    """The whole manifest with one value replaced or added."""
    here: Any = (top := whole())
    *parents, last = path.split("/")
    for part in parents:
        here = here[int(part)] if part.isdigit() else here[part]
    if last.isdigit():
        here[int(last)] = value
    else:
        here[last] = value
    return json.dumps(top)


def test_a_good_manifest_is_read() -> None:
    manifest = parse_graph_manifest(json.dumps(whole()))
    assert manifest.sessions["decoder"].told == ("logits",)
    assert manifest.sessions["encoder"].told == ()
    assert manifest.shard(sha(4)).role == "file"
    assert parse_graph_manifest(manifest.model_dump_json()) == manifest


def test_shards_come_in_the_order_of_their_priorities() -> None:
    top = whole()
    top["shards"][0]["priority"], top["shards"][4]["priority"] = 500, 0
    manifest = parse_graph_manifest(json.dumps(top))
    assert [shard.sha256[-1] for shard in manifest.in_order] == ["5", "2", "3", "4", "1"]


@pytest.mark.parametrize(
    ("path", "value", "names"),
    [
        ("kind", "decoder", "kind"),
        ("format", 2, "format"),
        ("extra", 1, "extra"),
        ("model", "../x", "model"),
        ("licence", "", "licence"),
        ("sources", [], "sources"),
        ("shards", [], "shards"),
        ("shards/0/sha256", "../../etc/passwd", "shards.0.sha256"),
        ("shards/0/size", 0, "shards.0.size"),
        ("shards/0/size", 2**40, "shards.0.size"),
        ("shards/0/role", "virus", "shards.0.role"),
        ("shards/2/role", "layers", "shards.2.role"),
        ("shards/0/path", "model.onnx", "shards.0.path"),
        ("shards/2/sha256", sha(1), "shards"),
        ("shards/2/role", "file", "shards.2"),
        ("shards/3/size", MAX_FILE_BYTES + 1, "shards.3.size"),
        ("sessions", {}, "sessions"),
        ("sessions/.x", whole()["sessions"]["decoder"], "sessions"),
        ("sessions/encoder/graph", sha(3), "sessions.encoder.graph"),
        ("sessions/encoder/graph", sha(77), "sessions.encoder.graph"),
        ("sessions/encoder/inputs", {}, "sessions.encoder.inputs"),
        ("sessions/encoder/inputs/a b", FLOATS, "sessions.encoder.inputs.a b"),
        ("sessions/encoder/inputs/mel/dtype", "float64", "sessions.encoder.inputs.mel.dtype"),
        ("sessions/encoder/inputs/mel/shape/1", 0, "sessions.encoder.inputs.mel.shape.1"),
        ("sessions/encoder/inputs/mel/shape/1", 2**25, "sessions.encoder.inputs.mel.shape.1"),
        ("sessions/encoder/inputs/mel/shape/1", True, "sessions.encoder.inputs.mel.shape.1"),
        ("sessions/encoder/inputs/mel/shape/1", "N N", "sessions.encoder.inputs.mel.shape.1"),
        ("sessions/encoder/inputs/mel/shape", [1] * 9, "sessions.encoder.inputs.mel.shape"),
        ("sessions/encoder/threads", 0, "sessions.encoder.threads"),
        ("sessions/encoder/threads", 1000, "sessions.encoder.threads"),
        ("sessions/encoder/hands_on/mel", {"session": "decoder", "input": "cross.0"}, "sessions.encoder.hands_on.mel"),
        ("sessions/encoder/hands_on/cross.0/session", "nobody", "sessions.encoder.hands_on.cross.0"),
        ("sessions/encoder/hands_on/cross.0/input", "nothing", "sessions.encoder.hands_on.cross.0"),
        ("sessions/encoder/hands_on/cross.0/input", "tokens", "sessions.encoder.hands_on.cross.0"),
        ("sessions/encoder/keeps", {"cross.0": "mel"}, "sessions.encoder.hands_on"),
        ("sessions/decoder/keeps/key", "cross.0", "sessions.decoder.keeps.key"),
        ("sessions/decoder/keeps/logits", "cross.0", "sessions.decoder.inputs.cross.0"),
        ("sessions/decoder/hands_on", {"logits": {"session": "decoder", "input": "past"}}, "sessions.decoder.hands_on"),
        ("files/.x", sha(4), "files"),
        ("files/tokens.json", sha(3), "files.tokens.json"),
        ("golden", [], "golden"),
        ("golden/0/session", "decoder", "golden"),
        ("golden/0/session", "nobody", "golden.0.session"),
        ("golden/0/tensors", sha(4), "golden.0.tensors"),
        ("golden/0/tolerance", {}, "golden.0.tolerance"),
        ("golden/0/tolerance", {"nothing": 0.1}, "golden.0.tolerance.nothing"),
        ("golden/0/tolerance_rms", {"nothing": 0.1}, "golden.0.tolerance_rms.nothing"),
        ("golden/0/tolerance/cross.0", -1, "golden.0.tolerance.cross.0"),
        ("golden/0/tolerance/cross.0", 1e9, "golden.0.tolerance.cross.0"),
    ],
)
def test_a_hostile_or_broken_manifest_is_refused_by_its_place(path: str, value: Any, names: str) -> None:
    with pytest.raises(InvalidManifest) as caught:
        parse_graph_manifest(changed(path, value))
    assert str(caught.value.detail["path"]).startswith(names)
    assert caught.value.message.startswith("manifest of a graph model: ")


@pytest.mark.parametrize("text", ["", "null", "[]", "{}", "<html>", '{"kind": "graphs"}', "[" * 10_000])
def test_what_is_no_manifest_is_refused(text: str) -> None:
    with pytest.raises(InvalidManifest):
        parse_graph_manifest(text)


def test_a_field_of_tomorrow_is_ignored_by_an_engine_and_refused_by_a_build() -> None:
    noted: list[str] = []
    assert read_graph_manifest(changed("sessions/encoder/quality", "high"), noted.append).model == "hears"
    assert noted == ["sessions.encoder.quality: unknown field, ignored"]
    with pytest.raises(InvalidManifest, match="format"):
        read_graph_manifest(changed("format", 2))


SIZES = st.one_of(st.integers(1, 4), st.sampled_from("ab"))
SPECS = st.builds(
    lambda dtype, shape: TensorSpec(dtype=dtype, shape=tuple(shape)),
    st.sampled_from(["float32", "int64"]),
    st.lists(SIZES, max_size=4),
)


@given(SPECS, SPECS)
def test_whether_a_value_fits_an_input_is_the_same_both_ways(one: TensorSpec, other: TensorSpec) -> None:
    assert one.takes(one)
    assert one.takes(other) == other.takes(one)


LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)


@given(VALUES)
def test_whatever_stands_in_a_field_ends_in_a_manifest_or_in_one_error(value: Any) -> None:
    for field in ("shards", "sessions", "files", "golden", "recipe"):
        try:
            parse_graph_manifest(changed(field, value))
        except InvalidManifest:
            pass
