"""What a terminal and a file show of an answer that was cut back."""

from __future__ import annotations

import io
from typing import get_args

import pytest

from orion_py.cli.printing import AGAIN, CHECKED, ENDS, STEPS, AnswerPrinter
from orion_py.protocol import InferOptions, RevisionEvent, SkillStep, SkillStepEvent, StateEvent
from tests.answering.test_loops_in_answers import STANDS, UNIT, goes_round
from tests.tiny import World, says
from tests.tiny_engine import engine


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


async def printed(out: io.StringIO, then: str | None, options: InferOptions | None = None) -> tuple[str, str]:
    notes, ends = io.StringIO(), []
    printer = AnswerPrinter(out, notes)
    made = await engine(World(goes_round("well ", UNIT, then=then)))
    wanted = options or InferOptions(temperature=0, max_tokens=180)
    async for piece in made.stream("hello", wanted, on_response=ends.append, on_revision=printer.revised):
        printer.piece(piece)
    printer.end(ends[0])
    return out.getvalue(), notes.getvalue()


async def test_a_file_holds_the_answer_alone_without_what_was_taken_back() -> None:
    text, notes = await printed(io.StringIO(), then=" and that is all")
    assert text.startswith(STANDS)
    assert text.endswith(" and that is all\n")
    assert text.count("deep") == 1
    assert notes == ""


@pytest.mark.parametrize("out", [io.StringIO, Terminal])
async def test_what_the_model_thinks_aloud_is_left_out(out: type[io.StringIO]) -> None:
    response = await (await engine(World(says("paris")))).infer("hello", InferOptions(temperature=0))
    text = out()
    printer = AnswerPrinter(text, io.StringIO())
    for piece in ("<thi", "nk>pl", "an</think", ">\n", "\npar", "is"):
        printer.piece(piece)
    printer.end(response.model_copy(update={"content": "<think>plan</think>\n\nparis"}))
    assert text.getvalue() == "paris\n"


async def test_a_terminal_is_told_and_gets_the_last_line_that_stands_again() -> None:
    text, notes = await printed(Terminal(), then=" and that is all")
    before, stands, after = text.rpartition(STANDS)
    assert before.startswith(STANDS), "what was seen can't be unseen"
    assert stands + after == text[-len(stands + after) :]
    assert after.endswith(" and that is all\n")
    assert notes == f"\n[{AGAIN}]\n"


@pytest.mark.parametrize(
    ("options", "reason"),
    [(InferOptions(temperature=0, max_tokens=180), "loop"), (InferOptions(temperature=0, max_tokens=9), "length")],
)
async def test_the_note_says_why_an_answer_ends_early(options: InferOptions, reason: str) -> None:
    _, notes = await printed(io.StringIO(), then=None, options=options)
    assert notes == f"[{ENDS[reason]}]\n"


def test_what_a_check_puts_in_place_of_the_answer_is_shown_whole() -> None:
    out, notes = Terminal(), io.StringIO()
    printer = AnswerPrinter(out, notes)
    printer.piece("It is 12.")
    printer.revised(RevisionEvent(id="q", content="It is\n13.", reason="skill", again=True))
    assert out.getvalue() == "It is 12.It is\n13."
    assert notes.getvalue() == f"\n[{CHECKED}]\n"


def test_a_terminal_hears_which_step_a_skill_takes_and_a_file_does_not() -> None:
    assert set(STEPS) == set(get_args(SkillStep))
    for out, told in ((Terminal(), "[running the program…]\n"), (io.StringIO(), "")):
        notes = io.StringIO()
        printer = AnswerPrinter(out, notes)
        printer.hears(SkillStepEvent(id="q", step="running"))
        printer.hears(StateEvent(id="q", previous="idle", state="validating", ms=0.0, progress=2))
        assert notes.getvalue() == told
