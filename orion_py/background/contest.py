"""Decides whether a GPU computes what the processor computes now: only where it is right and faster.

What is tried is a ``Contest``: a decoder on one variant (``background.webgpu_trial``), or sessions of a graph model
(``background.session_trial``), each with a verdict of its own. It runs while nothing is asked, beside the model that
already answers, and the verdict is kept, so that a later visit starts on the winner at once. It ends as soon as
something is asked. Only what the GPU itself did wrong is a verdict: after a failed download, a full disk or a question
that came in between, the trial is made again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from orion_py.cancellation import CancelToken
from orion_py.errors import Cancelled, LoadError, OrionError, Unavailable, WorkerDied, from_code
from orion_py.residency.manager import Loaded, ModelManager
from orion_py.telemetry.log import Logger

CLEARLY_FASTER = 1.15
"""Switching has a cost and timings are noisy: a tie stays where it is."""
PATIENCE_S = 20.0
"""A GPU that takes so long for one step, the compilation of its pipelines included, isn't faster."""
_PASSING = (LoadError, Unavailable, WorkerDied, Cancelled)
"""What says nothing of the GPU: another time it may go well."""

M = TypeVar("M", bound=Loaded)
M_co = TypeVar("M_co", bound=Loaded, covariant=True)
TakeOver = Callable[[M, M], Awaitable[bool]]
"""``take_over(old, new)``: whether ``new`` serves in place of ``old`` from now on."""


@dataclass(frozen=True, slots=True)
class TrialResult:
    """Seconds on either backend: of a decode step (median), or of a session's golden runs."""

    gpu_step: float
    wasm_step: float

    @property
    def speedup(self) -> float:
        return self.wasm_step / self.gpu_step

    @property
    def preferred(self) -> bool:
        return self.speedup >= CLEARLY_FASTER


Outcomes = Mapping[str, TrialResult | OrionError]
"""By what was tried: its times, or how the GPU failed."""


def passes(error: OrionError) -> bool:
    """Whether a trial that ended in ``error`` is worth another."""
    return isinstance(error, _PASSING)


def known_to_fail(verdict: Mapping[str, Any]) -> bool:
    """Whether a kept verdict says how the GPU failed, and not what says nothing of it, which earlier versions kept."""
    reason = verdict.get("reason")
    return not (isinstance(reason, str) and passes(from_code(reason)))


class Contest(Protocol[M_co]):
    """What of one model in memory a GPU may compute better."""

    @property
    def model_id(self) -> str: ...

    @property
    def serves(self) -> M_co:
        """What answers now."""

    @property
    def needed_bytes(self) -> int:
        """That the copy will take."""

    async def untried(self) -> Sequence[str]:
        """What nothing is known of yet."""

    async def run(self, tried: Sequence[str], cancel: CancelToken) -> tuple[M_co | None, Outcomes]:
        """Opens a copy beside and times it. The copy is what may take over, as it would serve; None: it is closed.
        Raises what says nothing of the GPU: then no copy is left."""

    async def keep(self, what: str, **facts: Any) -> None:
        """Adds to the verdict."""


async def decide(
    contest: Contest[M],
    manager: ModelManager,
    log: Logger,
    cancel: CancelToken,
    take_over: TakeOver[M],
    on_decided: Callable[[], None] = lambda: None,
) -> Outcomes | None:
    """Has what wins serve from now on.

    None when there is nothing to try, when a verdict is known, when the trial was called off (``cancel``), or when it
    ended in what says nothing of the GPU, which is a log line and never an error: the page works as it did.
    ``on_decided`` is called when all is measured, so that calling off would only lose what is known.
    """
    tried, serves, memory = await contest.untried(), contest.serves, manager.memory()
    if not tried:
        return None
    if memory.used_bytes + contest.needed_bytes > memory.budget_bytes:
        log.info("webgpu trial put off", model=contest.model_id, code="out_of_memory")
        return None
    try:
        copy, outcomes = await contest.run(tried, cancel)
    except OrionError as error:
        log.info("webgpu trial put off", model=contest.model_id, code=error.code, message=error.message)
        return None
    on_decided()
    for what, outcome in outcomes.items():
        await _kept(contest, what, outcome, log)
    if copy is None:
        return outcomes or None
    wins = any(isinstance(outcome, TrialResult) and outcome.preferred for outcome in outcomes.values())
    served = False
    try:
        served = wins and await take_over(serves, copy)
    except OrionError as error:  # such as the engine's end before the winner's turn came
        log.info("webgpu trial put off", model=contest.model_id, code=error.code)
    finally:
        if not served:
            await copy.close()
    return outcomes or None


async def _kept(contest: Contest[M], what: str, outcome: TrialResult | OrionError, log: Logger) -> None:
    if isinstance(outcome, OrionError):
        facts = {"model": contest.model_id, "what": what, "code": outcome.code, "message": outcome.message}
        log.warn("webgpu trial failed", **facts)
        await contest.keep(what, preferred=False, reason=outcome.code)
        return
    speedup, preferred = outcome.speedup, outcome.preferred
    log.info("webgpu trial", model=contest.model_id, what=what, speedup=round(speedup, 2), preferred=preferred)
    await contest.keep(what, preferred=preferred, speedup=speedup, reason="")
