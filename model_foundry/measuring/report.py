"""Reports what ``foundry validate`` and ``foundry compare`` found: as a table, as JSON, and whether it passes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from model_foundry.measuring.running import Result
from model_foundry.measuring.text_perplexity import TextResult

FORMAT = 1
AGREEMENT = "agreement"
"""The threshold of top-1 agreement with a baseline, over the texts."""

Either = Result | TextResult


@dataclass(frozen=True)
class Check:
    """One threshold and what was measured. ``rule`` says in words what was to hold."""

    name: str
    rule: str
    measured: float
    passed: bool


@dataclass(frozen=True)
class Report:
    """``results`` of the subject, ``baseline``'s in the same order where there is one."""

    seed: int
    limit: int | None
    results: Sequence[Either]
    baseline: Sequence[Either]
    checks: Sequence[Check]

    @property
    def passed(self) -> bool:
        return all(check.passed for check in self.checks)

    def as_json(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "seed": self.seed,
            "limit": self.limit,
            "results": [{"subject": r.subject, **r.as_json()} for r in (*self.results, *self.baseline)],
            "comparisons": [_compared(a, b) for a, b in zip(self.results, self.baseline, strict=False)],
            "checks": [asdict(check) for check in self.checks],
            "passed": self.passed,
        }


def checks(thresholds: Mapping[str, float], results: Sequence[Either], baseline: Sequence[Either]) -> list[Check]:
    """Against a baseline a threshold is the largest loss that passes (of a score its difference, of perplexity the
    relative one), ``agreement`` the least; without one it is the lowest score, or the highest perplexity."""
    found = []
    for name, limit in thresholds.items():
        wanted = "perplexity" if name == AGREEMENT else name
        index = next(i for i, r in enumerate(results) if _task(r) == wanted)
        mine, theirs = results[index], baseline[index] if baseline else None
        found.append(_check(name, limit, mine, theirs))
    return found


def _check(name: str, limit: float, mine: Either, theirs: Either | None) -> Check:
    if isinstance(mine, TextResult):
        if name == AGREEMENT:
            share = mine.agreement(theirs) if isinstance(theirs, TextResult) else None
            return Check(name, f"at least {limit:g}", share or 0.0, share is not None and share >= limit)
        if isinstance(theirs, TextResult):
            loss = mine.perplexity / theirs.perplexity - 1
            return Check(name, f"at most {limit:g} above the baseline's, relatively", loss, loss <= limit)
        return Check(name, f"at most {limit:g}", mine.perplexity, mine.perplexity <= limit)
    if isinstance(theirs, Result):
        loss = -mine.against(theirs).difference
        # A loss of exactly the limit passes, however its floats were rounded.
        return Check(name, f"at most {limit:g} below the baseline", loss, loss <= limit + 1e-9)
    return Check(name, f"at least {limit:g}", mine.score, mine.score >= limit - 1e-9)


def show(report: Report, console: Console) -> None:
    for letter, side in zip("AB", (report.results, report.baseline), strict=True):
        if side:
            console.print(f"{letter}: {side[0].subject}", markup=False, highlight=False)
    table = Table("Task", "Measure", "", "n", "Score", "95 %", "Chance", "Others", "s")
    for pair in _side_by_side(report):
        for letter, result in zip("AB", pair, strict=False):
            table.add_row(*_cells(letter, result))
    console.print(table)
    if report.baseline:
        compared = Table(
            "Task", "Difference", "95 %", "Only it right", "Only the baseline", "McNemar p", "Top-1 agreement"
        )
        for mine, theirs in zip(report.results, report.baseline, strict=True):
            compared.add_row(*_comparison_cells(mine, theirs))
        console.print(compared)
    for check in report.checks:
        console.print(f"{'passed' if check.passed else 'FAILED'}: {check.name} {check.measured:.4f}, {check.rule}")


def _side_by_side(report: Report) -> list[tuple[Either, ...]]:
    return (
        list(zip(report.results, report.baseline, strict=True)) if report.baseline else [(r,) for r in report.results]
    )


def _task(result: Either) -> str:
    return result.task if isinstance(result, Result) else "perplexity"


def _cells(letter: str, result: Either) -> list[str]:
    said = result.as_json()
    if isinstance(result, Result):
        score, low, high = (f"{said[key]:.1%}" for key in ("score", "low", "high"))
        chance = "" if result.chance is None else f"{result.chance:.1%}"
        others = ", ".join(f"{name} {value:.1%}" for name, value in result.measures().items())
    else:
        score, low, high = (f"{said[key]:.3f}" for key in ("score", "low", "high"))
        chance, others = "", f"{result.bits_per_byte:.3f} bits a byte"
    interval = f"{low} to {high}"
    return [
        said["task"],
        said["metric"],
        letter,
        str(result.count),
        score,
        interval,
        chance,
        others,
        f"{result.seconds:.0f}",
    ]


def _compared(mine: Either, theirs: Either) -> dict[str, Any]:
    if isinstance(mine, Result) and isinstance(theirs, Result):
        return {"task": mine.task, "baseline": theirs.subject, **asdict(mine.against(theirs))}
    assert isinstance(mine, TextResult)
    assert isinstance(theirs, TextResult)
    return {
        "task": "perplexity",
        "baseline": theirs.subject,
        "perplexity_loss": mine.perplexity / theirs.perplexity - 1,
        "bits_per_byte_difference": mine.bits_per_byte - theirs.bits_per_byte,
        "top1_agreement": mine.agreement(theirs),
    }


def _comparison_cells(mine: Either, theirs: Either) -> list[str]:
    said = _compared(mine, theirs)
    if isinstance(mine, Result):
        interval = f"{said['interval']['low']:+.1%} to {said['interval']['high']:+.1%}"
        flips = [str(said["only_first"]), str(said["only_second"])]
        return [mine.task, f"{said['difference']:+.1%}", interval, *flips, f"{said['p_value']:.3f}", ""]
    agreement = said["top1_agreement"]
    shown = "other tokens" if agreement is None else f"{agreement:.2%}"
    return ["perplexity", f"{said['perplexity_loss']:+.2%}", "", "", "", "", shown]
