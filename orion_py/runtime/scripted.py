"""Answers from a script, for tests: no weights, no arithmetic, exact timing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from orion_py.errors import OrionError
from orion_py.manifest.graph_manifest import GraphManifest
from orion_py.manifest.manifest import Manifest
from orion_py.manifest.shards import Shard
from orion_py.manifest.variants import Variant
from orion_py.runtime.base import BuildReport, Device, Embedding, Logits
from orion_py.runtime.memory_prefixes import MemoryPrefixes
from orion_py.runtime.prefixes import Prefix
from orion_py.runtime.scripted_graphs import ScriptedGraphRunner, ScriptedGraphs
from orion_py.runtime.segments import Embeddings, Inputs, tokens_of

Script = Callable[[list[int]], int]
"""From all tokens so far to the next token."""


@dataclass
class ScriptedSession:
    """Puts all mass on the token that the script names. ``failures`` are raised in turn, first."""

    script: Script
    vocab: int
    report: BuildReport
    failures: dict[str, list[OrionError]] = field(default_factory=dict)
    on_call: Callable[[str], None] = lambda name: None
    fed: list[str] = field(default_factory=list)
    calls: list[tuple[list[int], int]] = field(default_factory=list)
    verified: list[tuple[list[int], int]] = field(default_factory=list)
    tokens: list[int] = field(default_factory=list)
    embedded: list[tuple[Embeddings, int]] = field(default_factory=list)
    """Calls with embeddings, and their positions."""
    interrupts: int = 0
    closed: bool = False
    prefixes: MemoryPrefixes = field(default_factory=MemoryPrefixes)
    threads_left: int | None = None
    """That still compute; None: those of the report."""

    def _fail(self, name: str) -> None:
        self.on_call(name)
        if self.failures.get(name):
            raise self.failures[name].pop(0)

    @property
    def threads(self) -> int:
        return self.report.threads if self.threads_left is None else self.threads_left

    async def feed(self, shard: Shard) -> None:
        self._fail("feed")
        self.fed.append(shard.sha256)

    async def build(self) -> BuildReport:
        self._fail("build")
        return self.report

    async def forward(self, inputs: Inputs, position: int) -> Logits:
        self._fail("forward")
        if isinstance(inputs, Embeddings):
            self.embedded.append((inputs, position))
            inputs = tokens_of([inputs])
        else:
            self.calls.append((list(inputs), position))
        self.tokens = self.tokens[:position] + list(inputs)
        logits = np.zeros(self.vocab, dtype=np.float32)
        logits[self.script(self.tokens)] = 50.0
        return logits

    async def verify(self, tokens: Sequence[int], position: int) -> Logits:
        self._fail("verify")
        self.verified.append((list(tokens), position))
        self.tokens = self.tokens[:position] + list(tokens)
        logits = np.zeros((len(tokens), self.vocab), dtype=np.float32)
        for row in range(len(tokens)):
            logits[row, self.script(self.tokens[: position + row + 1])] = 50.0
        return logits

    async def keep_rows(self, prefix: Prefix, budget: int) -> int:
        self._fail("keep")
        return self.prefixes.keep(prefix, np.array(self.tokens[: prefix.rows], np.int32).tobytes(), budget)

    async def restore_rows(self, key: str, rows: int) -> bool:
        self._fail("restore")
        data = self.prefixes.read(key, 4 * rows)
        if data is not None:
            self.tokens = np.frombuffer(data, np.int32).tolist()
        return data is not None

    async def interrupt(self) -> None:
        self.interrupts += 1

    async def ping(self) -> None:
        self._fail("ping")

    async def memory_bytes(self) -> int:
        self._fail("memory")
        return self.report.memory_bytes

    async def close(self) -> None:
        self.closed = True


@dataclass
class ScriptedEncoder:
    """Embeds by ``script``; ``failures`` are raised in turn, first."""

    script: Callable[[Sequence[int]], Embedding]
    failures: list[OrionError] = field(default_factory=list)
    closed: bool = False

    async def encode(self, tokens: Sequence[int]) -> Embedding:
        if self.failures:
            raise self.failures.pop(0)
        return self.script(tokens)

    async def close(self) -> None:
        self.closed = True


class ScriptedRuntime:
    """Opens scripted sessions and keeps them for a test to look at.

    ``failures`` maps a method ("open", "feed", "build", "forward", "ping") to errors to raise in turn.
    """

    def __init__(
        self,
        script: Script,
        vocab: int = 64,
        device: Device | None = None,
        failures: dict[str, list[OrionError]] | None = None,
        on_call: Callable[[str], None] = lambda name: None,
    ) -> None:
        self._script, self._vocab = script, vocab
        self._device = device or Device(threads=2, webgpu=False, webgpu_reason="scripted")
        self.failures = failures if failures is not None else {}
        self.on_call = on_call
        self.sessions: list[ScriptedSession] = []
        self.opened: list[tuple[str, int]] = []
        self.threads_that_come: int | None = None
        """Of those asked for; None: all."""
        self.embed: Callable[[Sequence[int]], Embedding] = lambda tokens: np.zeros(512, np.float32)
        self.encoders: list[ScriptedEncoder] = []
        self.prefixes = MemoryPrefixes()
        self.graphs = ScriptedGraphs({})

    async def device(self) -> Device:
        return self._device

    async def open(self, manifest: Manifest, variant: Variant, threads: int, context: int) -> ScriptedSession:
        self.opened.append((variant.id, threads))
        self.on_call("open")
        if self.failures.get("open"):
            raise self.failures["open"].pop(0)
        backend = "kernel" if variant.engine == "kernel" else variant.backend
        here = threads if self.threads_that_come is None else min(threads, self.threads_that_come)
        report = BuildReport(backend, here, create_ms=0.0, warmup_ms=0.0, memory_bytes=0)
        session = ScriptedSession(self._script, self._vocab, report, self.failures, self.on_call)
        session.prefixes = self.prefixes
        self.sessions.append(session)
        return session

    async def open_graphs(self, manifest: GraphManifest, threads: int) -> ScriptedGraphRunner:
        return await self.graphs.open_graphs(manifest, threads)

    async def open_encoder(self, graph: Shard) -> ScriptedEncoder:
        if self.failures.get("open_encoder"):
            raise self.failures["open_encoder"].pop(0)
        encoder = ScriptedEncoder(self.embed, self.failures.setdefault("encode", []))
        self.encoders.append(encoder)
        return encoder
