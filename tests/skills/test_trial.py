"""What is run of a program, and what is told of it."""

from __future__ import annotations

import sys

import pytest

from orion_py.cancellation import CancelToken
from orion_py.native.sandbox import SandboxRunner
from orion_py.runtime.code_runner import Ran
from orion_py.skills.trial import MARK, Trial, definitions, program, read, why_not_run

TESTS = ["assert f(1) == 2", "assert f(2) == 5"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the sandbox is Linux's")
@pytest.mark.parametrize(
    ("code", "faults", "crash"),
    [
        ("def f(n):\n    print('noise')\n    return n * n + 1\n", ("", ""), ""),
        ("def f(n):\n    return n + 1\n", ("", "AssertionError: "), ""),
        ("def f(n):\n    return n / 0\n", ("ZeroDivisionError: division by zero",) * 2, ""),
        ("def g(n):\n    return 2\n", ("NameError: name 'f' is not defined",) * 2, ""),
    ],
)
async def test_a_program_is_tried_with_each_test(code: str, faults: tuple[str, ...], crash: str) -> None:
    ran = await SandboxRunner().run(program(code, TESTS), 20.0, CancelToken())
    assert read(ran, TESTS) == Trial(faults, crash)


@pytest.mark.parametrize(
    ("ran", "crash"),
    [
        (Ran("", "time"), "time"),
        (Ran("", "memory"), "memory"),
        (Ran("", "failed", "SyntaxError: x"), "SyntaxError: x"),
        (Ran("", "failed"), "early"),
        (Ran("noise", "done"), "early"),
        (Ran(f"{MARK}[broken", "done"), "early"),
    ],
)
def test_a_program_that_fails_passes_nothing(ran: Ran, crash: str) -> None:
    trial = read(ran, TESTS)
    assert (trial.crash, trial.passed, trial.whole) == (crash, 0, False)


def test_a_trial_counts_what_holds() -> None:
    assert (Trial(("", "x")).passed, Trial(("", "x")).whole, Trial(("",)).whole, Trial(()).whole) == (
        1,
        False,
        True,
        True,
    )


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("import math, re\nfrom collections import Counter\n", ""),
        ("name = input('Name? ')", "input"),
        ("open('a.txt')", "files"),
        ("import os.path", "module"),
        ("from requests import get", "module"),
        ("from . import x", "module"),
        ("def f(:", ""),
    ],
)
def test_what_would_do_more_than_compute_is_not_run(code: str, why: str) -> None:
    assert why_not_run(code) == why


def test_what_a_program_defines_is_known() -> None:
    assert definitions("class A: ...\nasync def b(): ...\ndef c():\n    def d(): ...\n") == ["A", "b", "c"]
    assert definitions("def f(:") == []
