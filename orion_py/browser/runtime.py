"""Runs models in inference workers, one worker for each model, through ``web/bridge/worker/inference/client.js``."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import numpy as np
from pyodide.ffi import to_js

from orion_py.browser.errors import translated
from orion_py.browser.graph_runner import BrowserGraphRunner, graphs_spec, read_report
from orion_py.browser.store import BrowserShardStore
from orion_py.manifest.graph_manifest import GraphManifest
from orion_py.manifest.manifest import Manifest
from orion_py.manifest.shards import Shard
from orion_py.manifest.variants import Variant
from orion_py.runtime.base import BuildReport, Device, Embedding, Logits
from orion_py.runtime.next_visit import NextVisit
from orion_py.runtime.prefixes import Prefix
from orion_py.runtime.segments import Embeddings, Inputs
from orion_py.runtime.spec import spec_of
from orion_py.runtime.token_runs import RunRequest, RunTokens


class BrowserSession:
    """``client`` is an InferenceClient, which owns one worker. ``on_built`` is awaited with its bytes once it runs."""

    def __init__(
        self,
        client: Any,
        store: BrowserShardStore,
        vocab: int,
        max_draft_tokens: int,
        on_built: Callable[[int], Awaitable[None]],
    ) -> None:
        self._client, self._store, self._on_built = client, store, on_built
        # One buffer for the life of the session: a step's logits are copied here and nowhere else.
        self._logits = np.empty((max(1, max_draft_tokens), vocab), dtype=np.float32)

    @property
    def threads(self) -> int:
        return int(self._client.threads)

    async def feed(self, shard: Shard) -> None:
        with translated():
            await self._client.feed(shard.sha256, self._store.held_blob(shard.sha256))

    async def build(self) -> BuildReport:
        with translated():
            report = read_report(await self._client.build())
            await self._on_built(report.memory_bytes)
        return report

    async def forward(self, inputs: Inputs, position: int) -> Logits:
        """As the protocol says; the array is overwritten by the next call."""
        with translated():
            if isinstance(inputs, Embeddings):
                rows, places = to_js(inputs.rows.reshape(-1)), _places(inputs)
                logits = await self._client.forwardEmbeddings(rows, inputs.width, position, places)
            else:
                logits = await self._client.forward(to_js(list(inputs)), position)
        row: Logits = self._logits[0]
        logits.assign_to(row)
        return row

    async def verify(self, tokens: Sequence[int], position: int) -> Logits:
        """As the protocol says; the array is overwritten by the next call."""
        with translated():
            logits = await self._client.verify(to_js(list(tokens)), position)
        rows: Logits = self._logits[: len(tokens)]
        logits.assign_to(rows.reshape(-1))
        return rows

    async def run(self, request: RunRequest) -> AsyncIterator[RunTokens]:
        """As ``RunsTokens`` says: the worker chooses, ``web/bridge/worker/inference/sampler.js``."""
        inbox = self._client.run(json.dumps(dataclasses.asdict(request)))
        over = False
        while not over:
            with translated():
                chosen = json.loads(await inbox.next())
            over = chosen["over"]
            if chosen["tokens"]:
                yield RunTokens(chosen["tokens"], chosen["ms"] / 1000)

    def stop(self) -> None:
        self._client.stop()

    async def keep_rows(self, prefix: Prefix, budget: int) -> int:
        facts = {name: getattr(prefix, name) for name in ("key", "model", "agent", "edition", "rows")}
        with translated():
            return int(await self._client.keepRows(json.dumps(facts), budget))

    async def restore_rows(self, key: str, rows: int) -> bool:
        with translated():
            return bool(await self._client.restoreRows(key, rows))

    async def interrupt(self) -> None:
        with translated():
            await self._client.cancel()

    async def ping(self) -> None:
        with translated():
            await self._client.ping()

    async def memory_bytes(self) -> int:
        with translated():
            return int(await self._client.memoryBytes())

    async def close(self) -> None:
        self._client.close()


class BrowserEncoder:
    """A sentence encoder; ``client`` owns its worker."""

    def __init__(self, client: Any) -> None:
        self._client = client

    async def encode(self, tokens: Sequence[int]) -> Embedding:
        with translated():
            found = await self._client.encode(to_js(list(tokens)))
        return np.array(found.to_py(), dtype=np.float32)

    async def close(self) -> None:
        self._client.close()


class BrowserRuntime:
    """``bridge`` is engine.js's. ``following`` hears what is built, so that the next visit can bring a model into
    memory while its Python still boots."""

    def __init__(self, bridge: Any, store: BrowserShardStore, following: NextVisit) -> None:
        self._bridge, self._store, self._following = bridge, store, following
        self._device: Device | None = None

    async def device(self) -> Device:
        if self._device is None:
            with translated():
                found = json.loads(await self._bridge.detectDevice())
            known = {name: found[name] for name in Device.__slots__ if name in found}
            self._device = Device(**known)
        return self._device

    async def open(self, manifest: Manifest, variant: Variant, threads: int, context: int) -> BrowserSession:
        spec = spec_of(manifest, variant, threads, context)
        client = self._bridge.newInferenceClient(spec)
        try:
            with translated():
                await client.open(spec)
        except BaseException:
            client.close()
            raise

        async def remember(memory_bytes: int) -> None:
            await self._following.built(manifest.model, spec, memory_bytes)

        vocab, max_draft_tokens = manifest.architecture.vocab_size, variant.max_draft_tokens
        return BrowserSession(client, self._store, vocab, max_draft_tokens, remember)

    async def open_graphs(self, manifest: GraphManifest, threads: int) -> BrowserGraphRunner:
        client = self._bridge.newPlainClient()
        try:
            with translated():
                await client.openGraphs(graphs_spec(manifest, threads))
        except BaseException:
            client.close()
            raise
        return BrowserGraphRunner(client, self._store)

    async def open_encoder(self, graph: Shard) -> BrowserEncoder:
        client = self._bridge.newPlainClient()
        try:
            with translated():
                await client.openEncoder(graph.sha256, self._store.held_blob(graph.sha256))
        except BaseException:
            client.close()
            raise
        return BrowserEncoder(client)


def _places(inputs: Embeddings) -> Any:
    """How many rows of the content come before, how many places it takes up, and those of all its rows; None where it
    has one place a row."""
    if inputs.axes is None:
        return None
    return to_js(np.concatenate([[inputs.first, inputs.axes.span], inputs.axes.places.reshape(-1)]).astype(np.int32))
