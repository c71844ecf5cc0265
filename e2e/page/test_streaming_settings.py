"""How answers appear is a setting: by token, word or sentence, with a typewriter's pause."""

from __future__ import annotations

from e2e.page.conftest import Visit
from e2e.page.test_panel import opened, part


def test_pieces_and_pause_reach_the_engine_and_stay_across_visits(page: Visit) -> None:
    page.page.get_by_role("button", name="Settings").click()
    page.page.get_by_label("Answers appear").select_option(label="Sentence by sentence")
    page.page.get_by_label("Typewriter pause").select_option(label="Medium")
    page.page.locator("#settings [data-close]").click()
    page.ask_and_wait("Why is the sky blue?")
    page.page.reload()
    page.wait()
    page.ask_and_wait("And at sunset?")
    options = page.seen_by_engine()[-1]["options"]
    assert (options["granularity"], options["delay_ms"]) == ("sentence", 60)
    speed = part(opened(page), "speed").locator("[data-field=stream]")
    assert "sentence by sentence" in speed.inner_text()


def test_by_default_answers_appear_as_they_are_written(page: Visit) -> None:
    page.ask_and_wait("Why is the sky blue?")
    options = page.seen_by_engine()[-1]["options"]
    assert "granularity" not in options
    assert "delay_ms" not in options
