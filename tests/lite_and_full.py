"""A world in which the one agent prefers a larger model, "big", to "tiny"; time passes only when told."""

from __future__ import annotations

import copy
import json
from typing import Any

from orion_py.manifest.manifest import Manifest
from orion_py.protocol import UpgradeEvent
from orion_py.runtime.base import Device
from orion_py.storage.memory import MemoryShardStore
from tests.tiny import REMOTE, manifest, manifest_json, sha
from tests.two_models import TwoModels, registry

BIG_WEIGHTS = [bytes([n]) * 64 for n in range(11, 15)]
NEW_WEIGHT = b"\x21" * 64


def shards_of(weights: list[bytes]) -> list[dict[str, Any]]:
    """The manifest's rows of these weights."""
    return [
        {"sha256": sha(data), "size": len(data), "role": "layers", "priority": 10 + n, "layers": [n, n + 1]}
        for n, data in enumerate(weights)
    ]


def with_weights(weights: list[bytes], **changes: Any) -> str:
    """The tiny model's manifest with other weights."""
    others = [s for s in json.loads(manifest_json())["shards"] if s["role"] != "layers"]
    return manifest_json(shards=[*others, *shards_of(weights)], **changes)


def lite_and_full() -> dict[str, Any]:
    made = copy.deepcopy(registry())
    made["models"][1]["tier"] = "full"
    made["agents"] = made["agents"][:1]
    made["agents"][0]["models"] = ["big", "tiny"]
    return made


class LiteAndFull(TwoModels):
    def __init__(self, text: str = "good day", device: Device | None = None) -> None:
        super().__init__(text, device)
        weights = {f"models/shards/{sha(data)}": data for data in (*BIG_WEIGHTS, NEW_WEIGHT)}
        self.store: MemoryShardStore
        self.store.remote = {**REMOTE, **weights}
        self.texts["models.json"] = json.dumps(lite_and_full())
        self.texts["models/big/manifest.json"] = with_weights(BIG_WEIGHTS, model="big")
        self.costly = False
        object.__setattr__(self.ports, "metered", lambda: self.costly)

    async def rests(self, seconds: float = 1.5, times: int = 4) -> None:
        """Nothing is asked for a while."""
        for _ in range(times):
            await self.time.passes(seconds)

    @property
    def upgrades(self) -> list[tuple[str, str, str]]:
        """What the background told: model, state and the code of a reason, each change once."""
        told = [(e.model, e.state, e.reason_code) for e in self.of(UpgradeEvent)]
        return [row for place, row in enumerate(told) if place == 0 or told[place - 1] != row]

    def asked_for(self, weights: list[bytes]) -> list[int]:
        """How often each of these was downloaded."""
        urls = [url for url, _ in self.store.requests]
        return [urls.count(f"models/shards/{sha(data)}") for data in weights]

    def publishes(self, weights: list[bytes], version: str, model: str = "tiny", **changes: Any) -> Manifest:
        """The server has a new version from now on."""
        text = with_weights(weights, model=model, version=version, **changes)
        self.texts[f"models/{model}/manifest.json"] = text
        return manifest(**json.loads(text))
