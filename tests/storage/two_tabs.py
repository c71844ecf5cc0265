"""Builds two engines over one store and one site, as two tabs are."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from orion_py.engine.engine import Engine
from orion_py.protocol import AgentDefinition, InferOptions
from orion_py.storage.tabs import Hall, HallTab
from tests.lite_and_full import BIG_WEIGHTS, LiteAndFull, with_weights
from tests.patient_clock import settled
from tests.tiny import sha
from tests.two_models import engine

GREEDY = InferOptions(temperature=0)
MINE = "elsewhere/mine/"
WITH_MINE = InferOptions(temperature=0, model="mine")


class Tab(LiteAndFull):
    """One of several over the same device and the same site."""

    def __init__(self, hall: Hall, first: Tab | None = None) -> None:
        super().__init__()
        self.tab: HallTab = hall.tab()
        if first is not None:
            self.store, self.settings, self.time, self.texts = first.store, first.settings, first.time, first.texts
        self.texts[f"{MINE}manifest.json"] = with_weights(BIG_WEIGHTS, model="mine")
        self.store.remote |= {f"{MINE}shards/{sha(data)}": data for data in BIG_WEIGHTS}
        self.store.remote |= {
            f"elsewhere/shards/{url.rpartition('/')[2]}": data for url, data in self.store.remote.items()
        }
        self.ports = replace(
            self.ports,
            tabs=self.tab,
            store=self.store,
            settings=self.settings,
            clock=self.time,
            sleep=self.time.sleep,
            fetch_text=self._fetch_text,
        )

    def dies(self) -> None:
        """The browser ends it: nothing of it runs any more."""
        self.tab.leave()


async def two(**config: Any) -> tuple[Tab, Engine, Tab, Engine]:
    hall = Hall()
    a = Tab(hall)
    made_a = await engine(a, **config)
    await settled()
    b = Tab(hall, a)
    made_b = await engine(b, **config)
    await settled()
    return a, made_a, b, made_b


def agent(name: str) -> AgentDefinition:
    return AgentDefinition(id=name, name=name, prompt="You shake drinks.")


def held(tab: Tab, weight: bytes) -> asyncio.Event:
    """From now on that shard's download waits for the event, in whichever tab."""
    gate, fetch = asyncio.Event(), tab.store.fetch

    async def slow(url: str, sha256: str, size: int, on_bytes: Any, cancel: Any) -> None:
        if sha256 == sha(weight):
            await gate.wait()
            cancel.raise_if_cancelled()
        await fetch(url, sha256, size, on_bytes, cancel)

    tab.store.fetch = slow
    return gate
