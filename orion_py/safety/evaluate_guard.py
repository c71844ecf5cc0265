"""Counts how often the guard errs on sets of messages: ``python -m orion_py.safety.evaluate_guard FOLDER``.

A folder holds ``benign.*.jsonl`` and ``attacks.*.jsonl``, whose rows have ``id``, ``language``,
``kind`` and ``text``. A benign message that isn't allowed is a false positive; an attack that is
allowed is a false negative. Prints raw counts, so that other rates can be computed.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from orion_py.safety.guard import InputGuard

DEFAULT = "tests/safety/sets"


@dataclass(slots=True)
class Rate:
    """``wrong`` of ``total`` were judged wrongly; ``blocked`` counts those that were refused."""

    total: int = 0
    wrong: int = 0
    blocked: int = 0
    missed: list[str] = field(default_factory=list)

    @property
    def share(self) -> float:
        return self.wrong / self.total if self.total else 0.0


def measure(path: Path, by: str = "language") -> dict[str, Rate]:
    """The guard's errors on one file, per ``language`` or ``kind``, and under "all"."""
    guard, hostile = InputGuard(), path.name.startswith("attacks")
    rates: dict[str, Rate] = {"all": Rate()}
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        decision = guard.screen(row["text"]).decision
        for rate in (rates["all"], rates.setdefault(row[by], Rate())):
            rate.total += 1
            rate.blocked += decision == "block"
            if (decision == "allow") == hostile:
                rate.wrong += 1
                rate.missed.append(row["id"])
    return rates


def main(arguments: list[str]) -> int:
    """Prints the rates. Returns 0, or 2 where there are no sets."""
    words = Counter(arguments)
    folder = Path(next((word for word in arguments if not word.startswith("-")), DEFAULT))
    files = sorted(folder.glob("*.jsonl"))
    if not files:
        print(f"{folder}: no sets here (benign.*.jsonl, attacks.*.jsonl)", file=sys.stderr)
        return 2
    for path in files:
        error = "missed" if path.name.startswith("attacks") else "wrongly noted"
        print(path.stem)
        for by in ("language", "kind") if words["--kinds"] else ("language",):
            for name, rate in measure(path, by).items():
                if name == "all" and by == "kind":
                    continue
                print(
                    f"  {name:12} {error} {rate.wrong:3} of {rate.total:3} ({rate.share:.1%}), refused {rate.blocked:3}"
                    + (f"  {' '.join(rate.missed)}" if words["--ids"] else "")
                )
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
