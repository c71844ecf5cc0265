"""Computes a model from outside: one graph as Optimum exports it, on native onnxruntime."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from orion_py.errors import RuntimeFailure
from orion_py.manifest.manifest import Manifest
from orion_py.manifest.shards import Shard
from orion_py.manifest.variants import Variant
from orion_py.native.fed_graphs import FedGraphs
from orion_py.native.kv_cache import KvCache
from orion_py.native.optimum_graph import OptimumGraph
from orion_py.runtime.base import Logits
from orion_py.runtime.segments import Inputs, tokens_alone


class ExternalRunner:
    """A ``runtime.runner.Runner`` over that graph. ``context`` in tokens."""

    backend = "native"
    engine = "onnxruntime"

    def __init__(self, manifest: Manifest, variant: Variant, threads: int, context: int) -> None:
        self._manifest, self._variant = manifest, variant
        self.threads = threads
        self.chunk = sys.maxsize
        self.memory_bytes = 0
        self._fed = FedGraphs(threads, variant.expansions, variant.widenings)
        self._cache = KvCache(manifest.architecture, context)
        self._graph: OptimumGraph | None = None

    @property
    def rows(self) -> int:
        return self._cache.rows

    def feed(self, shard: Shard, data: bytes) -> None:
        self._fed.feed(shard, data)

    def build(self) -> None:
        """Raises UnsupportedModel and InvalidModelFolder, too: nobody of ours made the graph."""
        spec = self._variant.prefill
        assert spec is not None, "a variant for onnxruntime has both sessions"
        self._fed.check_names(spec.graph, self._manifest.shard(spec.graph).path or "the graph")
        self._graph = OptimumGraph(self._fed.session(spec.graph), self._cache, self._manifest.architecture)
        self.chunk = self._graph.chunk
        self.memory_bytes = self._fed.nbytes + self._cache.nbytes
        self._fed.drop()

    def warm_up(self) -> None:
        self.prefill([0], 0)
        self._cache.rows = 0

    def prefill(self, inputs: Inputs, position: int) -> Logits:
        if self._graph is None:
            raise RuntimeFailure("the model isn't built yet")
        tokens = tokens_alone(inputs)
        self._cache.rows = position
        return self._graph.forward(tokens)

    def step(self, token: int, position: int) -> Logits:
        return self.prefill([token], position)

    def verify(self, tokens: Sequence[int], position: int) -> Logits:
        raise RuntimeFailure("such a graph verifies nothing, as its variant says")

    def cancel(self, wanted: bool) -> None:
        """A run goes on to its end."""
