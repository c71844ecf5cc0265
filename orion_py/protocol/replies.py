"""Defines what requests end in: the payload of each result, by name and type.

An answer is a model. Most other replies are TypedDicts: the engine writes them and never parses
them, mypy checks each place that makes one, and at the engine's start a class costs a fiftieth of a
model's. ``protocol.schema`` makes the JSON Schema of them all.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, is_dataclass
from typing import Any, NotRequired, TypedDict

from pydantic import BaseModel

from orion_py.protocol.envelope import STRICT
from orion_py.protocol.rows import (
    AgentGroup,
    AgentRow,
    BreakerRow,
    ComingModel,
    CustomAgent,
    DeviceRow,
    FallbackRow,
    LoadedRow,
    MemoryRow,
    MetricsRow,
    ModelDescription,
    ModelRow,
    PredictionRow,
    QueueRow,
    SenseRow,
    StorageRow,
    UpgradeRow,
    VersionRow,
    WebgpuRow,
)
from orion_py.protocol.vocabulary import FinishReason, Granularity, PresetName


class Routing(BaseModel):
    """Why an agent answers. ``confidence`` is a calibrated probability or None."""

    model_config = STRICT
    agent: str
    router: str
    reason: str
    confidence: float | None = None
    probabilities: dict[str, float] | None = None
    runner_up: str | None = None


class Usage(BaseModel):
    """Tokens. ``cached``: prompt tokens whose KV rows were still there and weren't run again.
    ``drafted``: guessed tokens that were verified beside others; ``accepted``: those that came true.
    ``cut``: tokens of loops, which were taken back and aren't part of ``completion``."""

    model_config = STRICT
    prompt: int
    cached: int
    completion: int
    drafted: int = 0
    accepted: int = 0
    cut: int = 0


class StreamStatistics(BaseModel):
    """How an answer streamed: ``pieces`` of the ``granularity``, with ``characters`` in all. Of what came
    from the model: ``tokens``, ``first_ms`` (from the beginning of the prompt's reading to the first
    token), ``ms`` (to the last one) and the rate after the first, None below two."""

    model_config = STRICT
    granularity: Granularity
    delay_ms: int
    pieces: int
    characters: int
    tokens: int
    first_ms: float | None
    ms: float
    tokens_per_second: float | None


class Response(BaseModel):
    """One answer. ``timings`` are ms per phase: validating, routing, loading, prefill, decode,
    engine (the part of decode in which the model waited for Python: sampling, messages), beside (the part in
    which Python worked while the model did: text, loops, streaming), total, and first_token (from the
    request's arrival). ``notes``: what the agent found out, such as the
    language or the result of a sum. An answer that took no model says so: ``model`` and
    ``backend`` are "calculator" or "engine", its usage is zero, and ``stream`` is None. ``loops``: how
    often the model began to repeat itself and the answer was cut back: once, and it was tried again;
    twice, and it ends there (``finish_reason`` "loop")."""

    model_config = STRICT
    content: str
    agent: str
    routing: Routing
    finish_reason: FinishReason
    usage: Usage
    timings: dict[str, float]
    tokens_per_second: float | None
    backend: str
    model: str
    model_version: str
    seed: int
    notes: dict[str, Any] = {}
    stream: StreamStatistics | None = None
    loops: int = 0


class Done(TypedDict):
    """Nothing but that it is done."""


@dataclass(frozen=True, slots=True)
class ReadAhead:
    """``tokens``: with which the likely prompt begins; ``cached``: how many of them needn't be read any more;
    ``restored``: how many of these came from the device. ``model`` "": it isn't in memory."""

    agent: str = ""
    model: str = ""
    tokens: int = 0
    cached: int = 0
    restored: int = 0


@dataclass(frozen=True, slots=True)
class RouterStatus:
    """``name``: which router answers now. ``corrections``: how many the head was re-fitted to.
    ``agents``: those it can learn to choose. ``loaded_bytes``: of the neural one, while it loads."""

    name: str
    loading: bool
    corrections: int
    problem: str | None
    agents: tuple[str, ...]
    loaded_bytes: int = 0
    total_bytes: int = 0


class WrittenDown(TypedDict):
    """What was said while the engine listened: all utterances, "" where nobody spoke. ``language``: ISO 639-1, of the
    last one. ``seconds``: how long the sound was."""

    text: str
    language: str | None
    seconds: float


class LogRecords(TypedDict):
    """``dropped``: how many older records are kept no more."""

    dropped: int
    records: list[dict[str, Any]]


class TelemetryCounts(TypedDict):
    """What is kept on the device; ``text``: the counts as JSON, where they are exported."""

    enabled: bool
    version: int
    counts: dict[str, int]
    text: NotRequired[str]


class ModelOffer(TypedDict):
    """What lies at an address, before any of it moves."""

    model: ModelDescription


class Status(TypedDict, total=False):
    """What is so now: all of it after a start and where all is asked for, else the parts that are asked for, or that
    changed (``ChangedEvent``). ``config``: each of EngineConfig's settings; ``recommended``: the model that a device of
    this class starts with; ``senses``: the models that see, hear and speak; ``coming``: models that are being made;
    ``added``: ids of models that the person added."""

    version: str
    preset: PresetName
    config: dict[str, Any]
    device: DeviceRow
    storage: StorageRow
    models: list[ModelRow]
    senses: list[SenseRow]
    groups: list[AgentGroup]
    coming: list[ComingModel]
    recommended: str | None
    added: list[str]
    agents: list[AgentRow]
    custom: list[CustomAgent]
    loaded: list[LoadedRow]
    loading: list[str]
    webgpu: list[WebgpuRow]
    fallbacks: list[FallbackRow]
    versions: list[VersionRow]
    router: RouterStatus
    metrics: MetricsRow
    breakers: dict[str, BreakerRow]
    queue: QueueRow
    predictive: PredictionRow
    upgrade: UpgradeRow
    memory: MemoryRow


class DeviceStorage(StorageRow):
    """What is on the device now."""


class Spoken(TypedDict):
    """What was read aloud. ``sounds``: how many events carried it; ``seconds``: how long they are together."""

    voice: str
    model: str
    language: str
    sounds: int
    seconds: float


class Preloaded(TypedDict):
    """``model``: which one is in memory now."""

    model: str


def payload_of(reply: Any) -> dict[str, Any]:
    """A reply as its result carries it."""
    if isinstance(reply, BaseModel):
        return reply.model_dump()
    return asdict(reply) if is_dataclass(reply) and not isinstance(reply, type) else dict(reply)
