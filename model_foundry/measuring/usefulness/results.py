"""Counts what was useful: by agent, language and hand, with intervals, and agents against the plain prompt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from model_foundry.measuring.intervals import Paired, paired, wilson
from model_foundry.measuring.usefulness.asking import Answered, Way
from model_foundry.measuring.usefulness.rows import Question
from model_foundry.measuring.usefulness.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Judged:
    """One question, its answer, and what is wrong with it."""

    question: Question
    answered: Answered
    verdict: Verdict

    @property
    def useful(self) -> bool:
        return self.verdict.useful

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.question.id,
            "hand": self.question.hand,
            "agent": self.question.agent,
            "language": self.question.language,
            "kind": self.question.kind,
            "answered_by": self.answered.agent,
            "useful": self.useful,
            "faults": list(self.verdict.faults),
            "finish": self.answered.finish,
            "loops": self.answered.loops,
            "tokens": self.answered.tokens,
            "ms": round(self.answered.ms),
            "text": self.answered.text,
        }


@dataclass(frozen=True, slots=True)
class Share:
    """``useful`` of ``count`` answers; ``low`` and ``high``: Wilson's interval of 95 %."""

    useful: int
    count: int

    @property
    def share(self) -> float:
        return self.useful / self.count

    @property
    def low(self) -> float:
        return wilson(self.useful, self.count).low

    @property
    def high(self) -> float:
        return wilson(self.useful, self.count).high

    def as_json(self) -> dict[str, float]:
        return {
            "useful": self.useful,
            "n": self.count,
            "share": round(self.share, 4),
            "low": round(self.low, 4),
            "high": round(self.high, 4),
        }


@dataclass(frozen=True, slots=True)
class Results:
    """One model asked in one way. ``computed``: native or browser."""

    model: str
    way: Way
    computed: str
    judged: Sequence[Judged]

    def by(self, *parts: str) -> dict[tuple[str, ...], Share]:
        """The shares for each value of the questions' ``parts``: agent, language, hand, kind. None: of all."""
        groups: dict[tuple[str, ...], list[bool]] = {}
        for one in self.judged:
            groups.setdefault(tuple(getattr(one.question, part) for part in parts), []).append(one.useful)
        return {key: Share(sum(found), len(found)) for key, found in sorted(groups.items())}

    @property
    def looped(self) -> int:
        """Answers that a reader sees repeat themselves, whatever was cut back before."""
        return sum("loops" in one.verdict.faults or one.answered.finish == "loop" for one in self.judged)

    def against(self, other: Results) -> Paired | None:
        """This one and another on the questions that both were asked, or None where there are none."""
        theirs = {one.question.id: one.useful for one in other.judged}
        both = [(one.useful, theirs[one.question.id]) for one in self.judged if one.question.id in theirs]
        return paired([mine for mine, _ in both], [theirs for _, theirs in both]) if both else None

    def as_json(self) -> dict[str, Any]:
        """For programs; ``answers`` hold each text with its faults."""
        return {
            "model": self.model,
            "way": self.way,
            "computed": self.computed,
            "looped": self.looped,
            "all": _plain(self.by())[""],
            "languages": _plain(self.by("language")),
            "agents": _plain(self.by("agent", "language")),
            "hands": _plain(self.by("hand")),
            "answers": [one.as_json() for one in self.judged],
        }


def _plain(shares: dict[tuple[str, ...], Share]) -> dict[str, dict[str, float]]:
    return {" ".join(key): share.as_json() for key, share in shares.items()}


def faults_in(judged: Iterable[Judged], most: int = 12) -> list[tuple[str, int]]:
    """The commonest faults, without what is particular to a row, and how often each occurs."""
    counts: dict[str, int] = {}
    for one in judged:
        for fault in one.verdict.faults:
            kind = _kind(fault)
            counts[kind] = counts.get(kind, 0) + 1
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:most]


def _kind(fault: str) -> str:
    return fault.split("[")[0].split(":")[0].strip().rstrip(",")
