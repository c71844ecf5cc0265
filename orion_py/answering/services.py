"""Describes what a question is answered with: the parts of the engine that serve it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from orion_py.agents.factory import AgentFactory
from orion_py.answering.caller_programs import CallerPrograms
from orion_py.answering.coded import CodeRuns
from orion_py.answering.measures import Measures
from orion_py.background.model_order import Ordered
from orion_py.cancellation import CancelToken
from orion_py.config import EngineConfig
from orion_py.errors import OrionError
from orion_py.protocol import Event, ProgressEvent
from orion_py.registry.models import ModelEntry, Registry
from orion_py.residency.manager import ModelManager
from orion_py.residency.saved_prefixes import SavedPrefixes
from orion_py.resilience.breakers import Breakers
from orion_py.resilience.request_queue import RequestQueue
from orion_py.resilience.retry import Sleep
from orion_py.routing.base import Router
from orion_py.runtime.attachments import Attachments
from orion_py.runtime.base import Embedding
from orion_py.runtime.code_runner import CodeRunner
from orion_py.runtime.graphs import GraphModel
from orion_py.safety.guard import Guard
from orion_py.telemetry.log import Logger

if TYPE_CHECKING:
    from orion_py.senses.hearing.lent import Hearing
    from orion_py.senses.scenes.sight import Sight


class ModelOrder(Protocol):
    """``background.model_order.ModelOrder``."""

    async def of(self, entries: Sequence[ModelEntry]) -> Ordered:
        """Puts first what can answer now. Changes nothing."""


class Wishes(Protocol):
    """``background.upgrade.BackgroundUpgrade``."""

    async def prefer(self, found: Ordered) -> None:
        """Schedules the background download of what an agent prefers."""


class OnModelNeeded(Protocol):
    """``engine.scheduler.BackgroundScheduler``."""

    def on_model_needed(self, model_id: str) -> None:
        """Learns which model is needed now, so that a predicted load yields."""


class Loads(Protocol):
    """``engine.load_events.LoadEvents``."""

    def subscribe(self, listener: Callable[[ProgressEvent], None]) -> Callable[[], None]:
        """Calls ``listener`` with the progress of every load; returns the function that removes it."""


class Rollback(Protocol):
    """``background.updates.Updates``."""

    async def auto_rollback(self, entry: ModelEntry, error: OrionError) -> bool:
        """Whether a failed model goes on with the version before."""


@dataclass(frozen=True, slots=True)
class Services:
    """``log`` writes the request's id into each record; ``queue`` makes requests answer one after the
    other; ``prefixes``: the read prompts that are kept; ``code_runs``: agents' own code, which answers at the caller's
    end; ``programs``: what skills have the caller run, ``code_runner``: what runs them where the caller doesn't;
    ``embed``: the router's encoder, None while it isn't in memory; ``attachments``: the files that the question names;
    ``sight``: what looks at pictures, ``hearing``: what hears; None where nothing can;
    ``lend``: ``residency.senses.Senses.lent``."""

    config: EngineConfig
    clock: Callable[[], float]
    sleep: Sleep
    new_seed: Callable[[], int]
    emit: Callable[[Event], None]
    log: Logger
    measures: Measures
    registry: Registry
    agents: AgentFactory
    code_runs: CodeRuns
    programs: CallerPrograms
    code_runner: CodeRunner | None
    embed: Callable[[str], Awaitable[Embedding | None]]
    router: Router
    guard: Guard
    models: ModelManager
    prefixes: SavedPrefixes
    queue: RequestQueue
    breakers: Breakers
    background: OnModelNeeded
    loads: Loads
    order: ModelOrder
    wishes: Wishes
    versions: Rollback
    attachments: Attachments
    sight: Sight | None
    lend: Callable[[str, CancelToken], AbstractAsyncContextManager[GraphModel]]
    hearing: Hearing | None
