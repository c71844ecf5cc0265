"""Brings one model version, or the router's files, into memory, shard by shard.

Plan, then fetch what is missing by priority, with one shard at a time on the connection, while the session is
opened and what is here already is read into it. Every shard is verified by the store when it is committed
and by its reader; one that turns out damaged or gone is fetched again, and only it.
Cancelling and failing keep what is verified, and what is left of an unfinished shard.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, TypeVar

from orion_py.cancellation import CancelToken, until_cancelled
from orion_py.errors import LoadTimeout, OrionError, ShardCorrupt, ShardMissing
from orion_py.fetching.files import Files, files_of
from orion_py.fetching.idle_limit import Download, unless_idle
from orion_py.fetching.progress import LoadProgress
from orion_py.fetching.quota import require_quota
from orion_py.fetching.slots import DownloadSlots, RightOfWay
from orion_py.manifest.manifest import Manifest
from orion_py.manifest.shards import Shard
from orion_py.manifest.variants import Variant
from orion_py.protocol import ProgressEvent
from orion_py.resilience.retry import RetryPolicy, Sleep, retry
from orion_py.runtime.base import BuildReport, BuiltOfShards, InferenceRuntime, ModelSession
from orion_py.runtime.worker_timeout import ROUNDS, while_it_lives
from orion_py.storage.base import OnBytes, ShardStore

HEAL_TRIES = 3
"""How often reading one shard is tried, and it is fetched anew in between, before the load gives up."""
Bring = Callable[[Shard, CancelToken, OnBytes], Coroutine[Any, Any, None]]
OnRead = Callable[[str, bytes], None]
Take = Callable[[Shard], Awaitable[None]]
"""Reads a stored shard. Raises ShardCorrupt or ShardMissing where it has to be fetched again."""
_READ = ("tokenizer", "file", "golden")
"""Roles of the shards that Python reads itself: a session is fed with the others."""

S = TypeVar("S", bound=BuiltOfShards)


@dataclass(frozen=True, slots=True)
class LoadRequest:
    """What to load. ``base_url`` as in ``Files``; ``context`` is in tokens."""

    manifest: Manifest
    variant: Variant
    base_url: str
    threads: int
    context: int


@dataclass(frozen=True, slots=True)
class _Here:
    """What lies on the device: the sha256 of whole shards, and the bytes of unfinished ones."""

    whole: frozenset[str]
    begun: dict[str, int]


class ProgressiveLoader:
    """One loader serves all models, and the router; a load has no state outside its call."""

    def __init__(
        self,
        store: ShardStore,
        runtime: InferenceRuntime,
        *,
        clock: Callable[[], float],
        sleep: Sleep,
        uniform: Callable[[], float],
        concurrency: int = 3,
        idle_timeout_s: float = 60.0,
        retry_policy: RetryPolicy | None = None,
        on_retry: Callable[[OrionError, int], None] = lambda error, failed: None,
    ) -> None:
        self._store, self._runtime = store, runtime
        self._clock, self._sleep, self._uniform = clock, sleep, uniform
        self._concurrency, self._idle_timeout = concurrency, idle_timeout_s
        self._retry_policy, self._on_retry = retry_policy or RetryPolicy(), on_retry
        self._way = RightOfWay()

    def configure(self, concurrency: int, idle_timeout_s: float) -> None:
        """Takes effect with the next load."""
        self._concurrency, self._idle_timeout = concurrency, idle_timeout_s

    async def load(
        self,
        request: LoadRequest,
        cancel: CancelToken,
        on_progress: Callable[[ProgressEvent], None] = lambda event: None,
        on_read: OnRead = lambda sha256, content: None,
    ) -> tuple[ModelSession, BuildReport]:
        """A session ready to run, and how it was built. ``on_read`` gets the tokenizer's definition as soon as it is
        there, while other shards still come: what it raises ends the load.

        Raises LoadError and its children, RuntimeFailure where the backend fails, Cancelled. The
        session is closed on every failure, so no memory stays behind.
        """
        manifest, variant = request.manifest, request.variant
        return await self.build(
            files_of(manifest, variant, request.base_url),
            lambda: self._runtime.open(manifest, variant, request.threads, request.context),
            cancel,
            on_progress,
            on_read,
        )

    async def build(
        self,
        files: Files,
        start: Callable[[], Coroutine[Any, Any, S]],
        cancel: CancelToken,
        on_progress: Callable[[ProgressEvent], None],
        on_read: OnRead,
    ) -> tuple[S, BuildReport]:
        """As ``load``, of whatever ``start`` opens and ``files`` are fed into; ``on_read`` gets the sha256 and bytes of
        each that no session takes."""
        here, progress = await self._planned(files, cancel, on_progress)
        # Opening takes seconds where a worker fetches its runtime first: the connection isn't idle meanwhile.
        opening: asyncio.Future[S] = asyncio.ensure_future(start())
        closing: list[asyncio.Future[None]] = []
        unsubscribe = cancel.subscribe(lambda: closing.append(asyncio.ensure_future(_end(opening))))

        async def feed(shard: Shard) -> None:
            if shard.role in _READ:
                on_read(shard.sha256, await self._store.read(shard.sha256))
                return
            session = opening.result()
            await while_it_lives(session.feed(shard), session.ping, self._idle_timeout, "reading a shard")

        try:
            await self._fill(files, here.whole, feed, progress, cancel, lambda: self._opened(opening, cancel))
            session = opening.result()
            progress.enter("warming_up")
            build = session.build()
            report = await while_it_lives(build, session.ping, self._idle_timeout, "building the model")
            cancel.raise_if_cancelled()
        except BaseException:
            await _end(opening)
            # Closing a session fails its pending calls; what the user did is the cause to report.
            cancel.raise_if_cancelled()
            raise
        finally:
            unsubscribe()
        progress.enter("ready")
        return session, report

    async def read(
        self,
        files: Files,
        take: Take,
        cancel: CancelToken,
        on_progress: Callable[[ProgressEvent], None] = lambda event: None,
    ) -> None:
        """Brings ``files`` and hands each to ``take`` as soon as it is here whole.

        Raises LoadError and its children, Cancelled, and what ``take`` raises.
        """
        here, progress = await self._planned(files, cancel, on_progress)
        await self._fill(files, here.whole, take, progress, cancel)
        progress.enter("ready")

    async def fetch(
        self,
        manifest: Manifest,
        variant: Variant,
        base_url: str,
        cancel: CancelToken,
        on_progress: Callable[[ProgressEvent], None] = lambda event: None,
    ) -> None:
        """Brings what ``variant`` lacks onto the device and nothing into memory.

        Raises LoadError and its children, or Cancelled; what arrived is kept either way.
        """
        files = files_of(manifest, variant, base_url)
        here = await self._here(files.shards)
        progress = self._progress(files, here, on_progress)

        async def bring(shard: Shard, downloads: CancelToken, arrived: OnBytes) -> None:
            await self._fetch(files, shard, progress, downloads, arrived)

        await self._bring_all([s for s in files.shards if s.sha256 not in here.whole], here, bring, progress, cancel)

    async def report_stored(
        self, manifest: Manifest, variant: Variant, on_progress: Callable[[ProgressEvent], None]
    ) -> None:
        """Reports how much of what ``variant`` needs is on the device, and downloads nothing."""
        files = files_of(manifest, variant, "")
        self._progress(files, await self._here(files.shards), on_progress).enter("initializing")

    async def pin(
        self,
        model: str,
        shards: Sequence[Shard],
        unknown: frozenset[str],
        base_url: str,
        cancel: CancelToken,
        on_progress: Callable[[ProgressEvent], None],
        on_pinned: Callable[[str, str], Awaitable[None]],
    ) -> None:
        """Brings those of ``shards`` onto the device whose sha256 is ``unknown``: there it is only a name.
        ``on_pinned`` is awaited with the name and the sha256 of each once it is here whole.

        Raises as ``fetch``; what arrived is kept, whole or in part.
        """
        files = Files(model, "", shards, base_url)
        here = await self._here(shards)
        progress = self._progress(files, here, on_progress)

        async def bring(shard: Shard, downloads: CancelToken, arrived: OnBytes) -> None:
            found: list[str] = []

            async def download(on_bytes: OnBytes, mine: CancelToken) -> None:
                found.append(await self._store.pin(files.url(shard), shard.sha256, shard.size, on_bytes, mine))

            await self._download(download, shard, progress, downloads, arrived)
            await on_pinned(shard.sha256, found[-1])

        with self._way.taken():
            await self._bring_all([s for s in shards if s.sha256 in unknown], here, bring, progress, cancel)

    async def _planned(
        self, files: Files, cancel: CancelToken, on_progress: Callable[[ProgressEvent], None]
    ) -> tuple[_Here, LoadProgress]:
        """What of ``files`` is here, before a byte moves. Raises QuotaExceeded or Cancelled."""
        here = await self._here(files.shards)
        progress = self._progress(files, here, on_progress)
        progress.enter("initializing")
        await require_quota(self._store, [s for s in files.shards if s.sha256 not in here.whole], here.begun)
        cancel.raise_if_cancelled()
        return here, progress

    async def _here(self, shards: Sequence[Shard]) -> _Here:
        missing = await self._missing(shards)
        begun = await self._store.resumable(missing) if missing else {}
        if begun:  # another worker's or tab's download that has just come to its end is in neither answer
            missing = await self._missing(shards)
        whole = frozenset(s.sha256 for s in shards if s.sha256 not in missing)
        return _Here(whole, {sha256: count for sha256, count in begun.items() if sha256 in missing})

    async def _missing(self, shards: Sequence[Shard]) -> dict[str, int]:
        sizes = await self._store.sizes()
        return {s.sha256: s.size for s in shards if sizes.get(s.sha256) != s.size}

    def _progress(self, files: Files, here: _Here, emit: Callable[[ProgressEvent], None]) -> LoadProgress:
        return LoadProgress(files.name, files.version, files.shards, here.whole, self._clock, emit, begun=here.begun)

    async def _bring_all(
        self,
        missing: Sequence[Shard],
        here: _Here,
        bring: Bring,
        progress: LoadProgress,
        cancel: CancelToken,
    ) -> None:
        """In their order; the first failure ends the others."""
        await require_quota(self._store, missing, here.begun)
        progress.enter("downloading")
        async with self._downloading(missing, bring, cancel) as fetchers:
            await asyncio.gather(*fetchers)
            cancel.raise_if_cancelled()

    @asynccontextmanager
    async def _downloading(
        self, missing: Sequence[Shard], bring: Bring, cancel: CancelToken
    ) -> AsyncIterator[Sequence[asyncio.Future[None]]]:
        """Brings ``missing`` in their order while the body runs; what is under way ends with the body."""
        # Failing or being cancelled has to stop the downloads that run side by side, and no others.
        downloads = CancelToken()
        unsubscribe = cancel.subscribe(downloads.cancel)
        todo, slots = iter(missing), DownloadSlots(self._concurrency, self._sleep)

        async def fetcher() -> None:
            for shard in todo:
                async with slots.place(shard.size) as arrived:
                    await bring(shard, downloads, arrived)

        fetchers = [asyncio.ensure_future(fetcher()) for _ in range(min(self._concurrency, len(missing)))]
        try:
            yield fetchers
        finally:
            unsubscribe()
            downloads.cancel()
            await asyncio.gather(*fetchers, return_exceptions=True)

    async def _fill(
        self,
        files: Files,
        stored: frozenset[str],
        take: Take,
        progress: LoadProgress,
        cancel: CancelToken,
        ready: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        """Hands each shard to ``take``, those that are here first. ``ready`` is awaited before, while what is missing
        downloads already."""
        here: asyncio.Queue[Shard | BaseException] = asyncio.Queue()
        missing = [s for s in files.shards if s.sha256 not in stored]
        for shard in files.shards:
            if shard.sha256 in stored:
                here.put_nowait(shard)
        if missing:
            progress.enter("downloading")

        async def bring(shard: Shard, downloads: CancelToken, arrived: OnBytes) -> None:
            try:
                await self._fetch(files, shard, progress, downloads, arrived)
            except BaseException as error:
                here.put_nowait(error)
                raise
            here.put_nowait(shard)

        with self._way.taken() if missing and not files.yields else nullcontext():
            async with self._downloading(missing, bring, cancel) as fetchers:
                if ready is not None:
                    await ready()
                if not missing:
                    progress.enter("loading_shard")
                for done in range(len(files.shards)):
                    if progress.phase == "downloading" and done >= len(missing) and all(f.done() for f in fetchers):
                        progress.enter("loading_shard")
                    item = await here.get()
                    cancel.raise_if_cancelled()
                    if isinstance(item, BaseException):
                        raise item
                    await self._healed(files, item, take, progress, cancel)

    async def _opened(self, opening: asyncio.Future[S], cancel: CancelToken) -> S:
        # A worker that fetches its runtime over a slow line says nothing meanwhile.
        limit = ROUNDS * self._idle_timeout
        try:
            return await until_cancelled(opening, cancel, limit)
        except TimeoutError:
            raise LoadTimeout(f"The worker didn't start within {limit:g} s.") from None

    async def _healed(
        self, files: Files, shard: Shard, take: Take, progress: LoadProgress, cancel: CancelToken
    ) -> None:
        """Hands ``shard`` to ``take``; what turns out damaged or gone is fetched again."""
        for attempt in range(1, HEAL_TRIES + 1):
            progress.loading(shard.sha256)
            try:
                await take(shard)
            except (ShardCorrupt, ShardMissing) as error:
                if attempt == HEAL_TRIES:
                    raise
                self._on_retry(error, attempt)
                progress.lost(shard.sha256)
                await self._store.delete(shard.sha256)
                await self._fetch(files, shard, progress, cancel, lambda count: None)
            else:
                progress.loaded(shard.sha256)
                return

    async def _fetch(
        self, files: Files, shard: Shard, progress: LoadProgress, cancel: CancelToken, arrived: OnBytes
    ) -> None:
        async def download(on_bytes: OnBytes, mine: CancelToken) -> None:
            await self._store.fetch(files.url(shard), shard.sha256, shard.size, on_bytes, mine)

        async def whole(token: CancelToken) -> None:
            await self._download(download, shard, progress, token, arrived)

        await (self._way.yielded(whole, cancel) if files.yields else whole(cancel))

    async def _download(
        self, download: Download, shard: Shard, progress: LoadProgress, cancel: CancelToken, arrived: OnBytes
    ) -> None:
        def bytes_here(count: int) -> None:
            progress.bytes_here(shard.sha256, count)
            arrived(count)

        async def once() -> None:
            cancel.raise_if_cancelled()
            progress.starts(shard.sha256)
            try:
                await unless_idle(
                    download, bytes_here, cancel, self._clock, self._sleep, self._idle_timeout, shard.sha256
                )
            except OrionError as error:
                if isinstance(error, ShardCorrupt):
                    progress.lost(shard.sha256)  # nothing of it was kept
                arrived(shard.size)  # while it waits for its next try another shard downloads
                raise

        await retry(once, self._retry_policy, self._sleep, self._uniform, self._on_retry)
        progress.stored(shard.sha256)


async def _end(opening: asyncio.Future[S]) -> None:
    """Closes the session that is or was being opened. Safe to call twice, and at the same time."""
    opening.cancel()
    await asyncio.wait({opening})
    if not opening.cancelled() and opening.exception() is None:
        await opening.result().close()
