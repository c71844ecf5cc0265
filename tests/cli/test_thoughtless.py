"""What a terminal shows of an answer that streams with thoughts before it."""

from __future__ import annotations

import pytest

from orion_py.cli.thoughtless import ThoughtlessStream


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Paris.", "Paris."),
        ("<think>plan</think>\n\nParis, <b>really</b>.", "Paris, <b>really</b>."),
        ("\n<Thinking>a < b, </think> isn't the end</Thinking> <think></think>Paris.", "Paris."),
        ("<thoughts>plan</thoughts>", "<thoughts>plan</thoughts>"),
        ("<think>it never ends", ""),
        ("<th", "<th"),
        ("  <3", "  <3"),
        ("Say <think>this</think>.", "Say <think>this</think>."),
    ],
)
def test_a_thought_at_the_beginning_of_a_stream_is_left_out_however_it_is_cut(text: str, shown: str, size: int) -> None:
    stream = ThoughtlessStream()
    pieces = [stream.piece(text[at : at + size]) for at in range(0, len(text), size)]
    assert "".join(pieces) + stream.rest() == shown
