"""Talks to a contender in a native process, as bench.chromium.Job does to those in pages."""

from __future__ import annotations

import json
import subprocess
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

CONTENDER = Path(__file__).parent / "contender.py"
LIMIT_S = 600.0
"""For one answer: a machine that swaps shall not stop the bench."""


class NativeFailed(Exception):
    """The native contender isn't there, or ended, or says what went wrong."""


class NativeJob:
    """Use it as a context manager: the process and its memory are gone when the block ends.

    ``weights``: the folder in which the GGUFs of its options lie.
    """

    def __init__(self, interpreter: Path, weights: Path) -> None:
        self._command = [str(interpreter), str(CONTENDER)]
        self._weights = weights
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            self._command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True, encoding="utf-8"
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process:
            self._process.kill()
            self._process.communicate()

    def prepare(self, _module: str, options: dict[str, Any]) -> dict[str, Any]:
        """Loads it; returns what it says about itself. Raises NativeFailed."""
        return self._ask("prepare", {**options, "gguf": str(self._weights / options["gguf"])})

    def run(self, options: dict[str, Any] | None = None) -> dict[str, Any]:
        """Runs it once and returns its figures. Raises NativeFailed."""
        return self._ask("run", options or {})

    def _ask(self, method: str, options: dict[str, Any]) -> dict[str, Any]:
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise NativeFailed("the process wasn't started")
        try:
            process.stdin.write(json.dumps({"method": method, "options": options}) + "\n")
            process.stdin.flush()
        except OSError as error:
            raise NativeFailed("the process has ended") from error
        late = threading.Timer(LIMIT_S, process.kill)
        late.start()
        try:
            line = process.stdout.readline()
        finally:
            late.cancel()
        if not line:
            raise NativeFailed("the process ended, or was ended, without an answer")
        answer = json.loads(line)
        if "error" in answer:
            raise NativeFailed(str(answer["error"]))
        found: dict[str, Any] = answer["result"]
        return found
