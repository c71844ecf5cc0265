"""A tokenizer.json that comes alone, and templates that take no system message."""

from __future__ import annotations

import json

import pytest

from orion_py.errors import InvalidManifest
from orion_py.external.bare_tokenizer import read_tokenizer, with_named_end
from orion_py.manifest.manifest import Manifest
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


SILENT = "{{ bos_token }}{% for m in messages if m.role != 'system' %}<{{ m['role'] }}>{{ m['content'] }}{% endfor %}"
ALTERNATING = (
    "{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('alternate') }}"
    "{% endif %}<{{ m.role }}>{{ m.content }}{% endfor %}"
)


def said(template: str, *turns: tuple[str, str]) -> str:
    tokenizer = read_tokenizer(NativeTokenizer, with_template(template), DEFINITION)
    return tokenizer.render([{"role": role, "content": text} for role, text in turns])  # type: ignore[typeddict-item]


def test_what_a_template_leaves_out_of_the_system_without_a_word_the_first_question_says() -> None:
    spoken = said(SILENT, ("system", " be brief\n"), ("user", "one"), ("assistant", "two"), ("user", "three"))
    assert spoken == "<bos><user> be brief\n\n\none<assistant>two<user>three"


def test_a_system_message_that_is_left_out_later_only_is_noticed_too() -> None:
    template = (
        "{% for m in messages %}{% if m.role != 'system' or messages | length < 3 %}"
        "<{{ m.role }}>{{ m.content }}{% endif %}{% endfor %}"
    )
    assert said(template, ("system", "s"), ("user", "q")) == "<system>s<user>q"
    assert said(template, ("system", "zz"), ("user", "q"), ("assistant", "a"), ("user", "b")).startswith(
        "<user>zz\n\nq"
    )


def test_a_system_message_goes_before_the_first_question_even_behind_an_answer() -> None:
    assert said(SILENT, ("system", "s1"), ("assistant", "a"), ("user", "q")) == "<bos><assistant>a<user>s1\n\nq"


def test_two_questions_in_a_row_become_one_where_roles_have_to_alternate() -> None:
    spoken = said(ALTERNATING, ("system", "s"), ("user", "one"), ("user", "two"), ("assistant", "a"), ("user", "three"))
    assert spoken == "<user>s\n\none\n\ntwo<assistant>a<user>three"


def test_a_template_in_a_shard_of_ours_is_helped_as_well() -> None:
    shard = {
        "tokenizer": json.loads(DEFINITION),
        "chat_template": SILENT,
        "bos_token": "<bos>",
        "eos_token": "<eos>",
    }
    tokenizer = read_tokenizer(NativeTokenizer, manifest(), json.dumps(shard).encode())
    assert (
        tokenizer.render([{"role": "system", "content": "s1"}, {"role": "user", "content": "q"}])
        == "<bos><user>s1\n\nq"
    )


def test_no_more_is_done_to_a_template_that_says_everything() -> None:
    assert said(TEMPLATE, ("system", "s"), ("user", "a"), ("user", "b")) == "<bos><system>s<user>a<user>b"


def test_a_conversation_that_a_template_takes_in_no_way_is_an_error() -> None:
    with pytest.raises(InvalidManifest, match="only once"):
        said(
            "{% if messages | length > 1 %}{{ raise_exception('only once') }}{% endif %}x",
            ("user", "a"),
            ("assistant", "b"),
        )


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


def test_the_end_that_is_only_named_ends_turns_also_of_a_folder_that_was_added_before() -> None:
    made = with_template(TEMPLATE).model_copy(update={"eos_tokens": (7,)})
    tokenizer = read_tokenizer(NativeTokenizer, made, DEFINITION)
    found = with_named_end(made, tokenizer)
    assert found.eos_tokens == (7, tokenizer.encode("<eos>")[0])
    assert with_named_end(found, tokenizer) is found
    plain = made.model_copy(update={"chat": made.chat.model_copy(update={"eos_token": "the"})})  # type: ignore[union-attr]
    assert with_named_end(plain, tokenizer) is plain, "only special tokens end a turn"


def test_keys_that_it_smuggles_in_do_not_count() -> None:
    smuggling = json.dumps(json.loads(DEFINITION)).encode() + b', "chat_template": "mine"'
    tokenizer = read_tokenizer(NativeTokenizer, with_template(TEMPLATE), smuggling)
    assert tokenizer.render([{"role": "user", "content": "q"}]) == "<bos><user>q"
