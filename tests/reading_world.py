"""A world on our own kernel whose agents have prompts that are worth keeping; its session counts what it reads."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from typing import Any

from orion_py.answering.reading_ahead import Draft
from orion_py.config import EngineConfig
from orion_py.engine.engine import Engine
from orion_py.protocol import InferOptions
from orion_py.runtime.base import Device
from orion_py.runtime.memory_prefixes import MemoryPrefixes
from orion_py.storage.memory import MemoryShardStore
from orion_py.telemetry.log import Logger
from tests.patient_clock import PatientClock, settled
from tests.tiny import REGISTRY, World, manifest_json, says

KERNEL = {"id": "kernel", "engine": "kernel", "backend": "wasm", "exact": False, "tolerance_kl": 0.05}
HERE = Device(threads=2, webgpu=False, webgpu_reason="none", kernel="relaxed-threads-1")
TALKER = "you talk and you keep your answers brief and kind"
SCRIBE = "you write letters and you never forget the date at the top"
SHARED = len(TALKER) + 3
"""Tokens before the question: the prompt, its turn's two marks, and the mark of the person's turn."""


class ReadingWorld(World):
    """``visit`` is another start of the page on the same device: what was kept is there, what was in memory isn't."""

    def __init__(self, text: str = "good day", device: Device = HERE, kept: World | None = None) -> None:
        super().__init__(says(text), device)
        self.time = PatientClock()
        self.prefixes: MemoryPrefixes = self.runtime.prefixes
        if kept is not None:
            self.store: MemoryShardStore = kept.store
            self.settings = kept.settings
            self.runtime.prefixes = self.prefixes = kept.runtime.prefixes
        registry: dict[str, Any] = copy.deepcopy(REGISTRY)
        talker = registry["agents"][0] | {"system": {"en": TALKER, "fr": TALKER}}
        registry["agents"] = [talker, talker | {"id": "scribe", "system": {"en": SCRIBE, "fr": SCRIBE}}]
        described = json.loads(manifest_json())
        described["variants"].append(KERNEL)
        self.texts["models.json"] = json.dumps(registry)
        self.texts["models/tiny/manifest.json"] = json.dumps(described)
        self.ports = replace(
            self.ports,
            store=self.store,
            settings=self.settings,
            prefixes=self.prefixes,
            clock=self.time,
            sleep=self.time.sleep,
        )

    async def engine(self, **config: Any) -> Engine:
        return await Engine.start(
            EngineConfig(**config), self.ports, Logger(clock=self.time), subscribers=[self.events.append]
        )

    async def rests(self, seconds: float = 1.5, times: int = 3) -> None:
        """Nothing is asked for a while."""
        for _ in range(times):
            await self.time.passes(seconds)

    @property
    def read(self) -> list[tuple[int, int]]:
        """How many tokens the latest session ran at which position, one by one."""
        return [(len(tokens), at) for tokens, at in self.runtime.sessions[-1].calls]


def visit(before: World, text: str = "good day", device: Device = HERE) -> ReadingWorld:
    return ReadingWorld(text, device, kept=before)


def draft(text: str = "", **changes: Any) -> Draft:
    fields: dict[str, Any] = {"history": (), "options": InferOptions(), "locale": "en"} | changes
    return Draft(text, **fields)


async def calm() -> None:
    """All that can go on by itself has gone on."""
    for _ in range(6):
        await settled()
