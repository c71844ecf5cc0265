"""An earlier answer goes into the next prompt without what its model thought aloud."""

from __future__ import annotations

import pytest

from orion_py.generation.prompt import build_prompt
from orion_py.generation.thoughts import answer_of
from orion_py.runtime.segments import leading_tokens
from orion_py.runtime.tokenizer import ChatMessage
from tests.tiny import LetterTokenizer

CASES = [
    ("No thought at all.", "No thought at all."),
    ("", ""),
    ("  a < b and c > d\n", "  a < b and c > d\n"),
    ("<think>plan</think>Paris.", "Paris."),
    ("<think>\nplan\n</think>\n\nParis.\n", "Paris."),
    ("\n<THINK>plan</Think> Paris.", "Paris."),
    ("<thinking>a</thinking>Paris.<think>b</think>", "Paris.<think>b</think>"),
    ("<think>a</think>\nParis.\n<think>b</think>\nReally.", "Paris.\n\nReally."),
    ("<think>a</think><think>b</think>Paris.", "Paris."),
    ("<think>cut off in the middle", ""),
    ("<think></think>", ""),
    ("I plan.\n</think>\n\nParis.", "Paris."),
    ("Write `<think>` and `</think>` around it.", "Write `<think>` and `</think>` around it."),
    ("The tag <think> opens a thought.", "The tag <think> opens a thought."),
    ("Like this:\n```\n<think>\nplan\n</think>\n```\nDone.", "Like this:\n```\n<think>\nplan\n</think>\n```\nDone."),
    ("<think>```\ncode\n</think>\nParis.", "Paris."),
    ("<thoughts>plan</thoughts>", "<thoughts>plan</thoughts>"),
]
"""Texts, and the answer alone. ``e2e/page/test_thoughts.py`` asks the page for the same."""


@pytest.mark.parametrize(("text", "answer"), CASES)
def test_the_answer_alone_is_left(text: str, answer: str) -> None:
    assert answer_of(text) == answer


def test_the_next_prompt_holds_the_answer_alone() -> None:
    history: list[ChatMessage] = [
        {"role": "user", "content": "<think>mine</think>stays"},
        {"role": "assistant", "content": "<think>plan</think>Paris."},
    ]
    tokenizer = LetterTokenizer()
    prompt = tokenizer.decode(leading_tokens(build_prompt(tokenizer, "", history, "And Italy?", 500, 50).segments))
    assert "plan" not in prompt
    assert "paris" in prompt
    assert "mine" in prompt, "what a person writes is theirs"


def test_a_thought_that_never_ends_costs_no_time() -> None:
    assert answer_of("<think>" * 20_000 + "\n<think>" * 2000) == ""
