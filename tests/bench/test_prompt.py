"""Everybody answers the same prompt of the same length."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from bench.prompt import PASSAGE, fit

TEMPLATE = (
    "{% for m in messages %}[{{ m.role }}] {{ m.content }} {% endfor %}"
    "{% if add_generation_prompt %}[assistant]{% endif %}"
)


@pytest.fixture
def definition() -> dict[str, Any]:
    """A tokenizer for which every word is one token."""
    tokenizer = Tokenizer(models.WordLevel({"?": 0}, unk_token="?"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return {"tokenizer": json.loads(tokenizer.to_str()), "chat_template": TEMPLATE, "bos_token": "", "eos_token": ""}


def test_the_prompt_has_exactly_as_many_tokens_as_asked_for(definition: dict[str, Any]) -> None:
    prompt = fit(definition, "Be kind.", tokens=40)
    assert len(prompt.tokens) == 40
    assert len(prompt.text.split()) == 40


def test_it_is_the_beginning_of_the_passage_in_the_template(definition: dict[str, Any]) -> None:
    prompt = fit(definition, "Be kind.", tokens=40)
    assert PASSAGE.startswith(prompt.query.removesuffix("."))
    assert prompt.text.startswith("[system] Be kind. [user] Write a long")
    assert prompt.text.endswith("[assistant]")


def test_a_length_that_cannot_be_had_is_said(definition: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="5000"):
        fit(definition, "Be kind.", tokens=5000)
