"""A tokenizer.json that comes alone, and templates that take no system message."""

from __future__ import annotations

import json

import pytest

from orion_py.errors import InvalidManifest
from orion_py.loading.bare_tokenizer import read_tokenizer
from orion_py.loading.manifest import Manifest
from orion_py.native.tokenizer import NativeTokenizer
from tests.model_foundry.folders import FAMILIES
from tests.tiny import manifest

TEMPLATE = "{{ bos_token }}{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}{% endfor %}"
STRICT = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}" + TEMPLATE
DEFINITION = (FAMILIES / "gemma" / "tokenizer.json").read_bytes()


def with_template(template: str) -> Manifest:
    return manifest(chat={"chat_template": template, "bos_token": "<bos>", "eos_token": "<eos>"})


def test_the_template_and_the_tokens_come_from_the_manifest() -> None:
    tokenizer = read_tokenizer(NativeTokenizer, with_template(TEMPLATE), DEFINITION)
    assert tokenizer.decode(tokenizer.encode("the cat")) == "the cat"
    said = tokenizer.render([{"role": "system", "content": "s"}, {"role": "user", "content": "q"}])
    assert said == "<bos><system>s<user>q"


def test_what_a_template_refuses_to_hear_from_the_system_the_first_question_says() -> None:
    tokenizer = read_tokenizer(NativeTokenizer, with_template(STRICT), DEFINITION)
    turns = [("system", "be brief"), ("user", "one"), ("assistant", "two"), ("user", "three")]
    said = tokenizer.render([{"role": role, "content": text} for role, text in turns])  # type: ignore[typeddict-item]
    assert said == "<bos><user>be brief\n\none<assistant>two<user>three"
    assert tokenizer.special_tokens


@pytest.mark.parametrize("template", ["{{ raise_exception('never') }}", "{{ messages[0].a.b.c }}", "{% for %}"])
def test_a_template_that_takes_no_question_is_refused(template: str) -> None:
    with pytest.raises(InvalidManifest, match=r"template|tokenizer"):
        read_tokenizer(NativeTokenizer, with_template(template), DEFINITION)


@pytest.mark.parametrize(
    "definition", [b"", b"<html>", b"{}", b'{}, "chat_template": "mine", "x": {}', b"\x80\x04", b"[" * 99_999]
)
def test_what_is_no_tokenizer_is_refused(definition: bytes) -> None:
    with pytest.raises(InvalidManifest, match="tokenizer"):
        read_tokenizer(NativeTokenizer, with_template(TEMPLATE), definition)


def test_keys_that_it_smuggles_in_do_not_count() -> None:
    smuggling = json.dumps(json.loads(DEFINITION)).encode() + b', "chat_template": "mine"'
    tokenizer = read_tokenizer(NativeTokenizer, with_template(TEMPLATE), smuggling)
    assert tokenizer.render([{"role": "user", "content": "q"}]) == "<bos><user>q"
