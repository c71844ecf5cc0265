"""Stores shards in a folder: each shard is a file that is named after its sha256."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

from orion_py.cancellation import CancelToken
from orion_py.errors import DownloadFailed, OrionError, QuotaExceeded, ShardCorrupt, ShardMissing
from orion_py.native.locks import file_lock
from orion_py.storage.base import OnBytes, StorageEstimate

_CHUNK = 1 << 20
_TIMEOUT_S = 30.0
_NAME_LENGTH = 64


class FolderShardStore:
    """``folder`` may be a built model's ``shards/`` itself: then nothing is ever fetched.

    A URL may be http(s), or a path in the file system, below ``root`` unless it is absolute. What an
    interrupted download left lies in ``<sha256>.partial`` and is resumed.
    """

    memory_reason: str | None = None
    """Never in memory only: a folder is always there."""

    def __init__(self, folder: Path, root: Path | None = None) -> None:
        self._folder, self._root = folder, root or Path()
        folder.mkdir(parents=True, exist_ok=True)

    def use_memory(self) -> None:
        """Nothing to step down to: a full disk is an error here."""

    async def sizes(self) -> dict[str, int]:
        entries = [entry for entry in os.scandir(self._folder) if _is_name(entry.name)]
        return {entry.name: entry.stat().st_size for entry in entries}

    async def names(self) -> list[str]:
        """None: the folder may be a build's own, with shards of models that were never opened."""
        return []

    async def resumable(self, wanted: Mapping[str, int]) -> dict[str, int]:
        begun = {name: _begun(self._partial(name), size) for name, size in wanted.items()}
        return {name: have for name, have in begun.items() if have}

    async def fetch(self, url: str, sha256: str, size: int, on_bytes: OnBytes, cancel: CancelToken) -> None:
        path = self._path(sha256)
        async with self._alone(sha256, cancel):
            if path.exists() and path.stat().st_size == size:
                on_bytes(size)  # another process brought it
                return
            partial = await self._download(url, sha256, size, on_bytes, cancel)
            if await asyncio.to_thread(_sha256, partial) != sha256:
                partial.unlink()
                raise ShardCorrupt(sha256=sha256)
            os.replace(partial, path)

    async def pin(self, url: str, name: str, size: int, on_bytes: OnBytes, cancel: CancelToken) -> str:
        async with self._alone(name, cancel):
            partial = await self._download(url, name, size, on_bytes, cancel)
            sha256 = await asyncio.to_thread(_sha256, partial)
            os.replace(partial, self._path(sha256))
        return sha256

    @asynccontextmanager
    async def _alone(self, name: str, cancel: CancelToken) -> AsyncIterator[None]:
        """Two processes that bring one shard don't write into each other's partial."""
        async with file_lock(self._path(name).with_suffix(".lock"), cancel):
            yield

    async def _download(self, url: str, name: str, size: int, on_bytes: OnBytes, cancel: CancelToken) -> Path:
        """All ``size`` bytes, not looked at yet."""
        partial = self._partial(name)
        try:
            got = _begun(partial, size)
            on_bytes(got)
            with partial.open("ab" if got else "wb") as target:
                position, chunks = await asyncio.to_thread(_open, url, self._root, got, size)
                while chunk := await asyncio.to_thread(next, chunks, b""):
                    cancel.raise_if_cancelled()
                    # A server without Range repeats what is here.
                    new, position = chunk[max(0, got - position) :], position + len(chunk)
                    got += len(new)
                    if got > size:
                        break
                    target.write(new)
                    on_bytes(got)
        except OrionError:
            raise
        except (OSError, urllib.error.URLError, ValueError) as error:
            if isinstance(error, OSError) and error.errno == 28:  # ENOSPC
                raise QuotaExceeded(url=url) from error
            raise DownloadFailed(f"{url}: {error}", url=url) from error
        if got < size:
            raise DownloadFailed(f"{url}: it ended after {got} of {size} bytes", url=url)
        if got > size:
            partial.unlink()
            raise ShardCorrupt(sha256=name)
        return partial

    async def read(self, sha256: str) -> bytes:
        return await asyncio.to_thread(read_verified, self._folder, sha256)

    async def delete(self, sha256: str) -> None:
        for file in (self._path(sha256), self._partial(sha256)):
            file.unlink(missing_ok=True)

    async def estimate(self) -> StorageEstimate:
        usage = sum((await self.sizes()).values())
        return StorageEstimate(shutil.disk_usage(self._folder).free + usage, usage, persisted=True)

    async def persist(self) -> bool:
        return True

    def _partial(self, name: str) -> Path:
        return self._path(name).with_suffix(".partial")

    def _path(self, sha256: str) -> Path:
        return shard_path(self._folder, sha256)


def shard_path(folder: Path, sha256: str) -> Path:
    """Where a shard lies. Raises ShardMissing for what isn't a sha256, such as a path."""
    if not _is_name(sha256):
        raise ShardMissing("this isn't a sha256", sha256=sha256[:80])
    return folder / sha256


def read_verified(folder: Path, sha256: str) -> bytes:
    """A shard's bytes. Raises ShardMissing or ShardCorrupt."""
    try:
        data = shard_path(folder, sha256).read_bytes()
    except OSError as error:
        raise ShardMissing(sha256=sha256) from error
    if hashlib.sha256(data).hexdigest() != sha256:
        raise ShardCorrupt(sha256=sha256)
    return data


def _is_name(name: str) -> bool:
    return len(name) == _NAME_LENGTH and all(c in "0123456789abcdef" for c in name)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _begun(partial: Path, size: int) -> int:
    """Bytes of ``partial`` that can be resumed: more than the whole can't be a part of it."""
    try:
        have = partial.stat().st_size
    except FileNotFoundError:
        return 0
    return have if have <= size else 0


def _open(url: str, root: Path, have: int, size: int) -> tuple[int, Iterator[bytes]]:
    """What is still missing behind ``have`` bytes, and the position in the file at which it begins."""
    if have == size:
        return have, iter(())
    if urlsplit(url).scheme not in ("http", "https"):
        return have, _chunks(_opened_at(root / url, have))
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    answer = urllib.request.urlopen(request, timeout=_TIMEOUT_S)
    return (have if answer.status == 206 else 0), _chunks(answer)


def _opened_at(path: Path, position: int) -> BinaryIO:
    stream = path.open("rb")
    stream.seek(position)
    return stream


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    with stream:
        while chunk := stream.read(_CHUNK):
            yield chunk
