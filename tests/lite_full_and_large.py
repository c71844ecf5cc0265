"""A world in which the one agent prefers "huge", a large model, to "big" and "tiny"; see lite_and_full."""

from __future__ import annotations

import json

from orion_py.runtime.base import Device
from tests.lite_and_full import LiteAndFull, lite_and_full, with_weights
from tests.tiny import sha
from tests.two_models import MB

HUGE_WEIGHTS = [bytes([n]) * 64 for n in range(21, 25)]
STRONG = Device(threads=4, webgpu=False, memory_gb=16)


class LiteFullAndLarge(LiteAndFull):
    def __init__(self, device: Device = STRONG, memory: int = 900 * MB) -> None:
        super().__init__(device=device)
        made = lite_and_full()
        big = made["models"][1]
        huge = {"id": "huge", "title": "Huge", "manifest": "models/huge/manifest.json", "tier": "large"}
        made["models"].append({**big, **huge, "memory_bytes": memory, "device_memory_gb": 16})
        made["agents"][0]["models"] = ["huge", "big", "tiny"]
        self.texts["models.json"] = json.dumps(made)
        self.texts["models/huge/manifest.json"] = with_weights(HUGE_WEIGHTS, model="huge")
        remote = {f"models/shards/{sha(data)}": data for data in HUGE_WEIGHTS}
        self.store.remote = {**self.store.remote, **remote}
