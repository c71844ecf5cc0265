"""Shards are safetensors files whose names are their content, the same from one build to the next."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import onnx
import pytest
from safetensors import safe_open

from model_foundry.errors import NotBuilt
from model_foundry.formats.safetensors_header import ALIGNMENT
from model_foundry.sharding.restore import load_manifest, restore
from model_foundry.sharding.safetensors_file import pack
from tests.model_foundry.built import built, imported
from tests.model_foundry.tiny_gguf import TinyModel

TINY = TinyModel()


def test_the_library_reads_what_is_packed_and_offsets_point_at_it(tmp_path: Path) -> None:
    arrays = {
        "bytes": np.arange(7, dtype=np.uint8),
        "halves": np.arange(6, dtype=np.float16).reshape(2, 3),
        "floats": np.linspace(0, 1, 5, dtype=np.float32),
    }
    file = pack(arrays)
    (tmp_path / "file").write_bytes(file.data)
    with safe_open(tmp_path / "file", framework="np") as opened:
        for name, array in arrays.items():
            np.testing.assert_array_equal(opened.get_tensor(name), array)
    for tensor in file.tensors:
        assert file.data[tensor.offset : tensor.offset + tensor.length] == arrays[tensor.name].tobytes()
    assert min(tensor.offset for tensor in file.tensors) % ALIGNMENT == 0


def test_wide_tensors_are_aligned_to_their_width() -> None:
    file = pack({"a": np.zeros(3, np.uint8), "b": np.zeros(3, np.float16), "c": np.zeros(3, np.float32)})
    width = {"U8": 1, "F16": 2, "F32": 4}
    assert all(tensor.offset % width[tensor.dtype] == 0 for tensor in file.tensors)


def test_two_builds_give_the_same_files(tmp_path: Path) -> None:
    model = imported(tmp_path, TINY)
    first, second = built(tmp_path / "a", model), built(tmp_path / "b", model)
    assert first == second
    names = sorted(path.name for path in (tmp_path / "a" / "shards").iterdir())
    assert names == sorted(path.name for path in (tmp_path / "b" / "shards").iterdir())
    assert names == sorted(shard.sha256 for shard in first.shards)


def test_every_shard_is_named_by_its_hash_and_has_its_size(tmp_path: Path) -> None:
    manifest = built(tmp_path, imported(tmp_path, TINY))
    for shard in manifest.shards:
        data = (tmp_path / "shards" / shard.sha256).read_bytes()
        assert hashlib.sha256(data).hexdigest() == shard.sha256
        assert len(data) == shard.size


def test_a_second_build_writes_nothing_and_repairs_what_is_damaged(tmp_path: Path) -> None:
    model = imported(tmp_path, TINY)
    manifest = built(tmp_path, model)
    paths = {shard.sha256: tmp_path / "shards" / shard.sha256 for shard in manifest.shards}
    before = {name: path.stat().st_mtime_ns for name, path in paths.items()}
    damaged = manifest.shards[-1].sha256
    paths[damaged].write_bytes(b"x" * manifest.shards[-1].size)
    built(tmp_path, model)
    assert hashlib.sha256(paths[damaged].read_bytes()).hexdigest() == damaged
    assert all(paths[name].stat().st_mtime_ns == before[name] for name in paths if name != damaged)


def test_graphs_point_into_shards_with_the_shape_and_length_of_their_tensors(tmp_path: Path) -> None:
    manifest = built(tmp_path, imported(tmp_path, TINY))
    sizes = {shard.sha256: shard.size for shard in manifest.shards}
    for variant in manifest.variants:
        locations = sizes | {f"{made.shard}.int8": made.size for made in variant.expansions}
        locations |= {f"{made.shard}.wide": made.size for made in variant.widenings}
        for session in (variant.prefill, variant.decode):
            graph = onnx.load(tmp_path / "shards" / session.graph, load_external_data=False).graph
            for tensor in graph.initializer:
                facts = {entry.key: entry.value for entry in tensor.external_data}
                if facts:
                    width = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize
                    assert int(facts["length"]) == width * int(np.prod(tensor.dims))
                    assert int(facts["offset"]) + int(facts["length"]) <= locations[facts["location"]]


def test_a_built_model_reads_back_as_what_was_imported(tmp_path: Path) -> None:
    model = imported(tmp_path, TinyModel(tied=False))
    built(tmp_path, model)
    back = restore(load_manifest(tmp_path, "tiny"), tmp_path / "shards")
    assert back.tokenizer == model.tokenizer
    assert back.head is not None
    assert model.head is not None
    np.testing.assert_array_equal(back.head.dequantized(), model.head.dequantized())
    np.testing.assert_array_equal(back.embedding.dequantized(), model.embedding.dequantized())
    for ours, theirs in zip(back.layers, model.layers, strict=True):
        np.testing.assert_array_equal(ours.qkv.weight.dequantized(), theirs.qkv.weight.dequantized())
        np.testing.assert_array_equal(ours.down.weight.dequantized(), theirs.down.weight.dequantized())
        np.testing.assert_array_equal(ours.attention_norm, theirs.attention_norm)


def test_what_is_not_built_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotBuilt, match="none"):
        load_manifest(tmp_path, "none")
    manifest = built(tmp_path, imported(tmp_path, TINY))
    (tmp_path / "shards" / manifest.shards[-1].sha256).write_bytes(b"damaged")
    with pytest.raises(NotBuilt):
        restore(manifest, tmp_path / "shards")
