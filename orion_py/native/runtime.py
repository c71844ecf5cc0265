"""onnxruntime on the processor: the same graphs and shards as in a browser, in CPython."""

from __future__ import annotations

import asyncio
import math
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from orion_py.errors import (
    Cancelled,
    ContextOverflow,
    InvalidInput,
    InvalidModelFolder,
    OrionError,
    OutOfMemory,
    RuntimeFailure,
)
from orion_py.loading.manifest import Architecture, Manifest, SessionSpec, Shard, Variant, location_of
from orion_py.native.chain import BoundChain, Chain
from orion_py.native.kv_cache import KvCache
from orion_py.native.optimum_runner import OptimumRunner
from orion_py.native.store import read_verified
from orion_py.runtime.base import BuildReport, Device, Embedding, Logits
from orion_py.runtime.expansion import expand, widen
from orion_py.runtime.onnx_outline import external_files

CHUNK = 256
"""Prompt tokens a run: bounds the attention scores in memory, and how late a close is heard."""

Bytes = NDArray[np.uint8]
T = TypeVar("T")


class _Runner:
    """One session over the cache: ``forward`` runs new tokens and leaves their rows behind."""

    chunk = sys.maxsize
    """Tokens that one run can take."""

    def __init__(self, chain: Chain, spec: SessionSpec, cache: KvCache, architecture: Architecture) -> None:
        self._chain, self._cache, self._verifies = chain, cache, spec.verifies
        self._hidden = architecture.hidden_size
        self._logits = np.empty((1, max(1, spec.verifies), architecture.vocab_size), np.float32)
        self._presents = [f"present.{name}" for name in cache.names]
        self._grows = spec.kv == "grow"
        self._bound = self._in_one_buffer() if spec.verifies or not self._grows else None

    def forward(self, tokens: Sequence[int]) -> Logits:
        """Logits [vocab] after ``tokens``, which follow the cache's rows."""
        if not self._grows:
            return np.array(self._in_place(tokens, 1)[0])
        inputs = self._inputs(tokens, len(tokens) - 1)
        logits, *presents = self._chain.run(["logits", *self._presents], {**inputs, **self._cache.past()})
        self._cache.append(presents)
        return np.array(logits[0, 0])

    def verify(self, tokens: Sequence[int]) -> Logits:
        """Logits [s, vocab] after each of the tokens."""
        return np.array(self._in_place(tokens, len(tokens)))

    def _inputs(self, tokens: Sequence[int], first_logits: int) -> dict[str, NDArray[Any]]:
        total = self._cache.rows + len(tokens)
        return {
            "first_logits": np.array([first_logits], np.int64),
            "input_ids": np.array([tokens], np.int64),
            "seqlens_k": np.array([total - 1], np.int32),
            "total_length": np.array(total, np.int32),
        }

    def _in_place(self, tokens: Sequence[int], rows: int) -> Logits:
        """Logits [rows, vocab], which the next call overwrites."""
        assert self._bound is not None, "a session that only grows doesn't run in place"
        logits: Logits = self._logits[:, :rows]
        handed_on = {name: np.empty((1, len(tokens), self._hidden), np.float32) for name in self._chain.handed_on}
        self._bound.run(self._inputs(tokens, 0), {"logits": logits, **handed_on})
        self._cache.rows += len(tokens)
        rows_of_logits: Logits = logits[0]
        return rows_of_logits

    def _in_one_buffer(self) -> BoundChain:
        """Past and present are one buffer: a step writes its rows where they belong."""
        between = [f".{row}" for row in range(self._verifies - 1)]
        values = list(zip(self._cache.names, self._cache.values, strict=True))
        return self._chain.bound(
            {f"past.{name}": value for name, value in values},
            {f"present.{name}{suffix}": value for name, value in values for suffix in ("", *between)},
        )


class NativeSession:
    """One model on the processor. ``shards`` is the folder where its shards lie."""

    def __init__(self, manifest: Manifest, variant: Variant, threads: int, context: int, shards: Path) -> None:
        self._manifest, self._variant, self._threads, self._shards = manifest, variant, threads, shards
        self._context = min(context, manifest.architecture.context_length)
        self._graphs: dict[str, bytes] = {}
        self._files: dict[str, Bytes] = {}
        self._prefill: _Runner | OptimumRunner | None = None
        self._decode: _Runner | OptimumRunner | None = None
        self._cache: KvCache | None = None
        self._closed = self._interrupted = False
        self._memory = 0

    async def feed(self, shard: Shard) -> None:
        await asyncio.to_thread(self._guarded, lambda: self._feed(shard))

    async def build(self) -> BuildReport:
        return await asyncio.to_thread(self._guarded, self._build)

    async def forward(self, tokens: Sequence[int], position: int) -> Logits:
        self._interrupted = False
        return await asyncio.to_thread(self._guarded, lambda: self._forward(tokens, position))

    async def verify(self, tokens: Sequence[int], position: int) -> Logits:
        return await asyncio.to_thread(self._guarded, lambda: self._verify(tokens, position))

    async def interrupt(self) -> None:
        """A long prompt ends after the part under way; a single step goes on to its end."""
        self._interrupted = True

    async def ping(self) -> None:
        """The model is in this process: it lives as long as whoever asks."""

    async def memory_bytes(self) -> int:
        """The cache has its full size from the beginning, so it is what the build took."""
        return self._memory

    async def close(self) -> None:
        """A call under way ends with Cancelled, or with its result; the memory goes with it."""
        self._closed = True
        self._graphs, self._files = {}, {}
        self._prefill = self._decode = self._cache = None

    def _guarded(self, call: Callable[[], T]) -> T:
        """Runs ``call``; what a closed or failing session raises becomes one of our errors."""
        if self._closed:
            raise Cancelled
        try:
            return call()
        except OrionError:
            raise
        except MemoryError as error:
            raise OutOfMemory from error
        except Exception as error:  # onnxruntime's own exceptions share no base but this
            raise RuntimeFailure(f"onnxruntime: {error}") from error

    def _feed(self, shard: Shard) -> None:
        data = read_verified(self._shards, shard.sha256)
        if shard.role == "graph":
            self._graphs[shard.sha256] = data
        elif shard.role != "tokenizer":
            raw = np.frombuffer(data, np.uint8)
            self._files[location_of(shard)] = raw
            for expansion in self._variant.expansions:
                if expansion.shard == shard.sha256:
                    self._files[f"{shard.sha256}.int8"] = expand(expansion, shard, raw)
            for widening in self._variant.widenings:
                if widening.shard == shard.sha256:
                    self._files[f"{shard.sha256}.wide"] = widen(widening, shard, raw)

    def _build(self) -> BuildReport:
        started = time.perf_counter()
        architecture, variant = self._manifest.architecture, self._variant
        cache = KvCache(architecture, self._context)
        prefill = self._runner(variant.prefill, cache)
        decode = prefill if variant.decode == variant.prefill else self._runner(variant.decode, cache)
        created = time.perf_counter()
        memory = sum(file.nbytes for file in self._files.values()) + cache.nbytes
        self._graphs, self._files = {}, {}
        for runner in (prefill, decode):
            cache.rows = 0
            runner.forward([0])
        cache.rows = 0
        self._prefill, self._decode, self._cache, self._memory = prefill, decode, cache, memory
        return BuildReport(
            backend="native",
            threads=self._threads,
            create_ms=(created - started) * 1e3,
            warmup_ms=(time.perf_counter() - created) * 1e3,
            memory_bytes=memory,
        )

    def _runner(self, spec: SessionSpec, cache: KvCache) -> _Runner | OptimumRunner:
        for graph in spec.graphs:
            if graph not in self._graphs:
                raise RuntimeFailure("a graph of this variant wasn't fed", graph=graph)
        architecture = self._manifest.architecture
        if spec.io == "optimum":
            self._check_foreign(spec.graph)
            return OptimumRunner(self._created(spec.graph), cache, architecture)
        return _Runner(Chain([self._created(graph) for graph in spec.graphs]), spec, cache, architecture)

    def _created(self, graph: str) -> Any:
        options = ort.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.log_severity_level = 3
        # Processors without VNNI saturate products of U8 and I8; this takes the exact path instead.
        options.add_session_config_entry("session.x64quantprecision", "1")
        names, files = list(self._files), list(self._files.values())
        options.add_external_initializers_from_files_in_memory(names, files, [file.nbytes for file in files])
        return ort.InferenceSession(self._graphs[graph], options, providers=["CPUExecutionProvider"])

    def _check_foreign(self, graph: str) -> None:
        """Given no path, onnxruntime would look for other files in the working folder. Raises
        InvalidModelFolder for a graph that points elsewhere than into what was fed, or is none."""
        named = external_files(self._graphs[graph], self._manifest.shard(graph).path or "the graph")
        for location in sorted(named - set(self._files)):
            raise InvalidModelFolder(f"The graph points into {location[:80]!r}, which isn't beside it.")

    def _forward(self, tokens: Sequence[int], position: int) -> Logits:
        prefill, decode = self._at(tokens, position)
        if len(tokens) == 1:
            return decode.forward(tokens)
        logits = np.empty(0, np.float32)
        step = min(CHUNK, prefill.chunk)
        for first in range(0, len(tokens), step):
            if self._closed or (first and self._interrupted):
                raise Cancelled
            logits = prefill.forward(tokens[first : first + step])
        return logits

    def _verify(self, tokens: Sequence[int], position: int) -> Logits:
        most = self._variant.prefill.verifies
        if not 0 < len(tokens) <= most:
            raise RuntimeFailure(f"{len(tokens)} tokens can't be verified at once: {most} can")
        prefill = self._at(tokens, position)[0]
        assert isinstance(prefill, _Runner), "optimum's graphs verify nothing, as their specification says"
        return prefill.verify(tokens)

    def _at(self, tokens: Sequence[int], position: int) -> tuple[_Runner | OptimumRunner, _Runner | OptimumRunner]:
        """The sessions for prefill and decoding, where ``tokens`` may run at ``position``."""
        prefill, decode, cache = self._prefill, self._decode, self._cache
        if prefill is None or decode is None or cache is None:
            raise RuntimeFailure("the model isn't built yet")
        if not tokens or not 0 <= position <= cache.rows:
            raise RuntimeFailure(f"{len(tokens)} tokens can't run at {position}: {cache.rows} are here")
        if not all(0 <= token < self._manifest.architecture.vocab_size for token in tokens):
            raise InvalidInput("a token isn't in the vocabulary")
        if position + len(tokens) > cache.capacity:
            raise ContextOverflow(tokens=position + len(tokens), limit=cache.capacity)
        cache.rows = position
        return prefill, decode


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
    """Opens sessions over the shards in one folder."""

    def __init__(self, shards: Path) -> None:
        self._shards = shards

    async def device(self) -> Device:
        threads = os.cpu_count() or 1
        return Device(threads=threads, webgpu=False, webgpu_reason="native onnxruntime", memory_gb=_memory_gb())

    async def open(self, manifest: Manifest, variant: Variant, threads: int, context: int) -> NativeSession:
        return NativeSession(manifest, variant, threads, context, self._shards)

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
