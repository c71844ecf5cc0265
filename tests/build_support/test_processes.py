"""Programs that fail: what they printed stands above, and one sentence says what it means."""

from __future__ import annotations

import os
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
    assert str(failure.value).startswith("it can't be had: why (python")
    assert str(failure.value).endswith(" ended with 3). Try again.")
    assert "  | why\n" in capsys.readouterr().err


def test_a_program_that_doesnt_exist_is_a_failure_too() -> None:
    with pytest.raises(StepFailed, match="it can't run"):
        run(["/nowhere/program"], what="it can't run")


def test_a_program_sees_the_variables_it_is_given() -> None:
    program = "import os, sys; sys.exit(os.environ['ORION_TEST'] != 'yes')"
    assert show([sys.executable, "-c", program], env={"ORION_TEST": "yes"}) == 0


def test_the_programs_own_reason_and_what_helps_against_it_end_the_sentence() -> None:
    printed = (
        "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES\n  a==1 from x:\n    Expected sha256 00\n         Got  11\n"
    )
    with pytest.raises(StepFailed) as failure:
        run([sys.executable, "-c", f"import sys; sys.exit({printed!r})"], what="It can't be installed", remedy="Pray.")
    assert failure.value.what.startswith("It can't be installed: a==1 has sha256 11… and the lock names 00…")
    assert "Empty that cache" in failure.value.remedy
    assert failure.value.reason is not None
    assert failure.value.reason.kind == "wrong_hash"


def test_each_line_is_heard_as_it_comes() -> None:
    heard: list[str] = []
    run([sys.executable, "-c", "print('one'); print('two')"], what="never", on_line=heard.append)
    assert heard == ["one\n", "two\n"]


def test_a_program_doesnt_outlive_whoever_is_stopped_while_it_runs() -> None:
    def interrupt(line: str) -> None:
        heard.append(int(line))
        raise KeyboardInterrupt

    heard: list[int] = []
    program = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
    with pytest.raises(KeyboardInterrupt):
        run([sys.executable, "-c", program], what="never", on_line=interrupt)
    with pytest.raises(ProcessLookupError):
        os.kill(heard[0], 0)
