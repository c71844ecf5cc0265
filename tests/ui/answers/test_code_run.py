"""What a program that is run may ask of the person."""

from __future__ import annotations

import pytest

from ui.answers.code_run import LONGEST_PROMPT, prompt_of


def test_what_input_asks_is_shown() -> None:
    assert prompt_of('{"input": "Your name? "}') == "Your name? "


@pytest.mark.parametrize("body", ["", "{", "null", "[]", "3", '"text"', '{"input": 3}', '{"input": null}', None])
def test_a_body_that_is_none_of_ours_asks_without_a_prompt(body: str | None) -> None:
    assert prompt_of(body) == ""


def test_a_prompt_without_end_is_cut() -> None:
    assert len(prompt_of('{"input": "' + "x" * 10_000 + '"}')) == LONGEST_PROMPT
