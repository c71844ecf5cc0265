"""Counts what the engine does in telemetry's few fixed words."""

from __future__ import annotations

from typing import ClassVar

from orion_py.engine.bus import Kinds
from orion_py.errors import Cancelled, OrionError
from orion_py.protocol import Event, FallbackEvent, GuardEvent, Response, TelemetryCounts, TelemetryRequest
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


def count_failure(telemetry: Telemetry, error: OrionError) -> None:
    if isinstance(error, Cancelled):
        telemetry.event("cancelled")
    else:
        telemetry.event("failed", code=error.code)


class TelemetrySubscriber:
    """Subscribes to the bus."""

    kinds: ClassVar[Kinds] = (FallbackEvent, GuardEvent)

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry

    def __call__(self, event: Event) -> None:
        match event:
            case FallbackEvent():
                self._telemetry.event("fallback", kind=event.kind)
            case GuardEvent():
                self._telemetry.event("guard", decision="warn", category=event.category)
            case _:
                pass


async def answer_telemetry(telemetry: Telemetry, request: TelemetryRequest) -> TelemetryCounts:
    """The payload for a ``telemetry`` message."""
    if request.action == "erase":
        await telemetry.erase()
    report = await telemetry.report()
    counts: TelemetryCounts = {"enabled": telemetry.enabled, "version": report["version"], "counts": report["counts"]}
    if request.action == "export":
        counts["text"] = await telemetry.export()
    return counts
