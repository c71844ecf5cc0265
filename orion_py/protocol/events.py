"""Defines what the engine tells before a request's end, or beside all requests."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from orion_py.protocol.envelope import STRICT, Event
from orion_py.protocol.replies import Routing, Status
from orion_py.protocol.vocabulary import (
    BreakerCause,
    BreakerState,
    FallbackKind,
    GuardCategory,
    MetricName,
    PhaseName,
    RevisionReason,
    SkillStep,
    StateName,
    UpgradeState,
)


class BootEvent(Event):
    """How far the engine's worker is before it takes requests: Python begins with a "snapshot" of an earlier one's
    memory or from "bytecode" (after a snapshot if that is given up), "python" runs, the "engine" does. ``ms`` since
    the worker's start. Sent by the bridge (workers/engine.js), under the id "engine"."""

    type: Literal["boot"] = "boot"
    phase: Literal["snapshot", "bytecode", "python", "engine"]
    ms: float


class BootFailed(Event):
    """The worker couldn't start the engine. Sent by the bridge, under the id "engine"."""

    type: Literal["boot-failed"] = "boot-failed"
    message: str


class StateEvent(Event):
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


class AdvanceEvent(Event):
    """How far a request is within ``state``: sent when ``progress`` (0 to 100, whole, never falling
    within a request) moves between two state events. Loading counts bytes, shards and session building;
    answering counts tokens against the answer's limit."""

    type: Literal["advance"] = "advance"
    state: StateName
    progress: int


class SenseEvent(Event):
    """A sense is at work for a request, whose models were loaded before if need be: ``vision`` looks at its pictures,
    ``speech`` hears its recordings and tells that ``done`` of ``total`` seconds (None: not known before all is decoded)
    are heard.

    ``vision`` tells that ``picture`` of ``pictures``, counted from 1, is being looked at, and that ``line`` of the
    ``lines`` of text that were found in it are read; 0 of 0 until they are found."""

    type: Literal["sense"] = "sense"
    sense: Literal["vision", "speech"]
    done: float = 0.0
    total: float | None = None
    picture: int = 0
    pictures: int = 0
    line: int = 0
    lines: int = 0


class SoundEvent(Event):
    """A sentence that is read aloud. ``text``: as it was written; ``rate``: samples a second; ``last``: none follows.
    Beside the event comes its sound, mono, F32 from -1 to 1, as a transferred Float32Array (on the page:
    web/bridge/page/samples.js)."""

    type: Literal["sound"] = "sound"
    index: int
    text: str
    rate: int
    last: bool


class SpeechStart(Event):
    """Somebody begins to speak, ``at_s`` seconds into what was sent for the Listen."""

    type: Literal["speech_start"] = "speech_start"
    at_s: float


class PartialText(Event):
    """The utterance under way as it is heard by now: ``text`` takes the place of the partial text before it, and its
    first ``settled`` characters won't change any more. A slow device makes fewer of these."""

    type: Literal["partial"] = "partial"
    text: str
    settled: int


class FinalText(Event):
    """An utterance is over, and ``text``, in place of its partial texts, is what was said; "" where it was no speech
    after all. Seconds count from the beginning of the sound."""

    type: Literal["final"] = "final"
    text: str
    language: str | None
    start_s: float
    end_s: float


class TurnEnd(Event):
    """Nobody has gone on for a while, or the sound has ended. ``text``: all utterances since the last one of these."""

    type: Literal["turn_end"] = "turn_end"
    text: str


class ShardProgress(BaseModel):
    model_config = STRICT
    sha256: str
    role: str
    size: int
    loaded: int
    state: Literal["waiting", "downloading", "stored", "loading", "loaded"]


class ProgressEvent(Event):
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
    shards: list[ShardProgress] = Field(default_factory=list)


class UpgradeEvent(Event):
    """How far what the background brings is; questions are answered meanwhile. ``purpose``: a model
    that agents prefer ("model"), or a new version of one that is here ("update").

    ``waiting`` says in ``reason_code`` for what: "busy" (a question is answered), "metered" (the line
    costs or the person saves data: only "start" begins it). ``failed`` has an error's code and words.
    """

    type: Literal["upgrade"] = "upgrade"
    model: str
    version: str
    purpose: Literal["model", "update"]
    state: UpgradeState
    loaded_bytes: int = 0
    total_bytes: int = 0
    bytes_per_second: float | None = None
    seconds_left: float | None = None
    reason_code: str = ""
    reason: str = ""


class TokenEvent(Event):
    """A piece of the answer: ``text`` is what to append. ``index`` counts pieces from 0."""

    type: Literal["token"] = "token"
    text: str
    index: int
    tokens: int
    tokens_per_second: float | None = None


class RevisionEvent(Event):
    """All that streamed so far is void; the answer is ``content`` now, and what streams next is appended
    to that. ``again``: it is tried once more from there; else it ends there. ``reason`` "loop": the model had begun to
    repeat itself, and the answer was cut back to where it did; "code": the agent's own code failed, and its prompt
    answers; "skill": the answer was checked, and what stands now is what came of it."""

    type: Literal["revision"] = "revision"
    content: str
    reason: RevisionReason = "loop"
    again: bool


class FallbackEvent(Event):
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


class CodeEvent(Event):
    """The agent that answers has code of its own, which the caller runs now (``Infer.runs_code``). What it says
    comes back as ``agent.output``. What the code asks the model is asked with this prompt and sampling."""

    type: Literal["agent.code"] = "agent.code"
    agent: str
    code: str
    prompt: str
    max_tokens: int
    temperature: float
    top_p: float
    top_k: int
    repetition_penalty: float


class SkillStepEvent(Event):
    """A skill answers in several steps, and ``step`` is the one that it takes now."""

    type: Literal["skill.step"] = "skill.step"
    step: SkillStep


class SkillCodeEvent(Event):
    """A skill wants ``code``, Python that the model wrote, run in the caller's sandbox for ``seconds`` at most
    (``Infer.runs_code``). What came of it is sent back as ``skill.ran`` with the same ``run``."""

    type: Literal["skill.code"] = "skill.code"
    run: int
    code: str
    seconds: float


class ChangedEvent(Event):
    """Parts of the status are others now: each of ``parts`` is whole, and takes the place of what was known of it.
    Sent from the first status on, once for what changes together. It says what is so now; what happened the events
    beside it say. ``queue``, ``memory``, ``metric`` and ``fallback`` are both, and no ``changed`` repeats them, except
    where a setting changed those parts."""

    type: Literal["changed"] = "changed"
    carries: ClassVar[dict[str, Any]] = {"parts": Status}
    parts: dict[str, Any]


class AgentEvent(Event):
    """A custom agent came, went, or was changed at run time."""

    type: Literal["agent"] = "agent"
    agent: str
    change: Literal["registered", "replaced", "unregistered"]


class SiteEvent(Event):
    """The list of models changed while the engine runs, by the site or in another tab: ``models`` are new,
    ``coming`` are being made."""

    type: Literal["site"] = "site"
    models: list[str]
    coming: list[str]


class GuardEvent(Event):
    """A note on the message that was let through: what it may be about, and the rules that saw it."""

    type: Literal["guard"] = "guard"
    category: GuardCategory
    rules: list[str]


class WeakEvent(Event):
    """Said before an answer: measured, few answers of ``model`` are useful for ``agent``. ``better``: a model of the
    list that does better and can be brought, "" for none."""

    type: Literal["weak"] = "weak"
    agent: str
    model: str
    better: str = ""


class LogEvent(Event):
    type: Literal["log"] = "log"
    record: dict[str, Any]


class MetricEvent(Event):
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


class BreakerEvent(Event):
    """A circuit breaker moved. ``name``: "model:<id>" or "backend:<label>". ``retry_in_s``: seconds
    until it may be tried again, 0 unless open. ``cause``: why it isn't closed; ``slow_rate``: the share of
    slow calls that it had counted."""

    type: Literal["breaker"] = "breaker"
    name: str
    state: BreakerState
    previous: BreakerState
    failures: int
    retry_in_s: float
    cause: BreakerCause | None = None
    slow_rate: float | None = None


class QueueEvent(Event):
    """Who answers and who waits. ``waiting``: ids, who comes next first. ``limit``: of those that wait."""

    type: Literal["queue"] = "queue"
    running: int
    waiting: list[str]
    limit: int | None


class PredictionEvent(Event):
    """A model was brought into memory because ``agent`` is likely to be asked next. ``hit`` and
    ``wasted`` say what the next question made of it."""

    type: Literal["prediction"] = "prediction"
    model: str
    agent: str
    probability: float
    state: Literal["started", "done", "cancelled", "failed", "hit", "wasted"]


class RouterEvent(Event):
    """Which router answers from now on: "neural" or "keyword". ``loading``: the neural one is on its way, and
    ``loaded_bytes`` of ``total_bytes`` are here."""

    type: Literal["router"] = "router"
    name: str
    corrections: int
    loading: bool = False
    loaded_bytes: int = 0
    total_bytes: int = 0


class ModelMemory(BaseModel):
    """``bytes``: measured once loaded, estimated before."""

    model_config = STRICT
    model: str
    bytes: int
    busy: bool


class MemoryEvent(Event):
    """What the models in memory take. ``evicted``: which ones just made room."""

    type: Literal["memory"] = "memory"
    used_bytes: int
    budget_bytes: int
    models: list[ModelMemory]
    evicted: list[str] = Field(default_factory=list)
