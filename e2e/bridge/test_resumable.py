"""What unfinished downloads left in a real IndexedDB is told before they go on, and is what they begin with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext

from build_support.server import StaticServer
from e2e.bridge.conftest import Lab
from e2e.bridge.test_shards import FETCH, MIB, File

RESUMABLE = "return (await lab.openShards()).resumable(wanted)"
PUT = """
    const { database } = await lab.openShards();
    await database.transact(["partials"], "readwrite", (transaction) => {
      for (const [offset, length] of pieces) {
        const piece = new Blob([new Uint8Array(length)]);
        transaction.objectStore("partials").put(piece, [sha256, offset]);
      }
    });
"""


@pytest.fixture
def shard(site: Path) -> File:
    return File(site, 6 * MIB + 17)


def wanted(*files: File) -> str:
    return json.dumps({file.sha256: file.size for file in files})


def test_a_new_page_is_told_the_bytes_that_the_download_goes_on_from(
    context: BrowserContext, lab: Lab, shard: File, site: Path, server: StaticServer
) -> None:
    other = File(site, 2 * MIB)
    server.faults.truncate(shard.url, after=4 * MIB)
    arrived = lab.run(FETCH, **shard.arguments)["seen"][-1]
    lab.page.close()
    lab = Lab(context, server.url)
    assert lab.run(RESUMABLE, wanted=wanted(shard, other)) == {shard.sha256: arrived}
    assert lab.run(FETCH, **shard.arguments)["seen"][0] == arrived
    assert lab.run(RESUMABLE, wanted=wanted(shard, other)) == {}


@pytest.mark.parametrize(
    ("pieces", "kept"),
    [
        ([[0, 1000], [1000, 500], [4000, 1000]], 1500),  # a gap
        ([[0, 1000], [1000, 7 * MIB]], 1000),  # more than the whole
        ([[0, 7 * MIB]], 0),
        ([[500, 1000]], 0),  # without a beginning
        ([[0, 0]], 0),
    ],
)
def test_only_what_can_be_resumed_counts(lab: Lab, shard: File, pieces: list[list[int]], kept: int) -> None:
    lab.run(PUT, sha256=shard.sha256, pieces=pieces)
    assert lab.run(RESUMABLE, wanted=wanted(shard)).get(shard.sha256, 0) == kept
    seen = lab.run(FETCH, **shard.arguments)["seen"]
    assert seen[0] == kept
    assert seen == sorted(seen)


def test_a_damaged_part_counts_until_its_hash_is_seen_and_then_no_more(lab: Lab, shard: File) -> None:
    lab.run(PUT, sha256=shard.sha256, pieces=[[0, MIB]])
    assert lab.run(RESUMABLE, wanted=wanted(shard)) == {shard.sha256: MIB}
    assert lab.run(FETCH, **shard.arguments)["code"] == "shard_corrupt"
    assert lab.run(RESUMABLE, wanted=wanted(shard)) == {}
    healed = lab.run(FETCH, **shard.arguments)
    assert healed["seen"][0] == 0
    assert healed["sizes"] == {shard.sha256: shard.size}


def test_a_part_whose_file_the_browser_lost_counts_for_nothing(lab: Lab, shard: File) -> None:
    lab.run(PUT, sha256=shard.sha256, pieces=[[0, 1000], [1000, 500]])
    lab.page.evaluate(
        """() => {
          const read = Blob.prototype.arrayBuffer;
          Blob.prototype.arrayBuffer = function () {
            return this.size === 1 ? Promise.reject(new DOMException("gone", "NotReadableError")) : read.call(this);
          };
        }"""
    )
    assert lab.run(RESUMABLE, wanted=wanted(shard)) == {}


def test_a_file_that_another_tab_pinned_is_here_whole(lab: Lab, shard: File) -> None:
    name = "0" * 64
    lab.run("await (await lab.openShards()).pinShard(url, name, size, () => {})", name=name, **shard.arguments)
    assert lab.run(RESUMABLE, wanted=json.dumps({name: shard.size})) == {name: shard.size}
    assert lab.run(RESUMABLE, wanted=json.dumps({name: shard.size + 1})) == {}


@pytest.mark.parametrize("refusal", ["no database", "no room"])
def test_where_nothing_can_be_stored_the_next_try_of_the_visit_goes_on_too(
    lab: Lab, shard: File, server: StaticServer, refusal: str
) -> None:
    server.faults.truncate(shard.url, after=4 * MIB)
    answer = lab.run(
        """
        const shards = await lab.openShards({ memory: refusal === "no database" });
        const full = () => { throw new DOMException("full", "QuotaExceededError"); };
        if (refusal === "no room") IDBObjectStore.prototype.put = full;
        const seen = [];
        const first = await lab.attempt(shards.fetchShard(url, sha256, size, (bytes) => seen.push(bytes)));
        const arrived = seen.at(-1);
        const kept = await shards.resumable(wanted);
        if (refusal === "no room") shards.useMemory();
        await shards.fetchShard(url, sha256, size, (bytes) => seen.push(bytes));
        const left = await shards.resumable(wanted);
        await shards.remove(sha256);
        return { code: first.code, arrived, kept, seen, left, names: await shards.names() };
        """,
        refusal=refusal,
        wanted=wanted(shard),
        **shard.arguments,
    )
    assert answer["code"] == "download_failed"
    assert answer["kept"] == {shard.sha256: answer["arrived"]}
    assert answer["arrived"] > 0
    assert answer["seen"] == sorted(answer["seen"])
    assert answer["seen"][-1] == shard.size
    assert (answer["left"], answer["names"]) == ({}, [])


def test_a_server_without_ranges_sets_no_count_back_and_shows_that_the_download_lives(
    context: BrowserContext, plain_server: StaticServer, shard: File
) -> None:
    lab = Lab(context, plain_server.url)
    plain_server.faults.truncate(shard.url, after=4 * MIB)
    arrived = lab.run(FETCH, **shard.arguments)["seen"][-1]
    seen = lab.run(FETCH, **shard.arguments)["seen"]
    assert seen == sorted(seen)
    assert seen[0] == arrived
    assert seen.count(arrived) > 1, "what is repeated is a sign of life"
