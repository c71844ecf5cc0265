"""Keeps a person's corrections on the device and refits the head to them.

Few examples in a space of thousands of features: by the representer theorem (Schölkopf et al. 2001)
the best change of the weights is a sum of the examples' own features, so that the fit runs over one
row an example and takes milliseconds. The built head is the prior: nothing moves that no correction
asks for, and forgetting the corrections brings it back to the bit.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from orion_py.routing.features import Floats
from orion_py.routing.head import LinearHead, fit
from orion_py.storage.rows import rows_of
from orion_py.storage.settings import Settings

MOST = 100
"""Corrections kept; the oldest go first."""
TEXT_LIMIT = 1000
SETTING = "router.corrections"
_L2 = 0.05
"""Small enough that one correction turns its own query, large enough that unlike ones stay."""


@dataclass(frozen=True, slots=True)
class Correction:
    text: str
    agent: str


class Corrections:
    """The list of corrections, in the settings: read at each use, since other tabs add to it."""

    def __init__(self, settings: Settings, labels: Sequence[str]) -> None:
        self._settings, self.labels = settings, tuple(labels)
        """``labels``: the agents that can be chosen now. A correction for another one is kept, and counts when it can
        be chosen again."""

    async def all(self) -> list[Correction]:
        """Oldest first. What can't be read counts as none."""
        return _parsed(await self._settings.get(SETTING), self.labels)

    async def add(self, text: str, agent: str) -> None:
        """A later correction of the same text replaces the earlier one. Raises ValueError for an
        agent that the router can't choose."""
        if agent not in self.labels:
            raise ValueError(agent)
        text = text[:TEXT_LIMIT]

        def change(kept: str | None) -> str:
            return json.dumps([*(row for row in rows_of(kept) if _of(row).text != text), [text, agent]][-MOST:])

        await self._settings.update(SETTING, change)

    async def undo(self) -> Correction | None:
        """Takes the latest one back, and answers with it."""
        taken: list[Correction] = []

        def change(kept: str | None) -> str | None:
            rows = rows_of(kept)
            places = [place for place, row in enumerate(rows) if _of(row).agent in self.labels]
            taken[:] = [_of(rows[place]) for place in places[-1:]]
            return json.dumps([row for place, row in enumerate(rows) if place not in places[-1:]]) if taken else kept

        await self._settings.update(SETTING, change)
        return taken[0] if taken else None

    async def forget(self) -> None:
        await self._settings.set(SETTING, "[]")


def refitted(head: LinearHead, inputs: Floats, targets: Sequence[int]) -> LinearHead:
    """``head`` moved to answer ``targets`` for ``inputs`` [n, features]; itself where n is 0."""
    count = len(targets)
    if not count:
        return head
    gram = inputs @ inputs.T
    root: Floats = np.linalg.cholesky(gram + 1e-6 * float(np.trace(gram)) / count * np.eye(count)).astype(np.float64)
    offsets = head.logits(inputs) / head.temperature
    change = fit(root, targets, head.labels, l2=_L2 / count, offsets=offsets, bias=False, iterations=60)
    moved = inputs.T @ np.linalg.solve(root.T, change.weights[:-1])
    weights = head.weights.copy()
    # Logits are divided by the temperature later; the fit was after that.
    weights[:-1] += moved * head.temperature
    return LinearHead(head.labels, weights, head.temperature)


def _parsed(text: str | None, labels: Sequence[str]) -> list[Correction]:
    return [item for item in map(_of, rows_of(text)) if item.agent in labels][-MOST:]


def _of(row: Any) -> Correction:
    """A row that can't be read is nobody's: another version of this page may have written it."""
    try:
        return Correction(str(row[0])[:TEXT_LIMIT], str(row[1]))
    except (TypeError, IndexError, KeyError):
        return Correction("", "")
