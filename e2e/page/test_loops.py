"""An answer that goes round in circles: taken back before the person's eyes, and said, in both languages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from e2e.page import assembled
from e2e.page.conftest import Visit


def test_a_repetition_disappears_and_the_answer_goes_on(visit: Callable[..., Visit], folder: Path) -> None:
    assembled.scenario(folder, stored=True, circleMs=800)
    page = visit().open()
    page.ask("Why do you talk in circles?")
    body = page.answer.locator(".answer")
    expect(body).to_contain_text("Round it goes. Round it goes.")
    expect(body).not_to_contain_text("Round it goes.")
    expect(page.answer).to_have_attribute("data-state", "streaming")
    expect(page.answer.locator(".note")).to_contain_text("The model began to repeat itself")
    page.state("success")
    expect(body).to_contain_text("red remains. And that is why.")
    expect(page.answer.locator(".note")).to_have_count(1)
    page.page.reload()
    expect(page.answer.locator(".note")).to_contain_text("The model began to repeat itself")


def test_an_answer_that_repeats_itself_again_ends_and_says_so_in_french(visit: Callable[..., Visit]) -> None:
    page = visit(locale="fr-FR").open()
    page.ask("Parle for ever")
    page.state("success")
    expect(page.answer.locator(".answer")).not_to_contain_text("Round it goes.")
    note = page.answer.locator(".note").filter(has_text="Le modèle ne cessait de se répéter")
    expect(note).to_be_visible()
