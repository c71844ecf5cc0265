"""The choice of an agent: in the registry's groups, what was made here and what is in none of them after them."""

from __future__ import annotations

from typing import Any

from tests.ui.fake_dom import Element, dom
from tests.ui.speech import speak
from ui.asking.agent_picker import AgentPicker

GROUPS = [{"id": "text", "agents": ["conversation", "code"]}, {"id": "media", "agents": ["vision"]}]


def agent(name: str, available: bool = True) -> dict[str, Any]:
    return {"id": name, "title": {"en": name, "fr": name}, "available": available, "missing": [], "custom": False}


def drawn(groups: list[dict[str, Any]], lang: str = "en") -> Element:
    document = dom("agent", "text-kind")
    picker = AgentPicker(document, speak(lang), lambda: None)
    rows = [agent("conversation"), agent("code"), agent("vision", available=False), agent("pirate")]
    picker.draw(rows, groups)
    place: Element = document.by_id("agent")
    return place


def shape(place: Element) -> list[Any]:
    return [
        (node.attributes["label"], [each.attributes["value"] for each in node.children])
        if node.tag == "optgroup"
        else node.attributes["value"]
        for node in place.children
    ]


def test_agents_stand_in_the_registrys_groups() -> None:
    expected = ["", ("Text", ["conversation", "code"]), "pirate", "+", ("Not on this site", ["vision"])]
    assert shape(drawn(GROUPS)) == expected
    assert shape(drawn(GROUPS, "fr"))[1][0] == "Texte"


def test_agents_that_cannot_answer_are_folded_away_by_name_at_the_end() -> None:
    absent = drawn(GROUPS).children[-1]
    assert [(each.textContent, each.disabled) for each in absent.children] == [("Images", True)]
    assert absent.children[0].title == "its model isn’t on this site"


def test_a_group_that_the_page_has_no_word_for_keeps_its_id_and_an_empty_one_is_left_out() -> None:
    groups = [{"id": "poets", "agents": ["code"]}, {"id": "media", "agents": ["speech"]}]
    named = [row for row in shape(drawn(groups)) if isinstance(row, tuple)]
    assert named == [("poets", ["code"]), ("Not on this site", ["vision"])]


def test_without_groups_the_list_is_flat() -> None:
    assert shape(drawn([])) == ["", "conversation", "code", "pirate", "+", ("Not on this site", ["vision"])]
