"""Brings the neural router into memory: manifest, shards, encoder, head, and a check of its answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import numpy as np

from orion_py.cancellation import CancelToken
from orion_py.errors import DownloadFailed, GoldenMismatch, InvalidManifest, ShardCorrupt, ShardMissing
from orion_py.fetching.idle_limit import unless_idle
from orion_py.manifest.shards import Shard
from orion_py.ports import Ports
from orion_py.registry.models import RouterEntry
from orion_py.resilience.retry import RetryPolicy, retry
from orion_py.routing.encoder import SentenceEncoder
from orion_py.routing.features import features
from orion_py.routing.head import LinearHead
from orion_py.routing.head_file import read_head
from orion_py.routing.manifest import RouterManifest, parse_router_manifest
from orion_py.runtime.base import EncoderSession
from orion_py.runtime.worker_timeout import while_it_lives
from orion_py.storage.base import OnBytes
from orion_py.storage.settings import Settings

TOLERANCE = 0.02
"""How far a golden query's confidence may be off: runtimes round differently, and no more than that."""
OPEN_PATIENCE_S = 60.0
IDLE_S = 60.0
"""Without a byte, for a part that is fetched."""
_SETTING = "manifest:router"


async def router_manifest(
    ports: Ports, entry: RouterEntry, note: Callable[[str], None] = lambda what: None
) -> RouterManifest:
    """Offline, the copy that an earlier load kept. Raises InvalidManifest or DownloadFailed."""
    try:
        text = await ports.fetch_text(entry.manifest)
    except DownloadFailed:
        kept = await ports.settings.get(_SETTING)
        if kept is None:
            raise
        return parse_router_manifest(kept)
    manifest = parse_router_manifest(text, note)
    if manifest.model != entry.id:
        raise InvalidManifest(f"router manifest: model is {manifest.model!r}, not {entry.id!r}", path="model")
    if await ports.settings.get(_SETTING) != text:
        await ports.settings.set(_SETTING, text)
    return manifest


async def kept_router_shards(settings: Settings) -> set[str]:
    """The sha256 of every shard of the router that is kept. Raises InvalidManifest."""
    kept = await settings.get(_SETTING)
    return set() if kept is None else {shard.sha256 for shard in parse_router_manifest(kept).shards}


async def load_router(
    ports: Ports, entry: RouterEntry, manifest: RouterManifest, cancel: CancelToken, idle_s: float = IDLE_S
) -> tuple[SentenceEncoder, LinearHead]:
    """The encoder and the head, checked. A part that brings no byte for ``idle_s`` seconds is fetched again.
    Raises LoadError, InvalidManifest, RuntimeFailure, GoldenMismatch or Cancelled; nothing stays in memory then."""
    base = entry.manifest.rsplit("/", 2)[0] + "/"

    async def fetch(shard: Shard) -> None:
        await _fetch(ports, base, shard, cancel, idle_s)

    definition = await _part(ports, manifest.shard(manifest.tokenizer), fetch)
    head = read_head(await _part(ports, manifest.shard(manifest.head), fetch))
    graph = manifest.shard(manifest.graph)
    await fetch(graph)
    try:
        session = await _open(ports, graph)
    except (ShardMissing, ShardCorrupt):
        await ports.store.delete(graph.sha256)
        await fetch(graph)
        session = await _open(ports, graph)
    try:
        cancel.raise_if_cancelled()
        encoder = SentenceEncoder(ports.tokenizer_factory(definition), session, manifest.max_tokens)
        await check(manifest, encoder, head)
    except BaseException:
        await session.close()
        raise
    return encoder, head


async def _open(ports: Ports, graph: Shard) -> EncoderSession:
    work = ports.runtime.open_encoder(graph)
    return await while_it_lives(work, None, OPEN_PATIENCE_S, "starting the router's encoder")


async def check(manifest: RouterManifest, encoder: SentenceEncoder, head: LinearHead) -> None:
    """The golden queries: the same tokens, the same agent, nearly the same confidence. Raises GoldenMismatch."""
    for golden in manifest.golden:
        if tuple(encoder.tokens(golden.text)) != golden.tokens:
            raise GoldenMismatch(f"the router's tokenizer cuts {golden.text!r} otherwise", text=golden.text)
        row = head.probabilities(features(golden.text, await encoder.embed(golden.text))[None])[0]
        best = int(np.argmax(row))
        if head.labels[best] != golden.agent or abs(float(row[best]) - golden.confidence) > TOLERANCE:
            raise GoldenMismatch(
                f"the router says {head.labels[best]} ({row[best]:.3f}) to {golden.text!r}, "
                f"not {golden.agent} ({golden.confidence:.3f})",
                text=golden.text,
            )


async def _part(ports: Ports, shard: Shard, fetch: Callable[[Shard], Awaitable[None]]) -> bytes:
    """A small shard's bytes; a damaged or evicted one is fetched once more."""
    await fetch(shard)
    try:
        return await ports.store.read(shard.sha256)
    except (ShardMissing, ShardCorrupt):
        await ports.store.delete(shard.sha256)
        await fetch(shard)
        return await ports.store.read(shard.sha256)


async def _fetch(ports: Ports, base: str, shard: Shard, cancel: CancelToken, idle_s: float) -> None:
    if (await ports.store.sizes()).get(shard.sha256) == shard.size:
        return

    async def download(on_bytes: OnBytes, mine: CancelToken) -> None:
        await ports.store.fetch(f"{base}shards/{shard.sha256}", shard.sha256, shard.size, on_bytes, mine)

    async def once() -> None:
        cancel.raise_if_cancelled()
        await unless_idle(download, lambda count: None, cancel, ports.clock, ports.sleep, idle_s, shard.sha256)

    await retry(once, RetryPolicy(), ports.sleep, ports.uniform)
