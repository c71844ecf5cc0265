"""Measures what a visit leaves for the next one's start, besides the model."""

from __future__ import annotations

import time

from playwright.sync_api import Page

LIMIT_S = 120.0
RESTED_MS = 10_500
"""After its test the browser stores the code that it compiled (web/bridge/worker/snapshot/maker.js)."""
_KEPT = """async () => {
  if (!(await indexedDB.databases()).some(({ name }) => name === "orion-python")) return false;
  const asked = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const database = await asked(indexedDB.open("orion-python"));
  try {
    const kept = await asked(database.transaction("snapshots").objectStore("snapshots").get("engine"));
    return kept?.trusted === true;
  } finally {
    database.close();
  }
}"""


def until_kept(page: Page) -> None:
    """Waits until the snapshot of Python is made and tested: a person who comes back was away so long.
    Raises RuntimeError if it never is."""
    end = time.monotonic() + LIMIT_S
    while not page.evaluate(_KEPT):
        if time.monotonic() > end:
            raise RuntimeError(f"No snapshot of Python was made within {LIMIT_S:.0f} s.")
        page.wait_for_timeout(250)
    page.wait_for_timeout(RESTED_MS)
