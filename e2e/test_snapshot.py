"""The engine begins with the memory of an earlier one, and at the first doubt as if there were none."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from e2e.support import snapshot
from e2e.support.person import Person
from e2e.support.waiting import until

QUESTION = "What is the capital of France?"
HANGS = """globalThis.Worker = class extends Worker {
  constructor(url, options) {
    const hangs = url.pathname.endsWith("engine.js") && !url.searchParams.has("again");
    super(hangs ? new URL("snapshot.js", url) : url, options);
    if (!hangs) return;
    this.postMessage = () => {};
    const data = JSON.stringify({ v: 1, id: "engine", type: "boot", phase: "snapshot", ms: 1 });
    setTimeout(() => this.dispatchEvent(new MessageEvent("message", { data })), 500);
  }
};"""
"""In the place of a page's first engine: one that says that it begins with a snapshot, and nothing after that."""


@pytest.fixture
def returning(regular: Person) -> Person:
    """Somebody whose last visit left a snapshot."""
    regular.page.add_init_script(snapshot.BOOTS)
    regular.opens()
    regular.waits_for_the_model()
    snapshot.waits_until_trusted(regular.page)
    return regular


def answers(person: Person) -> None:
    person.waits_for_the_engine()
    assert "Paris" in person.asks(QUESTION).succeeds()


def test_an_engine_that_begins_with_a_snapshot_answers_as_the_one_that_it_was_made_of(returning: Person) -> None:
    before = returning.asks(QUESTION).succeeds()
    returning.reloads()
    returning.page.get_by_role("button", name="New conversation").click()
    returning.waits_for_the_engine()
    assert snapshot.boots(returning.page) == ["snapshot", "python", "engine"]
    answer = returning.asks(QUESTION)
    assert answer.succeeds() == before
    expect(answer.fact("agent")).not_to_be_empty()
    assert snapshot.is_trusted(returning.page), "it is for the next visit, too"


def test_without_a_network_it_begins_with_the_snapshot_too(returning: Person) -> None:
    returning.page.context.set_offline(True)
    returning.reloads()
    answers(returning)
    assert snapshot.boots(returning.page)[0] == "snapshot"


@pytest.mark.parametrize(
    "damage",
    [
        "kept.facts.layout.places[1] += 16",  # a library would lie elsewhere
        "kept.facts.table -= 1",
        'kept.facts.check = "00000000"',  # Python would compute something else
        "kept.bundles = [kept.bundles[0].slice(0, 100), kept.bundles[1]]",
        "kept.memory = kept.memory.slice(0, 1 << 20)",
        "delete kept.facts",
        None,  # one bit of the memory
    ],
)
def test_at_the_first_doubt_the_same_visit_boots_without_it_and_deletes_it(
    returning: Person, damage: str | None
) -> None:
    if damage is None:
        snapshot.flip_a_bit(returning.page)
    else:
        snapshot.change(returning.page, damage)
    returning.reloads()
    answers(returning)
    assert snapshot.boots(returning.page) == ["snapshot", "bytecode", "python", "engine"]
    # It is made anew in time; that one is sound.
    snapshot.waits_until_trusted(returning.page)
    returning.reloads()
    answers(returning)
    assert snapshot.boots(returning.page) == ["snapshot", "python", "engine"]


@pytest.mark.parametrize("change", ['kept.key = kept.key.replace(/.$/, "x]")', "kept.trusted = false"])
def test_one_of_another_version_or_browser_or_one_untested_is_not_begun_with(returning: Person, change: str) -> None:
    snapshot.change(returning.page, change)
    returning.reloads()
    answers(returning)
    assert snapshot.boots(returning.page)[0] == "bytecode"


def test_an_engine_that_hangs_in_its_snapshot_gives_way_to_one_without(returning: Person) -> None:
    """What no check sees: Python never comes back from it, nor does its worker."""
    returning.page.add_init_script(HANGS)
    returning.reloads()
    until(returning.page, "a second engine", lambda: "bytecode" in snapshot.boots(returning.page))
    answers(returning)
    assert snapshot.boots(returning.page) == ["snapshot", "bytecode", "python", "engine"]
