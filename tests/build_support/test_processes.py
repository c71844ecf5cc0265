"""Programs that fail: what they printed stands above, and one sentence says what it means."""

from __future__ import annotations

import sys

import pytest

from build_support.errors import NodeUnavailable, StepFailed
from build_support.processes import run, show


def test_a_program_that_ends_well_gives_its_output() -> None:
    assert run([sys.executable, "-c", "print('hello')"], what="never") == "hello\n"


def test_a_program_that_fails_is_one_sentence_with_a_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(NodeUnavailable) as failure:
        run(
            [sys.executable, "-c", "import sys; print('why'); sys.exit(3)"],
            what="it can't be had",
            remedy="Try again.",
            error=NodeUnavailable,
        )
    assert str(failure.value).startswith("it can't be had (python")
    assert str(failure.value).endswith(" ended with 3). Try again.")
    assert "  | why\n" in capsys.readouterr().err


def test_a_program_that_doesnt_exist_is_a_failure_too() -> None:
    with pytest.raises(StepFailed, match="it can't run"):
        run(["/nowhere/program"], what="it can't run")


def test_a_program_sees_the_variables_it_is_given() -> None:
    program = "import os, sys; sys.exit(os.environ['ORION_TEST'] != 'yes')"
    assert show([sys.executable, "-c", program], env={"ORION_TEST": "yes"}) == 0
