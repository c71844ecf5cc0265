"""Decides what is tried next after an attempt to open a model failed: one pure function over ``resilience.remedies``'
table.

``opener.ModelOpener`` executes the decision, in one loop; ``graph_opener.GraphOpener`` does for graph models.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Generic, Protocol, TypeVar

from orion_py.errors import DownloadFailed, OrionError
from orion_py.resilience.remedies import LoadRemedy, remedies_against

LEAST_CONTEXT = 512
"""Tokens: below that a conversation isn't one."""


class Rung(Protocol):
    """One way to open a model."""

    @property
    def label(self) -> str: ...

    @property
    def files(self) -> str:
        """Which of the model's files it needs, by a name."""

    def is_futile_after(self, failed: Any, error: OrionError) -> bool:
        """Whether it would end as the rung ``failed`` did."""


R = TypeVar("R", bound=Rung)


@dataclass(frozen=True, slots=True)
class Plan(Generic[R]):
    """One load, between two attempts."""

    rungs: tuple[R, ...]
    """Left to try; the first one is tried now."""
    context: int
    """Tokens."""
    admitted: bool = False
    """Whether room was made for the first rung before it was tried."""
    evicted: bool = False
    """Whether idle models were ended for the first rung, because its memory ran out."""
    settled: bool = False
    """Whether the model's version stays, whatever happens: it was given, or is the second one already."""
    failures: tuple[str, ...] = ()
    """What became of the rungs that were left."""

    @property
    def attempt(self) -> R:
        return self.rungs[0]


@dataclass(frozen=True, slots=True)
class Situation:
    """What the device says. The last two matter where something couldn't be fetched."""

    in_memory: bool = False
    """Whether new shards are kept in memory already, instead of on the device."""
    model_here: bool = True
    """Whether all of the model that the failed attempt needs lies on the device: then it was the runner that couldn't
    be fetched."""
    whole_here: frozenset[str] = frozenset()
    """The ``Rung.files`` of which all lies on the device."""


@dataclass(frozen=True, slots=True)
class Recovery(Generic[R]):
    remedy: LoadRemedy
    plan: Plan[R]
    """What is tried once the remedy was applied. Where it turns out to do nothing, ``next_attempt`` is asked again with
    this plan and the same error."""


def next_attempt(plan: Plan[R], error: OrionError, situation: Situation) -> Recovery[R] | None:
    """What to try after ``plan``'s attempt ended in ``error``. None: nothing, and the error is the load's."""
    for remedy in remedies_against(error).load:
        following = _RULES[remedy](plan, error, situation)
        if following is not None:
            return Recovery(remedy, following)
    return None


def _evict_idle(plan: Plan[R], error: OrionError, situation: Situation) -> Plan[R] | None:
    # What wasn't admitted doesn't fit beside the models in use, and the idle ones were ended for it.
    return replace(plan, evicted=True) if plan.admitted and not plan.evicted else None


def _store_in_memory(plan: Plan[R], error: OrionError, situation: Situation) -> Plan[R] | None:
    return None if situation.in_memory else plan


def _next_rung(plan: Plan[R], error: OrionError, situation: Situation) -> Plan[R] | None:
    failed = plan.attempt
    left = [rung for rung in plan.rungs[1:] if not rung.is_futile_after(failed, error)]
    if isinstance(error, DownloadFailed) and not situation.model_here:
        left = [rung for rung in left if rung.files in situation.whole_here]
    if not left:
        return None
    failures = (*plan.failures, f"{failed.label}: {error.message}")
    return replace(plan, rungs=tuple(left), admitted=False, evicted=False, failures=failures)


def _shorter_context(plan: Plan[R], error: OrionError, situation: Situation) -> Plan[R] | None:
    context = max(plan.context // 2, LEAST_CONTEXT)
    if context >= plan.context:
        return None
    return replace(plan, context=context, admitted=False, evicted=False, failures=())


def _another_version(plan: Plan[R], error: OrionError, situation: Situation) -> Plan[R] | None:
    return None if plan.settled else replace(plan, settled=True)


_RULES: dict[LoadRemedy, Callable[[Plan[Any], OrionError, Situation], Plan[Any] | None]] = {
    "evict_idle": _evict_idle,
    "store_in_memory": _store_in_memory,
    "next_rung": _next_rung,
    "shorter_context": _shorter_context,
    "another_version": _another_version,
}
