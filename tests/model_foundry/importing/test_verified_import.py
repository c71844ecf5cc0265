"""A GGUF becomes a description that says the same, or is refused with a reason."""

from __future__ import annotations

import contextlib
import json
import struct
from dataclasses import replace
from pathlib import Path

import gguf
import numpy as np
import pytest
from gguf.quants import dequantize
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from model_foundry.errors import (
    FoundryError,
    MalformedGguf,
    UnknownArchitecture,
    UnknownQuantization,
    UnknownTokenizer,
    WrongSource,
)
from model_foundry.importing.families import import_gguf
from model_foundry.importing.gguf_file import GgufFile
from model_foundry.importing.preflight import check_header
from model_foundry.importing.quantization import DECODERS
from model_foundry.importing.verified_import import import_source
from model_foundry.model.description import with_shared_table
from model_foundry.model.weights import Affine
from tests.model_foundry.built import RECIPE, imported
from tests.model_foundry.tiny_gguf import TinyModel

TINY = TinyModel()


def dequantized(path: Path, name: str) -> np.ndarray:
    """A tensor by the gguf package's own decoder, which shares nothing with ours."""
    tensor = next(tensor for tensor in gguf.GGUFReader(path).tensors if tensor.name == name)
    return dequantize(tensor.data, tensor.tensor_type)


def permuted(rows: np.ndarray, heads: int) -> np.ndarray:
    """What llama.cpp's converter does to query and key rows (convert_hf_to_gguf.py, permute)."""
    split = rows.reshape(heads, 2, rows.shape[0] // heads // 2, rows.shape[1])
    return split.swapaxes(1, 2).reshape(rows.shape)


def test_the_architecture_is_what_the_file_says(tmp_path: Path) -> None:
    architecture = imported(tmp_path, TINY).architecture
    assert (architecture.layers, architecture.hidden_size, architecture.ffn_size) == (2, 64, 96)
    assert (architecture.heads, architecture.kv_heads, architecture.head_dim) == (4, 2, 16)
    assert (architecture.vocab_size, architecture.rope_theta, architecture.norm_epsilon) == (260, 10000.0, 1e-5)


def test_the_context_is_capped(tmp_path: Path) -> None:
    assert imported(tmp_path, TINY).architecture.context_length == RECIPE.context_cap
    assert imported(tmp_path, replace(TINY, context=32)).architecture.context_length == 32


def test_weights_are_the_files_numbers(tmp_path: Path) -> None:
    model = imported(tmp_path, TINY)
    path = tmp_path / "tiny.gguf"
    np.testing.assert_array_equal(model.embedding.dequantized(), dequantized(path, "token_embd.weight"))
    layer = model.layers[1]
    np.testing.assert_array_equal(layer.down.weight.dequantized(), dequantized(path, "blk.1.ffn_down.weight"))
    np.testing.assert_array_equal(layer.mlp_norm, dequantized(path, "blk.1.ffn_norm.weight").reshape(-1))


def test_the_rope_permutation_of_queries_and_keys_is_undone(tmp_path: Path) -> None:
    query, key, value = np.split(imported(tmp_path, TINY).layers[0].qkv.weight.dequantized(), [64, 96])
    path = tmp_path / "tiny.gguf"
    np.testing.assert_array_equal(permuted(query, 4), dequantized(path, "blk.0.attn_q.weight"))
    np.testing.assert_array_equal(permuted(key, 2), dequantized(path, "blk.0.attn_k.weight"))
    np.testing.assert_array_equal(value, dequantized(path, "blk.0.attn_v.weight"))


QWEN = TinyModel(
    architecture="qwen2",
    pre_tokenizer="qwen2",
    biases=True,
    linear=gguf.GGMLQuantizationType.Q5_0,
    value=gguf.GGMLQuantizationType.Q8_0,
    tied=False,
    doubled_table=True,
)


def test_qwen2_keeps_the_rows_of_queries_and_keys_and_fuses_types_and_biases(tmp_path: Path) -> None:
    model = imported(tmp_path, QWEN)
    path = tmp_path / "tiny.gguf"
    assert model.architecture.family == "qwen2"
    qkv = model.layers[1].qkv
    names = ("attn_q", "attn_k", "attn_v")
    expected = np.concatenate([dequantized(path, f"blk.1.{name}.weight") for name in names])
    np.testing.assert_array_equal(qkv.weight.dequantized(), expected)
    biases = np.concatenate([dequantized(path, f"blk.1.{name}.bias").reshape(-1) for name in names])
    assert qkv.bias is not None
    np.testing.assert_array_equal(qkv.bias, biases)
    assert model.layers[1].attention_output.bias is None


QWEN3 = TinyModel(architecture="qwen3", pre_tokenizer="qwen2", head_dim=32, head_norms=True)


def test_qwen3_has_heads_of_a_size_of_their_own_and_norms_of_queries_and_keys(tmp_path: Path) -> None:
    model = imported(tmp_path, QWEN3)
    path = tmp_path / "tiny.gguf"
    assert (model.architecture.family, model.architecture.head_dim, model.architecture.head_norms) == (
        "qwen3",
        32,
        True,
    )
    layer = model.layers[1]
    assert layer.qkv.weight.shape == (4 * 32 + 2 * 2 * 32, 64)
    names = ("attn_q", "attn_k", "attn_v")
    expected = np.concatenate([dequantized(path, f"blk.1.{name}.weight") for name in names])
    np.testing.assert_array_equal(layer.qkv.weight.dequantized(), expected)
    for norm, name in ((layer.query_norm, "attn_q_norm"), (layer.key_norm, "attn_k_norm")):
        assert norm is not None
        np.testing.assert_array_equal(norm, dequantized(path, f"blk.1.{name}.weight").reshape(-1))


def test_every_fourth_layer_of_smollm3_is_not_rotated_and_rows_are_put_in_order_in_all(tmp_path: Path) -> None:
    tiny = TinyModel(architecture="smollm3", pre_tokenizer="smaug-bpe", layers=5)
    model = imported(tmp_path, tiny)
    assert (model.architecture.family, model.architecture.unrotated) == ("smollm3", (3,))
    query = model.layers[3].qkv.weight.dequantized()[:64]
    np.testing.assert_array_equal(permuted(query, 4), dequantized(tmp_path / "tiny.gguf", "blk.3.attn_q.weight"))


def test_llama_3s_words_and_numbers_are_cut_as_its_own_tokenizer_cuts_them(tmp_path: Path) -> None:
    definition = imported(tmp_path, TinyModel(pre_tokenizer="llama-bpe")).tokenizer.definition
    assert definition["model"]["ignore_merges"]
    tokenizer = Tokenizer.from_str(json.dumps(definition))
    pieces = [piece for piece, _ in tokenizer.pre_tokenizer.pre_tokenize_str("It's 12345 cats!\n\n ok")]
    assert pieces == ["It", "'s", "Ġ", "123", "45", "Ġcats", "!ĊĊ", "Ġok"]


def test_a_table_that_the_file_holds_twice_can_be_kept_once(tmp_path: Path) -> None:
    model = imported(tmp_path, QWEN)
    shared = with_shared_table(model)
    assert shared.head is None
    assert shared.embedding is model.head
    assert shared.architecture.tied_embeddings


def test_two_different_tables_arent_taken_for_one(tmp_path: Path) -> None:
    with pytest.raises(WrongSource, match="aren't one matrix"):
        with_shared_table(imported(tmp_path, replace(QWEN, doubled_table=False)))
    with pytest.raises(WrongSource, match="already"):
        with_shared_table(imported(tmp_path, TINY))


def test_an_exact_reading_is_the_gguf_packages_own(tmp_path: Path) -> None:
    path = QWEN.write(tmp_path / "tiny.gguf")
    model = import_gguf(GgufFile(path, exact=True), 64, RECIPE.source)
    np.testing.assert_array_equal(model.embedding.dequantized(), dequantized(path, "token_embd.weight"))
    np.testing.assert_array_equal(model.layers[0].up.weight.dequantized(), dequantized(path, "blk.0.ffn_up.weight"))


def test_what_importing_changes_is_told_by_type(tmp_path: Path) -> None:
    path = replace(QWEN, linear=gguf.GGMLQuantizationType.F16).write(tmp_path / "tiny.gguf")
    rounding = GgufFile(path).rounding()
    assert rounding["Q8_0"] == rounding["Q5_0"] == 0
    assert 0.001 < rounding["F16"] < 0.01


def test_qwen2_splits_words_as_its_own_tokenizer_and_composes_letters(tmp_path: Path) -> None:
    tokenizer = Tokenizer.from_str(json.dumps(imported(tmp_path, QWEN).tokenizer.definition))
    pieces = [piece for piece, _ in tokenizer.pre_tokenizer.pre_tokenize_str("I'll add 12\n\n  more_x!?\n")]
    spelled = [piece.replace("Ġ", " ").replace("Ċ", "\n") for piece in pieces]
    assert spelled == ["I", "'ll", " add", " ", "1", "2", "\n\n", " ", " more", "_x", "!?\n"]
    assert tokenizer.encode("e\u0301").ids == tokenizer.encode("é").ids


def test_a_head_of_its_own_is_read(tmp_path: Path) -> None:
    model = imported(tmp_path, replace(TINY, tied=False))
    assert model.head is not None
    assert not model.architecture.tied_embeddings
    assert imported(tmp_path, TINY).head is None


def test_a_constant_block_keeps_its_value_and_gets_a_scale() -> None:
    block = np.zeros((1, 1, 20), np.uint8)
    block[0, 0, 2:4] = np.frombuffer(np.float16(-0.75).tobytes(), np.uint8)
    block[0, 0, 4:] = 0x5A
    matrix = DECODERS[gguf.GGMLQuantizationType.Q4_1]("x", block)
    assert isinstance(matrix, Affine)
    assert (matrix.scale != 0).all()
    np.testing.assert_array_equal(matrix.dequantized(), np.full((1, 32), -0.75, np.float32))


def test_the_tokenizer_merges_splits_digits_and_knows_its_control_tokens(tmp_path: Path) -> None:
    model = imported(tmp_path, TINY)
    tokenizer = Tokenizer.from_str(json.dumps(model.tokenizer.definition))
    assert tokenizer.encode("th").ids == [259]
    assert tokenizer.encode("<|im_end|>").ids == [2]
    assert tokenizer.decode(tokenizer.encode("où 12, été").ids) == "où 12, été"
    assert model.tokenizer.eos_tokens == (2, 0)
    assert (model.tokenizer.bos_token, model.tokenizer.eos_token) == ("<|im_start|>", "<|im_end|>")


def test_an_unknown_architecture_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnknownArchitecture, match="mamba"):
        imported(tmp_path, replace(TINY, architecture="mamba"))


def test_an_unknown_quantization_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnknownQuantization, match="MXFP4"):
        imported(tmp_path, replace(TINY, linear=gguf.GGMLQuantizationType.MXFP4))


def test_an_unknown_pre_tokenizer_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnknownTokenizer, match="klingon"):
        imported(tmp_path, replace(TINY, pre_tokenizer="klingon"))


def test_a_file_with_another_hash_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WrongSource, match="sha256"):
        import_source(RECIPE, TINY.write(tmp_path / "tiny.gguf"))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MalformedGguf, match="no file"):
        GgufFile(tmp_path / "none.gguf")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return TINY.write(tmp_path_factory.mktemp("gguf") / "tiny.gguf").read_bytes()


def opened(folder: Path, data: bytes) -> None:
    path = folder / "hostile.gguf"
    path.write_bytes(data)
    import_gguf(GgufFile(path), 64, RECIPE.source)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0, 0.999))
def test_a_truncated_file_is_refused(tmp_path: Path, whole: bytes, share: float) -> None:
    with pytest.raises(MalformedGguf):
        opened(tmp_path, whole[: int(len(whole) * share)])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, 9000), value=st.integers(0, 255))
def test_a_damaged_header_is_read_or_refused_but_never_worse(tmp_path: Path, whole: bytes, at: int, value: int) -> None:
    damaged = bytearray(whole)
    damaged[at] = value
    with contextlib.suppress(FoundryError):
        opened(tmp_path, bytes(damaged))


@pytest.mark.parametrize(
    ("offset", "layout", "value", "reason"),
    [
        (0, "<I", 0x21212121, "doesn't begin with GGUF"),
        (4, "<I", 99, "version 99"),
        (8, "<Q", 2**60, "claims"),
        (16, "<Q", 2**63, "claims"),
        (24, "<Q", 2**62, "bytes of text"),
    ],
)
def test_hostile_numbers_are_refused_before_anything_is_allocated(
    tmp_path: Path, whole: bytes, offset: int, layout: str, value: int, reason: str
) -> None:
    damaged = bytearray(whole)
    struct.pack_into(layout, damaged, offset, value)
    with pytest.raises(MalformedGguf, match=reason):
        opened(tmp_path, bytes(damaged))


def test_an_array_that_is_there_and_becomes_a_hundred_times_as_large_in_memory_is_refused(tmp_path: Path) -> None:
    def text(value: bytes) -> bytes:
        return struct.pack("<Q", len(value)) + value

    count = 200_000
    array = text(b"x") + struct.pack("<IIQ", 9, 7, count) + bytes(count)
    path = tmp_path / "x.gguf"
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + array)
    with pytest.raises(MalformedGguf, match="more than a model"):
        GgufFile(path)
    with path.open("ab") as file:  # in a file of a model's size it is a vocabulary
        file.truncate(64 * 2**20)
    check_header(path)
