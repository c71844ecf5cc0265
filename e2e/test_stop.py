"""Stop works at once, while loading and while answering, and loses nothing."""

from __future__ import annotations

from playwright.sync_api import expect

from e2e.support import workers
from e2e.support.database import partial_bytes, stored
from e2e.support.person import LABELS, Person
from e2e.support.waiting import until
from e2e.support.web import Web

MIB = 1 << 20


def test_stopped_while_loading_it_keeps_what_came_and_later_fetches_the_rest(newcomer: Person, web: Web) -> None:
    person, shards, largest = newcomer, web.site.shards, web.site.largest_shard
    others = {sha: size for sha, size in shards.items() if sha != largest}
    half = shards[largest] // 2
    held = web.faults.hold(f"models/shards/{largest}", after=half)
    person.opens()
    answer = person.asks("What is the capital of France?")
    until(person.page, "half of the largest shard is here", held.reached.is_set)
    until(person.page, "all others are stored", lambda: stored(person.page, web.site) == others)

    person.stops()
    expect(person.send).to_be_visible(timeout=5_000)
    answer.comes_to("cancelled")
    expect(person.loading).to_contain_text("What was downloaded is kept")
    until(person.page, "the part is kept", lambda: partial_bytes(person.page, largest) > half - MIB)
    kept = partial_bytes(person.page, largest)

    held.release()
    until(person.page, "the first request is over", lambda: web.requests(f"models/shards/{largest}"))
    web.forgets()
    assert "Paris" in person.asks("What is the capital of France?").succeeds()
    assert web.shard_requests() == [(largest, 206, shards[largest] - kept)]
    assert stored(person.page, web.site) == shards
    assert partial_bytes(person.page, largest) == 0


def test_a_pause_of_the_download_is_taken_up_again(newcomer: Person, web: Web) -> None:
    person, largest = newcomer, web.site.largest_shard
    held = web.faults.hold(f"models/shards/{largest}", after=2 * MIB)
    person.opens()
    until(person.page, "the download is under way", held.reached.is_set)
    person.loading.get_by_role("button", name="Pause").click()
    expect(person.loading).to_contain_text("Paused")
    held.release()
    person.loading.get_by_role("button", name="Resume").click()
    person.waits_for_the_model()
    assert stored(person.page, web.site) == web.site.shards


def test_stopped_while_answering_it_keeps_the_text_and_takes_the_next_question(accustomed: Person, runner: str) -> None:
    regular = accustomed
    regular.opens()
    regular.waits_for_the_model()
    answer = workers.stops_amid_an_answer(regular)
    kept = answer.text
    assert len(kept) > 30
    expect(answer.article).to_contain_text("Stopped")

    following = regular.asks("What is the capital of France?")
    # What it says isn't at stake: with the story before it Lite may go on telling it.
    assert following.succeeds() != kept
    assert following.backend == LABELS[runner]
    assert answer.text == kept
