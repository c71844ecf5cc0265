"""wllama's faster quantization is made from the very weights that ORION runs."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np
import pytest
from gguf.quants import dequantize, quantize

from bench.weights.gguf_q8 import requantize

Q4_1 = gguf.GGMLQuantizationType.Q4_1


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source.gguf"
    weights = np.random.default_rng(0).normal(size=(4, 64)).astype(np.float32)
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_uint32("general.file_type", 3)
    writer.add_uint32("llama.block_count", 1)
    writer.add_array("tokenizer.ggml.tokens", ["a", "b"])
    writer.add_tensor("blk.0.attn_q.weight", quantize(weights, Q4_1), raw_dtype=Q4_1)
    writer.add_tensor("blk.0.attn_norm.weight", np.ones(64, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def tensors(path: Path) -> dict[str, gguf.ReaderTensor]:
    return {tensor.name: tensor for tensor in gguf.GGUFReader(path).tensors}


def test_weights_become_q8_0_with_next_to_no_loss(source: Path, tmp_path: Path) -> None:
    requantize(source, tmp_path / "q8.gguf")
    before, after = (tensors(path)["blk.0.attn_q.weight"] for path in (source, tmp_path / "q8.gguf"))
    assert after.tensor_type.name == "Q8_0"
    old, new = dequantize(before.data, before.tensor_type), dequantize(after.data, after.tensor_type)
    assert np.abs(old - new).max() <= np.abs(old).max() / 127


def test_norms_stay_in_full_precision(source: Path, tmp_path: Path) -> None:
    requantize(source, tmp_path / "q8.gguf")
    assert tensors(tmp_path / "q8.gguf")["blk.0.attn_norm.weight"].tensor_type.name == "F32"


def test_metadata_is_kept_and_says_what_the_file_is(source: Path, tmp_path: Path) -> None:
    requantize(source, tmp_path / "q8.gguf")
    fields = gguf.GGUFReader(tmp_path / "q8.gguf").fields
    assert fields["llama.block_count"].contents() == 1
    assert fields["tokenizer.ggml.tokens"].contents() == ["a", "b"]
    assert fields["general.file_type"].contents() == 7
