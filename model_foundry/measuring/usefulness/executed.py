"""Judges code in an answer by running it, in the sandbox of the tasks: programs, queries and regular expressions."""

from __future__ import annotations

import json
import re
import sqlite3
from typing import Any

from model_foundry.measuring.usefulness.wording import INLINE_CODE, code_blocks
from orion_py.native.sandbox import Limits, run

LIMITS = Limits(seconds=10.0)

_SQL = """
import json, sqlite3
task = json.loads({task!r})
base = sqlite3.connect(":memory:")
base.executescript(task["setup"])
rows = []
for statement in task["query"]:
    if statement.strip():
        rows = [list(row) for row in base.execute(statement).fetchall()] or rows
def plain(row):
    return [round(cell, 6) if isinstance(cell, float) else cell for cell in row]
found, wanted = [plain(row) for row in rows], [plain(row) for row in task["rows"]]
if not task["ordered"]:
    found, wanted = sorted(found, key=repr), sorted(wanted, key=repr)
assert found == wanted, f"gives {{found}}"
"""

_MATCHES = """
import json, re
task = json.loads({task!r})
for text in task["yes"]:
    assert re.fullmatch(task["pattern"], text), f"doesn't match {{text}}"
for text in task["no"]:
    assert not re.fullmatch(task["pattern"], text), f"matches {{text}}"
"""


def program(answer: str, tests: str) -> str:
    """What is wrong with the answer's Python, run before ``tests``, or "". Raises NoSandbox."""
    blocks = code_blocks(answer, "python", "py", "python3")
    if not blocks:
        return "has no code block"
    # A block that shows a session or an output isn't part of the program; each is tried, then all together.
    candidates = [*blocks, "\n\n".join(blocks)] if len(blocks) > 1 else blocks
    reasons = [_outcome(f"{code}\n\n{tests}\n") for code in candidates]
    return "" if "" in reasons else f"its program fails: {reasons[0]}"


def sql(answer: str, setup: str, rows: list[list[Any]], ordered: bool) -> str:
    """What is wrong with the rows that the answer's query gives after ``setup``, or "". Raises NoSandbox."""
    blocks = code_blocks(answer, "sql", "sqlite")
    query = blocks[0] if blocks else next(iter(INLINE_CODE.findall(answer)), answer)
    statements, rest = [], ""
    for part in query.split(";"):
        rest += part + ";"
        if sqlite3.complete_statement(rest):
            statements.append(rest)
            rest = ""
    task = json.dumps({"setup": setup, "query": statements, "rows": rows, "ordered": ordered})
    reason = _outcome(_SQL.format(task=task))
    return f"its query fails: {reason}" if reason else ""


def matches(answer: str, yes: list[str], no: list[str]) -> str:
    """What is wrong with the answer's first regular expression, or "". Raises NoSandbox."""
    blocks = [line for block in code_blocks(answer) for line in block.splitlines() if line.strip()]
    found = [*blocks, *INLINE_CODE.findall(answer)] or [answer.strip()]
    reasons = [_outcome(_MATCHES.format(task=json.dumps({"pattern": p, "yes": yes, "no": no}))) for p in _bare(found)]
    return "" if "" in reasons else f"its expression fails: {reasons[0]}"


def _bare(found: list[str]) -> list[str]:
    """The first lines of code, without what a language writes around an expression: ``r"…"``, ``/…/g``, a call."""
    bare: list[str] = []
    for line in found[:6]:
        literal = re.search(r"r?([\"'])((?:\\.|(?!\1).)+)\1", line)
        slashed = re.fullmatch(r"\s*/(.+)/[a-z]*;?\s*", line)
        bare += [line.strip()] if not literal and not slashed else []
        bare += [literal.group(2)] if literal else []
        bare += [slashed.group(1)] if slashed else []
    return bare


def _outcome(source: str) -> str:
    outcome = run(source, LIMITS)
    return "" if outcome.passed else (outcome.reason or outcome.verdict)
