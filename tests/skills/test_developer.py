"""A function is written, tried and mended once; what stands below it is what was run."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from orion_py.runtime.code_runner import Ran
from orion_py.skills.base import Ask, Said
from orion_py.skills.developer import Developer
from orion_py.skills.trial import MARK
from tests.skills.played import PlayedWorking

ASKED = "Write a function f(n): f(1) -> 2, f(2) -> 5."
VAGUE = "Write a function f(n) that squares and adds one."
WRONG = "```python\ndef f(n):\n    return n + 1\n```\n"
RIGHT = "```python\ndef f(n):\n    return n * n + 1\n```"
MENDED = "def f(n):\n    return n * n + 1\n```"


def came(*faults: str) -> Ran:
    return Ran(f"noise\n{MARK}{json.dumps(list(faults))}\n", "done")


async def test_a_function_that_keeps_the_examples_stands_as_it_streamed() -> None:
    working = PlayedWorking(ASKED, [RIGHT], [came("", "")])
    assert await Developer()(working)
    assert working.shown == RIGHT + "\n\nYour 2 examples were run: all hold."
    assert "assert f(2) == 5" in working.programs[0]
    assert working.steps == ["running"]
    assert working.notes["developer"]["mended"] is False
    assert [ask.shown for ask in working.asks] == [True]


async def test_a_function_that_fails_is_mended_once() -> None:
    working = PlayedWorking(ASKED, [WRONG, MENDED], [came("", "AssertionError: "), came("", "")])
    assert await Developer()(working)
    told = "Corrected after a trial. Your 2 examples were run: all hold."
    assert working.shown == f"```python\n{MENDED}\n\n\n{told}"
    assert working.steps == ["running", "mending", "running"]
    assert working.asks[1].text.endswith("failed this check: assert f(2) == 5: AssertionError: ")
    assert WRONG not in working.asks[1].text, "a small model copies what it is shown"
    assert working.asks[1].sampling.temperature == 0.8
    assert working.notes["developer"]["first"] != working.notes["developer"]["final"]


async def test_a_mending_that_passes_no_more_is_dropped_and_the_fault_is_told() -> None:
    working = PlayedWorking(ASKED, [WRONG, MENDED, MENDED, MENDED], [came("", "x"), came("x", "")])
    await Developer()(working)
    assert working.revisions == []
    assert [ask.attempt for ask in working.asks] == [0, 1, 2, 3]
    assert len(working.programs) == 2, "what was tried isn't tried again"
    assert working.shown.endswith("Your 2 examples were run: 1 hold; the first that doesn’t: `f(2) == 5`.")


@pytest.mark.parametrize("second", ["nothing", "def f(n):\n    return n + 1\n```", "import os\ndef f(n): ...\n```"])
async def test_a_mending_that_is_none_is_not_run(second: str) -> None:
    working = PlayedWorking(ASKED, [WRONG, second, second, second], [came("", "x")])
    await Developer()(working)
    assert len(working.programs) == 1
    assert working.revisions == []


async def test_the_best_of_several_forms_stands() -> None:
    forms = ["def f(n):\n    return 2\n", "def f(n):\n    return 5\n", "def f(n):\n    return 7\n"]
    runs = [came("x", "x"), came("", "x"), came("x", "x"), came("x", "x")]
    working = PlayedWorking(ASKED, [WRONG, *forms], runs)
    await Developer()(working)
    assert "return 2" in working.shown
    assert working.shown.endswith("Your 2 examples were run: 1 hold; the first that doesn’t: `f(2) == 5`.")


async def test_the_end_of_the_time_ends_the_mending() -> None:
    working = PlayedWorking(ASKED, [WRONG, MENDED], [came("", "x")])
    ask = working.ask

    async def late(wanted: Ask) -> Said:
        said = await ask(wanted)
        return replace(said, finish="timeout") if wanted.attempt else said

    working.ask = late  # type: ignore[method-assign]
    assert await Developer()(working)
    assert working.revisions == []


async def test_without_examples_the_model_writes_tests_before_it_knows_of_a_fault() -> None:
    working = PlayedWorking(VAGUE, [RIGHT, "1) == 2\nassert f(2) == 5\n```"], [came("", "")])
    await Developer()(working)
    assert "Write 3 short lines that test the function `f`" in working.asks[1].text
    assert working.shown.endswith("2 tests of its own were run: all pass.")
    assert working.steps == ["checking", "running"]


async def test_a_test_that_neither_form_passes_is_distrusted() -> None:
    says = [RIGHT, "1) == 2\nassert f(2) == 6\n```", "def f(n):\n    return 1 + n * n\n```"]
    working = PlayedWorking(VAGUE, says, [came("", "AssertionError: "), came("", "AssertionError: ")])
    await Developer()(working)
    assert working.shown.endswith("One test of its own was run: it passes.")
    assert working.notes["developer"]["tests"] == ["assert f(1) == 2"]


async def test_a_crash_is_mended_even_without_tests() -> None:
    says = ["```python\ndef f(:\n    pass\n```\n```python\ndef f(n):\n    return m\nf(1)\n```\n", "no tests", MENDED]
    working = PlayedWorking(VAGUE, says, [Ran("", "failed", "NameError: m"), came()])
    await Developer()(working)
    assert working.asks[2].text.endswith("failed this check: NameError: m")
    assert working.shown.endswith("Corrected after a trial. The program was run: it starts without a fault.")


async def test_a_crash_that_stays_is_told_in_the_persons_language() -> None:
    says = [WRONG, "rien", "rien"]
    working = PlayedWorking("Écris une fonction f(n)", says, [Ran("", "time")], french=True)
    await Developer()(working)
    assert working.shown.endswith("Le programme a été exécuté et échoue : il a duré trop longtemps.")


async def test_a_program_without_tests_that_runs_says_nothing() -> None:
    working = PlayedWorking(VAGUE, [RIGHT, "none"], [came()])
    await Developer()(working)
    assert working.shown == RIGHT
    assert working.notes["developer"]["tests"] == []


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("x = input()", "it waits for somebody’s input"),
        ("open('a')", "it opens files"),
        ("import os", "it needs a module"),
    ],
)
async def test_what_does_more_than_compute_is_not_run_and_that_is_said(code: str, why: str) -> None:
    working = PlayedWorking(ASKED, [f"```python\ndef f(n): ...\n{code}\n```"])
    await Developer()(working)
    assert f"The program wasn’t run: {why}" in working.shown
    assert working.programs == []


async def test_an_answer_without_a_function_stands() -> None:
    working = PlayedWorking(ASKED, ["I would use a loop."])
    assert await Developer()(working)
    assert working.shown == "I would use a loop."


async def test_where_nothing_runs_programs_the_question_is_left_to_the_model() -> None:
    assert not await Developer()(PlayedWorking(ASKED, can_run=False))


@pytest.mark.parametrize("finish", ["timeout", "length", "loop"])
async def test_an_answer_that_is_not_whole_stands_as_it_is(finish: Any) -> None:
    working = PlayedWorking(ASKED, [RIGHT], finish=finish)
    assert await Developer()(working)
    assert working.programs == []
