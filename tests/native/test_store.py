"""Shards in a folder: fetched, resumed, verified, and never outside the folder."""

from __future__ import annotations

import asyncio
import hashlib
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from orion_py.cancellation import CancelToken
from orion_py.errors import Cancelled, DownloadFailed, ShardCorrupt, ShardMissing
from orion_py.native.locks import file_lock
from orion_py.native.store import FolderShardStore

DATA = bytes(range(256)) * 12_000
SHA = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def store(tmp_path: Path) -> FolderShardStore:
    return FolderShardStore(tmp_path / "shards")


@pytest.fixture
def source(tmp_path: Path) -> str:
    path = tmp_path / "source"
    path.write_bytes(DATA)
    return str(path)


async def fetch(store: FolderShardStore, url: str, cancel: CancelToken | None = None) -> list[int]:
    seen: list[int] = []
    await store.fetch(url, SHA, len(DATA), seen.append, cancel or CancelToken())
    return seen


async def test_a_fetched_shard_is_here_whole(store: FolderShardStore, source: str) -> None:
    seen = await fetch(store, source)
    assert seen[0] == 0
    assert seen[-1] == len(DATA)
    assert await store.sizes() == {SHA: len(DATA)}
    assert await store.read(SHA) == DATA


async def test_cancelling_keeps_what_came_and_the_next_try_goes_on(store: FolderShardStore, source: str) -> None:
    cancel = CancelToken()
    with pytest.raises(Cancelled):
        await store.fetch(source, SHA, len(DATA), lambda got: cancel.cancel() if got else None, cancel)
    assert await store.sizes() == {}
    assert (await fetch(store, source))[0] > 0
    assert await store.read(SHA) == DATA


async def test_other_bytes_are_refused_and_not_kept(store: FolderShardStore, tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"x" * len(DATA))
    with pytest.raises(ShardCorrupt):
        await fetch(store, str(tmp_path / "source"))
    assert await store.sizes() == {}
    (tmp_path / "source").write_bytes(DATA)
    assert (await fetch(store, str(tmp_path / "source")))[0] == 0


async def test_a_longer_file_is_refused(store: FolderShardStore, tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(DATA + b"more")
    with pytest.raises(ShardCorrupt):
        await fetch(store, str(tmp_path / "source"))


async def test_a_shorter_file_is_a_failed_download(store: FolderShardStore, tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(DATA[:1000])
    with pytest.raises(DownloadFailed, match="1000"):
        await fetch(store, str(tmp_path / "source"))


async def test_a_missing_source_is_a_failed_download(store: FolderShardStore, tmp_path: Path) -> None:
    with pytest.raises(DownloadFailed):
        await fetch(store, str(tmp_path / "nowhere"))


async def test_reading_says_what_is_missing_or_damaged(store: FolderShardStore, source: str, tmp_path: Path) -> None:
    with pytest.raises(ShardMissing):
        await store.read(SHA)
    await fetch(store, source)
    (tmp_path / "shards" / SHA).write_bytes(DATA[:-1] + b"!")
    with pytest.raises(ShardCorrupt):
        await store.read(SHA)


@pytest.mark.parametrize("name", ["../source", "/etc/passwd", "", "A" * 64, SHA[:-1]])
async def test_a_name_that_is_no_hash_reaches_no_file(store: FolderShardStore, source: str, name: str) -> None:
    with pytest.raises(ShardMissing):
        await store.read(name)
    with pytest.raises(ShardMissing):
        await store.delete(name)
    assert Path(source).exists()


async def test_deleting_takes_the_unfinished_part_too(store: FolderShardStore, source: str, tmp_path: Path) -> None:
    await fetch(store, source)
    (tmp_path / "shards" / f"{SHA}.partial").write_bytes(b"part")
    await store.delete(SHA)
    assert list((tmp_path / "shards").iterdir()) == []


async def test_the_estimate_counts_what_is_here(store: FolderShardStore, source: str) -> None:
    await fetch(store, source)
    estimate = await store.estimate()
    assert estimate.usage == len(DATA)
    assert estimate.quota is not None
    assert estimate.quota > len(DATA)
    assert estimate.persisted is True
    assert await store.persist() is True


@pytest.fixture
def server() -> Iterator[tuple[str, list[str | None]]]:
    """Serves DATA with or without Range (by path); notes the ranges that are asked for."""
    ranges: list[str | None] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers["Range"]
            ranges.append(asked)
            start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and self.path == "/ranges" else 0
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(DATA) - start))
            self.end_headers()
            self.wfile.write(DATA[start:])

        def log_message(self, *arguments: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{http.server_address[1]}", ranges
        http.shutdown()
        thread.join()


@pytest.mark.parametrize("path", ["/ranges", "/none"])
async def test_a_download_resumes_where_the_server_lets_it(
    store: FolderShardStore, tmp_path: Path, server: tuple[str, list[str | None]], path: str
) -> None:
    base, ranges = server
    (tmp_path / "shards" / f"{SHA}.partial").write_bytes(DATA[:5000])
    seen = await fetch(store, base + path)
    assert ranges == ["bytes=5000-"]
    assert seen[0] == 5000
    assert seen == sorted(seen), "a server that repeats what is here doesn't set the count back"
    assert await store.read(SHA) == DATA


async def test_what_an_unfinished_download_left_is_told_before_it_goes_on(
    store: FolderShardStore, source: str, tmp_path: Path
) -> None:
    partial = tmp_path / "shards" / f"{SHA}.partial"
    wanted = {SHA: len(DATA), "0" * 64: 5}
    assert await store.resumable(wanted) == {}
    partial.write_bytes(DATA[:5000])
    assert await store.resumable(wanted) == {SHA: 5000}
    assert (await fetch(store, source))[0] == 5000
    assert await store.resumable(wanted) == {}


async def test_a_part_longer_than_the_whole_is_no_part(store: FolderShardStore, source: str, tmp_path: Path) -> None:
    (tmp_path / "shards" / f"{SHA}.partial").write_bytes(DATA + b"more")
    assert await store.resumable({SHA: len(DATA)}) == {}
    assert (await fetch(store, source))[0] == 0
    assert await store.read(SHA) == DATA


async def test_what_had_arrived_whole_is_verified_and_not_asked_for_again(
    store: FolderShardStore, tmp_path: Path, server: tuple[str, list[str | None]]
) -> None:
    base, ranges = server
    partial = tmp_path / "shards" / f"{SHA}.partial"
    partial.write_bytes(b"?" * len(DATA))
    assert await store.resumable({SHA: len(DATA)}) == {SHA: len(DATA)}
    with pytest.raises(ShardCorrupt):
        await fetch(store, base + "/ranges")
    assert await store.resumable({SHA: len(DATA)}) == {}
    partial.write_bytes(DATA)
    assert await fetch(store, base + "/ranges") == [len(DATA)]
    assert ranges == []
    assert await store.read(SHA) == DATA


async def test_two_that_bring_one_shard_at_once_bring_it_once(tmp_path: Path) -> None:
    data = bytes(range(256)) * 20_000
    source = tmp_path / "source.bin"
    source.write_bytes(data)
    sha256 = hashlib.sha256(data).hexdigest()
    stores = [FolderShardStore(tmp_path / "shards") for _ in range(2)]
    seen: list[list[int]] = [[], []]
    await asyncio.gather(
        *(
            store.fetch(str(source), sha256, len(data), counts.append, CancelToken())
            for store, counts in zip(stores, seen, strict=True)
        )
    )
    assert (tmp_path / "shards" / sha256).read_bytes() == data
    assert min(len(counts) for counts in seen) == 1, "the second found it there"
    assert [path.name for path in (tmp_path / "shards").iterdir()] == [sha256]


async def test_a_killed_process_leaves_no_lock_behind(tmp_path: Path) -> None:
    code = (
        "import asyncio, pathlib, sys\n"
        "from orion_py.cancellation import CancelToken\n"
        "from orion_py.native.locks import file_lock\n"
        "async def hold():\n"
        "    async with file_lock(pathlib.Path(sys.argv[1]), CancelToken()):\n"
        "        print('held', flush=True)\n"
        "        await asyncio.sleep(60)\n"
        "asyncio.run(hold())\n"
    )
    path = tmp_path / "x.lock"
    process = subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "held"
    cancel = CancelToken()
    waiting = asyncio.ensure_future(_once(path, cancel))
    await asyncio.sleep(0.15)
    assert not waiting.done()
    process.kill()
    process.wait()
    process.stdout.close()
    await asyncio.wait_for(waiting, 10)


async def _once(path: Path, cancel: CancelToken) -> None:
    async with file_lock(path, cancel):
        return
