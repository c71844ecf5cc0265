"""Counts which agent tends to follow which on this device."""

from __future__ import annotations

import json
from typing import Any

DECAY = 0.9
"""What a count keeps each time that its row is counted anew: habits of twenty questions ago hardly
matter."""
PRIOR = 1.0
"""Imagined questions that went elsewhere, so that one sighting makes no certainty."""
MOST = 64
LONGEST_ID = 80


class AgentSequence:
    """Counts with exponential decay. ``probability`` is an agent's share of the counts, prior included."""

    def __init__(self) -> None:
        self._counts: dict[str, dict[str, float]] = {}

    def observe(self, previous: str, following: str) -> None:
        row = self._counts[previous] = self._counts.pop(previous, {})
        for agent in row:
            row[agent] *= DECAY
        row[following] = row.get(following, 0.0) + 1.0
        if len(row) > MOST:
            del row[min(row, key=row.__getitem__)]
        if len(self._counts) > MOST:
            del self._counts[next(iter(self._counts))]  # the one unused for longest

    def probability(self, previous: str, following: str) -> float:
        row = self._counts.get(previous, {})
        return row.get(following, 0.0) / (sum(row.values()) + PRIOR)

    def following(self, previous: str) -> list[tuple[str, float]]:
        """Agents with their probabilities, likeliest first."""
        ranked = [(agent, self.probability(previous, agent)) for agent in self._counts.get(previous, {})]
        return sorted(ranked, key=lambda pair: -pair[1])

    def export(self) -> str:
        """As JSON text with a version."""
        rows = {a: {b: round(n, 6) for b, n in row.items()} for a, row in self._counts.items()}
        return json.dumps({"version": 1, "counts": rows})

    def restore(self, text: str | None) -> None:
        """Continues from the text that ``export`` gave. Ignores rows that aren't valid."""
        try:
            kept = json.loads(text) if text else None
        except (ValueError, RecursionError):
            return
        if not isinstance(kept, dict) or kept.get("version") != 1 or not isinstance(kept.get("counts"), dict):
            return
        for agent, row in list(kept["counts"].items())[:MOST]:
            if len(agent) <= LONGEST_ID and isinstance(row, dict):
                counts = {b: float(n) for b, n in list(row.items())[:MOST] if len(b) <= LONGEST_ID and _is_count(n)}
                if counts:
                    self._counts[agent] = counts


def _is_count(value: Any) -> bool:
    """A decayed count stays below 1 / (1 - DECAY)."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1 / (1 - DECAY)
