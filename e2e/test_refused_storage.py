"""Browsers that let the page keep nothing, or too little: plain words, and an answer all the same."""

from __future__ import annotations

import json
from pathlib import Path

from playwright.sync_api import expect

from e2e.support.browsers import Browsers
from e2e.support.database import stored
from e2e.support.person import Person
from e2e.support.waiting import until
from e2e.support.web import Web

QUESTION = "What is the capital of France?"
BLOCK_ALL_SITE_DATA = {"profile": {"default_content_setting_values": {"cookies": 2}}}


def test_a_browser_that_blocks_all_site_data_still_answers(browsers: Browsers, empty_profile: Path, web: Web) -> None:
    """Chromium's own setting: no IndexedDB, localStorage, caches or service worker for any site."""
    settings = empty_profile / "Default" / "Preferences"
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps(BLOCK_ALL_SITE_DATA))
    person = Person(browsers.start(empty_profile), web.url)
    person.opens()
    answer = person.asks(QUESTION)
    answer.succeeds()
    assert (
        person.page.evaluate("() => { try { localStorage; } catch (error) { return error.name; } }") == "SecurityError"
    )
    assert person.engine == "degraded"
    assert "can’t keep data" in person.notices

    assert person.asks(QUESTION).succeeds(), "what is in memory serves the next question"
    assert len(web.shard_requests()) == len(web.site.shards)


def quota(person: Person, megabytes: float) -> None:
    """What the browser lets this origin store from now on."""
    session = person.page.context.new_cdp_session(person.page)
    origin = web_origin(person)
    session.send("Storage.overrideQuotaForOrigin", {"origin": origin, "quotaSize": int(megabytes * 1e6)})


def web_origin(person: Person) -> str:
    return "/".join(person.url.split("/")[:3])


def test_too_small_a_quota_is_told_before_the_download_and_the_model_stays_in_memory(
    newcomer: Person, web: Web
) -> None:
    newcomer.visits("vendor/LICENSES.txt")
    quota(newcomer, 20)
    newcomer.opens()
    answer = newcomer.asks(QUESTION)
    answer.succeeds()
    expect(newcomer.page.locator("#notices")).to_contain_text("There is no room to keep the model")
    assert stored(newcomer.page) == {}
    assert len(web.shard_requests()) == len(web.site.shards)


def test_a_quota_that_runs_out_in_the_middle_keeps_what_is_stored(newcomer: Person, web: Web) -> None:
    largest = web.site.largest_shard
    others = {sha: size for sha, size in web.site.shards.items() if sha != largest}
    held = web.faults.hold(f"models/shards/{largest}")
    newcomer.opens()
    until(newcomer.page, "all but one are stored", lambda: stored(newcomer.page) == others)
    quota(newcomer, 1)
    held.release()
    answer = newcomer.asks(QUESTION)
    answer.succeeds()
    expect(newcomer.page.locator("#notices")).to_contain_text("There is no room to keep the model")
    assert stored(newcomer.page) == others
