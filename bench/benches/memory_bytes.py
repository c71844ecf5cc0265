"""Measures what each model takes in memory, beside what ``models.json`` says (``memory_bytes`` on our kernel,
``onnxruntime_memory_bytes``).

Every model that the site has is loaded in Chromium as the engine loads it, on our kernel and by onnxruntime, with the
engine's own context and two threads; it answers a short question, and then says what its WASM memory is. The registry's
figures decide how many models stay in memory, and whether the ladder may step down, so they shall be right: at most 2 %
below what was measured, and 10 % above. On the kernel it is also loaded with a longer context, in 16 bits and in 8.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Error

from bench.benches.generate import contender_page
from bench.context import Context
from bench.figures import Contender, Outcome, Target
from orion_py.manifest.kernel_variant import KERNEL_ID


@dataclass(frozen=True)
class Way:
    """A way to load a model: ``runner``, and what else the engine's configuration says."""

    name: str
    runner: str
    config: dict[str, Any] = field(default_factory=dict)


LONG = 4096
"""Tokens of context."""
WAYS = (
    Way("kernel", "kernel"),
    Way("onnxruntime", "onnxruntime"),
    Way("kernel, 4,096 tokens", "kernel", {"context_tokens": LONG, "cache_bits": "16"}),
    Way("kernel, 4,096 tokens in 8 bits", "kernel", {"context_tokens": LONG, "cache_bits": "8"}),
)
MOST_MB = {"qwen2.5-coder-1.5b-instruct": 1400.0}
"""That a model may take on the kernel with the longer context."""
THREADS = 2
REGISTRYS = "models.json"
FIELDS = {"kernel": "memory_bytes", "onnxruntime": "onnxruntime_memory_bytes"}
BELOW, ABOVE = 2.0, 10.0
"""Percent by which the registry's figure may be below and above the measured one."""


def run(context: Context) -> Outcome:
    registered = registered_bytes(context.site / "orion")
    contenders: list[Contender] = []
    targets: list[Target] = []
    notes: list[str] = []
    for model, said in registered.items():
        contender = Contender(model, enough=1)
        for runner, bytes_said in said.items():
            contender.add(f"{REGISTRYS}, {runner}", "MB", bytes_said / 1e6, 0.0)
        contenders.append(contender)
        for way in WAYS:
            context.settle(f"{model}, {way.name}")
            try:
                measured = _measure(context, model, way)
            except Error as error:
                notes.append(f"{model}, {way.name}, failed: {error.message.splitlines()[0]}")
                continue
            contender.add(way.name, "MB", measured / 1e6, 0.0)
            notes.append(f"{model}, {way.name}: {measured:,} bytes")
            if way.name in said:
                targets += compared(f"{model}, {way.name}", said[way.name], measured)
            if model in MOST_MB and "context_tokens" in way.config:
                targets.append(Target(f"{model}, {way.name}", measured / 1e6, MOST_MB[model], False, "MB", False))
    return Outcome("memory_bytes", contenders, targets, notes)


def registered_bytes(site: Path) -> dict[str, dict[str, int]]:
    """By model and runner what the registry says, of its models that the built ``site`` has."""
    entries: list[dict[str, Any]] = json.loads((site / "models.json").read_text("utf-8"))["models"]
    return {
        entry["id"]: {runner: entry[field] for runner, field in FIELDS.items() if field in entry}
        for entry in entries
        if (site / entry["manifest"]).is_file()
    }


def compared(model: str, said: int, measured: int) -> list[Target]:
    """How far the registry's figure is off, in percent of the measured one, in either direction."""
    off = (said / measured - 1) * 100
    return [
        Target(f"{model}: models.json below what was measured", max(0.0, -off), BELOW, False, "%", False),
        Target(f"{model}: models.json above what was measured", max(0.0, off), ABOVE, False, "%", False),
    ]


def _measure(context: Context, model: str, way: Way) -> int:
    """Bytes of its WASM memory after an answer. Raises playwright's Error."""
    with contender_page(context) as job:
        options = {"model": model, "threads": THREADS, "steps": 8, "runner": way.runner, "config": way.config}
        job.prepare("orion-engine", options)
        job.run({"query": "Say hello.", "options": {"temperature": 0.0}})
        return held_by(job.run({"status": True})["loaded"], model, way.runner)


def held_by(loaded: list[dict[str, Any]], model: str, runner: str) -> int:
    """``memory_bytes`` of ``model`` in the engine's status. Raises playwright's Error where another runner has it."""
    held = next((each for each in loaded if each["model"] == model), None)
    if held is None:
        raise Error("it isn't in memory")
    if held["variant"].startswith(KERNEL_ID) != (runner == "kernel"):
        raise Error(f"it was loaded on another runner: {held['backend']}")
    return int(held["memory_bytes"])
