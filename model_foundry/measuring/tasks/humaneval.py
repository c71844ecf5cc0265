"""Defines HumanEval: functions to write, with tests (https://arxiv.org/abs/2107.03374, MIT).

One chat turn (the model's own template, its own system prompt), answered greedily in at most 512 tokens. The
code is taken from the answer's fence and runs with the problem's tests in the sandbox. ``pass@1`` of one greedy
answer is the share of problems whose tests came to their end.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from model_foundry.errors import EvaluationFailed
from model_foundry.measuring.tasks.base import AnswerTask, Exercise, Graded
from model_foundry.measuring.tasks.rows import Row, read_rows
from orion_py.native.sandbox import Limits, run

PROMPT = "Complete this Python function. Answer with the whole function in one code block.\n\n```python\n{prompt}\n```"
MAX_TOKENS = 512
LIMITS = Limits(seconds=10.0, memory_bytes=512 * 2**20)

FENCE = re.compile(r"^[ \t]*```[^\n`]*\n(.*?)(?:^[ \t]*```|\Z)", re.DOTALL | re.MULTILINE)


def load(folder: Path) -> list[Exercise]:
    """Rows {"task_id", "prompt", "entry_point", "test"}. Raises EvaluationFailed."""
    return [_exercise(row) for row in read_rows(folder, "humaneval")]


def _exercise(row: Row) -> Exercise:
    sample, prompt, entry, test = (row.get(name) for name in ("task_id", "prompt", "entry_point", "test"))
    if not all(isinstance(part, str) for part in (sample, prompt, entry, test)) or not str(entry).isidentifier():
        raise EvaluationFailed(f"the row {sample} isn't a problem of HumanEval")
    return Exercise(
        sample=str(sample),
        messages=({"role": "user", "content": PROMPT.format(prompt=str(prompt).strip())},),
        max_tokens=MAX_TOKENS,
        grade=grader(str(sample), str(prompt), str(entry), str(test)),
        until=rf"(?s)```[^\n`]*\n.*def {re.escape(str(entry))}\b.*\n[ \t]*```",
    )


def grader(sample: str, prompt: str, entry: str, test: str) -> Callable[[str], Graded]:
    def grade(text: str) -> Graded:
        code = extract(text, entry)
        outcome = run(assemble(prompt, entry, code, test), LIMITS)
        return Graded(sample, outcome.passed, {}, {"verdict": outcome.verdict, "reason": outcome.reason, "code": code})

    return grade


def extract(text: str, entry: str) -> str:
    """The first fenced block that defines ``entry``, else the first at all, else the whole text.

    A fence that the answer's end cut off counts too.
    """
    blocks: list[str] = FENCE.findall(text)
    defining = [block for block in blocks if _defines(block, entry)]
    return (defining or blocks or [text])[0]


def assemble(prompt: str, entry: str, code: str, test: str) -> str:
    """The program that is run: what the problem says before the function (imports, helpers), the answer's code,
    the tests and the call of them. Code that doesn't define the function is taken for its body."""
    if _defines(code, entry):
        body = f"{prompt[: _start(prompt, entry)]}\n{code}"
    else:
        body = f"{prompt.rstrip()}\n{code}"
    return f"{body}\n\n{test}\n\ncheck({entry})\n"


def _defines(code: str, entry: str) -> bool:
    return re.search(rf"^[ \t]*(?:async[ \t]+)?def[ \t]+{re.escape(entry)}\b", code, re.MULTILINE) is not None


def _start(prompt: str, entry: str) -> int:
    found = re.search(rf"^def[ \t]+{re.escape(entry)}\b", prompt, re.MULTILINE)
    return found.start() if found else 0


HUMANEVAL = AnswerTask("humaneval", "pass@1", (), load)
