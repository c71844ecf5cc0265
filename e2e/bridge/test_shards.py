"""Storage: downloads that are resumed, verified and refused, in a real IndexedDB."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Playwright

from build_support.browser import ARGUMENTS, find
from build_support.server import StaticServer
from e2e.bridge.conftest import Lab
from e2e.support.waiting import until

MIB = 1 << 20
FETCH = """
    const shards = await lab.openShards();
    const seen = [];
    const answer = await lab.attempt(shards.fetchShard(url, sha256, size, (bytes) => seen.push(bytes)));
    return { ...answer, seen, sizes: await shards.sizes() };
"""


def limit_storage(context: BrowserContext, lab: Lab, server: StaticServer, size: int) -> None:
    """Has to come before the first write: Chromium remembers how much it may still write."""
    client = context.new_cdp_session(lab.page)
    client.send("Storage.overrideQuotaForOrigin", {"origin": server.url, "quotaSize": size})


class File:
    """A file that the server offers as a shard."""

    def __init__(self, site: Path, size: int) -> None:
        self.data = random.Random(size).randbytes(size)
        self.sha256 = hashlib.sha256(self.data).hexdigest()
        self.size = size
        self.url = f"models/shards/{self.sha256}"
        self.path = site / self.url
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_bytes(self.data)

    @property
    def arguments(self) -> dict[str, object]:
        return {"url": self.url, "sha256": self.sha256, "size": self.size}


@pytest.fixture
def make_file(site: Path) -> Callable[[int], File]:
    return lambda size: File(site, size)


@pytest.fixture
def shard(make_file: Callable[[int], File]) -> File:
    return make_file(6 * MIB + 13)


def test_a_shard_is_fetched_verified_and_kept(lab: Lab, shard: File) -> None:
    answer = lab.run(FETCH, **shard.arguments)
    assert answer["sizes"] == {shard.sha256: shard.size}
    assert answer["seen"] == sorted(answer["seen"])
    assert answer["seen"][-1] == shard.size
    read = lab.run("return (await (await lab.openShards()).read(sha256)).length", sha256=shard.sha256)
    assert read == shard.size


def test_a_shard_that_is_here_is_not_requested_again(lab: Lab, shard: File, server: StaticServer) -> None:
    lab.run(FETCH, **shard.arguments)
    again = lab.run(FETCH, **shard.arguments)
    assert again["seen"] == [shard.size]
    assert len(server.requests(shard.url)) == 1


def test_a_broken_connection_is_resumed_where_it_broke(lab: Lab, shard: File, server: StaticServer) -> None:
    server.faults.truncate(shard.url, after=4 * MIB)
    broken = lab.run(FETCH, **shard.arguments)
    assert broken["code"] == "download_failed"
    arrived = broken["seen"][-1]
    assert 0 < arrived <= 4 * MIB
    answer = lab.run(FETCH, **shard.arguments)
    assert answer["seen"][0] == arrived
    assert answer["sizes"] == {shard.sha256: shard.size}
    assert server.requests(shard.url)[-1].status == 206
    assert server.requests(shard.url)[-1].bytes == shard.size - arrived


def test_an_abort_keeps_what_arrived_also_for_a_new_page(
    context: BrowserContext, lab: Lab, shard: File, server: StaticServer
) -> None:
    server.faults.hold(shard.url, after=3 * MIB)
    answer = lab.run(
        """
        const shards = await lab.openShards();
        const controller = new AbortController();
        let arrived = 0;
        const fetching = lab.attempt(shards.fetchShard(url, sha256, size, (bytes) => {
          arrived = bytes;
          if (bytes >= hold) controller.abort();
        }, controller.signal));
        return { ...(await fetching), arrived };
        """,
        hold=2 * MIB,
        **shard.arguments,
    )
    assert answer["code"] == "cancelled"
    server.faults.clear()
    lab.page.close()
    resumed = Lab(context, server.url).run(FETCH, **shard.arguments)
    assert resumed["seen"][0] == answer["arrived"] >= 2 * MIB
    assert resumed["sizes"] == {shard.sha256: shard.size}


def test_a_page_that_is_closed_amid_a_download_loses_little(
    context: BrowserContext, lab: Lab, shard: File, server: StaticServer
) -> None:
    held = server.faults.hold(shard.url, after=4 * MIB)
    lab.start(
        """
        const shards = await lab.openShards();
        await shards.fetchShard(url, sha256, size, () => {});
        """,
        **shard.arguments,
    )
    assert held.reached.wait(10)
    # Nothing more comes, and yet what is here is committed within a moment.
    lab.run(
        "while (!(await lab.partialBytes(sha256))) await new Promise((go) => setTimeout(go, 20))", sha256=shard.sha256
    )
    lab.page.close()
    server.faults.clear()
    resumed = Lab(context, server.url).run(FETCH, **shard.arguments)
    assert resumed["seen"][0] >= MIB
    assert resumed["sizes"] == {shard.sha256: shard.size}


def test_a_corrupt_shard_is_refused_and_heals_with_the_next_try(lab: Lab, shard: File, server: StaticServer) -> None:
    server.faults.corrupt(shard.url, at=5 * MIB)
    corrupt = lab.run(FETCH, **shard.arguments)
    assert corrupt["code"] == "shard_corrupt"
    assert corrupt["sizes"] == {}
    healed = lab.run(FETCH, **shard.arguments)
    assert healed["sizes"] == {shard.sha256: shard.size}
    assert server.requests(shard.url)[-1].bytes == shard.size  # nothing of the corrupt one was kept


def test_a_server_without_ranges_sends_all_again_and_that_is_fine(
    context: BrowserContext, plain_server: StaticServer, shard: File
) -> None:
    lab = Lab(context, plain_server.url)
    plain_server.faults.truncate(shard.url, after=4 * MIB)
    # HTTP/1.0 with a length: the browser notices that the body is too short.
    assert lab.run(FETCH, **shard.arguments)["code"] == "download_failed"
    answer = lab.run(FETCH, **shard.arguments)
    assert answer["sizes"] == {shard.sha256: shard.size}
    assert answer["seen"] == sorted(answer["seen"])
    assert plain_server.requests(shard.url)[-1].status == 200


def test_a_body_longer_than_promised_is_corrupt(lab: Lab, shard: File) -> None:
    arguments = {**shard.arguments, "size": shard.size - 1}
    assert lab.run(FETCH, **arguments)["code"] == "shard_corrupt"


def test_a_file_shorter_than_promised_is_a_failed_download(lab: Lab, shard: File) -> None:
    arguments = {**shard.arguments, "size": shard.size + 1}
    assert lab.run(FETCH, **arguments)["code"] == "download_failed"
    # Resuming now asks for a range behind the file's end, and then for all of it.
    assert lab.run(FETCH, **arguments)["code"] == "download_failed"
    assert lab.run(FETCH, **shard.arguments)["sizes"] == {shard.sha256: shard.size}


@pytest.mark.parametrize("status", [404, 503])
def test_a_server_error_is_a_failed_download(lab: Lab, shard: File, server: StaticServer, status: int) -> None:
    server.faults.fail(shard.url, status)
    answer = lab.run(FETCH, **shard.arguments)
    assert answer["code"] == "download_failed"
    assert answer["detail"]["status"] == status


def test_a_page_in_place_of_the_file_is_a_failed_download(lab: Lab, shard: File) -> None:
    answer = lab.run(FETCH, **{**shard.arguments, "url": "index.html"})
    assert answer["code"] == "download_failed"


def test_no_network_is_a_failed_download(context: BrowserContext, lab: Lab, shard: File) -> None:
    lab.run("return 1")  # the scripts are here
    context.set_offline(True)
    assert lab.run(FETCH, **shard.arguments)["code"] == "download_failed"


def test_two_tabs_share_one_download(context: BrowserContext, lab: Lab, shard: File, server: StaticServer) -> None:
    held = server.faults.hold(shard.url, after=MIB)
    body = "return lab.attempt((await lab.openShards()).fetchShard(url, sha256, size, () => {}))"
    other = Lab(context, server.url)
    lab.start(body, **shard.arguments)
    assert held.reached.wait(10)
    other.start(body, **shard.arguments)
    held.release()
    assert lab.result() == {"value": None}
    assert other.result() == {"value": None}
    assert len(server.requests(shard.url)) == 1


def test_the_tab_that_waits_shows_what_has_arrived_and_goes_on_when_the_other_is_closed(
    context: BrowserContext, lab: Lab, shard: File, server: StaticServer
) -> None:
    held = server.faults.hold(shard.url, after=3 * MIB)
    lab.start("return (await lab.openShards()).fetchShard(url, sha256, size, () => {})", **shard.arguments)
    assert held.reached.wait(10)
    other = Lab(context, server.url)
    other.run("globalThis.seen = []")
    other.start(
        """
        const shards = await lab.openShards();
        return lab.attempt(shards.fetchShard(url, sha256, size, (bytes) => globalThis.seen.push(bytes)));
        """,
        **shard.arguments,
    )
    until(other.page, "it shows some", lambda: other.page.evaluate("(globalThis.seen.at(-1) ?? 0) >= 1048576"))
    lab.page.close()  # before the rest comes: it would have the whole shard
    server.faults.clear()
    assert other.result() == {"value": None}
    seen = other.page.evaluate("globalThis.seen")
    assert seen == sorted(seen)
    assert seen[-1] == shard.size
    assert server.requests(shard.url)[-1].status == 206


def test_a_file_without_a_hash_that_another_tab_pinned_is_not_downloaded_again(
    context: BrowserContext, lab: Lab, shard: File, server: StaticServer
) -> None:
    body = "return (await lab.openShards()).pinShard(url, name, size, () => {})"
    name = "0" * 64
    other = Lab(context, server.url)
    lab.start(body, name=name, **shard.arguments)
    other.start(body, name=name, **shard.arguments)
    assert lab.result() == other.result() == shard.sha256
    assert len(server.requests(shard.url)) == 1


def test_a_full_disk_is_quota_exceeded_and_memory_is_the_step_down(
    context: BrowserContext, lab: Lab, server: StaticServer, make_file: Callable[[int], File]
) -> None:
    first, second = make_file(2 * MIB), make_file(30 * MIB)
    limit_storage(context, lab, server, 12 * MIB)
    lab.run(FETCH, **first.arguments)
    refused = lab.run(FETCH, **second.arguments)
    assert refused["code"] == "quota_exceeded"
    assert refused["sizes"] == {first.sha256: first.size}
    kept = lab.run(
        """
        const shards = await lab.openShards();
        shards.useMemory();
        await shards.fetchShard(url, sha256, size, () => {});
        return { kind: shards.kind, sizes: await shards.sizes(), held: shards.heldBlob(sha256)?.size ?? null,
                 stored: shards.heldBlob(other), read: (await shards.read(sha256)).length };
        """,
        other=first.sha256,
        **second.arguments,
    )
    assert kept == {
        "kind": "memory",
        "sizes": {first.sha256: first.size, second.sha256: second.size},
        "held": second.size,
        "stored": None,
        "read": second.size,
    }


@pytest.mark.parametrize(
    "breakage",
    [
        "delete globalThis.indexedDB; Object.defineProperty(globalThis, 'indexedDB', { value: undefined })",
        "IDBFactory.prototype.open = () => { throw new DOMException('no', 'SecurityError') }",
        "IDBObjectStore.prototype.put = () => { throw new DOMException('no blobs', 'DataCloneError') }",
    ],
)
def test_without_a_usable_database_shards_stay_in_memory(lab: Lab, shard: File, breakage: str) -> None:
    lab.page.evaluate(f"() => {{ {breakage} }}")
    answer = lab.run(
        """
        const shards = await lab.openShards();
        await shards.fetchShard(url, sha256, size, () => {});
        await shards.settings.write("a", 1);
        const before = await shards.sizes();
        const found = { kind: shards.kind, reason: shards.reason !== "", setting: await shards.settings.read("a"),
                        blob: shards.heldBlob(sha256).size, before };
        await shards.remove(sha256);
        return { ...found, after: await shards.sizes() };
        """,
        **shard.arguments,
    )
    assert answer == {
        "kind": "memory",
        "reason": True,
        "setting": 1,
        "blob": shard.size,
        "before": {shard.sha256: shard.size},
        "after": {},
    }


def test_reading_tells_missing_from_corrupt(lab: Lab, shard: File) -> None:
    answer = lab.run(
        """
        const shards = await lab.openShards();
        const missing = await lab.attempt(shards.read(sha256));
        await shards.fetchShard(url, sha256, size, () => {});
        const put = (transaction) => transaction.objectStore("shards").put(new Blob(["x"]), sha256);
        await shards.database.transact(["shards"], "readwrite", put);
        return { missing: missing.code, corrupt: (await lab.attempt(shards.read(sha256))).code };
        """,
        **shard.arguments,
    )
    assert answer == {"missing": "shard_missing", "corrupt": "shard_corrupt"}


def test_removing_takes_partials_too(lab: Lab, shard: File, server: StaticServer) -> None:
    server.faults.truncate(shard.url, after=4 * MIB)
    lab.run(FETCH, **shard.arguments)
    lab.run("await (await lab.openShards()).remove(sha256)", sha256=shard.sha256)
    lab.run(FETCH, **shard.arguments)
    assert server.requests(shard.url)[-1].bytes == shard.size


def test_settings_are_kept_until_deleted(context: BrowserContext, lab: Lab, server: StaticServer) -> None:
    lab.run("await (await lab.openShards()).settings.write('verdict', '{\"kl\": 0.01}')")
    other = Lab(context, server.url)
    assert other.run("return (await lab.openShards()).settings.read('verdict')") == '{"kl": 0.01}'
    other.run("await (await lab.openShards()).settings.remove('verdict')")
    assert lab.run("return (await lab.openShards()).settings.read('verdict')") is None


def test_the_estimate_counts_what_is_stored(
    playwright: Playwright, tmp_path: Path, server: StaticServer, shard: File
) -> None:
    # A profile on disk: a private one counts only part of what it keeps.
    context = playwright.chromium.launch_persistent_context(tmp_path, executable_path=find(), args=ARGUMENTS)
    lab = Lab(context, server.url)
    before = lab.run("return (await lab.openShards()).estimate()")
    lab.run(FETCH, **shard.arguments)
    after = lab.run("return (await lab.openShards()).estimate()")
    assert after["usage"] - before["usage"] >= shard.size
    assert after["quota"] > 0
    assert after["persisted"] in (True, False)
    context.close()


def test_a_connection_that_the_browser_closed_is_opened_again(lab: Lab, shard: File) -> None:
    answer = lab.run(
        """
        const shards = await lab.openShards();
        (await shards.database.connect()).close();
        await shards.fetchShard(url, sha256, size, () => {});
        return shards.sizes();
        """,
        **shard.arguments,
    )
    assert answer == {shard.sha256: shard.size}
