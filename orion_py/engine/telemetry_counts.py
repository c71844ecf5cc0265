"""What the engine does, told to telemetry in its few fixed words."""

from __future__ import annotations

from typing import Any

from orion_py.errors import OrionError
from orion_py.protocol import Event, FallbackEvent, GuardEvent, Response, TelemetryRequest
from orion_py.telemetry.telemetry import Telemetry


def all_codes() -> frozenset[str]:
    """The codes of all errors: fixed names, which say nothing about anybody."""
    found, classes = set(), [OrionError]
    while classes:
        kind = classes.pop()
        found.add(kind.code)
        classes += kind.__subclasses__()
    return frozenset(found)


def backend_kind(label: str) -> str:
    """What computes, of a label that people read: "wasm" of "WASM, 2 threads, exact"."""
    return label.partition(",")[0].strip().lower()


def count_answer(telemetry: Telemetry, response: Response) -> None:
    backend = backend_kind(response.backend)
    telemetry.event("answered", agent=response.agent, backend=backend, finish=response.finish_reason)
    for name in ("first_token", "total", "loading", "routing"):
        if name in response.timings:
            telemetry.time(name, response.timings[name])


def count_event(telemetry: Telemetry, event: Event) -> None:
    if isinstance(event, FallbackEvent):
        telemetry.event("fallback", kind=event.kind)
    elif isinstance(event, GuardEvent):
        telemetry.event("guard", decision="warn", category=event.category)


async def answer_telemetry(telemetry: Telemetry, request: TelemetryRequest) -> dict[str, Any]:
    """The payload for a ``telemetry`` message."""
    if request.action == "erase":
        await telemetry.erase()
    payload: dict[str, Any] = {"enabled": telemetry.enabled, **await telemetry.report()}
    return {**payload, "text": await telemetry.export()} if request.action == "export" else payload
