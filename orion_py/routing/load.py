"""Brings the neural router into memory: manifest, shards, encoder, head, and a check of its answers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from orion_py.cancellation import CancelToken
from orion_py.errors import DownloadFailed, GoldenMismatch, InvalidManifest, OrionError
from orion_py.fetching.files import Files
from orion_py.fetching.loader import ProgressiveLoader
from orion_py.fetching.other_files import keep_manifest, kept_manifest
from orion_py.manifest.shards import Shard
from orion_py.ports import Ports
from orion_py.protocol import ProgressEvent
from orion_py.registry.models import RouterEntry
from orion_py.resilience.remedies import remedies_against
from orion_py.routing.encoder import SentenceEncoder
from orion_py.routing.features import features
from orion_py.routing.head import LinearHead
from orion_py.routing.head_file import read_head
from orion_py.routing.manifest import RouterManifest, parse_router_manifest
from orion_py.runtime.base import EncoderSession
from orion_py.runtime.worker_timeout import while_it_lives

TOLERANCE = 0.02
"""How far a golden query's confidence may be off: runtimes round differently, and no more than that."""
OPEN_PATIENCE_S = 60.0
_NAME = "router"


async def router_manifest(
    ports: Ports, entry: RouterEntry, note: Callable[[str], None] = lambda what: None
) -> RouterManifest:
    """Offline, the copy that an earlier load kept. Raises InvalidManifest or DownloadFailed."""
    try:
        text = await ports.fetch_text(entry.manifest)
    except DownloadFailed:
        kept = await kept_manifest(ports.settings, _NAME)
        if kept is None:
            raise
        return parse_router_manifest(kept)
    manifest = parse_router_manifest(text, note)
    if manifest.model != entry.id:
        raise InvalidManifest(f"router manifest: model is {manifest.model!r}, not {entry.id!r}", path="model")
    await keep_manifest(ports.settings, _NAME, text)
    return manifest


async def load_router(
    ports: Ports,
    loader: ProgressiveLoader,
    entry: RouterEntry,
    manifest: RouterManifest,
    cancel: CancelToken,
    on_progress: Callable[[ProgressEvent], None] = lambda event: None,
    on_memory: Callable[[OrionError], None] = lambda error: None,
) -> tuple[SentenceEncoder, LinearHead]:
    """The encoder and the head, checked. ``on_memory`` hears why new shards are kept in memory from now on.
    Raises LoadError, InvalidManifest, RuntimeFailure (SimdMissing before anything is downloaded), GoldenMismatch or
    Cancelled; nothing stays in memory then."""
    (await ports.runtime.device()).require_simd()
    while True:
        try:
            return await _load(ports, loader, entry, manifest, cancel, on_progress)
        except OrionError as error:
            stored = ports.store.memory_reason is None
            if not stored or "store_in_memory" not in remedies_against(error).load:
                raise
            ports.store.use_memory()
            on_memory(error)


async def _load(
    ports: Ports,
    loader: ProgressiveLoader,
    entry: RouterEntry,
    manifest: RouterManifest,
    cancel: CancelToken,
    on_progress: Callable[[ProgressEvent], None],
) -> tuple[SentenceEncoder, LinearHead]:
    # The smallest first: a head for other features is found out before the encoder is fetched.
    shards = [manifest.shard(sha256) for sha256 in (manifest.head, manifest.tokenizer, manifest.graph)]
    base = entry.manifest.rsplit("/", 2)[0] + "/"
    texts: dict[str, bytes] = {}
    heads: list[LinearHead] = []
    sessions: list[EncoderSession] = []

    async def take(shard: Shard) -> None:
        if shard.sha256 == manifest.graph:
            work = ports.runtime.open_encoder(shard)
            sessions.append(await while_it_lives(work, None, OPEN_PATIENCE_S, "starting the router's encoder"))
        elif shard.sha256 == manifest.head:
            heads.append(read_head(await ports.store.read(shard.sha256)))
        else:
            texts[shard.sha256] = await ports.store.read(shard.sha256)

    try:
        await loader.read(Files(entry.id, manifest.version, shards, base, yields=True), take, cancel, on_progress)
        cancel.raise_if_cancelled()
        tokenizer = ports.tokenizer_factory(texts[manifest.tokenizer])
        encoder = SentenceEncoder(tokenizer, sessions[0], manifest.max_tokens)
        await check(manifest, encoder, heads[0])
    except BaseException:
        for session in sessions:
            await session.close()
        raise
    return encoder, heads[0]


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
