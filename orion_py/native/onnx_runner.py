"""Computes a variant by the foundry's graphs, on native onnxruntime."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orion_py.errors import RuntimeFailure
from orion_py.manifest.architecture import Architecture
from orion_py.manifest.manifest import Manifest
from orion_py.manifest.shards import Shard
from orion_py.manifest.variants import SessionSpec, Variant
from orion_py.native.chain import BoundChain, Chain
from orion_py.native.fed_graphs import FedGraphs
from orion_py.native.kv_cache import KvCache
from orion_py.runtime.base import Logits
from orion_py.runtime.segments import Inputs, tokens_alone


class _Steps:
    """One session over the cache: ``forward`` runs new tokens and leaves their rows behind."""

    def __init__(self, chain: Chain, spec: SessionSpec, cache: KvCache, architecture: Architecture) -> None:
        self._chain, self._cache, self._max_draft_tokens = chain, cache, spec.verifies
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
        between = [f".{row}" for row in range(self._max_draft_tokens - 1)]
        values = list(zip(self._cache.names, self._cache.values, strict=True))
        return self._chain.bound(
            {f"past.{name}": value for name, value in values},
            {f"present.{name}{suffix}": value for name, value in values for suffix in ("", *between)},
        )


class OnnxRunner:
    """A ``runtime.runner.Runner`` over a variant's prefill and decode sessions. ``context`` in tokens."""

    backend = "native"
    engine = "onnxruntime"
    chunk = sys.maxsize

    def __init__(self, manifest: Manifest, variant: Variant, threads: int, context: int) -> None:
        self._manifest, self._variant = manifest, variant
        self.threads = threads
        self.memory_bytes = 0
        self._fed = FedGraphs(threads, variant.expansions, variant.widenings)
        self._context = context
        self._cache: KvCache | None = None
        self._prefill: _Steps | None = None
        self._decode: _Steps | None = None

    def cancel(self, wanted: bool) -> None:
        """A run goes on to its end."""

    @property
    def rows(self) -> int:
        return 0 if self._cache is None else self._cache.rows

    def feed(self, shard: Shard, data: bytes) -> None:
        self._fed.feed(shard, data)

    def build(self) -> None:
        prefill, decode = self._variant.prefill, self._variant.decode
        assert prefill is not None, "a variant for onnxruntime has both sessions"
        assert decode is not None, "a variant for onnxruntime has both sessions"
        self._cache = cache = KvCache(self._manifest.architecture, self._context)
        self._prefill = self._steps(prefill, cache)
        self._decode = self._prefill if decode == prefill else self._steps(decode, cache)
        self.memory_bytes = self._fed.nbytes + cache.nbytes
        self._fed.drop()

    def warm_up(self) -> None:
        prefill, decode, cache = self._built()
        for steps in (prefill, decode):
            cache.rows = 0
            steps.forward([0])
        cache.rows = 0

    def prefill(self, inputs: Inputs, position: int) -> Logits:
        prefill, _, cache = self._built()
        tokens = tokens_alone(inputs)
        cache.rows = position
        return prefill.forward(tokens)

    def step(self, token: int, position: int) -> Logits:
        _, decode, cache = self._built()
        cache.rows = position
        return decode.forward([token])

    def verify(self, tokens: Sequence[int], position: int) -> Logits:
        prefill, _, cache = self._built()
        cache.rows = position
        return prefill.verify(tokens)

    def _built(self) -> tuple[_Steps, _Steps, KvCache]:
        if self._prefill is None or self._decode is None or self._cache is None:
            raise RuntimeFailure("the model isn't built yet")
        return self._prefill, self._decode, self._cache

    def _steps(self, spec: SessionSpec, cache: KvCache) -> _Steps:
        chain = Chain([self._fed.session(graph) for graph in spec.graphs])
        return _Steps(chain, spec, cache, self._manifest.architecture)
