"""The one protocol that the page, the engine worker and embedders speak.

Every message is a JSON object with ``v`` (this version), ``id`` (the request's, chosen by whoever
asks) and ``type``. A request is answered by any number of events with its id and ends in exactly
one of ``result``, ``error`` or ``cancelled``. Events about no request in particular (a model that
hydrates in the background, the log) carry the id ``"engine"``.

    page → engine   initialize infer anticipate route teach agent.register agent.unregister preload hydrate version
                    model.inspect model.add model.remove cancel status logs telemetry configure unload shutdown
    engine → page   state advance progress hydration token revision fallback agent guard log metric breaker queue
                    prediction memory router | result error cancelled

These models are the source; ``web/protocol.schema.json`` and ``web/bridge/shared/protocol.d.ts`` are
generated from them (``python -m orion_py.protocol_schema``), and a test fails when they drift.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from orion_py.errors import ProtocolError
from orion_py.faults import first_fault

VERSION = 1
ENGINE_ID = "engine"
STRICT = ConfigDict(extra="forbid", defer_build=True)
"""Deferred: in a browser, building the schema of all messages would take a tenth of the engine's start."""

MessageId = Annotated[str, Field(min_length=1, max_length=80)]
StateName = Literal[
    "idle", "validating", "routing", "loading_agent", "inferencing", "success", "fallback", "error", "cancelled"
]
FallbackKind = Literal[
    "agent",
    "backend",
    "kernel",
    "onnxruntime",
    "simd",
    "threads",
    "cache",
    "model",
    "router",
    "context",
    "storage",
    "settings",
    "worker",
    "memory",
    "version",
]
HydrationState = Literal["waiting", "downloading", "paused", "loading", "ready", "failed", "cancelled"]
Style = Literal[
    "poem", "story", "dialogue", "slogan", "letter", "humorous", "formal", "lyrics", "description", "brainstorm"
]
PresetName = Literal["production", "development", "low_end"]
FinishReason = Literal["stop", "length", "timeout", "loop"]
GuardCategory = Literal["injection", "weapons", "minors", "violence", "self_harm"]
Granularity = Literal["token", "word", "sentence"]
MetricName = Literal[
    "first_token", "routing", "inference", "total", "pace", "tokens_per_second", "cached_tokens", "loading"
]
PhaseName = Literal["initializing", "downloading", "loading_shard", "hydrating", "ready"]


class _Message(BaseModel):
    model_config = STRICT
    v: Literal[1] = 1
    id: MessageId


DataUrl = Annotated[str, Field(pattern=r"^data:(?:image|audio)/[a-z0-9.+-]{1,40};base64,", max_length=30_000_000)]


class ChatTurn(BaseModel):
    model_config = STRICT
    role: Literal["user", "assistant"]
    content: str


class InferOptions(BaseModel):
    """What a caller may set for one answer; absent means the agent's own setting.

    temperature 0 is greedy. ``timeout`` is in seconds. ``granularity`` is the size of the pieces
    in which the answer streams, ``delay_ms`` the least pause between two of them, as on a typewriter; it
    delays what is shown, not the computing, and ``timeout`` doesn't count it. ``style`` is the
    creative agent's. ``system`` is a prompt in place of the agent's. ``images`` and ``audio`` are data
    URLs; what is attached decides who answers. ``speculation``: whether text that repeats the prompt
    is guessed ahead, absent as the configuration has it; the answer is the same either way.
    ``cut_loops``: whether an answer that goes round in circles is cut back and tried once more, or left.
    """

    model_config = STRICT
    force_agent: str | None = None
    model: str | None = None
    temperature: Annotated[float, Field(ge=0, le=5)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    top_k: Annotated[int, Field(ge=0, le=1000)] | None = None
    repetition_penalty: Annotated[float, Field(ge=0.5, le=3)] | None = None
    max_tokens: Annotated[int, Field(ge=1, le=8192)] | None = None
    stop: Annotated[list[Annotated[str, Field(min_length=1, max_length=200)]], Field(max_length=8)] = []
    seed: Annotated[int, Field(ge=0, le=2**53)] | None = None
    timeout: Annotated[float, Field(gt=0, le=3600)] | None = None
    granularity: Granularity = "token"
    delay_ms: Annotated[int, Field(ge=0, le=1000)] = 0
    style: Style | None = None
    system: Annotated[str, Field(min_length=1, max_length=4000)] | None = None
    images: Annotated[list[DataUrl], Field(max_length=4)] = []
    audio: DataUrl | None = None
    speculation: bool | None = None
    cut_loops: bool = True


# Requests


class Initialize(_Message):
    """First message. ``config`` overrides the ``preset``, by default the one that fits the device;
    ``locale`` as BCP 47. ``ahead``: the last visit's model may come into memory before it is asked for."""

    type: Literal["initialize"] = "initialize"
    ahead: bool = True
    preset: PresetName | None = None
    config: dict[str, Any] = {}
    locale: str = "en"


class Infer(_Message):
    """``priority``: what is more urgent is answered first; waiting counts too, so nothing starves."""

    type: Literal["infer"] = "infer"
    query: str
    priority: Annotated[int, Field(ge=-10, le=10)] = 0
    history: list[ChatTurn] = []
    options: InferOptions = Field(default_factory=InferOptions)


class Anticipate(_Message):
    """Somebody types: what the likely answer's prompt begins with is read ahead, in small pieces that give way to
    all else. ``draft``: what stands in the box; ``agent``: who answers if that doesn't tell yet; the rest as in
    Infer. Ends in ``{agent, model, tokens, cached, restored}``: how many tokens that beginning has, how many of
    them are read now, and how many of these came from the device."""

    type: Literal["anticipate"] = "anticipate"
    draft: Annotated[str, Field(max_length=4000)] = ""
    agent: str | None = None
    history: list[ChatTurn] = []
    options: InferOptions = Field(default_factory=InferOptions)


class Preload(_Message):
    """Brings a model (default: the recommended one) into memory before it is asked for."""

    type: Literal["preload"] = "preload"
    model: str | None = None


class Hydrate(_Message):
    """What the background brings: "start" also where the line is metered, "pause" and "resume" (kept
    across visits), or "cancel": gives it up and deletes what came of it. ``model`` None: the one under
    way. Ends in the status."""

    type: Literal["hydrate"] = "hydrate"
    action: Literal["start", "pause", "resume", "cancel"]
    model: str | None = None


class InspectModel(_Message):
    """What lies at an address (a folder's URL, a path below the page, or a Hugging Face id): ends in
    ``{"model": entry}`` with title, licence, source, bytes. Nothing but its manifest is fetched."""

    type: Literal["model.inspect"] = "model.inspect"
    address: Annotated[str, Field(min_length=1, max_length=500)]


class AddModel(_Message):
    """Adds what InspectModel showed, and keeps it on this device. Ends in the status."""

    type: Literal["model.add"] = "model.add"
    address: Annotated[str, Field(min_length=1, max_length=500)]


class RemoveModel(_Message):
    """Forgets an added model and deletes its shards. Ends in the status."""

    type: Literal["model.remove"] = "model.remove"
    model: str


class VersionRequest(_Message):
    """A model's versions: "check" asks the server for a newer one, which then comes in the background;
    "back" returns to the one kept from before. Ends in the status; its ``versions`` say what is kept."""

    type: Literal["version"] = "version"
    action: Literal["check", "back"]
    model: str


class Cancel(_Message):
    """Stops ``request``, or with None everything that is under way, loading included."""

    type: Literal["cancel"] = "cancel"
    request: str | None = None


class Status(_Message):
    type: Literal["status"] = "status"


class Logs(_Message):
    """The log so far, sanitized, as a list of records: all, or the ``most`` recent ones; with ``level``
    those from it up, with ``kind`` the measured ones, with ``request`` those of one request.

    ``follow``: True makes each further record a log event, DEBUG ones too, until False.
    """

    type: Literal["logs"] = "logs"
    most: Annotated[int, Field(ge=1)] | None = None
    level: Literal["DEBUG", "INFO", "WARN", "ERROR", "CRITICAL"] = "DEBUG"
    kind: Literal["performance", "memory"] | None = None
    request: str | None = None
    follow: bool | None = None


class TelemetryRequest(_Message):
    """The counts that are kept on the device, if telemetry is on: seen, exported or erased.

    Ends in ``{enabled, version, counts}``; ``export`` adds ``text``, the counts as JSON.
    """

    type: Literal["telemetry"] = "telemetry"
    action: Literal["get", "export", "erase"] = "get"


class Configure(_Message):
    """Changes ``config``'s fields; with ``preset`` ("auto": the one that fits the device) all others
    become that preset's."""

    type: Literal["configure"] = "configure"
    preset: PresetName | Literal["auto"] | None = None
    config: dict[str, Any] = {}


class AgentDefinition(BaseModel):
    """An agent that a person makes. ``examples``: what it is to be asked, by which questions are
    routed to it. ``code``: Python that defines ``respond``; the engine keeps it and never runs it."""

    model_config = STRICT
    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
    name: Annotated[str, Field(min_length=1, max_length=60)]
    prompt: Annotated[str, Field(min_length=1, max_length=4000)]
    examples: Annotated[list[Annotated[str, Field(min_length=1, max_length=300)]], Field(max_length=20)] = []
    code: Annotated[str, Field(max_length=20_000)] = ""
    temperature: Annotated[float, Field(ge=0, le=5)] = 0.7
    top_p: Annotated[float, Field(gt=0, le=1)] = 0.95
    top_k: Annotated[int, Field(ge=0, le=1000)] = 40
    repetition_penalty: Annotated[float, Field(ge=0.5, le=3)] = 1.0
    max_tokens: Annotated[int, Field(ge=1, le=2048)] = 512


class RegisterAgent(_Message):
    """Adds a custom agent and keeps it on this device, or replaces the custom one of its id. Ends in
    the status; its ``custom`` lists the definitions."""

    type: Literal["agent.register"] = "agent.register"
    definition: AgentDefinition


class UnregisterAgent(_Message):
    """Forgets a custom agent. Ends in the status."""

    type: Literal["agent.unregister"] = "agent.unregister"
    agent: str


class RouteRequest(_Message):
    """Which agent would answer ``query``; ends in a Routing and runs no model but the router's."""

    type: Literal["route"] = "route"
    query: str


class Teach(_Message):
    """Corrects the router on this device: ``query`` goes to ``agent``; or takes the latest correction
    or all of them back. Ends in the router's status."""

    type: Literal["teach"] = "teach"
    action: Literal["correct", "undo", "forget"] = "correct"
    query: str = ""
    agent: str = ""


class Unload(_Message):
    """Ends a model's worker (None: all). With ``forget`` its stored shards are deleted too."""

    type: Literal["unload"] = "unload"
    model: str | None = None
    forget: bool = False


class Shutdown(_Message):
    type: Literal["shutdown"] = "shutdown"


Request = Annotated[
    Initialize
    | Infer
    | Anticipate
    | RouteRequest
    | Teach
    | RegisterAgent
    | UnregisterAgent
    | Preload
    | Hydrate
    | VersionRequest
    | InspectModel
    | AddModel
    | RemoveModel
    | Cancel
    | Status
    | Logs
    | TelemetryRequest
    | Configure
    | Unload
    | Shutdown,
    Field(discriminator="type"),
]


# Events


class BootEvent(_Message):
    """How far the engine's worker is before it takes requests: Python begins with a "snapshot" of an earlier one's
    memory or from "bytecode" (after a snapshot if that is given up), "python" runs, the "engine" does. ``ms`` since
    the worker's start. Sent by the bridge (workers/engine.js), under the id "engine"."""

    type: Literal["boot"] = "boot"
    phase: Literal["snapshot", "bytecode", "python", "engine"]
    ms: float


class BootFailed(_Message):
    """The worker couldn't start the engine. Sent by the bridge, under the id "engine"."""

    type: Literal["boot-failed"] = "boot-failed"
    message: str


class Routing(BaseModel):
    """Why an agent answers. ``confidence`` is a calibrated probability or None."""

    model_config = STRICT
    agent: str
    router: str
    reason: str
    confidence: float | None = None
    probabilities: dict[str, float] | None = None
    runner_up: str | None = None


class StateEvent(_Message):
    """A transition. ``ms``: time spent in ``previous``. ``progress``: 0 to 100. ``routing``: why this
    agent, once that is decided."""

    type: Literal["state"] = "state"
    previous: StateName
    state: StateName
    ms: float
    progress: int
    agent: str | None = None
    model: str | None = None
    routing: Routing | None = None


class AdvanceEvent(_Message):
    """How far a request is within ``state``: sent when ``progress`` (0 to 100, whole, never falling
    within a request) moves between two state events. Loading counts bytes, shards and session building;
    answering counts tokens against the answer's limit."""

    type: Literal["advance"] = "advance"
    state: StateName
    progress: int


class ShardProgress(BaseModel):
    model_config = STRICT
    sha256: str
    role: str
    size: int
    loaded: int
    state: Literal["waiting", "downloading", "stored", "loading", "loaded"]


class ProgressEvent(_Message):
    """How far a model's load is. Bytes count what is needed and here, resumed ones included.

    ``bytes_per_second`` and ``seconds_left`` are measured over the last seconds, None until known.
    """

    type: Literal["progress"] = "progress"
    model: str
    version: str
    phase: PhaseName
    loaded_bytes: int
    total_bytes: int
    bytes_per_second: float | None = None
    seconds_left: float | None = None
    from_storage: bool = False
    shards: list[ShardProgress] = []


class HydrationEvent(_Message):
    """How far what the background brings is; questions are answered meanwhile. ``purpose``: a model
    that agents prefer ("model"), or a new version of one that is here ("update").

    ``waiting`` says in ``reason_code`` for what: "busy" (a question is answered), "metered" (the line
    costs or the person saves data: only "start" begins it). ``failed`` has an error's code and words.
    """

    type: Literal["hydration"] = "hydration"
    model: str
    version: str
    purpose: Literal["model", "update"]
    state: HydrationState
    loaded_bytes: int = 0
    total_bytes: int = 0
    bytes_per_second: float | None = None
    seconds_left: float | None = None
    reason_code: str = ""
    reason: str = ""


class TokenEvent(_Message):
    """A piece of the answer: ``text`` is what to append. ``index`` counts pieces from 0."""

    type: Literal["token"] = "token"
    text: str
    index: int
    tokens: int
    tokens_per_second: float | None = None


class RevisionEvent(_Message):
    """All that streamed so far is void; the answer is ``content`` now, and what streams next is appended
    to that. The model had begun to repeat itself: the answer was cut back to where it did. ``again``:
    it is tried once more from there, with other sampling; else it ends there."""

    type: Literal["revision"] = "revision"
    content: str
    reason: Literal["loop"] = "loop"
    again: bool


class FallbackEvent(_Message):
    """A step down the ladder, in plain words (``reason_code`` is an error's code)."""

    type: Literal["fallback"] = "fallback"
    kind: FallbackKind
    from_: str = Field(alias="from")
    to: str
    reason_code: str
    reason: str

    model_config = ConfigDict(**STRICT, populate_by_name=True, serialize_by_alias=True)

    @classmethod
    def step(cls, id: str, kind: FallbackKind, from_: str, to: str, code: str, reason: str) -> FallbackEvent:
        """A step from one thing ``to`` another, because of the error of that ``code``."""
        return cls(id=id, kind=kind, from_=from_, to=to, reason_code=code, reason=reason)  # type: ignore[call-arg]


class AgentEvent(_Message):
    """A custom agent came or went at run time."""

    type: Literal["agent"] = "agent"
    agent: str
    change: Literal["registered", "unregistered"]


class SiteEvent(_Message):
    """The list of models changed while the engine runs, by the site or in another tab: ``models`` are new,
    ``coming`` are being made."""

    type: Literal["site"] = "site"
    models: list[str]
    coming: list[str]


class GuardEvent(_Message):
    """A note on the message that was let through: what it may be about, and the rules that saw it."""

    type: Literal["guard"] = "guard"
    category: GuardCategory
    rules: list[str]


class LogEvent(_Message):
    type: Literal["log"] = "log"
    record: dict[str, Any]


class MetricEvent(_Message):
    """Something was measured; ``p50`` and ``p95`` are over the last ones, ``count`` says how many there
    were in all. Of an answer, under its id: first_token, routing, inference, total and, as ``pace``, what
    the circuit breaker judges (see ``EngineConfig.slow_call_s``), all in ms, tokens_per_second, and
    cached_tokens, those of its prompt that were read before it. Of a model's load, under the id "engine":
    loading, in ms."""

    type: Literal["metric"] = "metric"
    name: MetricName
    value: float
    unit: Literal["ms", "tokens/s", "tokens"]
    count: int
    p50: float
    p95: float
    slow: bool = False


class BreakerEvent(_Message):
    """A circuit breaker moved. ``name``: "model:<id>" or "backend:<label>". ``retry_in_s``: seconds
    until it may be tried again, 0 unless open. ``cause``: why it isn't closed; ``slow_rate``: the share of
    slow calls that it had counted."""

    type: Literal["breaker"] = "breaker"
    name: str
    state: Literal["closed", "open", "half_open"]
    previous: Literal["closed", "open", "half_open"]
    failures: int
    retry_in_s: float
    cause: Literal["failures", "slow"] | None = None
    slow_rate: float | None = None


class QueueEvent(_Message):
    """Who answers and who waits. ``waiting``: ids, who comes next first. ``limit``: of those that wait."""

    type: Literal["queue"] = "queue"
    running: int
    waiting: list[str]
    limit: int | None


class PredictionEvent(_Message):
    """A model was brought into memory because ``agent`` is likely to be asked next. ``hit`` and
    ``wasted`` say what the next question made of it."""

    type: Literal["prediction"] = "prediction"
    model: str
    agent: str
    probability: float
    state: Literal["started", "done", "cancelled", "failed", "hit", "wasted"]


class RouterEvent(_Message):
    """Which router answers from now on: "neural" or "keyword"."""

    type: Literal["router"] = "router"
    name: str
    corrections: int


class ModelMemory(BaseModel):
    """``bytes``: measured once loaded, estimated before."""

    model_config = STRICT
    model: str
    bytes: int
    busy: bool


class MemoryEvent(_Message):
    """What the models in memory take. ``evicted``: which ones just made room."""

    type: Literal["memory"] = "memory"
    used_bytes: int
    budget_bytes: int
    models: list[ModelMemory]
    evicted: list[str] = []


# Ends


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


class ErrorInfo(BaseModel):
    """``code`` is stable and documented in ``errors.py``; ``message`` is for people."""

    model_config = STRICT
    code: str
    message: str
    hint: str = ""
    retryable: bool = False
    detail: dict[str, Any] = {}


class Result(_Message):
    """``payload``: a Response for ``infer``; for the others see docs/architecture.md."""

    type: Literal["result"] = "result"
    payload: dict[str, Any] = {}


class Failed(_Message):
    type: Literal["error"] = "error"
    error: ErrorInfo


class CancelledEnd(_Message):
    """``partial``: the text that had streamed."""

    type: Literal["cancelled"] = "cancelled"
    partial: str = ""


Event = (
    BootEvent
    | BootFailed
    | StateEvent
    | AdvanceEvent
    | ProgressEvent
    | HydrationEvent
    | TokenEvent
    | RevisionEvent
    | FallbackEvent
    | AgentEvent
    | SiteEvent
    | GuardEvent
    | LogEvent
    | MetricEvent
    | BreakerEvent
    | QueueEvent
    | PredictionEvent
    | MemoryEvent
    | RouterEvent
)
Message = Annotated[
    Initialize
    | Infer
    | Anticipate
    | RouteRequest
    | Teach
    | RegisterAgent
    | UnregisterAgent
    | Preload
    | Hydrate
    | VersionRequest
    | InspectModel
    | AddModel
    | RemoveModel
    | Cancel
    | Status
    | Logs
    | TelemetryRequest
    | Configure
    | Unload
    | Shutdown
    | BootEvent
    | BootFailed
    | StateEvent
    | AdvanceEvent
    | ProgressEvent
    | HydrationEvent
    | TokenEvent
    | RevisionEvent
    | FallbackEvent
    | AgentEvent
    | SiteEvent
    | GuardEvent
    | LogEvent
    | MetricEvent
    | BreakerEvent
    | QueueEvent
    | PredictionEvent
    | MemoryEvent
    | RouterEvent
    | Result
    | Failed
    | CancelledEnd,
    Field(discriminator="type"),
]

_REQUESTS: dict[str, type[_Message]] = {
    model.model_fields["type"].default: model for model in get_args(get_args(Request)[0])
}


def parse_request(text: str) -> Any:
    """A request from JSON text. Raises ProtocolError, which names the field and the fault.

    The type is looked up first, so that only the schemas of requests that come are built.
    """
    try:
        tag = _type_of(text)
        return _REQUESTS[tag].model_validate_json(text)
    except KeyError as error:
        raise ProtocolError(f"type: {str(error)[:80]} is none of {', '.join(_REQUESTS)}", path="type") from error
    except ValidationError as error:
        path, fault = first_fault(error)
        path = f"{tag}.{path}" if path else tag
        raise ProtocolError(f"{path}: {fault}", path=path) from error


def _type_of(text: str) -> str:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"(top): this isn't JSON: {error}", path="(top)") from error
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        raise ProtocolError("type: a request is a JSON object with a type", path="type")
    return str(value["type"])
