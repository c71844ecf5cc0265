"""Answers that misbehave are stopped, and count as failed."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from orion_py.cancellation import CancelToken
from orion_py.errors import Cancelled, NoSandbox
from orion_py.native import sandbox, sandbox_child
from orion_py.native.sandbox import Limits, Outcome, SandboxRunner

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the sandbox is Linux's")

AMPLE = Limits(seconds=20)
"""For answers that end by themselves, on a busy machine too."""


def run(program: str, limits: Limits = AMPLE) -> Outcome:
    return sandbox.run(program, limits)


def test_an_answer_may_compute_and_import_what_solutions_import() -> None:
    program = "import collections, functools, hashlib, itertools, math, random, re, string\nfrom typing import List\n"
    assert run(program + "print('noise')\nassert hashlib.md5(b'a').hexdigest().startswith('0cc')").passed


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("assert 1 == 2, 'no'", "AssertionError: no"),
        ("def f(:", "SyntaxError"),
        ("import sys; sys.exit(0)", "SystemExit: 0"),
        ("def f(): f()\nf()", "RecursionError"),
        ("input()", "EOFError"),
    ],
)
def test_an_answer_that_fails_says_how(program: str, reason: str) -> None:
    outcome = run(program)
    assert outcome.verdict == "failed"
    assert outcome.reason.startswith(reason)


def test_an_answer_that_loops_is_stopped() -> None:
    assert run("while True: pass", Limits(seconds=0.7)).verdict == "timeout"


def test_an_answer_that_sleeps_is_stopped() -> None:
    assert run("import time; time.sleep(60)", Limits(seconds=0.7)).verdict == "timeout"


def test_an_answer_that_allocates_is_stopped() -> None:
    assert run("x = bytearray(2**30)").verdict == "memory"
    assert run("x = ['a' * 2**20 for _ in range(10**6)]").verdict == "memory"


@pytest.mark.parametrize(
    "program",
    [
        "import os; os.fork()",
        "import subprocess; subprocess.run(['true'])",
        "import os; os.execv('/bin/true', ['true'])",
        "import os; assert os.system('true') == 0",
        "import threading; threading.Thread(target=print).start()",
        "import os; os.kill(os.getppid(), 9)",
        "import ctypes; assert ctypes.CDLL(None).fork() >= 0",
    ],
)
def test_an_answer_begins_no_process_and_signals_none(program: str) -> None:
    assert run(program).verdict == "failed"


@pytest.mark.parametrize(
    "program",
    [
        "open({path!r}, 'w')",
        "open({path!r}, 'a')",
        "open({path!r}, 'r+')",
        "open('here', 'w')",
        "import os; os.remove({path!r})",
        "import os; os.rename({path!r}, {path!r} + '.old')",
        "import os; os.mkdir({path!r} + '.folder')",
        "import os; os.truncate({path!r}, 0)",
        "import os; os.chmod({path!r}, 0)",
        "import os; os.symlink('/', {path!r} + '.link')",
        "import os; os.open('/proc/self/mem', os.O_RDWR)",
    ],
)
def test_an_answer_changes_no_file(program: str, tmp_path: Path) -> None:
    victim = tmp_path / "kept.txt"
    victim.write_text("kept")
    outcome = run(program.format(path=str(victim)))
    assert outcome.verdict == "failed"
    assert "Error" in outcome.reason
    assert [path.name for path in tmp_path.iterdir()] == ["kept.txt"]
    assert victim.read_text() == "kept"


@pytest.mark.parametrize(
    "program",
    [
        "import socket; socket.socket()",
        "import socket; socket.socketpair()",
        "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9')",
    ],
)
def test_an_answer_opens_no_socket(program: str) -> None:
    assert "not permitted" in run(program).reason


def test_an_answer_inherits_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "1")
    assert run("import os; assert 'SECRET' not in os.environ and 'PATH' not in os.environ").passed


def test_an_answer_gets_an_empty_folder_and_no_installed_package() -> None:
    assert run("import os; assert os.listdir('.') == []").passed
    assert run("import numpy").reason.startswith("ModuleNotFoundError")


@pytest.mark.parametrize(
    "program",
    [
        "import os; os._exit(0)",
        'import os; os.write(1, b\'{"token": "guess"}\'); os._exit(0)',
        "import os; os.write(1, b'x' * 10**6); os._exit(0)",
    ],
)
def test_an_answer_that_leaves_before_its_tests_end_has_failed(program: str) -> None:
    assert not run(program).passed


def test_where_the_kernel_cant_confine_nothing_is_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    child = tmp_path / "child.py"
    machines = sandbox.CHILD.read_text().replace("confine(platform.machine())", "confine('pdp11')")
    child.write_text(machines)
    monkeypatch.setattr(sandbox, "CHILD", child)
    with pytest.raises(NoSandbox, match="pdp11"):
        run("pass")
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(NoSandbox, match="Linux"):
        run("pass")


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_every_jump_of_the_filter_lands_in_it(machine: str) -> None:
    program = sandbox_child.instructions(machine)
    assert len(program) < 4096  # BPF_MAXINSNS
    for place, (code, yes, no, _) in enumerate(program):
        if code in (sandbox_child.EQUAL, sandbox_child.ANY_BIT):
            assert place + 1 + max(yes, no) < len(program)
    assert program[-1] == (sandbox_child.RETURN, 0, 0, sandbox_child.REFUSE)


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_filter_decides_as_it_says(machine: str) -> None:
    def verdict(number: int, *arguments: int, architecture: int = sandbox_child.AUDIT[machine]) -> int:
        words = {0: number, 4: architecture, **{16 + 8 * i: value for i, value in enumerate(arguments)}}
        program, place, loaded = sandbox_child.instructions(machine), 0, 0
        while True:
            code, yes, no, operand = program[place]
            if code == sandbox_child.RETURN:
                return operand
            if code == sandbox_child.LOAD:
                loaded, jump = words.get(operand, 0), 0
            else:
                jump = yes if (loaded == operand if code == sandbox_child.EQUAL else loaded & operand) else no
            place += 1 + jump

    number, flags = sandbox_child.OPENING[machine]["openat"]
    assert flags == 2
    assert verdict(number, 0, 0, 0) == sandbox_child.ALLOW
    for writing in (1, 2, 0o100, 0o1000, 0o2000):
        assert verdict(number, 0, 0, writing) == sandbox_child.REFUSE
    assert verdict(sandbox_child.ALLOWED[machine]["read"]) == sandbox_child.ALLOW
    assert verdict(sandbox_child.ALLOWED[machine]["read"], architecture=1) == sandbox_child.KILL
    assert verdict(sandbox_child.FCNTL[machine], 0, 1) == sandbox_child.ALLOW
    assert verdict(sandbox_child.FCNTL[machine], 0, sandbox_child.F_SETOWN) == sandbox_child.REFUSE
    assert verdict(0x40000000) == sandbox_child.REFUSE  # the x32 form of a call
    assert verdict(999) == sandbox_child.REFUSE


def test_the_child_needs_nothing_but_the_standard_library() -> None:
    order = b'{"program": "pass", "token": "t", "cpu_seconds": 5, "memory_bytes": 536870912, "output": 9}\n'
    command = [sys.executable, "-I", "-S", "-B", str(sandbox.CHILD)]
    done = subprocess.run(command, input=order, capture_output=True, env={}, check=True)
    assert done.stdout == b'{"token": "t", "output": ""}\n'


def test_what_a_program_prints_is_kept_up_to_a_limit() -> None:
    outcome = sandbox.run("print('é' * 5)\nprint('x' * 10**6)", AMPLE, output=10)
    assert (outcome.verdict, outcome.output) == ("passed", "ééééé\nxxxx")
    assert sandbox.run("print('noise')", AMPLE).output == ""


def test_what_a_program_printed_before_it_failed_is_kept() -> None:
    outcome = sandbox.run("print(1)\n1 / 0", AMPLE, output=100)
    assert (outcome.verdict, outcome.reason, outcome.output) == ("failed", "ZeroDivisionError: division by zero", "1\n")


@pytest.mark.parametrize(
    ("code", "seconds", "end", "error"),
    [
        ("print(5)", 20.0, "done", ""),
        ("print(5)\nassert 1 == 2", 20.0, "failed", "AssertionError"),
        ("import os; os._exit(3)", 20.0, "failed", "ended with code 3 before its tests did"),
        ("while True: pass", 0.7, "time", ""),
        ("x = bytearray(2**30)", 20.0, "memory", ""),
    ],
)
async def test_a_skill_s_program_says_how_it_ended(code: str, seconds: float, end: str, error: str) -> None:
    ran = await SandboxRunner().run(code, seconds, CancelToken())
    assert (ran.end, ran.error) == (end, error)
    assert ran.output == ("5\n" if "print" in code else "")


async def test_a_stop_ends_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    processes: list[subprocess.Popen[bytes]] = []
    cancel, real = CancelToken(), sandbox.run

    def watched(program: str, limits: Limits, **options: Any) -> Outcome:
        begun = options.pop("started")

        def started(process: subprocess.Popen[bytes]) -> None:
            processes.append(process)
            begun(process)
            loop.call_soon_threadsafe(cancel.cancel)

        return real(program, limits, started=started, **options)

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(sandbox, "run", watched)
    with pytest.raises(Cancelled):
        await SandboxRunner().run("while True: pass", 60.0, cancel)
    assert processes[0].wait(5) < 0
