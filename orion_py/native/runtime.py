"""onnxruntime on the processor: the same graphs and shards as in a browser, in CPython."""

from __future__ import annotations

import asyncio
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
from orion_py.loading.manifest import Manifest, SessionSpec, Shard, Variant, location_of
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

    def __init__(self, session: Any, spec: SessionSpec, cache: KvCache, vocabulary: int) -> None:
        self._session, self._cache, self._verifies = session, cache, spec.verifies
        self._logits = np.empty((1, max(1, spec.verifies), vocabulary), np.float32)
        self._presents = [f"present.{name}" for name in cache.names]
        self._grows = spec.kv == "grow"
        self._binding: Any = self._bound(spec.verifies) if spec.verifies or not self._grows else None

    def forward(self, tokens: Sequence[int]) -> Logits:
        """Logits [vocab] after ``tokens``, which follow the cache's rows."""
        if not self._grows:
            return np.array(self._in_place(tokens, 1)[0])
        inputs = self._inputs(tokens)
        if self._verifies:
            inputs["first_logits"] = np.array([len(tokens) - 1], np.int64)
        logits, *presents = self._session.run(["logits", *self._presents], {**inputs, **self._cache.past()})
        self._cache.append(presents)
        return np.array(logits[0, 0])

    def verify(self, tokens: Sequence[int]) -> Logits:
        """Logits [s, vocab] after each of the tokens."""
        self._binding.bind_cpu_input("first_logits", np.array([0], np.int64))
        return np.array(self._in_place(tokens, len(tokens)))

    def _inputs(self, tokens: Sequence[int]) -> dict[str, NDArray[Any]]:
        total = self._cache.rows + len(tokens)
        return {
            "input_ids": np.array([tokens], np.int64),
            "seqlens_k": np.array([total - 1], np.int32),
            "total_length": np.array(total, np.int32),
        }

    def _in_place(self, tokens: Sequence[int], rows: int) -> Logits:
        """Logits [rows, vocab], which the next call overwrites."""
        for name, value in self._inputs(tokens).items():
            self._binding.bind_cpu_input(name, value)
        logits: Logits = self._logits[:, :rows]
        self._binding.bind_ortvalue_output("logits", ort.OrtValue.ortvalue_from_numpy(logits))
        self._session.run_with_iobinding(self._binding)
        self._cache.rows += len(tokens)
        rows_of_logits: Logits = logits[0]
        return rows_of_logits

    def _bound(self, verifies: int) -> Any:
        """Past and present are one buffer: a step writes its rows where they belong."""
        binding = self._session.io_binding()
        between = [f".{row}" for row in range(verifies - 1)]
        for name, value in zip(self._cache.names, self._cache.values, strict=True):
            binding.bind_ortvalue_input(f"past.{name}", value)
            for suffix in ("", *between):
                binding.bind_ortvalue_output(f"present.{name}{suffix}", value)
        return binding


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
        self._closed = False

    async def feed(self, shard: Shard) -> None:
        await asyncio.to_thread(self._guarded, lambda: self._feed(shard))

    async def build(self) -> BuildReport:
        return await asyncio.to_thread(self._guarded, self._build)

    async def forward(self, tokens: Sequence[int], position: int) -> Logits:
        return await asyncio.to_thread(self._guarded, lambda: self._forward(tokens, position))

    async def verify(self, tokens: Sequence[int], position: int) -> Logits:
        return await asyncio.to_thread(self._guarded, lambda: self._verify(tokens, position))

    async def interrupt(self) -> None:
        """A native run has no pause; it goes on to its end."""

    async def ping(self) -> None:
        """The model is in this process: it lives as long as whoever asks."""

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
        self._prefill, self._decode, self._cache = prefill, decode, cache
        return BuildReport(
            backend="native",
            threads=self._threads,
            create_ms=(created - started) * 1e3,
            warmup_ms=(time.perf_counter() - created) * 1e3,
            memory_bytes=memory,
        )

    def _runner(self, spec: SessionSpec, cache: KvCache) -> _Runner | OptimumRunner:
        if spec.graph not in self._graphs:
            raise RuntimeFailure("a graph of this variant wasn't fed", graph=spec.graph)
        foreign = spec.io == "optimum"
        if foreign:
            self._check_foreign(spec.graph)
        options = ort.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.log_severity_level = 3
        # Processors without VNNI saturate products of U8 and I8; this takes the exact path instead.
        options.add_session_config_entry("session.x64quantprecision", "1")
        names, files = list(self._files), list(self._files.values())
        options.add_external_initializers_from_files_in_memory(names, files, [file.nbytes for file in files])
        session = ort.InferenceSession(self._graphs[spec.graph], options, providers=["CPUExecutionProvider"])
        if foreign:
            return OptimumRunner(session, cache, self._manifest.architecture)
        return _Runner(session, spec, cache, self._manifest.architecture.vocab_size)

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
            if self._closed:
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
        return Device(threads=os.cpu_count() or 1, webgpu=False, webgpu_reason="native onnxruntime")

    async def open(self, manifest: Manifest, variant: Variant, threads: int, context: int) -> NativeSession:
        return NativeSession(manifest, variant, threads, context, self._shards)

    async def open_encoder(self, graph: Shard) -> NativeEncoder:
        data = await asyncio.to_thread(read_verified, self._shards, graph.sha256)
        try:
            return NativeEncoder(data)
        except Exception as error:  # onnxruntime's own exceptions share no base but this
            raise RuntimeFailure(f"onnxruntime: {error}") from error
