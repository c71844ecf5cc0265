"""Of an answer in Markdown the words are read, and neither signs nor code."""

from __future__ import annotations

import pytest

from orion_py.senses.speaking.markup import paragraphs


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Plain text.", ["Plain text."]),
        ("# A title\nThen text", ["A title.", "Then text."]),
        ("**Bold**, *slanted*, ~~gone~~ and __both *here*__.", ["Bold, slanted, gone and both here."]),
        ("- one\n- [x] two\n  goes on\n* three", ["one.", "two goes on.", "three."]),
        ("1. first\n2) second", ["1, first.", "2, second."]),
        ("> quoted\n> text", ["quoted text."]),
        ("See [the page](https://example.org/a_(b)) and ![a cat](cat.png).", ["See the page and a cat."]),
        ("Before.\n```python\nprint('x')\n```\nAfter.", ["Before.", "After."]),
        ("Before.\n```\nnot closed yet", ["Before."]),
        ("> ```\n> code\n> ```\nAfter.", ["After."]),
        ("Call `my_function` with `x = {1: 2}; y[0]`.", ["Call my function with ."]),
        ("| a | b |\n|---|:-:|\n| 1 | 2 |", ["a, b.", "1, 2."]),
        ("One\n\n---\n\nTwo:", ["One.", "Two."]),
        ("snake_case and 2*3*4 stay", ["snake_case and 2*3*4 stay."]),
        ("A note[^1] &amp; a <b>tag</b> <!-- not this -->", ["A note & a tag."]),
        ("It is $$x^2 + y^2$$ so.", ["It is so."]),
        ("Great 🎉👍🏽!", ["Great !"]),
        ("Prix : 1\u202f234\u00a0€", ["Prix : 1 234 €."]),
        ("", []),
        ("---\n***\n```\nx\n```", []),
        ("« Bonjour. »", ["« Bonjour. »"]),
    ],
)
def test_words_stay_and_signs_go(text: str, said: list[str]) -> None:
    assert paragraphs(text) == said


def test_a_hostile_text_takes_no_time() -> None:
    assert len(paragraphs("*" * 5000 + "a" + "_" * 5000 + "[" * 5000 + "`" * 5001)) <= 1
