"""Runs models in CPython: the same shards as in a browser, computed by a runner."""

from __future__ import annotations

import asyncio
import math
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import onnxruntime as ort

from orion_py.errors import (
    Cancelled,
    ContextOverflow,
    InvalidInput,
    OrionError,
    OutOfMemory,
    RuntimeFailure,
)
from orion_py.manifest.graph_manifest import GraphManifest
from orion_py.manifest.manifest import Manifest
from orion_py.manifest.shards import Shard
from orion_py.manifest.variants import Variant
from orion_py.native.graph_runner import NativeGraphRunner
from orion_py.native.runners import runner_for, stored_weights_here
from orion_py.native.store import read_verified
from orion_py.runtime.base import BuildReport, Device, Embedding, Logits
from orion_py.runtime.memory_prefixes import MemoryPrefixes
from orion_py.runtime.prefixes import Prefix
from orion_py.runtime.runner import KeepsRows, Runner
from orion_py.runtime.segments import Embeddings, Inputs, part_of

CHUNK = 256
"""Prompt tokens a run: bounds the attention scores in memory, and how late a close is heard."""

T = TypeVar("T")


class NativeSession:
    """One model on the processor, computed by ``runner``. ``shards`` is the folder where its shards lie; rows of
    our own kernel's cache are kept in ``prefixes``."""

    def __init__(
        self,
        manifest: Manifest,
        variant: Variant,
        runner: Runner,
        context: int,
        shards: Path,
        prefixes: MemoryPrefixes | None = None,
    ) -> None:
        self._manifest, self._variant, self._shards = manifest, variant, shards
        self._prefixes = prefixes or MemoryPrefixes()
        self._context = context
        self._runner: Runner | None = runner
        self._engine = runner.engine
        self._built = self._closed = self._interrupted = False
        self._memory = self._threads = 0

    @property
    def threads(self) -> int:
        if self._runner is not None and self._built:
            self._threads = self._runner.threads
        return self._threads

    async def feed(self, shard: Shard) -> None:
        await asyncio.to_thread(self._guarded, lambda runner: self._feed(runner, shard))

    async def build(self) -> BuildReport:
        return await asyncio.to_thread(self._guarded, self._build)

    async def forward(self, inputs: Inputs, position: int) -> Logits:
        self._interrupts(False)
        return await asyncio.to_thread(self._guarded, lambda runner: self._forward(runner, inputs, position))

    async def verify(self, tokens: Sequence[int], position: int) -> Logits:
        self._interrupts(False)
        return await asyncio.to_thread(self._guarded, lambda runner: self._verify(runner, tokens, position))

    async def keep_rows(self, prefix: Prefix, budget: int) -> int:
        runner = self._runner
        if not isinstance(runner, KeepsRows) or not 0 < prefix.rows <= runner.rows:
            return 0
        if runner.rows_bytes(prefix.rows) > budget:
            return 0
        return self._prefixes.keep(prefix, runner.copy_rows(prefix.rows), budget)

    async def restore_rows(self, key: str, rows: int) -> bool:
        runner = self._runner
        if not self._built or not isinstance(runner, KeepsRows) or not 0 < rows <= self._context:
            return False
        data = self._prefixes.read(key, runner.rows_bytes(rows))
        if data is not None:
            runner.put_rows(data, rows)
        return data is not None

    async def interrupt(self) -> None:
        """On the kernel what runs ends before its next layer. By onnxruntime a long prompt ends after the part under
        way, and a single step goes on to its end."""
        self._interrupts(True)

    def _interrupts(self, wanted: bool) -> None:
        self._interrupted = wanted
        if self._runner is not None:
            self._runner.cancel(wanted)

    async def ping(self) -> None:
        """Returns at once: the model is in this process."""

    async def memory_bytes(self) -> int:
        """The cache has its full size from the beginning, so it is what the build took."""
        return self._memory

    async def close(self) -> None:
        """A call under way ends with Cancelled, or with its result; the memory goes with it."""
        self._closed = True
        self._interrupts(True)
        self._runner = None

    def _guarded(self, call: Callable[[Runner], T]) -> T:
        """Runs ``call``; what a closed or failing session raises becomes one of our errors."""
        runner = self._runner
        if self._closed or runner is None:
            raise Cancelled
        try:
            return call(runner)
        except OrionError:
            raise
        except MemoryError as error:
            raise OutOfMemory from error
        except Exception as error:  # onnxruntime's own exceptions share no base but this
            raise RuntimeFailure(f"{self._engine}: {error}") from error

    def _feed(self, runner: Runner, shard: Shard) -> None:
        data = read_verified(self._shards, shard.sha256)
        if shard.role != "tokenizer":
            runner.feed(shard, data)

    def _build(self, runner: Runner) -> BuildReport:
        started = time.perf_counter()
        runner.build()
        created = time.perf_counter()
        runner.warm_up()
        self._memory, self._built = runner.memory_bytes, True
        return BuildReport(
            backend=runner.backend,
            threads=runner.threads,
            create_ms=(created - started) * 1e3,
            warmup_ms=(time.perf_counter() - created) * 1e3,
            memory_bytes=self._memory,
        )

    def _forward(self, runner: Runner, inputs: Inputs, position: int) -> Logits:
        self._check(runner, inputs, position)
        if not isinstance(inputs, Embeddings) and len(inputs) == 1:
            return runner.step(inputs[0], position)
        logits = np.empty(0, np.float32)
        step = min(CHUNK, runner.chunk)
        for first in range(0, len(inputs), step):
            if self._closed or (first and self._interrupted):
                raise Cancelled
            logits = runner.prefill(part_of(inputs, first, first + step), position + first)
        return logits

    def _verify(self, runner: Runner, tokens: Sequence[int], position: int) -> Logits:
        most = self._variant.max_draft_tokens
        if not 0 < len(tokens) <= most:
            raise RuntimeFailure(f"{len(tokens)} tokens can't be verified at once: {most} can")
        self._check(runner, tokens, position)
        return runner.verify(tokens, position)

    def _check(self, runner: Runner, inputs: Inputs, position: int) -> None:
        """Raises where ``inputs`` can't run at ``position``."""
        architecture = self._manifest.architecture
        if not self._built:
            raise RuntimeFailure("the model isn't built yet")
        if not len(inputs) or not 0 <= position <= runner.rows:
            raise RuntimeFailure(f"{len(inputs)} tokens can't run at {position}: {runner.rows} are here")
        if isinstance(inputs, Embeddings):
            if inputs.width != architecture.hidden_size:
                raise InvalidInput(f"embeddings have {inputs.width} columns; the model has {architecture.hidden_size}")
        elif not all(0 <= token < architecture.vocab_size for token in inputs):
            raise InvalidInput("a token isn't in the vocabulary")
        if position + len(inputs) > self._context:
            raise ContextOverflow(tokens=position + len(inputs), limit=self._context)


class NativeEncoder:
    """A sentence encoder on one thread of the processor."""

    def __init__(self, graph: bytes) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self._session: Any = ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])

    async def encode(self, tokens: Sequence[int]) -> Embedding:
        if self._session is None:
            raise Cancelled
        try:
            result = self._session.run(["embedding"], {"ids": np.array(tokens, np.int64)})
        except Exception as error:  # onnxruntime's own exceptions share no base but this
            raise RuntimeFailure(f"onnxruntime: {error}") from error
        return np.asarray(result[0][0], np.float32)

    async def close(self) -> None:
        self._session = None


class NativeRuntime:
    """Opens sessions over the shards in one folder. Read prompts are kept in ``prefixes``, as long as the process
    lives."""

    def __init__(self, shards: Path, prefixes: MemoryPrefixes | None = None) -> None:
        self._shards = shards
        self._prefixes = prefixes or MemoryPrefixes()

    async def device(self) -> Device:
        threads = os.cpu_count() or 1
        kernel, reason = await asyncio.to_thread(stored_weights_here)
        return Device(
            threads=threads,
            webgpu=False,
            webgpu_reason="not a browser",
            memory_gb=_memory_gb(),
            kernel=kernel,
            kernel_reason=reason,
        )

    async def open(self, manifest: Manifest, variant: Variant, threads: int, context: int) -> NativeSession:
        rows = min(context, manifest.architecture.context_length)
        runner = runner_for(manifest, variant, threads, rows)
        return NativeSession(manifest, variant, runner, rows, self._shards, self._prefixes)

    async def open_graphs(self, manifest: GraphManifest, threads: int) -> NativeGraphRunner:
        return NativeGraphRunner(manifest, threads, self._shards)

    async def open_encoder(self, graph: Shard) -> NativeEncoder:
        data = await asyncio.to_thread(read_verified, self._shards, graph.sha256)
        try:
            return NativeEncoder(data)
        except Exception as error:  # onnxruntime's own exceptions share no base but this
            raise RuntimeFailure(f"onnxruntime: {error}") from error


def _memory_gb() -> float | None:
    """The machine's memory as browsers tell it, the nearest power of two (https://www.w3.org/TR/device-memory/);
    None where the system doesn't say."""
    try:
        found = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    except (AttributeError, ValueError, OSError):
        return None
    lower = 2.0 ** math.floor(math.log2(found))
    return lower if found - lower <= 2 * lower - found else 2 * lower
