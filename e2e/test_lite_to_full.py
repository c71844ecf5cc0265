"""A larger model and newer versions come in while Lite answers, on the real page."""

from __future__ import annotations

from playwright.sync_api import Locator, expect

from e2e.support.database import begins_with, everything_stored
from e2e.support.larger import (
    BALLAST,
    FULL,
    a_folder_with_a_model,
    a_larger_model,
    a_larger_model_in_the_making,
    a_newer_version,
)
from e2e.support.person import Person
from e2e.support.site import MODEL
from e2e.support.waiting import until
from e2e.support.web import Web

SLOW_MBITS = 12
CAPITAL = "What is the capital of France?"


def line(person: Person) -> Locator:
    """What the page says of the background."""
    return person.page.locator("#upgrade")


def version_of_the_last_answer(person: Person) -> str:
    return person.answers.last.locator('[data-field="model"]').get_attribute("title") or ""


def model_of(person: Person, question: str) -> str:
    answer = person.asks(question)
    answer.succeeds()
    return answer.article.get_attribute("data-model") or ""


def test_lite_answers_while_the_larger_model_arrives_and_it_takes_over_with_the_conversation_intact(
    regular: Person, web: Web
) -> None:
    with a_larger_model(web.site) as shard:
        regular.opens()
        regular.waits_for_the_model()
        web.is_slow(SLOW_MBITS)
        assert model_of(regular, CAPITAL) == MODEL
        expect(line(regular)).to_contain_text("Full, a larger model, is on its way")
        expect(line(regular).get_by_role("progressbar")).to_be_visible()
        assert model_of(regular, "My cat is called Zoe.") == MODEL, "a question never waits for it"
        expect(line(regular)).to_contain_text("Full is here")
        assert {sha256 for sha256, _, _ in web.shard_requests()} == {shard}, "what both share isn't fetched again"
        assert regular.recalls("Zoe", "What is my cat called?")
        assert regular.answers.last.get_attribute("data-model") == FULL
        expect(line(regular)).to_be_hidden()


def test_what_arrived_is_kept_over_a_reload_and_it_goes_on_by_itself(regular: Person, web: Web) -> None:
    with a_larger_model(web.site) as shard:
        regular.opens()
        regular.waits_for_the_model()
        web.is_slow(SLOW_MBITS)
        model_of(regular, CAPITAL)
        bar = line(regular).get_by_role("progressbar")
        # Lite's shards, which are here already, count for nine tenths of it.
        until(regular.page, "some is here", lambda: bar.is_visible() and float(bar.get_attribute("value") or 0) > 93)
        regular.reloads()
        regular.waits_for_the_model()
        expect(line(regular)).to_contain_text("Full is here")
        parts = [(status, size) for sha256, status, size in web.shard_requests() if sha256 == shard]
        assert parts[-1][0] == 206, "the rest alone was asked for"
        assert parts[-1][1] < BALLAST
        assert model_of(regular, CAPITAL) == FULL


def test_a_model_that_was_made_while_the_page_was_open_is_offered_at_the_next_visit(regular: Person, web: Web) -> None:
    """As ``build.py serve`` does it: the larger model's files first, then its entry in the list of models."""
    regular.opens()
    assert model_of(regular, CAPITAL) == MODEL
    expect(line(regular)).to_be_hidden()
    with a_larger_model(web.site) as shard:
        web.is_slow(SLOW_MBITS)
        regular.reloads()
        regular.waits_for_the_model()
        assert model_of(regular, CAPITAL) == MODEL, "a question asks for the larger model and doesn't wait for it"
        expect(line(regular)).to_contain_text("Full is here")
        assert {sha256 for sha256, _, _ in web.shard_requests()} == {shard}
        assert model_of(regular, CAPITAL) == FULL


def test_a_page_that_stays_open_learns_of_a_model_that_is_made_meanwhile(regular: Person, web: Web) -> None:
    page = regular.page
    with a_larger_model_in_the_making(web.site) as (shard, is_made):
        regular.opens()
        assert model_of(regular, CAPITAL) == MODEL
        expect(line(regular)).to_contain_text("Full, a larger model, is being built on this site’s server")
        page.get_by_role("button", name="Settings").click()
        expect(page.locator("#model-versions")).to_contain_text("Full is still being prepared on this site")
        is_made()
        expect(page.locator("#model-versions")).not_to_contain_text("Full is still being prepared", timeout=60_000)
        expect(page.locator("#set-model")).to_contain_text("Full")
        page.keyboard.press("Escape")
        expect(line(regular)).to_contain_text("Full is here", timeout=60_000)
        assert {sha256 for sha256, _, _ in web.shard_requests()} == {shard}
        assert model_of(regular, CAPITAL) == FULL, "without a reload"
        until(page, "the next visit is to begin with it", lambda: begins_with(page) == FULL)


def test_a_pause_is_the_persons_word_and_declining_leaves_nothing_behind(regular: Person, web: Web) -> None:
    with a_larger_model(web.site) as shard:
        regular.opens()
        regular.waits_for_the_model()
        web.is_slow(SLOW_MBITS)
        model_of(regular, CAPITAL)
        line(regular).get_by_role("button", name="Pause").click()
        expect(line(regular)).to_contain_text("Full is paused")
        regular.reloads()
        regular.waits_for_the_model()
        expect(line(regular)).to_contain_text("Full is paused")
        line(regular).get_by_role("button", name="No, thanks").click()
        expect(line(regular)).to_be_hidden()
        assert shard not in everything_stored(regular.page)
        assert model_of(regular, CAPITAL) == MODEL


def test_an_update_fetches_only_what_changed_while_the_old_version_answers_and_one_can_go_back(
    regular: Person, web: Web
) -> None:
    version = web.site.manifest["version"]
    with a_newer_version(web.site) as (old, new):
        regular.opens()
        model_of(regular, CAPITAL)
        assert version_of_the_last_answer(regular).endswith(version), "the old one answers"
        expect(line(regular)).to_contain_text("The new version of SmolLM2 135M Instruct is here")
        assert {sha256 for sha256, _, _ in web.shard_requests()} == {new}
        assert "Paris" in regular.asks(CAPITAL).succeeds()
        assert version_of_the_last_answer(regular).endswith("2.0.0")
        assert {old, new} <= set(everything_stored(regular.page)), "the version before is kept"

        web.forgets()
        regular.page.get_by_role("button", name="Settings", exact=True).click()
        settings = regular.page.get_by_role("dialog", name="Settings")
        settings.get_by_role("button", name=f"Back to version {version}").click()
        expect(settings).to_contain_text(f"is at version {version} again")
        settings.get_by_role("button", name="Close", exact=True).click()
        assert "Paris" in regular.asks(CAPITAL).succeeds()
        assert version_of_the_last_answer(regular).endswith(version)
        regular.reloads()
        assert "Paris" in regular.asks(CAPITAL).succeeds()
        assert version_of_the_last_answer(regular).endswith(version), "and it stays so"
        assert web.shard_requests() == []


def test_a_model_is_added_by_its_folder_shown_before_a_byte_moves_and_answers_when_chosen(
    regular: Person, web: Web
) -> None:
    with a_folder_with_a_model(web.site) as folder:
        regular.opens()
        regular.waits_for_the_model()
        web.forgets()
        regular.page.get_by_role("button", name="Settings", exact=True).click()
        settings = regular.page.get_by_role("dialog", name="Settings")
        settings.get_by_label("Add a model").fill("https://example.org/somewhere/")
        settings.get_by_role("button", name="Inspect", exact=True).click()
        expect(settings).to_contain_text("This page may not talk to that address")
        settings.get_by_label("Add a model").fill(folder)
        settings.get_by_role("button", name="Inspect", exact=True).click()
        offer = settings.locator("#model-offer")
        expect(offer).to_contain_text("Mine: ")
        expect(offer).to_contain_text("Licence: Apache-2.0")
        assert [r.path for r in web.requests(f"{folder}*") if r.bytes and "shards" in r.path] == []
        settings.get_by_role("button", name="Add it").click()
        settings.get_by_label("Model that answers").select_option("mine")
        settings.get_by_role("button", name="Close", exact=True).click()
        assert model_of(regular, CAPITAL) == "mine"
        regular.reloads()
        assert model_of(regular, CAPITAL) == "mine", "and it is kept"
