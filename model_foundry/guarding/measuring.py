"""Measures the guard, rules and classifiers together, on messages of hands that neither was made with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model_foundry.guarding.rows import Message
from model_foundry.measuring.intervals import wilson
from orion_py.safety.guard import InputGuard
from orion_py.safety.learned import Classifier, pieces_of

Embed = Callable[[str], NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Rate:
    """``met`` of ``count`` messages of a kind were noted or refused, ``refused`` of these refused; ``by_rules``: by the
    rules alone."""

    kind: str
    language: str
    count: int
    met: int
    refused: int
    by_rules: int

    def sentence(self) -> str:
        """With Wilson's interval of 95 %."""
        found = wilson(self.met, self.count)
        return (
            f"{self.kind:<20} {self.language:<3} noted {self.met:>4} of {self.count:>4}: {self.met / self.count:.3f} "
            f"({found.low:.3f} to {found.high:.3f}), by rules alone {self.by_rules}, refused {self.refused}"
        )


def measure(found: Sequence[Message], embed: Embed, classifier: Classifier) -> list[Rate]:
    """A rate for each kind and language, and for all harmless messages together."""
    guard = InputGuard()
    groups: dict[tuple[str, str], list[tuple[bool, bool, bool]]] = {}
    for message in found:
        decision = guard.screen(message.text).decision
        pieces = [embed(piece) for piece in pieces_of(message.text)]
        met = decision != "allow" or bool(classifier.noticed(embed(message.text), pieces))
        verdict = (met, decision == "block", decision != "allow")
        groups.setdefault((message.kind, message.language), []).append(verdict)
        if not message.wanted:
            groups.setdefault(("all harmless", ""), []).append(verdict)
    return [
        Rate(kind, language, len(rows), *(sum(row[place] for row in rows) for place in range(3)))
        for (kind, language), rows in sorted(groups.items())
    ]
