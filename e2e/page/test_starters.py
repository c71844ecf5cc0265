"""The empty page: what it offers to begin with is whole on every screen, in both languages, loading or not."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from e2e.page import assembled
from e2e.page.conftest import Visit

LITE = {"id": "scripted-model", "title": "SmolLM2 135M Instruct", "tier": "lite", "languages": ["en"]}
FULL = {"id": "full", "title": "Full", "tier": "full", "languages": ["en", "fr"], "download_bytes": 417_000_000}
SCREENS = [(1280, 800), (1024, 768), (390, 844), (360, 640)]

SMALLEST = (360, 640)
"""Here a long note may push the last starters out of view: they are then reached by scrolling."""

MEASURE = """(scroll) => {
  const seen = document.getElementById("scroller").getBoundingClientRect();
  const dock = document.querySelector(".dock").getBoundingClientRect();
  return [...document.querySelectorAll(".starter")].map((starter) => {
    if (scroll) starter.scrollIntoView({ block: "nearest" });
    const box = starter.getBoundingClientRect();
    const corners = [[box.left + 9, box.top + 3], [box.right - 9, box.bottom - 3]];
    return {
      text: starter.innerText,
      room: [box.top - seen.top, Math.min(seen.bottom, dock.top) - box.bottom, box.left, innerWidth - box.right],
      cut: [starter.scrollWidth - starter.clientWidth, starter.scrollHeight - starter.clientHeight],
      free: corners.every(([x, y]) => starter.contains(document.elementFromPoint(x, y))),
      size: parseFloat(getComputedStyle(starter).fontSize),
    };
  });
}"""


def assert_whole(page: Page, width: int, height: int) -> None:
    page.set_viewport_size({"width": width, "height": height})
    rows: list[dict[str, Any]] = page.evaluate(MEASURE, (width, height) == SMALLEST)
    assert len(rows) == 4
    for row in rows:
        assert min(row["room"]) >= -0.5, (width, height, row)
        assert max(row["cut"]) <= 0, (width, height, row)
        assert row["free"], (width, height, row)
        assert row["size"] >= 13, row


@pytest.mark.parametrize("loading", [True, False])
@pytest.mark.parametrize("locale", ["en-US", "fr-FR"])
def test_every_starter_is_whole_on_every_screen(
    visit: Callable[..., Visit], folder: Path, locale: str, loading: bool
) -> None:
    load: dict[str, Any] = {"holdAt": 0.4, "bytesPerSecond": 2e9, "tickMs": 5} if loading else {"stored": True}
    assembled.scenario(folder, models=[LITE, FULL], **load)
    page = visit(locale=locale).open().page
    card = page.locator("#loading")
    if loading:
        expect(card).to_be_visible()
    else:
        expect(card).to_be_hidden()
    expect(page.locator("#welcome-note")).to_be_visible(visible=locale == "fr-FR")
    for width, height in SCREENS:
        assert_whole(page, width, height)


def test_french_waits_for_the_larger_model_when_the_person_says_so(visit: Callable[..., Visit], folder: Path) -> None:
    assembled.scenario(folder, stored=True, models=[LITE, FULL])
    page = visit(locale="fr-FR").open()
    note = page.page.locator("#welcome-note")
    expect(note).to_contain_text("SmolLM2 135M Instruct a surtout appris l’anglais")
    expect(page.page.locator(".starter").first).to_have_text("Explain simply why the sky is blue", use_inner_text=True)
    page.page.get_by_role("button", name=re.compile(r"Attendre Full \(417\sMo\)")).click()
    expect(note).to_contain_text("Full arrive. Vos questions l’attendent.")
    first = page.page.locator(".starter").first
    expect(first).to_have_text("Explique simplement pourquoi le ciel est bleu", use_inner_text=True)
    first.click()
    page.state("success")
    page.page.get_by_role("button", name="Nouvelle conversation").click()
    page.page.get_by_role("button", name="Ne pas attendre").click()
    expect(note).to_contain_text("a surtout appris l’anglais")


def test_under_an_answer_the_larger_model_can_be_asked_in_its_place(visit: Callable[..., Visit], folder: Path) -> None:
    assembled.scenario(folder, stored=True, models=[LITE, FULL])
    page = visit(locale="fr-FR").open()
    page.page.locator("#message").fill("Pourquoi le ciel est-il bleu ?")
    page.page.locator("#send").click()
    page.state("success")
    expect(page.answer.locator(".note")).to_contain_text("comprend mal le français")
    page.answer.get_by_role("button", name=re.compile(r"Attendre Full")).click()
    expect(page.answer.locator(".note")).to_have_count(0)
    page.state("success")
    page.page.get_by_role("button", name="Réglages").click()
    expect(page.page.locator("#set-model")).to_have_value("full")
