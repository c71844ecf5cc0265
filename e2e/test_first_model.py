"""A first visit's model is on its way before Python is up, and is Python's from then on."""

from __future__ import annotations

from playwright.sync_api import Page

from e2e.support.database import stored
from e2e.support.person import Person
from e2e.support.site import MODEL
from e2e.support.waiting import until
from e2e.support.web import Web

PYTHON = "vendor/pyodide/pyodide.asm.mjs"
"""Python can't begin without it, and all else that it boots from comes meanwhile."""
QUESTION = "Count from one to three in words."
PLAN = "models/first-visit.json"
SAVES = "Object.defineProperty(Navigator.prototype, 'connection', { get: () => ({ saveData: true }) })"


def all_stored(page: Page, web: Web) -> bool:
    return set(stored(page, web.site)) >= set(web.site.shards)


def asked_once(web: Web) -> bool:
    return sorted(sha for sha, _, _ in web.shard_requests()) == sorted(web.site.shards)


def test_it_is_on_the_device_before_python_is_up_and_no_part_is_fetched_twice(newcomer: Person, web: Web) -> None:
    python = web.faults.hold(PYTHON)
    newcomer.opens()
    answer = newcomer.asks(QUESTION)
    until(newcomer.page, "all of it is here", lambda: all_stored(newcomer.page, web))
    assert newcomer.engine == "booting"
    python.release()
    answer.succeeds()
    assert answer.backend == "Kernel, 2 threads"
    assert asked_once(web), "every shard once, and no other"
    assert len(web.requests(f"models/{MODEL}/manifest.json")) == 1


def test_two_tabs_that_open_at_once_fetch_each_part_once(newcomer: Person, web: Web) -> None:
    other = Person(newcomer.page.context.new_page(), newcomer.url)
    for person in (newcomer, other):
        person.opens()
    for answer in [person.asks(QUESTION) for person in (newcomer, other)]:
        answer.succeeds()
    assert asked_once(web)


def test_a_connection_that_breaks_meanwhile_is_pythons_matter_as_ever(newcomer: Person, web: Web) -> None:
    broken = web.faults.truncate(f"models/shards/{web.site.largest_shard}", after=3_000_000)
    python = web.faults.hold(PYTHON)
    newcomer.opens()
    answer = newcomer.asks(QUESTION)
    until(newcomer.page, "it breaks", lambda: broken.times == 0)
    python.release()
    answer.succeeds()
    found = [(sha, status) for sha, status, _ in web.shard_requests()]
    again = [status for sha, status in found if sha == web.site.largest_shard]
    assert again == [200, 206], "what had arrived is gone on with"
    assert len(found) == len(web.site.shards) + 1


def test_nothing_comes_before_it_is_asked_for_where_data_is_to_be_saved(newcomer: Person, web: Web) -> None:
    newcomer.page.add_init_script(SAVES)
    newcomer.opens()
    newcomer.page.locator('html[data-engine="ready"]').wait_for(state="attached")
    assert web.requests(PLAN) == []
    assert web.shard_requests() == []
    newcomer.asks(QUESTION).succeeds()
    assert asked_once(web)
