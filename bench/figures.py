"""Defines figures: samples with the disturbance under which they were taken, their medians, and their goals."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from bench.cpu import QUIET

ENOUGH = 3
"""So many undisturbed samples make a median that may be quoted."""


@dataclass(frozen=True, slots=True)
class Sample:
    """``foreign``: what other programs took meanwhile, in cores; None where that can't be known."""

    value: float
    foreign: float | None

    @property
    def quiet(self) -> bool:
        return self.foreign is not None and self.foreign <= QUIET


@dataclass(slots=True)
class Series:
    """One metric of one contender."""

    unit: str
    samples: list[Sample] = field(default_factory=list)
    enough: int = ENOUGH

    @property
    def used(self) -> list[Sample]:
        """The undisturbed samples if there are enough of them, otherwise all."""
        quiet = [sample for sample in self.samples if sample.quiet]
        return quiet if len(quiet) >= self.enough else self.samples

    @property
    def noisy(self) -> bool:
        """Whether the machine was too busy for this figure to be quoted."""
        return sum(sample.quiet for sample in self.samples) < self.enough

    @property
    def median(self) -> float:
        """Raises ValueError if nothing was measured."""
        if not self.samples:
            raise ValueError("nothing was measured")
        return median(sample.value for sample in self.used)

    def to_json(self) -> dict[str, Any]:
        values = [sample.value for sample in self.used]
        return {
            "unit": self.unit,
            "median": self.median,
            "min": min(values),
            "max": max(values),
            "noisy": self.noisy,
            "samples": [{"value": s.value, "foreign_cores": s.foreign, "quiet": s.quiet} for s in self.samples],
        }


@dataclass(slots=True)
class Contender:
    """What was measured of one competitor in one setting, and facts about it that don't vary."""

    name: str
    series: dict[str, Series] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    enough: int = ENOUGH

    def add(self, metric: str, unit: str, value: float, foreign: float | None) -> None:
        self.series.setdefault(metric, Series(unit, enough=self.enough)).samples.append(Sample(value, foreign))

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "facts": self.facts,
            "metrics": {metric: series.to_json() for metric, series in self.series.items()},
        }


@dataclass(frozen=True, slots=True)
class Target:
    """A figure beside what it should reach. ``wanted`` None: reported, without a verdict."""

    title: str
    value: float
    wanted: float | None
    at_least: bool
    unit: str
    noisy: bool

    @property
    def met(self) -> bool | None:
        if self.wanted is None:
            return None
        return self.value >= self.wanted if self.at_least else self.value <= self.wanted

    def to_json(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "value": self.value,
            "wanted": self.wanted,
            "at_least": self.at_least,
            "unit": self.unit,
            "met": self.met,
            "noisy": self.noisy,
        }


def ratio(title: str, ours: Series, theirs: Series, wanted: float | None) -> Target:
    """Ours over theirs, where more is better."""
    return Target(title, ours.median / theirs.median, wanted, True, "x", ours.noisy or theirs.noisy)


def speedup(title: str, ours: Series, theirs: Series, wanted: float | None) -> Target:
    """How many times shorter ours takes."""
    return Target(title, theirs.median / ours.median, wanted, True, "x", ours.noisy or theirs.noisy)


def limit(title: str, series: Series, wanted: float | None) -> Target:
    """A median that should be at most ``wanted``."""
    return Target(title, series.median, wanted, False, series.unit, series.noisy)


def fastest(contenders: Iterable[Contender], metric: str) -> Contender:
    """The contender with the highest median of ``metric``."""
    return max(contenders, key=lambda contender: contender.series[metric].median)


@dataclass(slots=True)
class Outcome:
    """All that one bench found."""

    bench: str
    contenders: list[Contender]
    targets: list[Target]
    notes: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return {
            "contenders": [contender.to_json() for contender in self.contenders],
            "targets": [target.to_json() for target in self.targets],
            "notes": self.notes,
        }
