"""Describes a request as it arrives, and the services that serve it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from orion_py.agents.factory import AgentFactory
from orion_py.answering.coded import CodeRuns
from orion_py.answering.measures import Measures
from orion_py.cancellation import CancelToken
from orion_py.config import EngineConfig
from orion_py.errors import OrionError
from orion_py.protocol import Event, InferOptions, ProgressEvent
from orion_py.registry.models import ModelEntry, Registry
from orion_py.residency.manager import ModelManager
from orion_py.residency.saved_prefixes import SavedPrefixes
from orion_py.resilience.breakers import Breakers
from orion_py.resilience.request_queue import RequestQueue
from orion_py.resilience.retry import Sleep
from orion_py.routing.base import Router
from orion_py.runtime.segments import Embeddings
from orion_py.runtime.tokenizer import ChatMessage
from orion_py.safety.guard import Guard
from orion_py.telemetry.log import Logger


@dataclass(frozen=True, slots=True)
class Request:
    """``priority``: -10 to 10, the urgent first. ``embedded``: images and sounds that stand before the query, as a
    model takes them in; those of earlier turns stand in ``history``. ``runs_code``: whoever asks runs an agent's own
    code."""

    id: str
    query: str
    options: InferOptions
    history: Sequence[ChatMessage]
    locale: str
    cancel: CancelToken
    priority: int = 0
    embedded: Sequence[Embeddings] = ()
    runs_code: bool = False


@dataclass(frozen=True, slots=True)
class Services:
    """``log`` writes the request's id into each record; ``queue`` makes requests answer one after the
    other; ``before_load`` hears which model is wanted, so that what was loaded on a guess gives way.
    ``order`` puts first what can answer now; ``on_load`` calls a listener with the progress of every load,
    and returns what takes it back; ``auto_rollback``: whether a failed model goes on with the version before,
    as in ``Updates``; ``prefixes``: the read prompts that are kept; ``code_runs``: agents' own code, which answers at
    the caller's end."""

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
    router: Router
    guard: Guard
    models: ModelManager
    prefixes: SavedPrefixes
    queue: RequestQueue
    breakers: Breakers
    before_load: Callable[[str], None]
    on_load: Callable[[Callable[[ProgressEvent], None]], Callable[[], None]]
    order: Callable[[Sequence[ModelEntry]], Awaitable[list[ModelEntry]]]
    auto_rollback: Callable[[ModelEntry, OrionError], Awaitable[bool]]
