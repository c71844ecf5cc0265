"""Browsers that let the page keep nothing, or too little: plain words, and an answer all the same."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from playwright.sync_api import expect

from e2e.support.browsers import Browsers
from e2e.support.database import stored
from e2e.support.person import Person
from e2e.support.site import NO_APP
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


def test_what_no_longer_fits_stays_in_memory_and_what_is_stored_stays(newcomer: Person, web: Web) -> None:
    """The browser tells pages of more room than it gives, so the limit shows in the middle of a download."""
    newcomer.visits(NO_APP)
    session = newcomer.page.context.new_cdp_session(newcomer.page)
    session.send("Storage.overrideQuotaForOrigin", {"origin": web.url.rstrip("/"), "quotaSize": 30_000_000})
    newcomer.opens()
    answer = newcomer.asks(QUESTION)
    answer.succeeds()
    expect(newcomer.page.locator("#notices")).to_contain_text("There is no room to keep the model")
    assert newcomer.engine == "degraded"

    kept = stored(newcomer.page, web.site)
    assert 0 < sum(kept.values()) < 30_000_000
    times = Counter(sha for sha, _, _ in web.shard_requests())
    assert {sha for sha in kept if times[sha] > 1} == set(), "what is stored isn't fetched twice"
    assert newcomer.asks(QUESTION).succeeds()
