"""From an address typed into a fresh browser to a page that works without a network."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Route, expect

from e2e.page import assembled
from e2e.page.conftest import Visit

pytestmark = pytest.mark.plain_host
SLOW_DATABASE = """
  const { set } = Object.getOwnPropertyDescriptor(IDBRequest.prototype, "onsuccess");
  const told = new Promise((resolve) => { window.databaseAnswers = resolve; });
  if (crossOriginIsolated) Object.defineProperty(IDBOpenDBRequest.prototype, "onsuccess", {
    set(then) { set.call(this, (event) => void told.then(() => then.call(this, event))); },
  });"""


def test_the_page_can_be_read_before_any_script_runs(visit: Callable[..., Visit]) -> None:
    alone = visit(java_script_enabled=False)
    alone.page.goto(alone.url)
    expect(alone.page.get_by_role("heading", name="A mind of your own, in this tab.")).to_be_visible()
    expect(alone.box).to_be_visible()
    expect(alone.page.locator("noscript p")).to_contain_text("needs JavaScript")


def test_a_plain_server_is_enough_for_isolation_after_one_reload(visit: Callable[..., Visit]) -> None:
    first = visit().open()
    assert first.isolated
    assert first.loads == 2
    first.page.reload()
    first.wait()
    assert first.isolated
    assert first.loads == 3


def test_no_request_leaves_the_origin(page: Visit) -> None:
    page.ask_and_wait("Why is the sky blue?")
    assert page.foreign() == []
    assert page.faults == []


def test_a_question_typed_before_the_reload_is_answered_after_it(visit: Callable[..., Visit]) -> None:
    early = visit()
    early.page.goto(early.url)
    early.page.locator("html[data-busy]").wait_for(state="attached")  # the page's Python is up
    early.ask("Why is the sky blue?")
    early.wait()
    early.state("success")
    expect(early.answer).to_contain_text("scatters")


def test_a_question_that_is_read_back_after_the_engine_is_ready_is_answered(visit: Callable[..., Visit]) -> None:
    early = visit()
    early.page.add_init_script(SLOW_DATABASE)
    early.page.goto(early.url)
    early.page.locator("html[data-busy]").wait_for(state="attached")
    early.ask("Why is the sky blue?")
    early.wait()  # only the page after the reload gets there
    assert early.answers.count() == 0
    early.page.evaluate("window.databaseAnswers()")
    early.state("success")
    expect(early.answer).to_contain_text("scatters")


@pytest.mark.parametrize("way", ["Enter", "Send", "starter"])
def test_what_is_sent_before_the_page_is_up_is_sent(visit: Callable[..., Visit], way: str) -> None:
    early = visit()
    held: list[Route] = []
    early.page.route("**/ui/compiled.bin", lambda route: held.append(route))
    early.page.goto(early.url, wait_until="commit")
    early.box.fill("Why is the sky blue?")
    while not held:
        early.page.wait_for_timeout(20)
    early.page.wait_for_timeout(100)  # app.js watches; MicroPython waits for its last module
    if way == "starter":
        early.page.locator(".starter").first.click()
    elif way == "Send":
        early.page.get_by_role("button", name="Send").click()
    else:
        early.box.press("Enter")
    early.page.unroute("**/ui/compiled.bin")  # lets what is held go on
    early.wait()
    early.state("success")
    expect(early.page.locator("article[data-role=user] .said")).to_contain_text("sky")


def test_the_page_works_offline_with_what_it_kept(page: Visit) -> None:
    page.ask_and_wait("Why is the sky blue?")
    page.context.set_offline(True)
    page.page.reload()
    page.wait()
    assert page.isolated
    expect(page.answer).to_contain_text("scatters")
    page.ask_and_wait("And at sunset?")


def test_an_unknown_address_leads_home_offline(page: Visit) -> None:
    page.context.set_offline(True)
    page.page.goto(page.url + "no/such/page")
    page.wait()
    assert page.page.url == page.url


def test_a_sub_path_is_as_good_as_the_root(visit: Callable[..., Visit], folder: Path, tmp_path: Path) -> None:
    (tmp_path / "host/deep").mkdir(parents=True)
    folder.rename(tmp_path / "host/deep/orion")
    with assembled.serving(tmp_path / "host", "deep/orion/") as server:
        below = visit(url=server.url).open()
        below.ask_and_wait("Why is the sky blue?")
        below.context.set_offline(True)
        below.page.reload()
        below.wait()
        assert all("/deep/orion/" in url for url in below.asked if url.startswith("http"))


def test_an_install_that_broke_off_goes_on_where_it_stopped(
    visit: Callable[..., Visit], server: assembled.Server
) -> None:
    server.faults["highlight.mjs"] = 5  # the page's own request, and one round of the worker's tries
    late = visit().open()
    assert late.isolated
    installs = [path for path in server.requests if path.endswith("precache.json")]
    assert len(installs) >= 2
    assert server.requests.count("/vendor/micropython/micropython.wasm") <= 2  # the page's and the worker's


def test_what_the_engine_boots_from_arrives_before_what_comes_after_it(
    visit: Callable[..., Visit], folder: Path, server: assembled.Server
) -> None:
    chosen, below = "kernel/relaxed-threads.wasm", "kernel/plain-threads.wasm"
    for name in ("vendor/pyodide/pyodide.asm.wasm", "vendor/python/site.bin", chosen, below):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    assembled.restamp(folder)
    server.faults["site.bin"] = 1  # so that it comes later than the others could
    visit().open()
    asked = [path.lstrip("/") for path in server.requests]
    assert asked.count("vendor/python/site.bin") == 2, "it failed, and was tried again"
    booted = max(index for index, path in enumerate(asked) if path.startswith(("vendor/pyodide/", "vendor/python/")))
    assert booted < asked.index(chosen) < asked.index("icons/orion-512.png") < asked.index(below)


def test_the_shell_begins_to_arrive_while_the_pages_own_program_starts(
    visit: Callable[..., Visit], folder: Path
) -> None:
    with assembled.serving(folder, isolating=True) as server:  # so that nothing reloads
        early = visit(url=server.url)
        early.page.add_init_script("""
          const { register } = ServiceWorkerContainer.prototype;
          ServiceWorkerContainer.prototype.register = function (...given) {
            window.registered = (window.registered ?? []).concat(document.documentElement.hasAttribute("data-busy"));
            return register.apply(this, given);
          };""")
        early.open()
        assert early.page.evaluate("window.registered") == [False], "once, and before the page's Python was up"


def test_a_file_that_is_not_what_the_build_made_is_never_kept(visit: Callable[..., Visit], folder: Path) -> None:
    (folder / "styles/dock.css").write_text("/* cut off */")
    wary = visit().open(until="degraded")
    assert wary.page.evaluate("navigator.serviceWorker.controller") is None
    wary.ask_and_wait("Why is the sky blue?")


def test_without_a_service_worker_the_page_says_so_and_works(visit: Callable[..., Visit]) -> None:
    bare = visit(service_workers="block").open(until="degraded")
    assert not bare.isolated
    expect(bare.page.locator(".notice[data-kind=no_isolation]")).to_be_visible()
    bare.ask_and_wait("Why is the sky blue?")


def test_a_server_that_isolates_needs_no_reload(visit: Callable[..., Visit], folder: Path) -> None:
    with assembled.serving(folder, isolating=True) as server:
        first = visit(url=server.url).open()
    assert first.isolated
    assert first.loads == 1


def test_a_new_version_waits_for_a_word_from_the_person(page: Visit, folder: Path) -> None:
    html = folder / "index.html"
    html.write_text(html.read_text().replace("<h1>Orion</h1>", "<h1>Orion Two</h1>"))
    assembled.restamp(folder)
    page.page.reload()
    page.wait()
    bar = page.page.locator(".notice[data-kind=update_ready]")
    expect(bar).to_contain_text("new version")
    expect(page.page.get_by_role("heading", name="Orion", exact=True)).to_be_visible()
    bar.get_by_role("button", name="Reload").click()
    expect(page.page.get_by_role("heading", name="Orion Two")).to_be_visible()
    page.wait()
    caches = page.page.evaluate("caches.keys()")
    assert len([name for name in caches if ":shell:" in name]) == 1


def renew(folder: Path) -> None:
    """A new version of the site, in which one style is another."""
    style = folder / "styles/dock.css"
    style.write_text(style.read_text() + "\n/* new */\n")
    assembled.restamp(folder)


def test_a_new_version_fetches_only_what_changed(page: Visit, folder: Path, server: assembled.Server) -> None:
    renew(folder)
    server.requests.clear()
    page.page.reload()
    expect(page.page.locator(".notice[data-kind=update_ready]")).to_be_visible()
    fetched = {path.lstrip("/") for path in server.requests}
    assert "styles/dock.css" in fetched
    assert not {"styles/layout.css", "vendor/micropython/micropython.wasm"} & fetched


def test_a_new_version_that_was_found_before_the_page_listens_is_told_too(
    page: Visit, folder: Path, server: assembled.Server
) -> None:
    renew(folder)
    server.faults["dock.css"] = 2  # it takes a second to come
    page.page.add_init_script("""
      const { getRegistration } = ServiceWorkerContainer.prototype;
      ServiceWorkerContainer.prototype.getRegistration = async function (...given) {
        const registration = await getRegistration.apply(this, given);
        while (!registration.installing && !registration.waiting) await new Promise((look) => setTimeout(look, 10));
        return registration;
      };""")
    page.page.reload()
    expect(page.page.locator(".notice[data-kind=update_ready]")).to_be_visible()


def test_what_is_kept_carries_its_hash_and_the_headers(page: Visit, folder: Path) -> None:
    listing = json.loads((folder / "precache.json").read_text())
    wanted = {entry["url"]: entry["sha256"] for entry in listing["files"]}
    assert wanted["app.js"] == hashlib.sha256((folder / "app.js").read_bytes()).hexdigest()
    headers = page.page.evaluate("fetch('app.js').then((answer) => Object.fromEntries(answer.headers))")
    assert headers["x-orion-sha256"] == wanted["app.js"]
    assert headers["cross-origin-embedder-policy"] == "require-corp"
    assert "'unsafe-eval'" not in headers["content-security-policy"]
