"""Real Chromium, the site as ``build.py build`` makes it, the real Lite model.

``newcomer`` has never been here: all is downloaded. ``regular`` has the model and the shell on the
device; each test gets a copy of that profile, so that only tests about downloading download.
"""

from __future__ import annotations

import base64
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Playwright, expect
from pytest_html import extras

from e2e.support import js_coverage
from e2e.support.browsers import Browsers, copy_profile
from e2e.support.database import everything_stored
from e2e.support.evidence import Evidence
from e2e.support.person import Person
from e2e.support.site import DIST, NO_APP, Site
from e2e.support.snapshot import waits_until_trusted
from e2e.support.waiting import PATIENCE_S, until
from e2e.support.web import Web
from orion_py.manifest.graph_manifest import GraphManifest
from tests.tiny_graphs import entry, written

REPORT = pytest.StashKey[pytest.TestReport]()
EVIDENCE = pytest.StashKey[Evidence]()
COUNTED = pytest.StashKey[js_coverage.Reached]()
COMPILED_MS = 2500
"""V8 keeps compiled WebAssembly once nothing more was compiled for two seconds."""
PLAIN = "What is the capital of France?"
AS_BEFORE = """(kept) => new Promise((resolve, reject) => {
  localStorage.clear();
  Object.assign(localStorage, kept);
  const conversations = indexedDB.deleteDatabase("orion-chats");
  conversations.onsuccess = () => resolve(null);
  conversations.onerror = () => reject(conversations.error);
})"""
"""Nothing has been asked."""
CONTROLLED = "Boolean(navigator.serviceWorker.controller)"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--js-coverage", type=Path, metavar="FOLDER", help="count the JavaScript that runs, into FOLDER")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--js-coverage"):
        config.stash[COUNTED] = js_coverage.Reached()
        js_coverage.install(js_coverage.Watch(config.stash[COUNTED]))
    expect.set_options(timeout=PATIENCE_S * 1000)


def pytest_unconfigure(config: pytest.Config) -> None:
    reached = config.stash.get(COUNTED, None)
    if reached is not None and reached.files:
        reached.save(config.getoption("--js-coverage") / f"{os.getpid()}.json")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "address" in getattr(item, "fixturenames", ()):  # of the site with the real model
            item.add_marker(pytest.mark.model)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    report: pytest.TestReport = yield
    if report.failed:
        item.stash[REPORT] = report
        if call.when == "call" and EVIDENCE in item.stash:
            _show(report, item.stash[EVIDENCE].keep(Path(item.funcargs["output_path"])))  # type: ignore[attr-defined]
    return report


def _show(report: pytest.TestReport, kept: list[Path]) -> None:
    """In the HTML report: pictures at their place, links to the rest."""
    shown = []
    for path in kept:
        if path.suffix == ".png":
            shown.append(extras.png(base64.b64encode(path.read_bytes()).decode(), path.name))
        else:
            shown.append(extras.url(path.as_uri(), path.name))
    report.extras = [*getattr(report, "extras", []), *shown]  # type: ignore[attr-defined]
    report.sections.append(("Kept", "\n".join(str(path) for path in kept)))


@pytest.fixture
def evidence(request: pytest.FixtureRequest, output_path: str) -> Evidence:
    """Of this test: kept, and shown in the HTML report, if it fails."""
    found = request.node.stash[EVIDENCE] = Evidence()
    return found


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Site:
    if not (DIST / "models").is_dir():
        pytest.fail("dist/ isn't built: python3 build.py build")
    made = Site(tmp_path_factory.mktemp("e2e") / "site")
    if pytestconfig.getoption("--js-coverage"):
        made.come_apart()  # lines of the sources are counted
    return made


@pytest.fixture(scope="session")
def address(site: Site) -> Iterator[Web]:
    web = Web(site)
    yield web
    web.goes_down()


@pytest.fixture
def web(address: Web) -> Iterator[Web]:
    """The isolated server, without faults, its log empty."""
    address.forgets()
    yield address
    if not address.up:
        address.comes_back()
    address.faults.clear()
    address.is_fast()


@pytest.fixture(scope="session")
def furnished(site: Site, address: Web, playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A profile that has been here: model, shell, the next start's snapshot, and the wish for precise answers."""
    folder = tmp_path_factory.mktemp("profile")
    browsers = Browsers(playwright, Evidence())
    try:
        person = Person(browsers.start(folder), address.url)
        person.opens()
        person.wants("precise")
        person.waits_for_the_model()
        until(person.page, "the router is stored", lambda: site.router_shards <= set(everything_stored(person.page)))
        until(person.page, "the shell is installed", lambda: person.page.evaluate(CONTROLLED))
        # Each visit runs what those before it compiled, and leaves more of it for the tests: after four of them a
        # visit with a question takes two thirds of the processor's time that it takes after one.
        kept = person.page.evaluate("({ ...localStorage })")
        for _ in range(4):
            person.reloads()
            person.waits_for_the_model()
            person.asks(PLAIN).succeeds()
            person.page.wait_for_timeout(COMPILED_MS)
        waits_until_trusted(person.page)
        person.visits(NO_APP)  # the page itself would keep its conversation when it is left
        person.page.evaluate(AS_BEFORE, kept)
    finally:
        browsers.close()
    return folder


@pytest.fixture
def browsers(playwright: Playwright, request: pytest.FixtureRequest, evidence: Evidence) -> Iterator[Browsers]:
    """The test's browsers. No page may have thrown an error that nothing caught."""
    browsers = Browsers(playwright, evidence, headed=request.config.getoption("--headed"))
    yield browsers
    failed = REPORT in request.node.stash
    if browsers.errors and not failed:
        evidence.keep(Path(request.getfixturevalue("output_path")))
    browsers.close()
    assert failed or not browsers.errors, f"uncaught errors: {browsers.errors}"


@pytest.fixture
def empty_profile(tmp_path: Path) -> Path:
    return tmp_path / "new-profile"


@pytest.fixture
def profile(furnished: Path, tmp_path: Path) -> Path:
    """A copy of the furnished profile."""
    return copy_profile(furnished, tmp_path / "profile")


@pytest.fixture
def newcomer(web: Web, browsers: Browsers, empty_profile: Path) -> Person:
    return Person(browsers.start(empty_profile), web.url)


@pytest.fixture
def regular(profile: Path, web: Web, browsers: Browsers) -> Person:
    return Person(browsers.start(profile), web.url)


@pytest.fixture(params=["kernel", pytest.param("onnxruntime", marks=pytest.mark.long)])
def runner(request: pytest.FixtureRequest) -> str:
    """What computes. In the normal run onnxruntime has one visit that does all of it (test_runners.py)."""
    return str(request.param)


@pytest.fixture
def accustomed(regular: Person, web: Web, runner: str) -> Person:
    """``regular``, who chose what computes at an earlier visit and has all that it needs on the device."""
    if runner == "onnxruntime":
        regular.opens()
        regular.waits_for_the_model()
        regular.computes_with("onnxruntime")
        assert regular.asks(PLAIN).succeeds()
        regular.visits(NO_APP)
        web.forgets()
    return regular


@pytest.fixture
def tiny(web: Web) -> Iterator[GraphManifest]:
    """A graph model of a few operators, on the site and in its list."""
    models = web.site.folder / "models"
    manifest = written(models)
    listed = {**web.site.registry, "senses": [entry()]}
    with web.site.altered("models.json", listed):
        yield manifest
    shutil.rmtree(models / manifest.model)
    for shard in manifest.shards:
        (models / "shards" / shard.sha256).unlink()
