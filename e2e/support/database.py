"""IndexedDB as the page's origin holds it, looked at and damaged from the page."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import Page

from e2e.support.site import Site

_OPEN = """
// Opening a database that isn't there would make it, without the engine's stores.
if (!(await indexedDB.databases()).some(({ name }) => name === "orion")) return null;
const database = await new Promise((resolve, reject) => {
  const request = indexedDB.open("orion", 1);
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});
const done = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});
const store = (name) => database.transaction([name]).objectStore(name);
// Only a committed change survives the page that made it.
const change = (name, work) => new Promise((resolve, reject) => {
  const transaction = database.transaction([name], "readwrite");
  transaction.oncomplete = () => resolve();
  transaction.onabort = () => reject(transaction.error);
  work(transaction.objectStore(name));
});
"""


def _run(page: Page, body: str, argument: Any = None) -> Any:
    return page.evaluate(
        f"async (argument) => {{ {_OPEN} try {{ {body} }} finally {{ database.close(); }} }}", argument
    )


def stored(page: Page, site: Site) -> dict[str, int]:
    """sha256 to bytes of the model's whole shards; the router's don't count."""
    return {sha256: size for sha256, size in everything_stored(page).items() if sha256 not in site.router_shards}


def everything_stored(page: Page) -> dict[str, int]:
    """sha256 to bytes of all whole shards."""
    return (
        _run(
            page,
            """const shards = store("shards");
        const [keys, blobs] = await Promise.all([done(shards.getAllKeys()), done(shards.getAll())]);
        return Object.fromEntries(keys.map((key, index) => [key, blobs[index].size]));""",
        )
        or {}
    )


def partial_bytes(page: Page, sha256: str) -> int:
    """Bytes that an unfinished download of one shard left."""
    return (
        _run(
            page,
            """const range = IDBKeyRange.bound([argument, 0], [argument, Infinity]);
        const partials = await done(store("partials").getAll(range));
        return partials.reduce((sum, blob) => sum + blob.size, 0);""",
            sha256,
        )
        or 0
    )


def corrupt(page: Page, sha256: str) -> None:
    """Turns one bit of a stored shard, as a failing disk does."""
    _run(
        page,
        """const bytes = new Uint8Array(await (await done(store("shards").get(argument))).arrayBuffer());
        bytes[bytes.length >> 1] ^= 1;
        await change("shards", (shards) => shards.put(new Blob([bytes]), argument));""",
        sha256,
    )


def remove(page: Page, sha256: str) -> None:
    """Loses one shard, as an eviction does."""
    _run(page, """await change("shards", (shards) => shards.delete(argument));""", sha256)


def forget_setting(page: Page, key: str) -> None:
    """Loses one of the settings, such as a kept manifest."""
    _run(page, """await change("settings", (settings) => settings.delete(argument));""", key)


def settings(page: Page) -> dict[str, Any]:
    """What the engine keeps beside the shards: manifests and verdicts."""
    return (
        _run(
            page,
            """const all = store("settings"), keys = await done(all.getAllKeys()), values = await done(all.getAll());
        return Object.fromEntries(keys.map((key, index) => [key, values[index]]));""",
        )
        or {}
    )


def begins_with(page: Page) -> str:
    """The model that the next visit begins with before its Python is up."""
    model: str = json.loads(json.loads(settings(page)["standby"])["spec"])["manifest"]["model"]
    return model


def kept_prompts(page: Page, model: str | None = None) -> list[str]:
    """The agents of which prompts that were read, by ``model`` or any, are kept."""
    agents: list[str] = page.evaluate(
        """async (wanted) => {
            if (!(await indexedDB.databases()).some(({ name }) => name === "orion-prefixes")) return [];
            const done = (request) => new Promise((resolve, reject) => {
                request.onsuccess = () => resolve(request.result);
                request.onerror = () => reject(request.error);
            });
            const database = await done(indexedDB.open("orion-prefixes", 1));
            try {
                const kept = await done(database.transaction(["prefixes"]).objectStore("prefixes").getAll());
                return kept.filter(({ model }) => wanted === null || model === wanted).map(({ agent }) => agent);
            } finally {
                database.close();
            }
        }""",
        model,
    )
    return agents
