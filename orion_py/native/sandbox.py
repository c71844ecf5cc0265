"""Runs code that a model wrote in a process that can only compute.

What holds it: no environment, an empty folder, Python isolated from site and user packages (``-I -S``),
a limit of wall-clock time kept from outside, limits of processor time, memory, open files and file size
(setrlimit), and a seccomp filter that allows listed system calls alone: no file can be opened for
writing, made, renamed or deleted; no process or thread begun; no signal sent; no socket opened.

What doesn't: files that the user may read can be read (nothing can be done with them but to fail or pass).
The answer shares its interpreter with the tests, so code written to cheat, not to solve, could
pass without solving. Processor caches and the clock are shared with others. It is no virtual machine:
a fault of the kernel in one of the allowed calls would be a way out.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from orion_py.cancellation import CancelToken, until_cancelled
from orion_py.errors import Cancelled, NoSandbox
from orion_py.protocol import RunEnd
from orion_py.runtime.code_runner import MOST_OUTPUT, Ran

CHILD = Path(__file__).with_name("sandbox_child.py")

Verdict = Literal["passed", "failed", "timeout", "memory", "crashed"]


@dataclass(frozen=True)
class Limits:
    seconds: float = 10.0
    """Wall-clock time, the interpreter's start included."""
    memory_bytes: int = 512 * 2**20
    """Of address space."""


@dataclass(frozen=True)
class Outcome:
    """``output``: what it printed, where that was asked for and it came to an end."""

    verdict: Verdict
    reason: str = ""
    output: str = ""

    @property
    def passed(self) -> bool:
        return self.verdict == "passed"


def run(
    program: str,
    limits: Limits,
    token: Callable[[], str] = lambda: secrets.token_hex(16),
    output: int = 0,
    started: Callable[[subprocess.Popen[bytes]], object] = lambda process: None,
) -> Outcome:
    """Runs Python source to its end, or stops it. ``output``: how many characters of what it prints are kept.
    ``started`` gets its process, to stop it earlier with ``end``.

    ``token`` makes what only the child's own last line can repeat. Raises NoSandbox where the
    kernel can't hold the limits: nothing is run then.
    """
    if not sys.platform.startswith("linux"):
        raise NoSandbox("programs are run on Linux only, where the kernel can confine them")
    expected = token()
    order = {
        "program": program,
        "token": expected,
        "cpu_seconds": max(1, round(limits.seconds)),
        "memory_bytes": limits.memory_bytes,
        "output": output,
    }
    with tempfile.TemporaryDirectory(prefix="orion-program-") as folder, tempfile.TemporaryFile() as out:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-B", str(CHILD)],
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env={},
            start_new_session=True,
        )
        started(process)
        try:
            process.communicate(json.dumps(order).encode() + b"\n", timeout=limits.seconds)
        except subprocess.TimeoutExpired:
            return Outcome("timeout", f"still running after {limits.seconds:g} s")
        finally:
            end(process)
        out.seek(0)
        written = out.read()
    return _verdict(process.returncode, written, expected)


def end(process: subprocess.Popen[bytes]) -> None:
    """Ends the process, and its session should there be more of it."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()
    if process.stdin is not None:
        process.stdin.close()


def _verdict(code: int, written: bytes, expected: str) -> Outcome:
    try:
        said = json.loads(written)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        if code == -signal.SIGXCPU:
            return Outcome("timeout", "out of processor time")
        return Outcome("crashed", f"ended with code {code} before its tests did")
    if "unconfined" in said:
        raise NoSandbox(f"this kernel can't confine a process ({said['unconfined']}): programs aren't run without that")
    output = str(said.get("output", ""))
    if said.get("token") == expected:
        return Outcome("passed", output=output)
    if said.get("raised") == "MemoryError":
        return Outcome("memory", "out of memory", output)
    return Outcome("failed", f"{said.get('raised')}: {said.get('message')}".removesuffix(": "), output)


_ENDS: dict[Verdict, RunEnd] = {"passed": "done", "timeout": "time", "memory": "memory"}


class SandboxRunner:
    """Implements ``runtime.code_runner.CodeRunner``."""

    async def run(self, code: str, seconds: float, cancel: CancelToken) -> Ran:
        """Raises Cancelled, when the program has ended too, and NoSandbox."""
        running: list[subprocess.Popen[bytes]] = []
        work = asyncio.to_thread(run, code, Limits(seconds), output=MOST_OUTPUT, started=running.append)
        try:
            outcome = await until_cancelled(work, cancel)
        except Cancelled:
            for process in running:
                end(process)
            raise
        failed = outcome.verdict in ("failed", "crashed")
        return Ran(outcome.output, _ENDS.get(outcome.verdict, "failed"), outcome.reason if failed else "")
