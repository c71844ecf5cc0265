"""Damaged, lost and interrupted downloads mend themselves, and only what is damaged comes again."""

from __future__ import annotations

from collections import Counter

from playwright.sync_api import expect

from e2e.support.database import corrupt, partial_bytes, remove, stored
from e2e.support.person import Person
from e2e.support.site import NO_APP
from e2e.support.waiting import until
from e2e.support.web import Web

QUESTION = "What is the capital of France?"
ANSWER = "Paris"


def test_stored_shards_that_are_damaged_or_evicted_are_fetched_again_and_only_they(regular: Person, web: Web) -> None:
    shards = web.site.shards
    turned, evicted = sorted(shards, key=shards.__getitem__, reverse=True)[:2]
    regular.visits(NO_APP)
    corrupt(regular.page, turned)
    remove(regular.page, evicted)
    regular.opens()
    assert ANSWER in regular.asks(QUESTION).succeeds()
    assert sorted(web.shard_requests()) == sorted((victim, 200, shards[victim]) for victim in (turned, evicted))
    assert stored(regular.page, web.site) == web.site.shards


def test_wrong_bytes_and_broken_lines_and_a_failing_server_are_tried_again(newcomer: Person, web: Web) -> None:
    """Three different shards meet three different faults in one download."""
    shards = web.site.shards
    broken, wrong, failing = sorted(shards, key=shards.__getitem__, reverse=True)[:3]
    web.faults.truncate(f"models/shards/{broken}", after=shards[broken] // 2)
    web.faults.corrupt(f"models/shards/{wrong}", at=shards[wrong] // 3)
    web.faults.fail(f"models/shards/{failing}", 503)
    newcomer.opens()
    assert ANSWER in newcomer.asks(QUESTION).succeeds()

    asked = web.shard_requests()
    times = Counter(sha for sha, _, _ in asked)
    assert {sha for sha, count in times.items() if count > 1} == {broken, wrong, failing}
    assert set(times.values()) == {1, 2}
    first, second = [(status, count) for sha, status, count in asked if sha == broken]
    assert first[0] == 200
    assert second[0] == 206, "the rest of a broken download is asked for, not the whole"
    assert second[1] < shards[broken]
    assert [status for sha, status, _ in asked if sha == wrong] == [200, 200], "wrong bytes aren't built upon"
    assert [status for sha, status, _ in asked if sha == failing] == [503, 200]
    assert stored(newcomer.page, web.site) == shards
    assert partial_bytes(newcomer.page, broken) == 0


def test_a_server_that_keeps_failing_is_told_in_plain_words_and_retry_fetches_the_rest(
    newcomer: Person, web: Web
) -> None:
    largest = web.site.largest_shard
    fault = web.faults.fail(f"models/shards/{largest}", 503, times=None)
    newcomer.opens()
    answer = newcomer.asks(QUESTION)
    answer.comes_to("error")
    assert "The download was interrupted" in answer.error
    assert "what was downloaded is kept" in answer.error
    expect(newcomer.questions).to_contain_text(QUESTION)

    kept = stored(newcomer.page, web.site)
    assert kept, "what is verified stays"
    fault.release()
    web.forgets()
    newcomer.retries(answer)
    assert ANSWER in answer.succeeds()
    asked = {sha for sha, _, _ in web.shard_requests()}
    assert largest in asked
    assert not asked & set(kept), "what is here isn't fetched again"


COUNTS = """
globalThis.counts = [];
addEventListener("DOMContentLoaded", () => {
  const card = document.getElementById("loading");
  new MutationObserver(() => {
    if (card.hidden || !["initializing", "downloading"].includes(card.dataset.phase)) return;
    const value = document.getElementById("loading-overall").value;
    if (value !== globalThis.counts.at(-1)) globalThis.counts.push(value);
  }).observe(card, { attributes: true, childList: true, characterData: true, subtree: true });
});
"""


def test_a_page_that_is_reloaded_amid_the_download_counts_on_from_what_is_here(newcomer: Person, web: Web) -> None:
    page, shards = newcomer.page, web.site.shards
    largest = web.site.largest_shard
    # Of each try: the rest of it isn't here before Python looks, either.
    held = web.faults.hold(f"models/shards/{largest}", after=shards[largest] * 2 // 5)
    newcomer.opens()
    assert held.reached.wait(60)
    until(page, "its parts are kept", lambda: partial_bytes(page, largest) > shards[largest] // 3)
    here = sum(stored(page, web.site).values()) + partial_bytes(page, largest)
    page.add_init_script(COUNTS)
    newcomer.reloads()
    until(page, "something is counted", lambda: page.evaluate("globalThis.counts.length"))
    web.faults.clear()
    newcomer.waits_for_the_model()
    counts = page.evaluate("globalThis.counts")
    assert counts[0] >= int(1000 * here / sum(shards.values())) / 10, "whole shards and the part of one"
    assert counts == sorted(counts)
