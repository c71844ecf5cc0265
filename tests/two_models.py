"""A world with two models and two agents, in which time passes only when told."""

from __future__ import annotations

import asyncio
import copy
import json
from dataclasses import replace
from typing import Any

from orion_py.config import EngineConfig
from orion_py.engine.engine import Engine
from orion_py.errors import DownloadFailed, OrionError
from orion_py.manifest.manifest import Manifest
from orion_py.manifest.variants import Variant
from orion_py.protocol import Event, InferOptions
from orion_py.runtime.base import Device
from orion_py.runtime.scripted import ScriptedRuntime, ScriptedSession
from orion_py.telemetry.log import Logger
from tests.patient_clock import PatientClock
from tests.tiny import REGISTRY, World, manifest_json, says

MB = 1_000_000
BIG, SMALL = 600, 400
"""Megabytes."""


def registry() -> dict[str, Any]:
    """``conversation`` answers with "tiny"; ``scribe`` with "big"."""
    made = copy.deepcopy(REGISTRY)
    tiny, talker = made["models"][0], made["agents"][0]
    tiny["memory_bytes"] = SMALL * MB
    made["models"].append(
        tiny | {"id": "big", "title": "Big", "manifest": "models/big/manifest.json", "memory_bytes": BIG * MB}
    )
    made["agents"].append(talker | {"id": "scribe", "models": ["big"]})
    return made


class WeighingRuntime(ScriptedRuntime):
    """Reports real bytes for each model, and can be told to fail for one model alone."""

    def __init__(self, script: Any, device: Device | None = None) -> None:
        super().__init__(script, device=device)
        self.bytes: dict[str, int] = {}
        self.broken: dict[str, OrionError] = {}
        self.gates: dict[str, asyncio.Event] = {}
        """A model's load waits here."""
        self.contexts: list[int] = []
        self.opened_models: list[str] = []
        self.models: list[tuple[str, ScriptedSession]] = []

    async def open(self, manifest: Manifest, variant: Variant, threads: int, context: int) -> ScriptedSession:
        self.contexts.append(context)
        self.opened_models.append(manifest.model)
        if manifest.model in self.broken:
            raise self.broken[manifest.model]
        if manifest.model in self.gates:
            await self.gates[manifest.model].wait()
        session = await super().open(manifest, variant, threads, context)
        session.report = replace(session.report, memory_bytes=self.bytes.get(manifest.model, 0))
        self.models.append((manifest.model, session))
        return session

    def session(self, model: str) -> ScriptedSession:
        """The latest of that model."""
        return next(session for name, session in reversed(self.models) if name == model)


class TwoModels(World):
    def __init__(self, text: str = "good day", device: Device | None = None) -> None:
        super().__init__(says(text), device)
        self.time = PatientClock()
        self.runtime: WeighingRuntime = WeighingRuntime(says(text), device)
        self.texts["models.json"] = json.dumps(registry())
        self.texts["models/big/manifest.json"] = manifest_json(model="big")
        self.ports = replace(self.ports, runtime=self.runtime, clock=self.time, sleep=self.time.sleep)
        self.unreachable: set[str] = set()

    async def _fetch_text(self, path: str) -> str:
        if path in self.unreachable:
            raise DownloadFailed("HTTP 503", status=503)
        return await super()._fetch_text(path)

    def of(self, kind: type[Event]) -> list[Any]:
        """The events of that class so far."""
        return [event for event in self.events if isinstance(event, kind)]


async def engine(world: TwoModels, **config: Any) -> Engine:
    return await Engine.start(
        EngineConfig(**config), world.ports, Logger(clock=world.time), subscribers=[world.events.append]
    )


TALK = InferOptions(temperature=0, force_agent="conversation")
WRITE = InferOptions(temperature=0, force_agent="scribe")
