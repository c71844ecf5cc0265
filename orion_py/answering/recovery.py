"""Decides what is tried next after a model failed to answer: one pure function over ``resilience.remedies``' table.

``by_model.ModelAnswer`` executes the decision, in one loop.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from orion_py.errors import OrionError
from orion_py.resilience.remedies import AnswerRemedy, remedies_against

REPLACEMENTS = 2
"""How often an answer goes on with a new worker of the same kind before its failure is the user's to see."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One answer, between two attempts."""

    models: tuple[str, ...]
    """Ids of those left to try; the first one answers now."""
    workers: int = REPLACEMENTS
    """How often a new worker may still go on as the one before did."""
    settled: bool = False
    """Whether the model's version stays, whatever happens: it was rolled back already."""
    ended: bool = False
    """Whether the answer ends with the text that there is: nothing more is computed."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known when an attempt has failed."""

    computing: bool = False
    """Whether the model was at work on the answer, and wasn't being opened."""
    spoke: bool = False
    """Whether anything of the answer was shown. No other model or version can go on then: its tokens are others."""
    restored: bool = False
    """Whether the model had begun with rows kept earlier: they may be at fault, and not how it computes."""
    blamed: bool = False
    """Whether its failures opened the model's circuit breaker: it isn't to be tried for a while."""
    time_up: bool = False
    """Whether the request's time limit has passed."""
    useless: frozenset[AnswerRemedy] = frozenset()
    """Remedies that turned out to do nothing against this error."""


@dataclass(frozen=True, slots=True)
class Recovery:
    remedy: AnswerRemedy
    plan: Plan
    """What is tried once the remedy was applied. Where it turns out to do nothing, ``next_attempt`` is asked again
    with the plan before and the remedy among the ``useless``."""


def next_attempt(plan: Plan, error: OrionError, situation: Situation) -> Recovery | None:
    """What to try after ``plan``'s attempt ended in ``error``. None: nothing, and the error is the request's."""
    for remedy in remedies_against(error).answer:
        following = None if remedy in situation.useless else _RULES[remedy](plan, situation)
        if following is not None:
            return Recovery(remedy, following)
    return None


def _keep_text(plan: Plan, situation: Situation) -> Plan | None:
    return replace(plan, ended=True) if situation.time_up and not plan.ended else None


def _next_rung(plan: Plan, situation: Situation) -> Plan | None:
    # The ladder has an end, and what was left of it isn't tried again.
    return plan if situation.computing and not situation.restored and not situation.blamed else None


def _new_worker(plan: Plan, situation: Situation) -> Plan | None:
    if not situation.computing or situation.blamed or not plan.workers:
        return None
    return replace(plan, workers=plan.workers - 1)


def _earlier_version(plan: Plan, situation: Situation) -> Plan | None:
    return None if situation.spoke or plan.settled else Plan(plan.models, settled=True)


def _next_model(plan: Plan, situation: Situation) -> Plan | None:
    return None if situation.spoke or len(plan.models) < 2 else Plan(plan.models[1:])


_RULES: dict[AnswerRemedy, Callable[[Plan, Situation], Plan | None]] = {
    "keep_text": _keep_text,
    "next_rung": _next_rung,
    "new_worker": _new_worker,
    "earlier_version": _earlier_version,
    "next_model": _next_model,
}
