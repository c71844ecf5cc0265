"""Several tabs and a new version between them: no page mixes two versions, and the shell keeps to what is its own."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from e2e.page import assembled
from e2e.page.conftest import Visit
from e2e.support.waiting import until

SHELLS = "caches.keys().then((names) => names.filter((name) => name.includes(':shell:')))"
MODULES = ("bridge/page/charts.js", "ui/later.bin", "workers/engine.js", "sandbox/host.html")


def text(page: Page, path: str) -> Any:
    return page.evaluate("path => fetch(path).then((answer) => answer.text())", path)


def deploy(folder: Path, mark: str) -> None:
    """A new version of the site, in which every module that a page loads late is another."""
    for name in (*MODULES, "index.html"):
        file = folder / name
        comment = "<!-- {} -->" if name.endswith(".html") else "// {}" if name.endswith(".js") else "{}"
        file.write_bytes(file.read_bytes() + f"\n{comment.format(mark)}\n".encode())
    assembled.restamp(folder)


def presses_reload(page: Page) -> None:
    """The person takes the new version, in that tab."""
    bar = page.locator(".notice[data-kind=update_ready]")
    bar.get_by_role("button", name="Reload").click()


def take_over(page: Page) -> None:
    """The same, and the tab has been loaded anew."""
    with page.expect_navigation():
        presses_reload(page)


def comes_true(page: Page, what: str) -> None:
    """Asked again and again from here: the page's policy forbids the evaluation that ``wait_for_function`` repeats."""
    until(page, what, lambda: page.evaluate(what))


@pytest.fixture
def page(page: Visit) -> Visit:
    """Its shell is installed: what the server has next is a new version."""
    comes_true(page.page, "navigator.serviceWorker.controller !== null")
    return page


@pytest.fixture
def two(page: Visit) -> tuple[Page, Page]:
    """Two tabs of one browser, both ready."""
    other = page.context.new_page()
    other.goto(page.url)
    expect(other.locator("html")).to_have_attribute("data-engine", "ready")
    return page.page, other


def test_a_page_that_was_open_before_an_update_goes_on_with_its_own_version(
    two: tuple[Page, Page], folder: Path, server: assembled.Server
) -> None:
    first, other = two
    before = {name: text(other, name) for name in MODULES}
    deploy(folder, "version two")
    first.reload()
    take_over(first)
    expect(first.locator("html")).to_have_attribute("data-engine", "ready")
    comes_true(first, f"fetch('{MODULES[0]}').then((answer) => answer.text()).then((t) => t.includes('two'))")
    assert {name: text(other, name) for name in MODULES} == before, "not a byte of the new one"
    assert "version two" in text(first, "ui/later.bin")
    assert len(first.evaluate(SHELLS)) == 2
    expect(other.locator(".notice[data-kind=update_ready]")).to_be_visible()

    # A module that it loads only now.
    loaded = other.evaluate("import('./bridge/page/charts.js').then((module) => Object.keys(module).length)")
    assert loaded > 0

    other.reload()
    expect(other.locator("html")).to_have_attribute("data-engine", "ready")
    assert "version two" in text(other, "ui/later.bin")
    comes_true(other, f"{SHELLS}.then((names) => names.length === 1)")


def test_a_worker_of_an_old_page_is_of_its_version_too(two: tuple[Page, Page], folder: Path) -> None:
    first, other = two
    # The scripted engine reads this when it starts; it stands for what a worker loads.
    probe = folder / "bridge/page/probe.js"
    probe.write_text("self.postMessage('one');")
    worker = folder / "workers/probe.js"
    worker.write_text(
        "import '../bridge/page/probe.js';\n"
        "fetch('../bridge/page/probe.js').then((answer) => answer.text()).then((text) => self.postMessage(text));"
    )
    assembled.restamp(folder)
    for tab in (first, other):
        tab.reload()
    take_over(first)
    expect(first.locator("html")).to_have_attribute("data-engine", "ready")
    other.reload()
    expect(other.locator("html")).to_have_attribute("data-engine", "ready")

    probe.write_text("self.postMessage('two');")
    deploy(folder, "version three")
    first.reload()
    take_over(first)
    expect(first.locator("html")).to_have_attribute("data-engine", "ready")
    run = """() => new Promise((resolve) => {
      const heard = [];
      const worker = new Worker("workers/probe.js", { type: "module" });
      worker.onmessage = ({ data }) => { heard.push(data); if (heard.length === 2) resolve(heard); };
    })"""
    assert other.evaluate(run) == ["one", "self.postMessage('one');"]
    assert first.evaluate(run) == ["two", "self.postMessage('two');"]


def test_a_frame_of_an_old_page_is_of_its_version_too(two: tuple[Page, Page], folder: Path) -> None:
    first, other = two
    deploy(folder, "version two")
    first.reload()
    opened = """async () => {
      const { openCell } = await import("./sandbox/page-cell.js");
      const script = "onmessage = ({ ports: [port] }) => port.postMessage('cell')";
      const host = new URL("sandbox/host.html", document.baseURI);
      const { frame, close } = await openCell(host, "default-src 'none'; script-src NONCE", script, document.body);
      const shown = frame.contentDocument;
      const comments = [...shown.childNodes, ...shown.body.childNodes].map((node) => node.data ?? "");
      close();
      return comments.join();
    }"""
    with first.expect_navigation():
        presses_reload(first)
        assert "version two" not in other.evaluate(opened), "while one worker takes the other's place"
    expect(first.locator("html")).to_have_attribute("data-engine", "ready")
    assert "version two" not in other.evaluate(opened)
    assert "version two" in first.evaluate(opened)


def test_what_is_only_kept_on_first_use_is_of_the_pages_version_or_not_had(page: Visit, folder: Path) -> None:
    lazy = folder / "vendor/pyscript/part.js"
    lazy.parent.mkdir(parents=True, exist_ok=True)
    lazy.write_text("one")
    unused = folder / "vendor/pyscript/unused.js"
    unused.write_text("one")
    assembled.restamp(folder)
    page.page.reload()
    take_over(page.page)
    page.wait()
    comes_true(page.page, "fetch('vendor/pyscript/part.js').then((a) => a.text()).then((t) => t === 'one')")
    lazy.write_text("two")
    unused.write_text("two")
    assembled.restamp(folder)  # on the server only: the page is still the version before
    assert text(page.page, "vendor/pyscript/part.js") == "one"
    refused = page.page.evaluate("fetch('vendor/pyscript/unused.js').then((a) => a.text(), () => 'refused')")
    assert refused == "refused", "another version's file isn't this one's"


def test_what_is_not_the_shells_is_never_kept_by_it(page: Visit, folder: Path, server: assembled.Server) -> None:
    mine = folder / "elsewhere/mine/manifest.json"
    mine.parent.mkdir(parents=True)
    mine.write_text("first")
    shard = folder / "elsewhere/mine/shards/abc"
    shard.parent.mkdir()
    shard.write_text("bytes")
    assert text(page.page, "elsewhere/mine/manifest.json") == "first"
    assert text(page.page, "elsewhere/mine/shards/abc") == "bytes"
    mine.write_text("second")
    os.utime(mine, (later := time.time() + 60, later))  # or the server can't tell them apart
    read = "fetch('elsewhere/mine/manifest.json', { cache: 'no-cache' }).then((answer) => answer.text())"
    assert page.page.evaluate(read) == "second"
    kept = page.page.evaluate(
        """async () => (await Promise.all((await caches.keys()).map(async (name) =>
             (await (await caches.open(name)).keys()).map(({ url }) => url)))).flat()"""
    )
    assert not [url for url in kept if "elsewhere" in url]


def test_the_models_list_of_the_shells_own_version_is_at_hand(page: Visit, folder: Path) -> None:
    assert page.page.evaluate("fetch('own-models.json').then((answer) => answer.status)") in (200, 404)
    (folder / "models.json").write_text('{"version": 1, "marked": "one"}')
    deploy(folder, "version two")
    listing = assembled.restamp_with_models(folder)
    assert "models.json" in [file["url"] for file in listing["files"]]
    page.page.reload()
    take_over(page.page)
    page.wait()
    (folder / "models.json").write_text('{"version": 2}')
    comes_true(page.page, "fetch('own-models.json').then((a) => a.text()).then((t) => t.includes('one'))")
    comes_true(page.page, "fetch('models.json').then((a) => a.text()).then((t) => t.includes('2'))")


@pytest.mark.parametrize("saves", [False, True], ids=["as usual", "saving data"])
@pytest.mark.parametrize("loads", [True, False], ids=["loads at the start", "does not"])
def test_the_engine_is_told_whether_anything_may_be_loaded_before_it_is_asked_for(
    visit: Callable[..., Visit], loads: bool, saves: bool
) -> None:
    person = visit()
    script = "Object.defineProperty(navigator, 'connection', { value: { saveData: true } });" if saves else ""
    person.page.add_init_script(f"""
      {script}
      if (!{str(loads).lower()}) localStorage.setItem("orion.preferences", JSON.stringify({{ preload: false }}));
      const {{ postMessage }} = Worker.prototype;
      window.posted = [];
      Worker.prototype.postMessage = function (message, ...rest) {{
        if (typeof message === "string") window.posted.push(JSON.parse(message));
        return postMessage.call(this, message, ...rest);
      }};""")
    person.open()
    first = person.page.evaluate("window.posted[0]")
    assert first["type"] == "initialize"
    assert first.get("ahead", True) is (loads and not saves)
