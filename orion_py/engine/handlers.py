"""Answers requests: one function for each class of request, and the table that finds it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orion_py.answering.reading_ahead import Draft
from orion_py.answering.response import routing_of
from orion_py.cancellation import CancelToken, until_cancelled
from orion_py.engine.engine import Engine
from orion_py.engine.listening import written_down
from orion_py.engine.status import model_description, status_of, storage_row
from orion_py.engine.telemetry_subscriber import answer_telemetry
from orion_py.errors import InvalidInput, UnknownModel
from orion_py.ports import Ports
from orion_py.protocol import (
    AddModel,
    Anticipate,
    ChatTurn,
    CodeOutput,
    Configure,
    ControlUpgrade,
    DeviceStorage,
    Done,
    Event,
    HeardAll,
    Infer,
    InspectModel,
    Listen,
    ModelOffer,
    Ping,
    Preload,
    Preloaded,
    ReadAhead,
    RegisterAgent,
    RemoveModel,
    Request,
    Response,
    RouteRequest,
    Routing,
    SkillRan,
    SoundEvent,
    Speak,
    Spoken,
    Status,
    StatusRequest,
    StorageRequest,
    Teach,
    TelemetryCounts,
    TelemetryRequest,
    Unload,
    UnregisterAgent,
    VersionRequest,
    WrittenDown,
)
from orion_py.runtime.code_runner import MOST_OUTPUT, Ran
from orion_py.runtime.tokenizer import ChatMessage
from orion_py.senses.speaking.lent import LentVoice, Wish, chosen

if TYPE_CHECKING:
    from orion_py.senses.speaking.voices import Samples


SendSound = Callable[[SoundEvent, "Samples"], None]


@dataclass(frozen=True, slots=True)
class Call:
    """What a handler needs to answer a request. ``cancel``: set when the caller no longer wants the answer.
    ``send_changes``: sends what changed of the status; ``send`` an event of this request alone, ``send_sound`` one with
    its samples beside it, None: the host carries no sound."""

    engine: Engine
    ports: Ports
    cancel: CancelToken
    send_changes: Callable[[], Awaitable[None]]
    send: Callable[[Event], None]
    send_sound: SendSound | None

    async def done(self) -> Done:
        """The end of a request that changed something: the caller has got the changes by then."""
        await self.send_changes()
        return {}


async def infer(request: Infer, call: Call) -> Response:
    return await call.engine.infer(
        request.query,
        request.options,
        _messages(request.history),
        locale=request.locale,
        request_id=request.id,
        cancel=call.cancel,
        priority=request.priority,
        runs_code=request.runs_code,
    )


async def code_output(request: CodeOutput, call: Call) -> Done:
    call.engine.code_output(request.request, request.text, request.end)
    return {}


async def skill_ran(request: SkillRan, call: Call) -> Done:
    call.engine.skill_ran(request.request, request.run, Ran(request.output[:MOST_OUTPUT], request.end, request.error))
    return {}


async def listen(request: Listen, call: Call) -> WrittenDown:
    """Raises as ``Hearing.ears`` and ``written_down``; UnknownModel where nothing hears."""
    if call.ports.hearing is None:
        raise UnknownModel("Nothing here hears.")
    sound = call.ports.live_sound.stream(request.id)
    async with call.ports.hearing(call.engine.senses.lent).ears(call.cancel) as ears:
        return await written_down(request.id, ears, sound, request.language, call.send, call.cancel, request.likely)


async def heard_all(request: HeardAll, call: Call) -> Done:
    call.ports.live_sound.end(request.request)
    return {}


async def anticipate(request: Anticipate, call: Call) -> ReadAhead:
    draft = Draft(request.draft, _messages(request.history), request.options, request.locale, request.agent)
    return await call.engine.read_ahead(draft, call.cancel)


async def speak(request: Speak, call: Call) -> Spoken:
    if call.send_sound is None:
        raise InvalidInput("This engine's host carries no sound.")
    wish, count, seconds = Wish(request.text, request.language, request.voice, request.speed), 0, 0.0
    lent = LentVoice(call.engine.senses.lent)
    if request.ahead:
        voice = await lent.prepare(wish, call.cancel)
        return Spoken(voice=voice.id, model=voice.model, language=voice.language, sounds=0, seconds=0.0)
    async with aclosing(lent.speak(wish, call.cancel)) as sounds:
        async for sound in sounds:
            event = SoundEvent(id=request.id, index=sound.index, text=sound.text, rate=sound.rate, last=sound.last)
            call.send_sound(event, sound.samples)
            count, seconds = count + 1, seconds + len(sound.samples) / sound.rate
    voice = chosen(wish)
    return Spoken(voice=voice.id, model=voice.model, language=voice.language, sounds=count, seconds=round(seconds, 3))


async def route(request: RouteRequest, call: Call) -> Routing:
    return routing_of(await until_cancelled(call.engine.router.route(request.query, request.locale), call.cancel))


async def teach(request: Teach, call: Call) -> Done:
    await call.engine.teach(request.action, request.query, request.agent)
    return await call.done()


async def register_agent(request: RegisterAgent, call: Call) -> Done:
    await call.engine.register_agent(request.definition)
    return await call.done()


async def unregister_agent(request: UnregisterAgent, call: Call) -> Done:
    await call.engine.unregister_agent(request.agent)
    return await call.done()


async def preload(request: Preload, call: Call) -> Preloaded:
    model = await call.engine.preload(request.model, call.cancel)
    await call.send_changes()
    return {"model": model}


async def control_upgrade(request: ControlUpgrade, call: Call) -> Done:
    await call.engine.control_upgrade(request.action, request.model)
    return await call.done()


async def version(request: VersionRequest, call: Call) -> Done:
    if request.action == "check":
        await call.engine.check_version(request.model)
    else:
        await call.engine.rollback(request.model, call.cancel)
    return await call.done()


async def inspect_model(request: InspectModel, call: Call) -> ModelOffer:
    return {"model": model_description(await call.engine.inspect_model(request.address, call.cancel))}


async def add_model(request: AddModel, call: Call) -> Done:
    await call.engine.add_model(request.address, call.cancel)
    return await call.done()


async def remove_model(request: RemoveModel, call: Call) -> Done:
    await call.engine.remove_model(request.model)
    return await call.done()


async def status(request: StatusRequest, call: Call) -> Status:
    return await status_of(call.engine, call.ports, request.only)


async def storage(request: StorageRequest, call: Call) -> DeviceStorage:
    return await storage_row(call.engine, call.ports)


async def ping(request: Ping, call: Call) -> Done:
    return {}


async def configure(request: Configure, call: Call) -> Done:
    await call.engine.reconfigure(request.preset, request.config)
    return await call.done()


async def telemetry(request: TelemetryRequest, call: Call) -> TelemetryCounts:
    return await answer_telemetry(call.engine.telemetry, request)


async def unload(request: Unload, call: Call) -> Done:
    await call.engine.models.unload(request.model)
    if request.forget:
        await call.engine.forget(request.model)
    return await call.done()


def _messages(history: list[ChatTurn]) -> list[ChatMessage]:
    return [{"role": turn.role, "content": turn.content} for turn in history]


HANDLERS: dict[type[Request], Callable[[Any, Call], Awaitable[Any]]] = {
    Infer: infer,
    CodeOutput: code_output,
    SkillRan: skill_ran,
    Listen: listen,
    HeardAll: heard_all,
    Anticipate: anticipate,
    Speak: speak,
    RouteRequest: route,
    Teach: teach,
    RegisterAgent: register_agent,
    UnregisterAgent: unregister_agent,
    Preload: preload,
    ControlUpgrade: control_upgrade,
    VersionRequest: version,
    InspectModel: inspect_model,
    AddModel: add_model,
    RemoveModel: remove_model,
    StatusRequest: status,
    StorageRequest: storage,
    Ping: ping,
    Configure: configure,
    TelemetryRequest: telemetry,
    Unload: unload,
}
"""The requests that an engine answers. The host answers those about its own life and its own listeners."""
