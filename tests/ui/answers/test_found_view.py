"""What was found in a picture: boxes over it, and the same as a list that says where each is."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ui.fake_dom import Document, Element
from tests.ui.speech import speak
from ui.answers.found_view import FoundView
from ui.base.dom import Dom

BOX = [[30, 20], [150, 20], [150, 80], [30, 80]]
SCENE = {
    "width": 300,
    "height": 200,
    "found": [
        {"kind": "object", "what": "cup", "share": 0.53, "sure": False, "box": BOX},
        {"kind": "line", "what": "<b>TOTAL</b>", "share": 0.98, "sure": True, "box": BOX},
        {"kind": "code", "what": "QR Code: here", "share": None, "sure": True, "box": BOX},
    ],
}
FILE = {"id": "a", "kind": "image", "name": "receipt.png"}


class Drawn:
    def __init__(self, lang: str = "en", scenes: Any = (SCENE,), files: Any = (FILE,)) -> None:
        self.shown: list[tuple[Element, str]] = []
        document = Document("place")
        self.place = document.getElementById("place")
        view = FoundView(Dom(document), speak(lang), lambda image, file: self.shown.append((image, file)))
        view.draw(self.place, scenes, files)

    def texts(self, selector: str) -> list[str]:
        return [node.textContent for node in self.place.all(selector)]


def test_each_finding_has_a_box_a_label_and_a_row_that_agree() -> None:
    drawn = Drawn()
    assert drawn.texts("figcaption") == ["What was found in receipt.png"]
    assert drawn.texts("h4") == ["Text", "Objects", "Codes"]
    assert drawn.texts("button") == ["<b>TOTAL</b>98%", "cup53%not sure", "QR Code: here"]
    assert [rows.attributes["start"] for rows in drawn.place.all("ol")] == ["1", "2", "3"]
    assert drawn.texts(".found-label") == ["1 98%", "2 cup 53%", "3 QR Code: here"]
    boxes = drawn.place.all("polygon")
    assert [box.attributes["points"] for box in boxes] == ["30,20 150,20 150,80 30,80"] * 3
    assert [box.attributes["class"] for box in boxes] == ["found-box line", "found-box object unsure", "found-box code"]
    (svg,) = drawn.place.all("svg")
    assert (svg.attributes["viewBox"], svg.attributes["aria-hidden"]) == ("0 0 300 200", "true")
    label = drawn.place.all(".found-label")[0]
    assert (label.style.set["left"], label.style.set["top"]) == ("10.0%", "10.0%")
    ((image, file),) = drawn.shown
    assert (image.attributes["alt"], file) == ("receipt.png", "a")


def test_it_speaks_french() -> None:
    drawn = Drawn("fr")
    assert drawn.texts("figcaption") == ["Ce qui a été trouvé dans receipt.png"]
    assert drawn.texts("h4") == ["Texte", "Objets", "Codes"]
    assert "sans certitude" in drawn.texts("button")[1]


def test_a_picture_that_is_gone_leaves_its_boxes_and_its_list() -> None:
    drawn = Drawn("fr", files=())
    assert drawn.shown == []
    assert "data-gone" in drawn.place.all("img")[0].attributes
    assert drawn.texts("figcaption") == ["Ce qui a été trouvé dans l’image 1"]
    assert len(drawn.texts("polygon")) == 3


def test_of_several_pictures_each_gets_its_own_and_an_empty_one_nothing() -> None:
    empty = {"width": 1, "height": 1, "found": []}
    other = {**FILE, "id": "b", "name": "second.png"}
    drawn = Drawn(scenes=(empty, SCENE), files=(FILE, other))
    assert [file for _, file in drawn.shown] == ["b"]


@pytest.mark.parametrize("times", [1, 2])
def test_a_row_that_is_pressed_lights_its_box_and_the_next_press_ends_it(times: int) -> None:
    drawn = Drawn()
    lists, second = drawn.place.all(".found-lists")[0], drawn.place.all("button")[1]
    for _ in range(times):
        lists.fire("click", second)
    lit = [number for number, box in enumerate(drawn.place.all("polygon")) if "data-lit" in box.attributes]
    assert lit == ([1] if times == 1 else [])
    assert second.attributes["aria-pressed"] == ("true" if times == 1 else "false")


def test_pressing_another_moves_the_light() -> None:
    drawn = Drawn()
    lists = drawn.place.all(".found-lists")[0]
    for button in drawn.place.all("button")[:2]:
        lists.fire("click", button)
    assert [button.attributes["aria-pressed"] for button in drawn.place.all("button")] == ["false", "true", "false"]
    assert ["data-lit" in label.attributes for label in drawn.place.all(".found-label")] == [False, True, False]
