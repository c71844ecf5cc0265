"""The snapshot of Python that a page's next start begins with, looked at and damaged from the page."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

from e2e.support.waiting import until

_OPEN = """
if (!(await indexedDB.databases()).some(({ name }) => name === "orion-python")) return null;
const database = await new Promise((resolve, reject) => {
  const request = indexedDB.open("orion-python", 1);
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});
const kept = await new Promise((resolve, reject) => {
  const request = database.transaction("snapshots").objectStore("snapshots").get("engine");
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});
const put = (record) => new Promise((resolve, reject) => {
  const transaction = database.transaction("snapshots", "readwrite");
  transaction.oncomplete = () => resolve();
  transaction.onabort = () => reject(transaction.error);
  transaction.objectStore("snapshots").put(record, "engine");
});
"""
TRUSTED = "trusted"
FACTS = "facts"
MEMORY = "memory"


def _run(page: Page, body: str) -> Any:
    return page.evaluate(f"async () => {{ {_OPEN} try {{ {body} }} finally {{ database.close(); }} }}")


def is_trusted(page: Page) -> bool:
    return bool(_run(page, "return kept?.trusted ?? false;"))


def waits_until_trusted(page: Page) -> None:
    until(page, "the next start's snapshot is made and tested", lambda: is_trusted(page))


def flip_a_bit(page: Page) -> None:
    """As a failing disk does."""
    _run(
        page,
        """const bytes = new Uint8Array(await kept.memory.arrayBuffer());
        bytes[bytes.length >> 1] ^= 1;
        await put({ ...kept, memory: new Blob([bytes]) });""",
    )


def change(page: Page, what: str) -> None:
    """Changes the record by the statement ``what``, which sees it as ``kept``."""
    _run(page, f"{what}; await put(kept);")


BOOTS = """(() => {
  const boots = globalThis.orionBoots = [];
  globalThis.Worker = class extends Worker {
    constructor(url, options) {
      super(url, options);
      this.addEventListener("message", ({ data }) => {
        for (const text of [data].flat()) {
          if (typeof text === "string" && text.includes('"type":"boot"')) boots.push(JSON.parse(text).phase);
        }
      });
    }
  };
})();"""
"""Put into a page before its scripts: what its engines began with."""


def boots(page: Page) -> list[str]:
    """The phases of this page's engines' starts."""
    said: list[str] = page.evaluate("orionBoots")
    return said
