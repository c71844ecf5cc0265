"""The tokenizer and the chat template in CPython, from a tokenizer shard."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from orion_py.errors import InvalidManifest
from orion_py.native.tokenizer import NativeTokenizer
from tests.model_foundry.built import imported
from tests.model_foundry.tiny_gguf import TinyModel


@pytest.fixture
def parts(tmp_path: Path) -> dict[str, Any]:
    parts: dict[str, Any] = json.loads(imported(tmp_path, TinyModel()).tokenizer.shard_bytes())
    return parts


def tokenizer(parts: dict[str, Any], **changes: Any) -> NativeTokenizer:
    return NativeTokenizer(json.dumps({**parts, **changes}).encode())


def test_text_comes_back_as_it_was(parts: dict[str, Any]) -> None:
    text = "Où est-ce ? 42 – then 🙂\n"
    assert tokenizer(parts).decode(tokenizer(parts).encode(text)) == text


def test_special_tokens_are_recognised_listed_and_left_out_of_text(parts: dict[str, Any]) -> None:
    ours = tokenizer(parts)
    assert ours.special_tokens == ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
    assert ours.encode("<|im_start|>") == [1]
    assert ours.decode([1, *ours.encode("hi"), 2]) == "hi"


def test_nothing_is_added_to_a_text(parts: dict[str, Any]) -> None:
    assert tokenizer(parts).encode("") == []
    assert tokenizer(parts).encode("th") == [259]


def test_half_a_character_ends_in_a_replacement(parts: dict[str, Any]) -> None:
    ours = tokenizer(parts)
    assert ours.decode(ours.encode("🙂")[:2]).endswith("\ufffd")


def test_the_template_renders_as_transformers_does(parts: dict[str, Any]) -> None:
    template = (
        "{% for m in messages %}\n  {% if m.role == 'user' %}\nQ {{ m.content }}\n{% endif %}\n{% endfor %}"
        "{% if add_generation_prompt %}\n{{ eos_token }}A{% endif %}"
    )
    rendered = tokenizer(parts, chat_template=template).render([{"role": "user", "content": "hi <b>"}])
    assert rendered == "Q hi <b>\n<|im_end|>A"


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ messages.append(1) }}",
        "{{ raise_exception('roles must alternate') }}",
        "{{ range(999999999) | list }}",
        "{{ 1 / 0 }}",
        "{{ undefined_thing.part }}",
    ],
)
def test_a_hostile_or_refusing_template_raises_our_error(parts: dict[str, Any], template: str) -> None:
    with pytest.raises(InvalidManifest, match="chat template"):
        tokenizer(parts, chat_template=template).render([{"role": "user", "content": "hi"}])


@pytest.mark.parametrize(
    "changes",
    [{"tokenizer": {}}, {"tokenizer": None}, {"chat_template": None}, {"chat_template": "{% for %}"}, {"eos_token": 2}],
)
def test_a_broken_definition_is_refused(parts: dict[str, Any], changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidManifest):
        tokenizer(parts, **changes)


@pytest.mark.parametrize("data", [b"", b"[]", b"\xff\xfe", b'{"tokenizer": 1}'])
def test_bytes_that_are_no_definition_are_refused(data: bytes) -> None:
    with pytest.raises(InvalidManifest):
        NativeTokenizer(data)


@pytest.mark.model
def test_smollm2_speaks_its_own_chat_format(models_folder: Path, lite_manifest: Path) -> None:
    from orion_py.manifest.reading import parse_manifest

    manifest = parse_manifest(lite_manifest.read_bytes())
    ours = NativeTokenizer((models_folder / "shards" / manifest.tokenizer).read_bytes())
    rendered = ours.render([{"role": "user", "content": "Bonjour"}])
    assert rendered == (
        "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n"
        "<|im_start|>user\nBonjour<|im_end|>\n<|im_start|>assistant\n"
    )
    # Digits go one by one, and so do the control tokens; the rest is byte-level BPE.
    assert len(ours.encode("2024")) == 4
    assert ours.encode("<|im_start|>user\n")[0] == 1
    assert ours.decode(ours.encode(rendered)) == rendered.replace("<|im_start|>", "").replace("<|im_end|>", "")
