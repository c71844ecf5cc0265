"""Where the browser offers less than usual, it answers all the same: on one thread, without relaxed SIMD, and from
memory; or it says in plain words that it can't.

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

ONE_CORE = """
Object.defineProperty(Object.getPrototypeOf(navigator), "hardwareConcurrency", { value: 1 });
"""
NO_SHARED_MEMORY = "delete globalThis.SharedArrayBuffer;"
NO_RELAXED_SIMD = """
{
  // What a browser without it says of each module that has one of its instructions (0xfd, then 0x100 and more).
  const { validate } = WebAssembly;
  WebAssembly.validate = (bytes) => !String(bytes).includes("253,146,2") && validate.call(WebAssembly, bytes);
}
"""
NO_SIMD = ["--js-flags=--no-enable-sse4-1"]
"""V8's SIMD needs SSE4.1: this is a browser on a processor without it."""
HAS_SIMD = """WebAssembly.validate(Uint8Array.of(
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11))"""


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

    page.context.route(re.compile(r"/workers/(engine|inference)\.js(\?.*)?$"), first)
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


@pytest.mark.parametrize(
    ("script", "build", "label"),
    [
        (ONE_CORE, "relaxed-threads", "Kernel, 1 thread"),
        (NO_RELAXED_SIMD, "plain-threads", "Kernel, 2 threads"),
        (NO_SHARED_MEMORY, "relaxed", "Kernel, 1 thread"),
    ],
    ids=["one core", "no relaxed SIMD", "no shared memory"],
)
def test_it_answers_on_the_kernels_build_that_runs_there(
    newcomer: Person, web: Web, script: str, build: str, label: str
) -> None:
    web.faults.fail("sw.js", 404, times=None)  # it would refuse the altered workers
    breaks(newcomer.page, script)
    newcomer.opens()
    answer = newcomer.asks(QUESTION)
    assert "Paris" in answer.succeeds()
    assert answer.backend == label
    assert f"kernel/{build}.wasm" in {request.path for request in web.requests("kernel/*")}
    assert not web.requests("vendor/ort/*.wasm"), "onnxruntime isn't asked for before the first answer"


def test_without_simd_it_says_that_this_browser_cannot_and_downloads_no_model(
    browsers: Browsers, empty_profile: Path, web: Web
) -> None:
    person = Person(browsers.start(empty_profile, arguments=NO_SIMD), web.url)
    person.opens()
    if person.page.evaluate(HAS_SIMD):
        pytest.skip("this processor's SIMD can't be taken from the browser")
    answer = person.asks(QUESTION)
    answer.comes_to("error")
    assert "WebAssembly has no SIMD" in answer.error
    assert "Update the browser" in answer.error
    assert web.shard_requests() == []
    assert "323" in person.asks("What is 17 * 19?").succeeds(), "what needs no model is answered"
