"""Where the browser offers less than usual, it answers all the same: on one thread, and from memory.

Plain http from another machine (no hashing, no ids, no locks, no caches, no service worker, no clipboard),
and a browser like WebKitGTK (no Blobs in IndexedDB, no shared memory, no word about storage).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from e2e.support.browsers import Browsers
from e2e.support.person import Person
from e2e.support.site import Site
from e2e.support.web import Web

QUESTION = "What is the capital of France?"
ELSEWHERE = ["--host-resolver-rules=MAP orion.test 127.0.0.1, MAP * ~NOTFOUND , EXCLUDE localhost"]
OFFERED = """() => [isSecureContext, crossOriginIsolated, Boolean(crypto.subtle), "randomUUID" in crypto,
  "locks" in navigator, "caches" in globalThis, "storage" in navigator, "serviceWorker" in navigator,
  "clipboard" in navigator, "SharedArrayBuffer" in globalThis].some(Boolean)"""
NO_BLOBS = """
{
  const { put } = IDBObjectStore.prototype;
  IDBObjectStore.prototype.put = function refusing(value, ...key) {
    if (value instanceof Blob) throw new DOMException("BlobURLs are not yet supported.", "DataCloneError");
    return put.call(this, value, ...key);
  };
  Object.defineProperty(Object.getPrototypeOf(navigator), "storage", { value: undefined });
  delete globalThis.SharedArrayBuffer;
}
"""
HANGING = """
{
  const { open } = IDBFactory.prototype;
  IDBFactory.prototype.open = function silent(name, version) {
    return name === "orion" ? new EventTarget() : open.call(this, name, version);
  };
  Object.defineProperty(Object.getPrototypeOf(navigator), "storage", {
    value: { estimate: () => new Promise(() => {}), persisted: () => new Promise(() => {}) },
  });
}
"""


@pytest.fixture
def plain(site: Site) -> Iterator[Web]:
    web = Web(site, plain=True)
    yield web
    web.goes_down()


def breaks(page: Page, script: str) -> None:
    """``script`` runs first in the page and in its module workers."""

    def first(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body='import "./broken.js";\n' + answer.text())

    page.context.route(re.compile(r"/workers/(engine|inference)\.js$"), first)
    page.context.route(
        re.compile(r"/workers/broken\.js$"),
        lambda route: route.fulfill(body=script, content_type="text/javascript"),
    )
    page.add_init_script(script)


def test_over_plain_http_from_another_machine_it_answers_on_one_thread_and_copies(
    browsers: Browsers, empty_profile: Path, plain: Web
) -> None:
    page = browsers.start(empty_profile, arguments=ELSEWHERE)
    person = Person(page, plain.url.replace("localhost", "orion.test"))
    person.opens()
    assert not page.evaluate(OFFERED)
    answer = person.asks(QUESTION)
    assert "Paris" in answer.succeeds()
    assert answer.backend == "Kernel, 1 thread"
    assert len(plain.shard_requests()) == len(plain.site.shards), "each shard was asked for once"
    assert person.engine == "degraded"

    answer.article.get_by_role("button", name="Copy").first.click()
    expect(page.locator("#announcer")).to_have_text("Copied")
    person.message.click()
    page.keyboard.press("ControlOrMeta+V")
    expect(person.message).to_have_value(re.compile("Paris"))


def test_without_blobs_in_the_database_it_answers_from_memory(
    browsers: Browsers, empty_profile: Path, plain: Web
) -> None:
    plain.faults.fail("sw.js", 404, times=None)
    person = Person(browsers.start(empty_profile), plain.url)
    breaks(person.page, NO_BLOBS)
    person.opens()
    answer = person.asks(QUESTION)
    assert "Paris" in answer.succeeds()
    assert answer.backend == "Kernel, 1 thread"
    assert "Paris" in person.asks(QUESTION).succeeds(), "and again"
    assert len(plain.shard_requests()) == len(plain.site.shards)


def test_a_database_that_never_opens_and_a_browser_that_tells_nothing_are_not_waited_for_for_ever(
    browsers: Browsers, empty_profile: Path, plain: Web
) -> None:
    plain.faults.fail("sw.js", 404, times=None)
    person = Person(browsers.start(empty_profile), plain.url)
    breaks(person.page, HANGING)
    person.opens()
    assert "Paris" in person.asks(QUESTION).succeeds()
