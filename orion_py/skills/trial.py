"""Tries a Python program with assertions: what is run, and what came of each.

The program runs in the sandbox, as text that tells on its last line what came of it. It shares its interpreter with
the assertions, so a program could cheat; it is the person's own, and nobody gains by that.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Sequence
from dataclasses import dataclass

from orion_py.runtime.code_runner import Ran

MARK = "orion-trial:"
_HARNESS = """

def _orion_trial():
    import json
    results = []
    for test in json.loads({tests!r}):
        try:
            exec(test, globals())
        except BaseException as error:
            results.append(type(error).__name__ + ": " + str(error)[:160])
        else:
            results.append("")
    print()
    print({mark!r} + json.dumps(results))


_orion_trial()
"""
HARMLESS = frozenset(
    ("__future__", "abc", "array", "ast", "base64", "bisect", "calendar", "cmath", "collections", "contextlib", "copy")
    + ("csv", "dataclasses", "datetime", "decimal", "difflib", "enum", "fractions", "functools", "hashlib", "heapq")
    + ("html", "io", "itertools", "json", "keyword", "locale", "math", "numbers", "operator", "pprint", "random", "re")
    + ("statistics", "string", "struct", "textwrap", "time", "types", "typing", "unicodedata", "uuid", "zlib")
)
"""Modules of the standard library that compute and do nothing else."""


@dataclass(frozen=True, slots=True)
class Trial:
    """``faults``: for each assertion what went wrong, "" where it holds. ``crash``: how the program itself failed: an
    error's text, or "time", "memory" or "early"."""

    faults: tuple[str, ...]
    crash: str = ""

    @property
    def passed(self) -> int:
        return 0 if self.crash else sum(not fault for fault in self.faults)

    @property
    def whole(self) -> bool:
        """Whether it ran, and every assertion holds."""
        return not self.crash and not any(self.faults)


def why_not_run(code: str) -> str:
    """Why ``code`` isn't run on its own: "syntax" is tried nevertheless; "input", "files", "module"; "" where nothing
    speaks against it."""
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return ""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id == "input":
                return "input"
            if node.func.id == "open":
                return "files"
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        if any(name.split(".")[0] not in HARMLESS for name in names):
            return "module"
    return ""


def definitions(code: str) -> list[str]:
    """The names of the functions and classes that ``code`` defines at its outermost level."""
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return []
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return [node.name for node in tree.body if isinstance(node, kinds)]


def program(code: str, tests: Sequence[str]) -> str:
    """What is run: ``code`` without what it would do only if it were started, then the tests."""
    return code + _HARNESS.format(tests=json.dumps(list(tests)), mark=MARK)


def read(ran: Ran, tests: Sequence[str]) -> Trial:
    """What came of a run of ``program``."""
    if ran.end == "time":
        return Trial(tuple(tests), "time")
    if ran.end == "memory":
        return Trial(tuple(tests), "memory")
    lines = [line for line in ran.output.splitlines() if line.startswith(MARK)]
    if ran.end == "failed" or not lines:
        return Trial(tuple(tests), ran.error or "early")
    try:
        faults = json.loads(lines[-1][len(MARK) :])
    except ValueError:
        return Trial(tuple(tests), "early")
    return Trial(tuple(str(fault) for fault in faults))
