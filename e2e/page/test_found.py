"""A person has what was found in a picture shown over it: boxes, labels and a list, also after a reload."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from e2e.page import assembled
from e2e.page.attaching import Person, picture
from e2e.page.conftest import Visit

HOSTILE = "<img src=x onerror=window.hacked=1>"


def corners(left: int, top: int, right: int, bottom: int) -> list[list[int]]:
    return [[left, top], [right, top], [right, bottom], [left, bottom]]


def line(text: str, box: list[list[int]], confidence: float = 0.98) -> dict[str, Any]:
    return {"text": text, "box": box, "confidence": confidence, "box_confidence": 0.9}


SCENE = {
    "width": 600,
    "height": 400,
    "text": "",
    "lines": [
        line("Meeting at noon", corners(30, 20, 290, 60)),
        line(HOSTILE, [[40, 90], [280, 70], [284, 104], [44, 124]]),
    ],
    "unsure_lines": [line("R00m", corners(30, 150, 120, 180), 0.41)],
    "objects": [{"name": "cup", "confidence": 0.87, "box": [330, 210, 560, 380], "colour": "blue"}],
    "codes": [{"kind": "QR Code", "text": "https://orion.example/", "box": corners(60, 240, 200, 380)}],
}


@pytest.fixture
def asked(folder: Path, visit: Callable[..., Visit]) -> Callable[..., Person]:
    """``asked(**options)``: a person whose question on a picture was answered."""

    def start(**options: Any) -> Person:
        assembled.scenario(folder, stored=True, sees=True, notes={"scenes": [SCENE]}, tokensPerSecond=1000)
        person = Person(visit(**options).open())
        person.gives("drop", ("sign.png", picture(size=(600, 400))))
        expect(person.listed).to_have_count(1)
        person.page.locator("#message").fill("Why?")
        person.page.locator("#send").click()
        person.visit.state("success")
        return person

    return start


def test_boxes_labels_and_a_list_are_switched_on_and_off_and_stay_with_the_conversation(
    asked: Callable[..., Person],
) -> None:
    person = asked()
    page, answer = person.page, person.visit.answer
    expect(answer.locator(".found")).to_be_hidden()
    button = answer.get_by_role("button", name="Show what was found")
    expect(button).to_have_attribute("aria-expanded", "false")
    button.press("Enter")
    found = answer.get_by_role("figure", name="What was found in sign.png")
    expect(found).to_be_visible()
    expect(answer.get_by_role("button", name="Hide what was found")).to_have_attribute("aria-expanded", "true")
    expect(found.get_by_role("img", name="sign.png")).to_have_js_property("naturalWidth", 600)
    expect(found.locator("polygon")).to_have_count(5)
    expect(found.locator(".found-label")).to_have_text(
        ["1 98%", "2 98%", "3 41%", "4 cup 87%", "5 QR Code: https://orion.example/"]
    )
    rows = found.get_by_role("listitem")
    expect(rows.nth(1)).to_contain_text(HOSTILE)
    expect(rows.nth(2)).to_contain_text("not sure")
    assert page.evaluate("window.hacked") is None
    assert page.locator("article img[src='x']").count() == 0

    # The boxes lie where the picture's things are, however large it is shown.
    stage, cup = found.locator(".found-stage").bounding_box(), found.locator("polygon.object").bounding_box()
    assert stage is not None
    assert cup is not None
    assert stage["width"] / stage["height"] == pytest.approx(1.5, abs=0.02)
    assert (cup["x"] - stage["x"]) / stage["width"] == pytest.approx(330 / 600, abs=0.02)
    assert cup["height"] / stage["height"] == pytest.approx(170 / 400, abs=0.03)

    item = found.get_by_role("button", name="Meeting at noon")
    item.focus()
    page.keyboard.press("Enter")
    expect(item).to_have_attribute("aria-pressed", "true")
    expect(found.locator("polygon[data-lit]")).to_have_count(1)

    page.reload()
    person.visit.wait()
    answer.get_by_role("button", name="Show what was found").click()
    expect(found.locator("polygon")).to_have_count(5)
    expect(found.get_by_role("img", name="sign.png")).to_have_js_property("naturalWidth", 600)
    answer.get_by_role("button", name="Hide what was found").click()
    expect(answer.locator(".found")).to_be_hidden()
    assert person.visit.faults == []
    assert person.visit.foreign() == []


@pytest.mark.parametrize(("lang", "width"), [("en", 1100), ("fr", 390)])
def test_it_looks_right(asked: Callable[..., Person], lang: str, width: int, tmp_path: Path) -> None:
    """Nothing overflows; ORION_SHOTS keeps the pictures."""
    shots = Path(os.environ.get("ORION_SHOTS", str(tmp_path)))
    person = asked(locale=lang, viewport={"width": width, "height": 900}, has_touch=width < 500, is_mobile=width < 500)
    page, answer = person.page, person.visit.answer
    name = {"en": "Show what was found", "fr": "Montrer ce qui a été trouvé"}[lang]
    answer.get_by_role("button", name=name).click()
    expect(answer.get_by_role("figure").get_by_role("img")).to_have_js_property("naturalWidth", 600)
    answer.locator(".found-item").first.click()
    answer.locator(".found").scroll_into_view_if_needed()
    page.screenshot(path=shots / f"found-{lang}-{width}.png")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
