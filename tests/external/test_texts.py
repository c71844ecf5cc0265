"""The small texts of a foreign folder: what is taken from them, and what isn't believed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orion_py.errors import InvalidModelFolder, OrionError, UnsupportedModel
from orion_py.external import texts
from orion_py.external.texts import (
    UNSTATED,
    GenerationConfig,
    TokenizerConfig,
    end_tokens,
    licence_in,
    parse_json,
    read_chat,
    read_config,
    read_generation,
    stop_strings,
)
from tests.external.layout import ARCHITECTURES

CONFIG: dict[str, Any] = {
    "model_type": "qwen2",
    "num_hidden_layers": 24,
    "hidden_size": 896,
    "num_attention_heads": 14,
    "num_key_value_heads": 2,
    "intermediate_size": 4864,
    "vocab_size": 151936,
    "max_position_embeddings": 32768,
    "rope_theta": 1000000,
    "eos_token_id": 151645,
    "transformers.js_config": {"dtype": "q4"},
}


def config(**changes: Any) -> str:
    return json.dumps(CONFIG | changes)


@pytest.mark.parametrize("family", ARCHITECTURES)
def test_the_known_architectures_are_read(family: str) -> None:
    shape = read_config(config(model_type=family))[1]
    assert (shape.family, shape.layers, shape.kv_heads, shape.head_dim) == (family, 24, 2, 64)
    assert (shape.vocab_size, shape.context_length) == (151936, 32768)


def test_what_is_left_out_is_as_transformers_has_it() -> None:
    shape = read_config(config(num_key_value_heads=None, head_dim=128))[1]
    assert (shape.kv_heads, shape.head_dim) == (14, 128)


@pytest.mark.parametrize("kind", ["phi3", "bert", "LLAMA", "", None, 3, ["llama"], {"llama": 1}])
def test_another_architecture_is_refused_with_the_list(kind: Any) -> None:
    with pytest.raises(UnsupportedModel, match="llama, qwen2, mistral, gemma"):
        read_config(config(model_type=kind))


@pytest.mark.parametrize(
    "changes",
    [
        {"num_hidden_layers": 10**9},
        {"num_hidden_layers": 0},
        {"num_hidden_layers": "24"},
        {"num_hidden_layers": True},
        {"hidden_size": 10**12},
        {"hidden_size": -1},
        {"hidden_size": 900},
        {"vocab_size": 10**9},
        {"vocab_size": 1e300},
        {"num_attention_heads": 0},
        {"rope_theta": -1},
        {"eos_token_id": [10**9]},
        {"max_position_embeddings": 10**15},
    ],
)
def test_a_config_that_lies_is_refused_before_anything_is_built(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidModelFolder, match=r"config\.json"):
        read_config(config(**changes))


def test_a_key_that_is_missing_is_named() -> None:
    with pytest.raises(InvalidModelFolder, match="vocab_size"):
        read_config(json.dumps({key: value for key, value in CONFIG.items() if key != "vocab_size"}))


@pytest.mark.parametrize("text", ["", "<html>", "{", "[" * 100_000, '{"a":' * 5000 + "1" + "}" * 5000, "3", "null"])
def test_what_is_no_json_or_nested_without_end_is_refused(text: str) -> None:
    with pytest.raises((InvalidModelFolder, UnsupportedModel)):
        read_config(text)


def test_brackets_in_strings_are_no_depth(monkeypatch: pytest.MonkeyPatch) -> None:
    assert parse_json(json.dumps({"a": '[[["' * 100}), "x") == {"a": '[[["' * 100}
    monkeypatch.setattr(texts, "MAX_TEXT", 10)
    with pytest.raises(InvalidModelFolder, match="characters"):
        parse_json('"12345678901"', "x")


def test_texts_made_to_be_slow_are_not() -> None:
    with pytest.raises(InvalidModelFolder):
        parse_json('"' + '\\"' * 500_000, "x")
    assert licence_in("---\nlicense:" + " " * 190_000 + "x\n---\n") == UNSTATED


@given(st.text() | st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.lists(inner)).map(json.dumps))
def test_whatever_the_texts_hold_only_our_errors_are_raised(text: str) -> None:
    for read in (read_config, lambda t: read_chat(t, None), read_generation):
        try:
            read(text)
        except OrionError:
            continue


def test_the_template_of_its_own_file_counts_before_the_one_inside() -> None:
    inside = json.dumps({"chat_template": "inside", "bos_token": {"content": "<s>"}, "eos_token": "</s>"})
    chat = read_chat(inside, None)[1]
    assert (chat.chat_template, chat.bos_token, chat.eos_token) == ("inside", "<s>", "</s>")
    assert read_chat(inside, "outside")[1].chat_template == "outside"
    several = [{"name": "tool_use", "template": "t"}, {"name": "default", "template": "d"}]
    assert read_chat(json.dumps({"chat_template": several}), None)[1].chat_template == "d"


@pytest.mark.parametrize("value", [{}, {"chat_template": ""}, {"chat_template": []}, {"chat_template": " "}])
def test_a_model_without_a_chat_template_does_not_converse(value: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedModel, match="no chat template"):
        read_chat(json.dumps(value), None)


def test_a_turn_ends_with_what_any_file_says() -> None:
    told, _ = read_config(config())
    tokenizer = TokenizerConfig.model_validate(
        {
            "eos_token": "<|im_end|>",
            "added_tokens_decoder": {"151643": {"content": "<|im_end|>"}, "x": {"content": "y"}},
        }
    )
    generation = read_generation('{"eos_token_id": [1, 2]}')
    assert end_tokens(told, generation, tokenizer) == (1, 2, 151645, 151643)
    silent, _ = read_config(config(eos_token_id=None))
    with pytest.raises(InvalidModelFolder, match="ends a turn"):
        end_tokens(silent, read_generation(None), TokenizerConfig())
    with pytest.raises(InvalidModelFolder, match="vocabulary"):
        end_tokens(silent, GenerationConfig(eos_token_id=200_000), TokenizerConfig())


def test_stop_strings_are_one_or_several() -> None:
    assert stop_strings(read_generation('{"stop_strings": "###"}')) == ("###",)
    assert stop_strings(read_generation('{"stop_strings": ["a", "", "a", "b"]}')) == ("a", "b")
    assert stop_strings(read_generation(None)) == ()


@pytest.mark.parametrize(
    ("readme", "licence"),
    [
        ("---\nlicense: apache-2.0\n---\n# Model", "apache-2.0"),
        ('---\r\nlicense: "mit"\r\ntags: []\r\n---\r\n', "mit"),
        ("---\nlicense: other\nlicense_name: qwen-research\n---\n", "qwen-research"),
        ("---\nlicense: other\n---\n", "other"),
        ("---\nbase_model: x\n---\nlicense: mit", UNSTATED),
        ("# Model\nlicense: mit", UNSTATED),
        ("---\nlicense: <b>free</b>\n---\n", UNSTATED),
        ("---\nlicense:\n- mit\n---\n", UNSTATED),
        ("---\nlicense: " + "x" * 500 + "\n---\n", UNSTATED),
        ("", UNSTATED),
    ],
)
def test_the_licence_is_what_the_front_matter_says(readme: str, licence: str) -> None:
    assert licence_in(readme) == licence
