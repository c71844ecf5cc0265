"""Defines what the page asks of the engine; each class names the reply that its result carries.

What a request changes of the status is sent as events before its end; its reply doesn't repeat it.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, Field

from orion_py.protocol import replies
from orion_py.protocol.envelope import STRICT, Request
from orion_py.protocol.vocabulary import CodeEnd, Granularity, PresetName, RunEnd, Section, Style

AttachmentId = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""The SHA-256 of a file that was handed to the engine beside the request."""


class ChatTurn(BaseModel):
    model_config = STRICT
    role: Literal["user", "assistant"]
    content: str


class InferOptions(BaseModel):
    """What a caller may set for one answer; absent means the agent's own setting.

    temperature 0 is greedy. ``timeout`` is in seconds. ``granularity`` is the size of the pieces
    in which the answer streams, ``delay_ms`` the least pause between two of them, as on a typewriter; it
    delays what is shown, not the computing, and ``timeout`` doesn't count it. ``style`` is the
    creative agent's. ``system`` is a prompt in place of the agent's. ``images`` and ``audio`` name
    files by their SHA-256, which were handed in before; what is attached decides who answers. ``earlier_images`` are
    those of the question before, if it had any and this one has none: they are looked at if this question is about
    them, which ``notes["pictures"]`` of the response then says. ``speculation``:
    whether text that repeats the prompt is guessed ahead, absent as the configuration has it; the answer is the same
    either way.
    ``cut_loops``: whether an answer that goes round in circles is cut back and tried once more, or left. Where it is
    False nothing that streamed is ever taken back, and no skill checks the answer either.
    """

    model_config = STRICT
    force_agent: str | None = None
    model: str | None = None
    temperature: Annotated[float, Field(ge=0, le=5)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    top_k: Annotated[int, Field(ge=0, le=1000)] | None = None
    repetition_penalty: Annotated[float, Field(ge=0.5, le=3)] | None = None
    max_tokens: Annotated[int, Field(ge=1, le=8192)] | None = None
    stop: Annotated[list[Annotated[str, Field(min_length=1, max_length=200)]], Field(max_length=8)] = Field(
        default_factory=list
    )
    seed: Annotated[int, Field(ge=0, le=2**53)] | None = None
    timeout: Annotated[float, Field(gt=0, le=3600)] | None = None
    granularity: Granularity = "token"
    delay_ms: Annotated[int, Field(ge=0, le=1000)] = 0
    style: Style | None = None
    system: Annotated[str, Field(min_length=1, max_length=4000)] | None = None
    images: Annotated[list[AttachmentId], Field(max_length=4)] = []
    audio: Annotated[list[AttachmentId], Field(max_length=4)] = []
    earlier_images: Annotated[list[AttachmentId], Field(max_length=4)] = []
    speculation: bool | None = None
    cut_loops: bool = True


class Initialize(Request):
    """First message. ``config`` overrides the ``preset``, by default the one that fits the device. ``ahead``: the
    last visit's model may come into memory before it is asked for."""

    type: Literal["initialize"] = "initialize"
    reply: ClassVar = replies.Status
    ahead: bool = True
    preset: PresetName | None = None
    config: dict[str, Any] = Field(default_factory=dict)


class Infer(Request):
    """``locale``: the person's language, as BCP 47. ``priority``: what is more urgent is answered first; waiting counts
    too, so nothing starves. ``runs_code``: the caller runs an agent's own code when it gets ``agent.code`` (otherwise
    the agent's prompt answers), and what a skill wants run when it gets ``skill.code``."""

    type: Literal["infer"] = "infer"
    reply: ClassVar = replies.Response
    query: str
    locale: str = "en"
    priority: Annotated[int, Field(ge=-10, le=10)] = 0
    history: list[ChatTurn] = Field(default_factory=list)
    options: InferOptions = Field(default_factory=InferOptions)
    runs_code: bool = False


class Speak(Request):
    """Reads ``text`` aloud: a ``sound`` event for each sentence, the first as soon as it is there. ``language``: that
    of the text, None: it is found out. ``voice``: an id, None: the language's own. ``speed``: 1 is the voice's usual.
    ``ahead``: the voice only comes into memory, for a text that isn't there yet. Ends in ``unknown_model`` where the
    site has no voice."""

    type: Literal["speak"] = "speak"
    reply: ClassVar = replies.Spoken
    text: str
    language: Literal["en", "fr"] | None = None
    voice: Annotated[str, Field(max_length=40)] | None = None
    speed: Annotated[float, Field(ge=0.5, le=2)] = 1.0
    ahead: bool = False


class CodeOutput(Request):
    """What the code of the agent that answers ``request`` said: ``text`` is what to append. ``end``: it is "done", or
    it "failed" or took too much "time", and the agent's prompt is to answer. Late output concerns nobody."""

    type: Literal["agent.output"] = "agent.output"
    reply: ClassVar = replies.Done
    request: str
    text: Annotated[str, Field(max_length=200_000)] = ""
    end: CodeEnd | None = None


class SkillRan(Request):
    """What came of the program ``run`` that a skill of ``request`` wanted run (``skill.code``): what it printed, how it
    ended, and the last line of its traceback. A late one concerns nobody."""

    type: Literal["skill.ran"] = "skill.ran"
    reply: ClassVar = replies.Done
    request: str
    run: int
    output: Annotated[str, Field(max_length=200_000)] = ""
    end: RunEnd
    error: Annotated[str, Field(max_length=2000)] = ""


class Anticipate(Request):
    """Reports that somebody types. The engine reads ahead how the likely answer's prompt begins, in small pieces
    that give way to everything else. ``draft``: the text in the box; ``agent``: who answers if the draft doesn't
    decide it yet; the rest as in Infer."""

    type: Literal["anticipate"] = "anticipate"
    reply: ClassVar = replies.ReadAhead
    draft: Annotated[str, Field(max_length=4000)] = ""
    locale: str = "en"
    agent: str | None = None
    history: list[ChatTurn] = Field(default_factory=list)
    options: InferOptions = Field(default_factory=InferOptions)


class Listen(Request):
    """Writes down what somebody says while they say it; the models that hear come into memory first. The sound comes
    beside it as blocks, which in a browser are messages {type: "samples", id, samples: Float32Array}: the request's id,
    and one channel of 16,000 samples a second. It ends with HeardAll, and the utterance under way is still written
    down; Cancel drops that. ``language``: ISO 639-1 such as "fr"; without one it is found out. ``likely``: those that
    the person may speak, since a word or two alone sound like words of many languages; [] for all.
    """

    type: Literal["listen"] = "listen"
    reply: ClassVar = replies.WrittenDown
    language: Annotated[str, Field(max_length=35)] | None = None
    likely: Annotated[list[Annotated[str, Field(max_length=35)]], Field(max_length=20)] = Field(default_factory=list)


class HeardAll(Request):
    """All that is recorded for ``request``, a Listen, has been sent."""

    type: Literal["heard_all"] = "heard_all"
    reply: ClassVar = replies.Done
    request: str


class Preload(Request):
    """Brings a model (default: the recommended one) into memory before it is asked for."""

    type: Literal["preload"] = "preload"
    reply: ClassVar = replies.Preloaded
    model: str | None = None


class ControlUpgrade(Request):
    """What the background brings: "start" also where the line is metered, "pause" and "resume" (kept
    across visits), or "cancel": gives it up and deletes what came of it. ``model`` None: the one under
    way."""

    type: Literal["upgrade.control"] = "upgrade.control"
    reply: ClassVar = replies.Done
    action: Literal["start", "pause", "resume", "cancel"]
    model: str | None = None


class InspectModel(Request):
    """What lies at an address (a folder's URL, a path below the page, or a Hugging Face id). Nothing but
    its manifest is fetched."""

    type: Literal["model.inspect"] = "model.inspect"
    reply: ClassVar = replies.ModelOffer
    address: Annotated[str, Field(min_length=1, max_length=500)]


class AddModel(Request):
    """Adds what InspectModel showed, and keeps it on this device."""

    type: Literal["model.add"] = "model.add"
    reply: ClassVar = replies.Done
    address: Annotated[str, Field(min_length=1, max_length=500)]


class RemoveModel(Request):
    """Forgets an added model and deletes its shards."""

    type: Literal["model.remove"] = "model.remove"
    reply: ClassVar = replies.Done
    model: str


class VersionRequest(Request):
    """A model's versions: "check" asks the server for a newer one, which then comes in the background;
    "back" returns to the one kept from before. The status's ``versions`` say what is kept."""

    type: Literal["version"] = "version"
    reply: ClassVar = replies.Done
    action: Literal["check", "back"]
    model: str


class Cancel(Request):
    """Stops ``request``, or with None everything that is under way, loading included."""

    type: Literal["cancel"] = "cancel"
    reply: ClassVar = replies.Done
    request: str | None = None


class StatusRequest(Request):
    """What is so now: the parts named in ``only``, or all. A caller that got the end of ``initialize`` and
    all events since has it already."""

    type: Literal["status"] = "status"
    reply: ClassVar = replies.Status
    only: list[Section] = Field(default_factory=list)


class StorageRequest(Request):
    """What is on the device. It has to be read from there, so no event reports it."""

    type: Literal["storage"] = "storage"
    reply: ClassVar = replies.DeviceStorage


class Ping(Request):
    """Checks that the engine is alive: it ends at once."""

    type: Literal["ping"] = "ping"
    reply: ClassVar = replies.Done


class Logs(Request):
    """The log so far, sanitized, as a list of records: all, or the ``most`` recent ones; with ``level``
    those from it up, with ``kind`` the measured ones, with ``request`` those of one request.

    ``follow``: True makes each further record a log event, DEBUG ones too, until False.
    """

    type: Literal["logs"] = "logs"
    reply: ClassVar = replies.LogRecords
    most: Annotated[int, Field(ge=1)] | None = None
    level: Literal["DEBUG", "INFO", "WARN", "ERROR", "CRITICAL"] = "DEBUG"
    kind: Literal["performance", "memory"] | None = None
    request: str | None = None
    follow: bool | None = None


class TelemetryRequest(Request):
    """The counts that are kept on the device, if telemetry is on: seen, exported or erased."""

    type: Literal["telemetry"] = "telemetry"
    reply: ClassVar = replies.TelemetryCounts
    action: Literal["get", "export", "erase"] = "get"


class Configure(Request):
    """Changes ``config``'s fields; with ``preset`` ("auto": the one that fits the device) all others
    become that preset's."""

    type: Literal["configure"] = "configure"
    reply: ClassVar = replies.Done
    preset: PresetName | Literal["auto"] | None = None
    config: dict[str, Any] = Field(default_factory=dict)


class AgentDefinition(BaseModel):
    """An agent that a person makes. ``examples``: what it is to be asked, by which questions are
    routed to it. ``code``: Python that defines ``respond``; the engine keeps it and never runs it."""

    model_config = STRICT
    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
    name: Annotated[str, Field(min_length=1, max_length=60)]
    prompt: Annotated[str, Field(min_length=1, max_length=4000)]
    examples: Annotated[list[Annotated[str, Field(min_length=1, max_length=300)]], Field(max_length=20)] = Field(
        default_factory=list
    )
    code: Annotated[str, Field(max_length=20_000)] = ""
    temperature: Annotated[float, Field(ge=0, le=5)] = 0.7
    top_p: Annotated[float, Field(gt=0, le=1)] = 0.95
    top_k: Annotated[int, Field(ge=0, le=1000)] = 40
    repetition_penalty: Annotated[float, Field(ge=0.5, le=3)] = 1.0
    max_tokens: Annotated[int, Field(ge=1, le=2048)] = 512


class RegisterAgent(Request):
    """Adds a custom agent and keeps it on this device, or replaces the custom one of its id."""

    type: Literal["agent.register"] = "agent.register"
    reply: ClassVar = replies.Done
    definition: AgentDefinition


class UnregisterAgent(Request):
    """Forgets a custom agent."""

    type: Literal["agent.unregister"] = "agent.unregister"
    reply: ClassVar = replies.Done
    agent: str


class RouteRequest(Request):
    """Which agent would answer ``query``; runs no model but the router's."""

    type: Literal["route"] = "route"
    reply: ClassVar = replies.Routing
    query: str
    locale: str = "en"


class Teach(Request):
    """Corrects the router on this device: ``query`` goes to ``agent``; or takes the latest correction
    or all of them back."""

    type: Literal["teach"] = "teach"
    reply: ClassVar = replies.Done
    action: Literal["correct", "undo", "forget"] = "correct"
    query: str = ""
    agent: str = ""


class Unload(Request):
    """Ends a model's worker (None: all). With ``forget`` its stored shards are deleted too."""

    type: Literal["unload"] = "unload"
    reply: ClassVar = replies.Done
    model: str | None = None
    forget: bool = False


class Shutdown(Request):
    type: Literal["shutdown"] = "shutdown"
    reply: ClassVar = replies.Done
