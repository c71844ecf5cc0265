"""Any static host will do: no headers, no ranges, below a path, as ``python -m http.server`` serves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from e2e.support.browsers import Browsers
from e2e.support.database import stored
from e2e.support.person import Person
from e2e.support.site import Site
from e2e.support.web import Web

QUESTION = "What is the capital of France?"


@pytest.fixture
def plain(site: Site) -> Iterator[Web]:
    web = Web(site, plain=True, base="/some/where/")
    yield web
    if web.up:
        web.goes_down()


def test_the_service_worker_brings_threads_after_one_reload_and_then_works_offline(
    browsers: Browsers, empty_profile: Path, plain: Web
) -> None:
    person = Person(browsers.start(empty_profile), plain.url)
    loads: list[str] = []
    person.page.on("domcontentloaded", lambda page: loads.append(page.url))
    person.opens()
    person.message.fill("I type whi")
    person.waits_for_the_engine("ready")
    assert loads == [plain.url, plain.url], "the page, and one reload by itself"
    expect(person.message).to_have_value("I type whi")
    answer = person.asks(QUESTION)
    answer.succeeds()
    assert answer.backend == "Kernel, 2 threads"
    assert stored(person.page, plain.site) == plain.site.shards
    assert len(plain.shard_requests()) == len(plain.site.shards)

    plain.goes_down()
    person.reloads()
    again = person.asks(QUESTION)
    again.succeeds()
    assert again.backend == "Kernel, 2 threads"


def test_without_isolation_and_service_worker_it_answers_on_one_thread_and_says_so(
    browsers: Browsers, empty_profile: Path, plain: Web
) -> None:
    plain.faults.fail("sw.js", 404, times=None)
    person = Person(browsers.start(empty_profile), plain.url)
    person.opens()
    answer = person.asks(QUESTION)
    answer.succeeds()
    assert answer.backend == "Kernel, 1 thread"
    expect(answer.fact("backend")).to_have_text("Orion’s kernel, 1 thread")
    assert person.engine == "degraded"
    assert "computes on one thread" in person.notices
    assert "not offline" in person.notices
