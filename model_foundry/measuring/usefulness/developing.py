"""Measures what trying and mending a program gains: HumanEval's problems, put to the code agent.

One answer gives both sides of the pair: the draft as it streamed, and what stood at the end. The agent sees the
problem alone, with the examples in it; the benchmark's tests only judge.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from model_foundry.measuring.intervals import Paired, paired, wilson
from model_foundry.measuring.tasks.base import Exercise
from orion_py.engine.engine import Engine
from orion_py.errors import OrionError
from orion_py.protocol import InferOptions

AGENT = "code"


@dataclass(frozen=True, slots=True)
class Developed:
    """One problem: ``first`` is the draft and ``final`` what stood at the end, each as an answer's text. ``mended``:
    they differ."""

    sample: str
    first: str
    final: str
    mended: bool
    tests: int
    tokens: int

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


async def develop(
    engine: Engine, model: str, exercises: Sequence[Exercise], known: Mapping[str, Developed]
) -> AsyncIterator[tuple[Exercise, Developed, bool]]:
    """Each exercise with what came of it, and whether it is new. Greedy. Raises as ``Engine.infer``, but for a failed
    answer, which passes nothing."""
    for exercise in exercises:
        if exercise.sample in known:
            yield exercise, known[exercise.sample], False
            continue
        options = InferOptions(model=model, force_agent=AGENT, temperature=0, seed=1, max_tokens=exercise.max_tokens)
        try:
            response = await engine.infer(exercise.messages[0]["content"], options)
        except OrionError:
            yield exercise, Developed(exercise.sample, "", "", False, 0, 0), True
            continue
        yield exercise, developed(exercise.sample, response.content, response.notes, response.usage.completion), True


def developed(sample: str, content: str, notes: Mapping[str, Any], tokens: int) -> Developed:
    """What an answer says of its draft and its end."""
    facts = notes.get("developer") or {}
    first = fenced(facts["first"]) if "first" in facts else content
    final = fenced(facts["final"]) if "final" in facts else first
    return Developed(sample, first, final, bool(facts.get("mended")), len(facts.get("tests") or []), tokens)


def fenced(code: str) -> str:
    return f"```python\n{code.rstrip()}\n```"


@dataclass(frozen=True, slots=True)
class Gain:
    """The drafts' passes and the ends', in the same order."""

    first: Sequence[bool]
    final: Sequence[bool]

    @property
    def paired(self) -> Paired:
        """Ends against drafts."""
        return paired(self.final, self.first)

    def sentences(self) -> list[str]:
        """What came of it, with n and intervals of 95 %."""
        lines = []
        for name, passes in (("single try", self.first), ("tried and mended", self.final)):
            found = wilson(sum(passes), len(passes))
            share = sum(passes) / len(passes)
            lines.append(f"{name}: {share:.3f} ({found.low:.3f} to {found.high:.3f}, n {len(passes)})")
        gain = self.paired
        lines.append(
            f"difference: {100 * gain.difference:+.1f} points ({100 * gain.interval.low:+.1f} to "
            f"{100 * gain.interval.high:+.1f}, p {gain.p_value:.4f}): {gain.only_first} mended rightly, "
            f"{gain.only_second} spoilt"
        )
        return lines
