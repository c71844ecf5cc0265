"""A GGUF as the format has it: its defaults, its split files, and nothing in it that is passed over."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import gguf
import numpy as np
import pytest
from tokenizers import Tokenizer

from model_foundry.errors import FoundryError, MalformedGguf, UnknownArchitecture, UnknownTokenizer
from model_foundry.exporting.hf_folder import write_folder
from model_foundry.importing.families import import_gguf
from model_foundry.importing.gguf_file import GgufFile
from model_foundry.importing.tokenizer import CHATML
from model_foundry.model.description import ModelDescription
from model_foundry.reference.llama import ReferenceModel
from orion_py.manifest.reading import parse_manifest
from tests.model_foundry.built import RECIPE, built
from tests.model_foundry.rewritten_gguf import COUNT, NUMBER, TENSORS, rewritten, split
from tests.model_foundry.tiny_gguf import TinyModel

TINY = TinyModel()
GPT = "tokenizer.ggml."
KINDS = gguf.GGUFValueType
TOKENS = [3, 50, 259, 77, 12]


def read(path: Path) -> ModelDescription:
    return import_gguf(GgufFile(path), RECIPE.context_cap, RECIPE.source)


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    return TINY.write(tmp_path / "tiny.gguf")


def changed(whole: Path, **changes: object) -> Path:
    return rewritten(whole, whole.with_name("changed.gguf"), **changes)  # type: ignore[arg-type]


def logits(model: ModelDescription) -> np.ndarray:
    return ReferenceModel(model).forward(TOKENS)[-1]


# Defaults


@pytest.mark.parametrize(
    ("key", "field", "value"),
    [
        ("llama.rope.freq_base", "rope_theta", 10_000.0),
        ("llama.rope.dimension_count", "head_dim", 16),
        ("llama.attention.head_count_kv", "kv_heads", 4),
    ],
)
def test_a_key_that_is_absent_has_the_formats_default(tmp_path: Path, key: str, field: str, value: object) -> None:
    whole = replace(TINY, kv_heads=4).write(tmp_path / "tiny.gguf")
    assert getattr(read(changed(whole, without=[key])).architecture, field) == value


@pytest.mark.parametrize("key", ["llama.attention.layer_norm_rms_epsilon", "llama.block_count", GPT + "merges"])
def test_a_key_without_a_default_is_missed_by_its_name(whole: Path, key: str) -> None:
    with pytest.raises(MalformedGguf, match=f"{key} is missing"):
        read(changed(whole, without=[key]))


def test_a_model_without_a_beginning_has_none(whole: Path) -> None:
    assert read(changed(whole, without=[GPT + "bos_token_id"])).tokenizer.bos_token == ""


def test_token_11_is_the_default_beginning_and_end_where_it_is_a_control_token(whole: Path) -> None:
    types = [1] * 260
    types[11] = 3
    writer = changed(whole, without=[GPT + "bos_token_id", GPT + "eos_token_id", GPT + "token_type"])
    typed = rewritten(writer, whole.with_name("typed.gguf"), keys={GPT + "token_type": (types, KINDS.ARRAY)})
    tokenizer = read(typed).tokenizer
    assert tokenizer.bos_token == tokenizer.eos_token == TINY.tokens()[11]
    assert tokenizer.eos_tokens == (11,)


def test_an_end_that_no_key_names_is_found_among_the_control_tokens(whole: Path) -> None:
    tokenizer = read(changed(whole, without=[GPT + "eos_token_id"])).tokenizer
    assert (tokenizer.eos_token, tokenizer.eos_tokens) == ("<|im_end|>", (2, 0))


def test_the_end_of_a_turn_has_a_key_of_its_own(whole: Path) -> None:
    ended = changed(whole, keys={GPT + "eos_token_id": (0, KINDS.UINT32), GPT + "eot_token_id": (1, KINDS.UINT32)})
    assert read(ended).tokenizer.eos_tokens == (0, 1, 2)


def test_tokens_without_types_are_ordinary_but_for_those_that_are_named(whole: Path) -> None:
    tokenizer = read(changed(whole, without=[GPT + "token_type"])).tokenizer
    special = [row["content"] for row in tokenizer.definition["added_tokens"] if row["special"]]
    assert special == ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    assert tokenizer.eos_tokens == (2, 0)


def test_a_file_that_names_no_end_at_all_is_refused(whole: Path) -> None:
    plain = {GPT + "token_type": ([1] * 260, KINDS.ARRAY)}
    with pytest.raises(UnknownTokenizer, match="which token ends an answer"):
        read(changed(whole, without=[GPT + "eos_token_id"], keys=plain))


def test_a_conversation_without_a_template_is_chatml(whole: Path) -> None:
    assert read(changed(whole, without=["tokenizer.chat_template"])).tokenizer.chat_template == CHATML


def test_the_default_pre_tokenizer_splits_as_llama_cpp(whole: Path) -> None:
    definition = read(changed(whole, without=[GPT + "pre"])).tokenizer.definition
    tokenizer = Tokenizer.from_str(json.dumps(definition))
    pieces = [piece for piece, _ in tokenizer.pre_tokenizer.pre_tokenize_str("I'll pay $12345.  Yes!")]
    spelled = [piece.replace("Ġ", " ") for piece in pieces]
    assert spelled == ["I", "'", "ll", " pay", " ", "$", "123", "45", ".", " ", " Yes", "!"]


# What stands there and isn't known


def test_factors_of_the_rotary_embedding_are_applied(whole: Path) -> None:
    factors = np.linspace(1, 32, 8).astype(np.float32)
    model = read(changed(whole, tensors={"rope_freqs.weight": factors}))
    assert model.architecture.rope_factors == tuple(factors.tolist())
    assert not np.allclose(logits(model), logits(read(whole)), atol=1e-3)


def test_one_factor_for_all_frequencies_is_a_linear_stretch(whole: Path) -> None:
    model = read(changed(whole, tensors={"rope_freqs.weight": np.full(8, 8, np.float32)}))
    reference, plain = ReferenceModel(model), ReferenceModel(read(whole))
    plain._frequencies = lambda half: 10_000.0 ** (-np.arange(half) / half) / 8  # type: ignore[method-assign]
    np.testing.assert_allclose(reference.forward(TOKENS), plain.forward(TOKENS), rtol=1e-5, atol=1e-6)


def test_factors_of_one_change_nothing(whole: Path) -> None:
    model = read(changed(whole, tensors={"rope_freqs.weight": np.ones(8, np.float32)}))
    assert model.architecture == read(whole).architecture
    assert "rope_factors" not in model.architecture.model_dump()


@pytest.mark.parametrize("factors", [np.zeros(8), -np.ones(8), np.full(8, np.nan), np.ones(7)])
def test_factors_that_make_no_sense_are_refused(whole: Path, factors: np.ndarray) -> None:
    with pytest.raises(MalformedGguf, match="rope_freqs"):
        read(changed(whole, tensors={"rope_freqs.weight": factors.astype(np.float32)}))


async def test_a_built_model_computes_with_its_factors(whole: Path, tmp_path: Path) -> None:
    from orion_py.native.runtime import NativeRuntime

    model = read(changed(whole, tensors={"rope_freqs.weight": np.linspace(1, 64, 8).astype(np.float32)}))
    manifest = built(tmp_path, model)
    assert parse_manifest(manifest.model_dump_json()).architecture.rope_factors == model.architecture.rope_factors
    variant = next(variant for variant in manifest.variants if variant.id == "wasm-exact")
    session = await NativeRuntime(tmp_path / "shards").open(manifest, variant, 1, 64)
    for shard in manifest.shards_for(variant):
        await session.feed(shard)
    await session.build()
    found = np.array(await session.forward(TOKENS, 0), np.float32).reshape(-1)
    np.testing.assert_allclose(found, logits(model), atol=2e-3)


def test_factors_have_no_place_in_a_folder(whole: Path, tmp_path: Path) -> None:
    model = read(changed(whole, tensors={"rope_freqs.weight": np.full(8, 8, np.float32)}))
    with pytest.raises(UnknownArchitecture, match=r"config\.json"):
        write_folder(model, tmp_path / "folder")


@pytest.mark.parametrize(
    "name",
    ["rope_freqs.weight.bias", "blk.0.attn_q_norm.weight", "blk.9.attn_norm.weight", "output.bias", "enc.blk.0.x"],
)
def test_a_tensor_that_nobody_asks_for_is_refused_by_its_name(whole: Path, name: str) -> None:
    with pytest.raises(UnknownArchitecture, match=f"tensor '{name}' has no place in a llama decoder"):
        read(changed(whole, tensors={name: np.ones(8, np.float32)}))


def test_qwen2_has_no_factors(tmp_path: Path) -> None:
    whole = TinyModel(architecture="qwen2", pre_tokenizer="qwen2", biases=True).write(tmp_path / "tiny.gguf")
    with pytest.raises(UnknownArchitecture, match="rope_freqs"):
        read(changed(whole, tensors={"rope_freqs.weight": np.full(8, 8, np.float32)}))


@pytest.mark.parametrize(
    ("key", "value", "kind"),
    [
        ("llama.rope.scaling.type", "yarn", KINDS.STRING),
        ("llama.rope.scaling.factor", 4.0, KINDS.FLOAT32),
        ("llama.rope.scale_linear", 2.0, KINDS.FLOAT32),
        ("llama.attention.sliding_window", 32, KINDS.UINT32),
        ("llama.attn_logit_softcapping", 50.0, KINDS.FLOAT32),
        ("llama.final_logit_softcapping", 30.0, KINDS.FLOAT32),
        ("llama.expert_count", 8, KINDS.UINT32),
        ("llama.attention.causal", False, KINDS.BOOL),
        ("llama.attention.clamp_kqv", 8.0, KINDS.FLOAT32),
        ("llama.logit_scale", 0.125, KINDS.FLOAT32),
        ("llama.tensor_data_layout", "Meta AI original pth", KINDS.STRING),
        ("llama.attention.of_the_future", 1, KINDS.UINT32),
    ],
)
def test_a_key_that_changes_what_is_computed_is_refused(
    whole: Path, key: str, value: object, kind: gguf.GGUFValueType
) -> None:
    with pytest.raises(UnknownArchitecture):
        read(changed(whole, keys={key: (value, kind)}))


@pytest.mark.parametrize(
    ("key", "value", "kind"),
    [
        ("llama.rope.scaling.type", "none", KINDS.STRING),
        ("llama.rope.scaling.factor", 1.0, KINDS.FLOAT32),
        ("llama.attention.sliding_window", 4096, KINDS.UINT32),
        ("llama.expert_count", 0, KINDS.UINT32),
        ("llama.vocab_size", 260, KINDS.UINT32),
        ("llama.final_logit_softcapping", 0.0, KINDS.FLOAT32),
        ("general.quantized_by", "somebody", KINDS.STRING),
    ],
)
def test_a_key_that_changes_nothing_is_taken(whole: Path, key: str, value: object, kind: gguf.GGUFValueType) -> None:
    assert read(changed(whole, keys={key: (value, kind)})).architecture == read(whole).architecture


def test_an_adapter_is_not_taken_for_a_model(whole: Path) -> None:
    with pytest.raises(UnknownArchitecture, match="holds a adapter, not a model"):
        read(changed(whole, keys={"general.type": ("adapter", KINDS.STRING)}))


# Split files


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("named", [0, 1])
def test_the_parts_of_a_split_file_are_read_together(whole: Path, tmp_path: Path, count: int, named: int) -> None:
    parts = split(whole, tmp_path, count)
    np.testing.assert_array_equal(logits(read(parts[named])), logits(read(whole)))
    assert GgufFile(parts[0]).sha256() == GgufFile(parts[1]).sha256() != GgufFile(whole).sha256()


def test_a_part_alone_says_which_others_are_missing(whole: Path, tmp_path: Path) -> None:
    first, second = split(whole, tmp_path)
    second.unlink()
    with pytest.raises(MalformedGguf, match=r"part 1 of 2 .*model-00002-of-00002\.gguf isn't there.*--merge"):
        GgufFile(first)


def test_a_part_with_another_name_says_how_to_call_it(whole: Path, tmp_path: Path) -> None:
    first, _ = split(whole, tmp_path)
    renamed = first.rename(tmp_path / "renamed.gguf")
    with pytest.raises(MalformedGguf, match=r"part 1 of 2 .*<name>-00001-of-00002\.gguf"):
        GgufFile(renamed)


def test_parts_of_two_files_are_not_mixed(whole: Path, tmp_path: Path) -> None:
    first, second = split(whole, tmp_path)
    second.write_bytes(first.read_bytes())
    with pytest.raises(MalformedGguf, match="isn't part 2 of 2"):
        GgufFile(first)


def test_a_part_that_lost_a_tensor_is_noticed(whole: Path, tmp_path: Path) -> None:
    first, second = split(whole, tmp_path)
    keys = {NUMBER: (1, KINDS.UINT16), COUNT: (2, KINDS.UINT16), TENSORS: (1, KINDS.INT32)}
    names = [tensor.name for tensor in gguf.GGUFReader(second).tensors][1:]
    spare = rewritten(whole, tmp_path / "spare.gguf", keys=keys, names=names)
    spare.replace(second)
    with pytest.raises(MalformedGguf, match="tensors and should have"):
        GgufFile(first)


@pytest.mark.parametrize(("number", "count"), [(2, 2), (0, 0), (0, 60_000)])
def test_split_numbers_that_make_no_sense_are_refused(whole: Path, number: int, count: int) -> None:
    keys = {NUMBER: (number, KINDS.UINT16), COUNT: (count, KINDS.UINT16)}
    with pytest.raises(FoundryError, match="claims to be part"):
        read(changed(whole, keys=keys))
