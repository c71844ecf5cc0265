"""Chooses which models to evict so that another fits: least recently used first, by measured bytes.

A pure policy: it names, the manager ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orion_py.errors import OutOfMemory, TooLarge

MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Budget:
    """``bytes`` for all models together, and how many ``models`` at most."""

    bytes: int
    models: int


@dataclass(frozen=True, slots=True)
class Resident:
    """A model in memory, or on its way there. ``kept``: busy, pinned or otherwise not to be ended. ``counts``: towards
    the number of models; senses don't, since several serve one question."""

    model: str
    bytes: int
    kept: bool = False
    counts: bool = True


def require_room(title: str, needed: int, budget_bytes: int) -> None:
    """Raises TooLarge, with the figures, for a model that even an empty memory is too small for."""
    if needed > budget_bytes:
        raise TooLarge(
            f"{title} needs {needed / MB:.0f} MB; all models together may use {budget_bytes / MB:.0f} MB.",
            needed_bytes=needed,
            budget_bytes=budget_bytes,
        )


def require_budget(title: str, taken: int, budget_bytes: int) -> None:
    """Raises OutOfMemory where a loaded model takes more than allowed: it was admitted by the registry's figure."""
    if taken > budget_bytes:
        raise OutOfMemory(
            f"{title} takes {taken / MB:.0f} MB; all models together may use {budget_bytes / MB:.0f} MB.",
            needed_bytes=taken,
            budget_bytes=budget_bytes,
        )


def evictions(
    residents: Sequence[Resident], needed: int, budget: Budget, model: str, *, counts: bool = True
) -> list[str]:
    """The models to evict before ``model`` takes ``needed`` bytes. ``residents``: least recently used
    first, ``model`` itself not among them; ``counts`` as in ``Resident``.

    The bytes are a hard limit. The number of models is one for idle models only: what is busy
    stays, and the excess goes once it is idle.

    Raises TooLarge where even an empty memory is too small, and OutOfMemory where what must stay
    leaves too little; both with the figures.
    """
    if needed > budget.bytes:
        raise TooLarge(
            f"{model} needs {needed / MB:.0f} MB; all models together may use {budget.bytes / MB:.0f} MB.",
            model=model,
            needed_bytes=needed,
            budget_bytes=budget.bytes,
        )
    kept = sum(r.bytes for r in residents if r.kept)
    if kept + needed > budget.bytes:
        raise OutOfMemory(
            f"{model} needs {needed / MB:.0f} MB; what is in use leaves {(budget.bytes - kept) / MB:.0f} of "
            f"{budget.bytes / MB:.0f} MB.",
            model=model,
            needed_bytes=needed,
            kept_bytes=kept,
            budget_bytes=budget.bytes,
        )
    return _oldest(residents, Budget(budget.bytes - needed, budget.models - counts))


def excess(residents: Sequence[Resident], budget: Budget) -> list[str]:
    """The models to evict, of those that may be, because more is in memory than ``budget`` allows."""
    return _oldest(residents, budget)


def _oldest(residents: Sequence[Resident], room: Budget) -> list[str]:
    used, count, going = sum(r.bytes for r in residents), sum(r.counts for r in residents), []
    for resident in residents:
        if used <= room.bytes and count <= room.models:
            break
        if not resident.kept and (resident.counts or used > room.bytes):
            going.append(resident.model)
            used, count = used - resident.bytes, count - resident.counts
    return going
