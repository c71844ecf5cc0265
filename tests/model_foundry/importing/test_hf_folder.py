"""A Hugging Face folder is described as it is, or refused with a reason that says what to do."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from model_foundry.errors import (
    FoundryError,
    MalformedFolder,
    MalformedSafetensors,
    UnknownArchitecture,
    UnknownQuantization,
    UnknownTokenizer,
    UnsafePickle,
)
from model_foundry.importing.hf_tokenizer import PLAIN_TEMPLATE
from model_foundry.importing.safetensors_folder import SafetensorsFolder
from orion_py.native.tokenizer import NativeTokenizer
from tests.model_foundry.built import RECIPE
from tests.model_foundry.folders import FAMILIES, changed, plan


def test_the_architecture_is_what_the_config_says() -> None:
    gemma = plan(FAMILIES / "gemma").architecture
    assert (gemma.family, gemma.activation, gemma.tied_embeddings) == ("gemma", "gelu_tanh", True)
    assert (gemma.heads, gemma.kv_heads, gemma.head_dim, gemma.hidden_size) == (4, 2, 16, 32)
    llama3 = plan(FAMILIES / "llama3").architecture
    assert llama3.rope_scaling is not None
    assert (llama3.rope_scaling.factor, llama3.rope_scaling.original_context) == (8.0, 64)


def test_an_architecture_that_needs_no_extension_is_written_as_before() -> None:
    plain = plan(FAMILIES / "llama").architecture.model_dump()
    assert not {"head_norms", "post_norms", "unrotated", "windows", "local_rope_theta"} & set(plain)
    assert "activation" not in plain
    assert "rope_scaling" not in plain
    assert {"activation", "rope_scaling"} & set(plan(FAMILIES / "gemma").architecture.model_dump()) == {"activation"}


@pytest.mark.parametrize("kind", ["F32", "F16", "BF16"])
def test_every_stored_type_reads_as_the_library_reads_it(tmp_path: Path, kind: str) -> None:
    import ml_dtypes

    types: dict[str, Any] = {"F32": np.float32, "F16": np.float16, "BF16": ml_dtypes.bfloat16}
    values = np.random.default_rng(1).normal(0, 1, (5, 7)).astype(types[kind])
    changed(tmp_path, "llama")
    save_file({"x": values, "y": values[:2]}, tmp_path / "model.safetensors")
    folder = SafetensorsFolder(tmp_path)
    assert folder.tensors["x"].dtype == kind
    np.testing.assert_array_equal(folder.tensor("x"), values.astype(np.float32))
    np.testing.assert_array_equal(folder.tensor("y"), values[:2].astype(np.float32))


@pytest.mark.parametrize(
    ("name", "changes", "error", "reason"),
    [
        ("llama", {"architectures": ["MambaForCausalLM"]}, UnknownArchitecture, "known are LlamaForCausalLM, Qwen2"),
        ("gemma", {"architectures": ["Gemma2ForCausalLM"]}, UnknownArchitecture, "soft caps"),
        ("gemma", {"attn_logit_softcapping": 50.0}, UnknownArchitecture, "soft caps"),
        ("llama", {"architectures": []}, MalformedFolder, "one architecture"),
        ("llama", {"rope_scaling": {"type": "yarn", "factor": 4.0}}, UnknownArchitecture, "yarn.*default and llama3"),
        ("llama", {"quantization_config": {"quant_method": "gptq"}}, UnknownArchitecture, "gptq"),
        ("llama", {"partial_rotary_factor": 0.5}, UnknownArchitecture, "full rotation"),
        ("llama", {"num_local_experts": 8}, UnknownArchitecture, "mixture of experts"),
        ("llama", {"logits_scaling": 8.0}, UnknownArchitecture, "logits_scaling"),
        ("llama", {"no_rope_layers": [1, 0]}, UnknownArchitecture, "no_rope_layers"),
        ("llama", {"rope_parameters": {"partial_rotary_factor": 0.5}}, UnknownArchitecture, "full rotation"),
        ("llama", {"rope_parameters": {"full_attention": {"rope_theta": 1e6}}}, UnknownArchitecture, "full_attention"),
        ("llama", {"hidden_act": "relu"}, UnknownArchitecture, "relu"),
        ("llama", {"num_key_value_heads": 3}, MalformedFolder, "share"),
        ("llama", {"head_dim": 24}, UnknownArchitecture, "multiple of 16"),
        ("llama", {"hidden_size": "32"}, MalformedFolder, "hidden_size"),
        ("llama", {"hidden_size": 10**12}, MalformedFolder, "hidden_size"),
        ("llama", {"hidden_size": 2**30, "head_dim": 16}, MalformedFolder, "hidden_size"),
        ("llama", {"num_hidden_layers": 3}, MalformedFolder, "layers.2.*missing"),
        ("llama", {"num_hidden_layers": 1}, UnknownArchitecture, "no place in a llama decoder"),
        ("llama", {"intermediate_size": 96}, MalformedFolder, r"\[64, 32\] and should be \[96, 32\]"),
        ("llama", {"vocab_size": 200}, MalformedFolder, "ids up to 287"),
        ("llama", {"tie_word_embeddings": 1}, MalformedFolder, "true or false"),
        ("llama3", {"rope_scaling": {"rope_type": "llama3", "factor": 8.0}}, MalformedFolder, "original_max_position"),
        ("qwen2", {"architectures": ["LlamaForCausalLM"]}, UnknownArchitecture, "bias"),
        ("llama", {"eos_token_id": 999}, MalformedFolder, "eos_token_id"),
        ("llama", {"architectures": ["Qwen3ForCausalLM"]}, MalformedFolder, "q_norm.weight is missing"),
        ("qwen3", {"architectures": ["Qwen2ForCausalLM"]}, MalformedFolder, "bias is missing"),
        ("qwen3", {"architectures": ["LlamaForCausalLM"]}, UnknownArchitecture, "no place.*norm"),
        ("qwen3", {"use_sliding_window": True, "sliding_window": 8}, UnknownArchitecture, "window of 8 tokens"),
        ("qwen3", {"architectures": ["Qwen3MoeForCausalLM"]}, UnknownArchitecture, "mixture of experts"),
        ("smollm3", {"no_rope_layers": [1]}, MalformedFolder, "for each of 2 layers"),
        ("smollm3", {"no_rope_layers": [1, "0"]}, MalformedFolder, "for each of 2 layers"),
        ("gemma3", {"layer_types": ["full_attention", "chunked_attention"]}, MalformedFolder, "layer_types"),
        ("gemma3", {"use_bidirectional_attention": True}, UnknownArchitecture, "bidirectional"),
        ("gemma3", {"query_pre_attn_scalar": 0}, MalformedFolder, "positive number"),
        ("gemma3", {"rope_scaling": {"rope_type": "linear", "factor": 8.0}}, UnknownArchitecture, "linear"),
        ("gemma3", {"sliding_window": 1}, MalformedFolder, "windows"),
        ("gemma3", {"num_hidden_layers": 10**6}, MalformedFolder, "num_hidden_layers"),
    ],
)
def test_what_is_not_known_is_refused_by_its_name(
    tmp_path: Path, name: str, changes: dict[str, Any], error: type[FoundryError], reason: str
) -> None:
    with pytest.raises(error, match=reason):
        plan(changed(tmp_path, name, **changes))


def test_a_tensor_that_the_index_does_not_name_is_noticed(tmp_path: Path) -> None:
    folder = changed(tmp_path, "mistral", "model.safetensors.index.json")
    index = json.loads((folder / "model.safetensors.index.json").read_text("utf-8"))
    forgotten = next(name for name in index["weight_map"] if name.endswith("norm.weight"))
    del index["weight_map"][forgotten]
    (folder / "model.safetensors.index.json").write_text(json.dumps(index), "utf-8")
    with pytest.raises(MalformedFolder, match=rf"{forgotten}.* says nothing"):
        plan(folder)


def test_a_window_smaller_than_the_context_is_refused_and_a_larger_one_ignored_with_the_reason(tmp_path: Path) -> None:
    small = changed(tmp_path, "mistral", sliding_window=48)
    with pytest.raises(UnknownArchitecture, match=r"48 tokens is smaller than the context of 64.*--context 48"):
        plan(small)
    found = plan(small, 48)
    assert found.architecture.context_length == 48
    assert "never leaves it" in found.notes[0]
    assert plan(small, None).architecture.context_length == 48
    assert plan(changed(tmp_path, "mistral", sliding_window="null")).notes == ()
    with pytest.raises(UnknownArchitecture, match="4096"):  # what transformers takes where nothing is said
        plan(changed(tmp_path, "mistral", sliding_window=None, max_position_embeddings=9999), 8192)


def test_qwen2s_window_counts_where_it_is_switched_on(tmp_path: Path) -> None:
    assert plan(changed(tmp_path, "qwen2", sliding_window=8, use_sliding_window=False)).notes == ()
    with pytest.raises(UnknownArchitecture, match="8 tokens"):
        plan(changed(tmp_path, "qwen2", sliding_window=8, use_sliding_window=True))


def test_rotary_parameters_may_lie_where_transformers_5_keeps_them(tmp_path: Path) -> None:
    both = {"rope_type": "default", "rope_theta": 500.0}
    folder = changed(tmp_path, "llama", rope_theta=None, rope_scaling=None, rope_parameters=both)
    assert plan(folder).architecture.rope_theta == 500.0


def test_transformers_5_has_a_base_for_each_kind_of_layer(tmp_path: Path) -> None:
    whole = plan(FAMILIES / "gemma3").architecture
    both = {
        "full_attention": {"rope_type": "default", "rope_theta": whole.rope_theta},
        "sliding_attention": {"rope_type": "default", "rope_theta": whole.local_rope_theta},
    }
    folder = changed(tmp_path, "gemma3", rope_theta=None, rope_local_base_freq=None, rope_parameters=both)
    assert plan(folder).architecture == whole


def test_which_layers_differ_follows_a_pattern_where_no_list_says_it(tmp_path: Path) -> None:
    gemma3 = changed(tmp_path / "g", "gemma3", layer_types=None, sliding_window_pattern=2)
    assert plan(gemma3).architecture == plan(FAMILIES / "gemma3").architecture
    every = changed(tmp_path / "s", "smollm3", no_rope_layers=None)
    assert plan(every).architecture.unrotated is None, "the fourth layer would be the first"
    second = changed(tmp_path / "t", "smollm3", no_rope_layers=None, no_rope_layer_interval=2)
    assert plan(second).architecture.unrotated == (1,)


def test_a_template_of_the_tokenizers_config_is_found_and_a_base_model_gets_a_plain_one(tmp_path: Path) -> None:
    folder = changed(tmp_path, "llama", "tokenizer_config.json", chat_template="{{ messages[0]['content'] }}!")
    (folder / "chat_template.jinja").unlink()
    assert plan(folder).tokenizer.chat_template == "{{ messages[0]['content'] }}!"
    changed(
        folder,
        "llama",
        "tokenizer_config.json",
        chat_template=[{"name": "default", "template": "{{ messages[-1]['content'] }}"}],
    )
    (folder / "chat_template.jinja").unlink()
    assert plan(folder).tokenizer.chat_template == "{{ messages[-1]['content'] }}"
    changed(folder, "llama")
    (folder / "chat_template.jinja").unlink()
    base = plan(folder)
    assert base.tokenizer.chat_template == PLAIN_TEMPLATE
    assert "no chat template" in base.notes[0]
    rendered = NativeTokenizer(base.tokenizer.shard_bytes()).render([{"role": "user", "content": "hello"}])
    assert rendered == "<|begin|>hello\n\n"


def test_all_tokens_that_end_an_answer_are_taken() -> None:
    assert plan(FAMILIES / "llama").tokenizer.eos_tokens == (2, 1)
    assert plan(FAMILIES / "gemma").tokenizer.eos_tokens == (2, 1, 4)


def test_a_folder_without_a_fast_tokenizer_is_refused(tmp_path: Path) -> None:
    folder = changed(tmp_path, "llama")
    (folder / "tokenizer.json").write_text('{"version": "1.0", "model": {"type": "Magic"}}')
    with pytest.raises(UnknownTokenizer, match="can't be understood"):
        plan(folder)
    (folder / "tokenizer.json").unlink()
    with pytest.raises(UnknownTokenizer, match="fast"):
        plan(folder)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "model.PTH", "x.ckpt", "x.pkl"])
def test_a_pickle_is_refused_by_its_name(tmp_path: Path, name: str) -> None:
    folder = changed(tmp_path, "llama")
    (folder / "model.safetensors").rename(folder / name)
    with pytest.raises(UnsafePickle, match="runs whatever code"):
        plan(folder)


def test_a_folder_without_weights_or_config_is_refused(tmp_path: Path) -> None:
    folder = changed(tmp_path, "llama")
    (folder / "model.safetensors").unlink()
    with pytest.raises(MalformedFolder, match="neither"):
        plan(folder)
    (folder / "config.json").unlink()
    with pytest.raises(MalformedFolder, match="isn't a model's folder"):
        plan(folder)


@pytest.mark.parametrize(
    ("shard", "error", "reason"),
    [
        ("../model.safetensors", MalformedFolder, "isn't the name"),
        ("/etc/passwd", MalformedFolder, "isn't the name"),
        ("a/b.safetensors", MalformedFolder, "isn't the name"),
        ("..\\x.safetensors", MalformedFolder, "isn't the name"),
        (".hidden.safetensors", MalformedFolder, "isn't the name"),
        ("x.safetensors\n", MalformedFolder, "isn't the name"),
        ("pytorch_model-00001.bin", UnsafePickle, "pickle"),
        (7, MalformedFolder, "isn't the name"),
        ("none.safetensors", MalformedSafetensors, "no file"),
    ],
)
def test_an_index_cannot_name_what_is_not_a_file_of_the_folder(
    tmp_path: Path, shard: object, error: type[FoundryError], reason: str
) -> None:
    folder = changed(tmp_path / "inside", "mistral", "model.safetensors.index.json", weight_map={"x": shard})
    shutil.copy(FAMILIES / "llama" / "model.safetensors", tmp_path)
    with pytest.raises(error, match=reason):
        plan(folder)


def test_an_index_that_seeks_a_tensor_where_it_is_not_is_refused(tmp_path: Path) -> None:
    index = json.loads((FAMILIES / "mistral" / "model.safetensors.index.json").read_text())["weight_map"]
    index["model.norm.weight"] = "model-00001-of-00002.safetensors"
    with pytest.raises(MalformedFolder, match=r"model\.norm\.weight"):
        plan(changed(tmp_path, "mistral", "model.safetensors.index.json", weight_map=index))


def test_numbers_that_are_not_finite_and_types_that_are_not_decoded_are_refused(tmp_path: Path) -> None:
    folder = changed(tmp_path, "llama")
    tensors = load_file(folder / "model.safetensors")
    tensors["model.norm.weight"][3] = np.nan
    save_file(tensors, folder / "model.safetensors")
    with pytest.raises(MalformedSafetensors, match="finite"):
        plan(folder).load(RECIPE.source)
    tensors["model.norm.weight"] = tensors["model.norm.weight"].astype(np.float64)
    save_file(tensors, folder / "model.safetensors")
    with pytest.raises(UnknownQuantization, match="F64; known are F32, F16, BF16"):
        plan(folder).load(RECIPE.source)


def test_the_hash_covers_every_file_that_is_read(tmp_path: Path) -> None:
    before = SafetensorsFolder(changed(tmp_path, "mistral")).sha256()
    assert SafetensorsFolder(FAMILIES / "mistral").sha256() != before  # config.json is written another way
    hashes = {before}
    for name in ("model-00002-of-00002.safetensors", "tokenizer.json", "chat_template.jinja"):
        data = bytearray((tmp_path / name).read_bytes())
        data[-1] ^= 1
        folder = SafetensorsFolder(tmp_path)
        (tmp_path / name).write_bytes(data)
        hashes.add(folder.sha256())
    assert len(hashes) == 4
