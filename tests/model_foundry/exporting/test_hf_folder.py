"""A GGUF as a Hugging Face folder: every number where transformers looks for it."""

from __future__ import annotations

import json
from pathlib import Path

import gguf
import numpy as np
import pytest
from safetensors.numpy import load_file

from model_foundry import cli
from model_foundry.exporting.hf_folder import write_folder
from model_foundry.importing.hf_folder import plan_folder
from model_foundry.importing.safetensors_folder import SafetensorsFolder
from model_foundry.merging.parents import Parent
from orion_py.manifest.manifest import Source
from tests.model_foundry.built import imported
from tests.model_foundry.folders import FAMILIES, plan
from tests.model_foundry.tiny_gguf import TinyModel


@pytest.mark.parametrize("tied", [True, False])
def test_the_folder_holds_the_dequantized_weights(tmp_path: Path, tied: bool) -> None:
    model = imported(tmp_path, TinyModel(tied=tied))
    write_folder(model, tmp_path / "folder")
    tensors = load_file(tmp_path / "folder" / "model.safetensors")
    assert ("lm_head.weight" in tensors) is not tied
    layer = model.layers[1]
    fused = np.concatenate([tensors[f"model.layers.1.self_attn.{part}_proj.weight"] for part in "qkv"])
    np.testing.assert_array_equal(fused, layer.qkv.weight.dequantized())
    np.testing.assert_array_equal(tensors["model.layers.1.mlp.down_proj.weight"], layer.down.weight.dequantized())
    np.testing.assert_array_equal(tensors["model.layers.1.post_attention_layernorm.weight"], layer.mlp_norm)
    np.testing.assert_array_equal(tensors["model.embed_tokens.weight"], model.embedding.dequantized())


def test_rows_of_queries_are_in_transformers_order_and_not_in_ggufs(tmp_path: Path) -> None:
    tiny = TinyModel(linear=gguf.GGMLQuantizationType.Q8_0)
    model = imported(tmp_path, tiny)
    write_folder(model, tmp_path / "folder")
    written = load_file(tmp_path / "folder" / "model.safetensors")["model.layers.0.self_attn.q_proj.weight"]
    stored = {tensor.name: tensor for tensor in gguf.GGUFReader(tmp_path / "tiny.gguf").tensors}["blk.0.attn_q.weight"]
    paired = gguf.quants.dequantize(stored.data, stored.tensor_type)
    # The rotation's halves of a head are rows 0, 2, 4, … and 1, 3, 5, … of a GGUF.
    head = tiny.hidden // tiny.heads
    np.testing.assert_array_equal(written[: head // 2], paired[0:head:2])
    np.testing.assert_array_equal(written[head // 2 : head], paired[1:head:2])


def test_the_folder_is_a_parent_that_can_be_merged_and_has_its_tokenizer(tmp_path: Path) -> None:
    model = imported(tmp_path, TinyModel())
    write_folder(model, tmp_path / "folder", "bfloat16")
    parent = Parent.open("tiny", tmp_path / "folder")
    assert parent.layers == 2
    assert {tensor.dtype for tensor in parent.contents.tensors.values()} == {"BF16"}
    assert parent.vocabulary == model.tokenizer.definition["model"]["vocab"]
    settings = json.loads((tmp_path / "folder" / "tokenizer_config.json").read_text())
    assert settings["eos_token"] == "<|im_end|>"
    assert settings["chat_template"] == model.tokenizer.chat_template
    assert parent.config["eos_token_id"] == [2, 0]


def test_import_writes_the_folder_when_asked(tmp_path: Path) -> None:
    path = TinyModel().write(tmp_path / "tiny.gguf")
    assert cli.main(["import", str(path), "--json", "--out", str(tmp_path / "folder"), "--dtype", "float16"]) == 0
    assert load_file(tmp_path / "folder" / "model.safetensors")["model.norm.weight"].dtype == np.float16


@pytest.mark.parametrize("tied", [True, False])
def test_what_is_written_is_read_back_as_the_model_it_was(tmp_path: Path, tied: bool) -> None:
    model = imported(tmp_path, TinyModel(tied=tied))
    write_folder(model, tmp_path / "folder")
    plan = plan_folder(SafetensorsFolder(tmp_path / "folder"), None)
    assert plan.architecture == model.architecture
    assert plan.notes == ()
    back = plan.load(model.source)
    assert back.tokenizer.eos_tokens == model.tokenizer.eos_tokens
    assert back.tokenizer.chat_template == model.tokenizer.chat_template
    for ours, theirs in zip(model.linears(), back.linears(), strict=True):
        np.testing.assert_array_equal(ours.weight.dequantized(), theirs.weight.dequantized())
        np.testing.assert_array_equal(ours.bias, theirs.bias)
    for ours, theirs in zip(model.layers, back.layers, strict=True):
        np.testing.assert_array_equal(ours.attention_norm, theirs.attention_norm)
        np.testing.assert_array_equal(ours.mlp_norm, theirs.mlp_norm)
    assert (back.head is None) is tied


@pytest.mark.parametrize("name", ["qwen3", "smollm3"])
def test_what_newer_families_have_is_written_and_read_back(tmp_path: Path, name: str) -> None:
    found = plan(FAMILIES / name)
    model = found.load(Source(name="x", file="x", sha256="0" * 64, revision=""))
    write_folder(model, tmp_path / "again")
    again = plan(tmp_path / "again")
    assert again.architecture == found.architecture
    for ours, theirs in zip(model.layers, again.load(model.source).layers, strict=True):
        np.testing.assert_array_equal(ours.query_norm, theirs.query_norm)
        np.testing.assert_array_equal(ours.key_norm, theirs.key_norm)


def test_a_scaled_rotary_embedding_is_written_and_read_back(tmp_path: Path) -> None:
    found = plan(FAMILIES / "llama3")
    model = found.load(Source(name="x", file="x", sha256="0" * 64, revision=""))
    write_folder(model, tmp_path / "again")
    assert plan(tmp_path / "again").architecture == found.architecture
    assert found.architecture.rope_scaling is not None
