"""Defines the rows that a status is made of: models, agents, device, storage, versions, breakers."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

from orion_py.protocol.vocabulary import BreakerCause, BreakerState, FallbackKind, GpuState


class Bilingual(TypedDict):
    en: str
    fr: str


"""A text in both of the page's languages."""


class Sampling(TypedDict):
    temperature: float
    top_p: float
    top_k: int
    repetition_penalty: float


class ModelDescription(TypedDict):
    """A model of the site's list, with the fields of ``registry.models.ModelEntry``; from ``shards`` on those of an
    added one."""

    id: str
    title: str
    manifest: str
    tier: Literal["lite", "full", "large"]
    family: str
    licence: str
    download_bytes: int
    memory_bytes: int
    onnxruntime_memory_bytes: int | None
    languages: list[str]
    capabilities: list[str]
    weak_at: list[str]
    sampling: Sampling
    device_memory_gb: int | None
    shards: NotRequired[Literal["beside", "inside"]]
    source: NotRequired[str]
    layout: NotRequired[Literal["orion", "onnx"]]
    file: NotRequired[str]


class ModelRow(ModelDescription):
    """``offered``: whether this device may use it."""

    offered: bool


class VoiceRow(TypedDict):
    """A voice, with the fields of ``registry.models.VoiceEntry``."""

    id: str
    title: str
    language: Literal["en", "fr"]
    good_at: Bilingual


class SenseRow(TypedDict):
    """A graph model of the site's list, with the fields of ``registry.models.SenseEntry``."""

    id: str
    title: str
    manifest: str
    sense: Literal["vision", "speech", "voice"]
    voices: list[VoiceRow]
    licence: str
    download_bytes: int
    memory_bytes: int


class AbsentRow(TypedDict):
    """A model that isn't available here, and why."""

    id: str
    title: str
    reason: Bilingual
    source: str
    coming: bool
    senses: list[str]


class AgentRow(TypedDict):
    """An agent, with the fields of ``registry.models.AgentEntry``. ``usable``: its models that can be loaded;
    ``missing``: those that can't; ``custom``: made on this device."""

    id: str
    title: Bilingual
    description: Bilingual
    models: list[str]
    system: Bilingual
    temperature: float | None
    top_p: float | None
    top_k: int | None
    repetition_penalty: float | None
    max_tokens: int
    capabilities: list[str]
    available: bool
    usable: list[str]
    missing: list[AbsentRow]
    custom: bool


class CustomAgent(TypedDict):
    """An agent's definition as it was registered: ``requests.AgentDefinition``."""

    id: str
    name: str
    prompt: str
    examples: list[str]
    code: str
    temperature: float
    top_p: float
    top_k: int
    repetition_penalty: float
    max_tokens: int


class AgentGroup(TypedDict):
    id: str
    agents: list[str]


class ComingModel(TypedDict):
    id: str
    title: str


class DeviceRow(TypedDict):
    """What the machine offers, as ``runtime.base.Device`` has it."""

    threads: int
    webgpu: bool
    webgpu_reason: str
    webgpu_name: str
    webgpu_software: bool
    webgpu_features: list[str]
    webgpu_limits: dict[str, int]
    onnxruntime: str
    isolated: bool
    memory_gb: float | None
    kernel: str
    kernel_reason: str
    simd: bool


class StorageRow(TypedDict):
    """Bytes on the device. ``quota``, ``usage``: as the browser says; None where it doesn't."""

    quota: int | None
    usage: int | None
    persisted: bool
    shards: int
    shard_bytes: int
    prefix_bytes: int


class LoadedRow(TypedDict):
    """A model in memory, and what building its sessions took."""

    model: str
    version: str
    backend: str
    variant: str
    memory_bytes: int
    create_ms: float
    warmup_ms: float


class WebgpuRow(TypedDict):
    """What became of WebGPU for a model in memory, or for one session of a graph model, by name (else ""):
    ``background.webgpu_report`` has the states."""

    model: str
    session: str
    state: GpuState
    speedup: float | None
    kl: float | None
    reason: str


FallbackRow = TypedDict(
    "FallbackRow",
    {"id": str, "kind": FallbackKind, "from": str, "to": str, "reason_code": str, "reason": str},
)
"""A step down: what the fallback event said."""


class VersionRow(TypedDict):
    """The versions of a model that are kept, by name. ``probation``: whether the one in use still has to prove
    itself."""

    model: str
    current: str | None
    next: str | None
    previous: str | None
    probation: bool


class Histogram(TypedDict):
    """``count``, ``min``, ``max`` and ``mean`` of all values; percentiles of the last ones."""

    count: float
    min: float
    max: float
    mean: float
    p50: float
    p90: float
    p95: float
    p99: float


class MetricsRow(TypedDict):
    counters: dict[str, int]
    histograms: dict[str, Histogram]


class BreakerRow(TypedDict):
    """A circuit breaker's state and totals; rates and percentiles are over its window, None where that is empty."""

    state: BreakerState
    cause: BreakerCause | None
    retry_in_s: float
    slow_call_s: float | None
    p50_s: float | None
    p95_s: float | None
    failure_rate: float | None
    slow_rate: float | None
    successes: int
    failures: int
    slow: int
    ignored: int
    rejected: int
    opened: int


class QueueRow(TypedDict):
    """As in the queue event."""

    running: int
    waiting: list[str]
    limit: int | None


class LikelyAgent(TypedDict):
    agent: str
    probability: float


class PredictionRow(TypedDict):
    """What became of models that were loaded on a guess: totals, ``hit_rate`` (of those judged, None before),
    ``wasted_bytes``, and who is likely to be asked next."""

    started: int
    done: int
    cancelled: int
    failed: int
    hit: int
    wasted: int
    hit_rate: float | None
    wasted_bytes: int
    next: list[LikelyAgent]


class UpgradeRow(TypedDict):
    """``model``: the one that is to come in the background; ``event``: the last upgrade event that was sent."""

    model: str | None
    paused: bool
    enabled: bool
    event: dict[str, Any] | None


class ModelMemoryRow(TypedDict):
    model: str
    bytes: int
    busy: bool


class MemoryRow(TypedDict):
    """As in the memory event."""

    used_bytes: int
    budget_bytes: int
    models: list[ModelMemoryRow]
