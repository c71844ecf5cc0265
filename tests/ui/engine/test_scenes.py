"""What was found in pictures is taken over by the page; whatever isn't of the expected form is left out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from orion_py.senses.scenes.codes import Code
from orion_py.senses.scenes.report import as_data
from tests.senses.scenes.reports import report, seen
from ui.engine.scenes import CHARS, MOST, kept_scenes, scenes_of

CORNERS = [[0, 0], [100, 0], [100, 20], [0, 20]]


def told(**parts: Any) -> dict[str, Any]:
    return {"scenes": [{"width": 300, "height": 200, **parts}]}


def a_line(**fields: Any) -> dict[str, Any]:
    return {"text": "TOTAL", "box": CORNERS, "confidence": 0.98, **fields}


def test_what_the_engine_reports_comes_whole() -> None:
    code = Code("QR Code", "orion.example", ((1, 1), (9, 1), (9, 9), (1, 9)))
    made = report("TOTAL 3,20", [seen("cup", 0.8, (5, 6, 50, 60))], [seen("dog", 0.4)], ["T0T"], [code])
    (scene,) = scenes_of(json.loads(json.dumps({"scenes": [as_data(made, "fr")]})))
    assert (scene["width"], scene["height"]) == (300, 300)
    rows = [(each["kind"], each["what"], each["share"], each["sure"]) for each in scene["found"]]
    assert rows == [
        ("line", "TOTAL 3,20", 0.98, True),
        ("line", "T0T", 0.3, False),
        ("object", "tasse", 0.8, True),
        ("object", "chien", 0.4, False),
        ("code", "QR Code: orion.example", None, True),
    ]
    assert scene["found"][2]["box"] == [[5, 6], [50, 6], [50, 60], [5, 60]]
    assert scene["found"][0]["box"] == CORNERS


def test_what_was_kept_comes_back_the_same() -> None:
    made = scenes_of(told(lines=[a_line(text=" " + "long " * 99)], objects=[{"name": "cup", "box": [1, 2, 3, 4]}]))
    assert kept_scenes(json.loads(json.dumps(made))) == made


@pytest.mark.parametrize(
    "notes",
    [
        None,
        [],
        {},
        {"scenes": None},
        {"scenes": "many"},
        {"scenes": [None, 3, "x", []]},
        told(),
        told(lines=3),
        told(lines=[None, 3, {}]),
        told(lines=[a_line(text="  ")]),
        told(lines=[a_line(text=None)]),
        told(lines=[a_line(text={"a": 1})]),
        told(lines=[a_line(box=None)]),
        told(lines=[a_line(box=CORNERS[:3])]),
        told(lines=[a_line(box=[*CORNERS[:3], [1]])]),
        told(lines=[a_line(box=[*CORNERS[:3], [1, "2"]])]),
        told(lines=[a_line(box=[*CORNERS[:3], [1, 1e9]])]),
        told(lines=[a_line(box=[True, True, True, True])]),
        told(lines=[a_line()], width=0),
        told(lines=[a_line()], width="300"),
    ],
)
def test_nothing_is_made_of_what_makes_no_sense(notes: Any) -> None:
    assert scenes_of(notes) == []


@pytest.mark.parametrize(
    "rows", [None, {}, "x", [None], [{"width": 3, "height": 3}], [{"found": [{"kind": "script"}]}]]
)
def test_nothing_is_made_of_rows_that_make_no_sense(rows: Any) -> None:
    assert kept_scenes(rows) == []


def test_a_share_that_is_none_is_not_made_up() -> None:
    shares = [2, -1, None, "0.5", True, 0.5]
    (scene,) = scenes_of(told(lines=[a_line(confidence=share) for share in shares]))
    assert [each["share"] for each in scene["found"]] == [None] * 5 + [0.5]


def test_each_part_has_a_limit() -> None:
    (scene,) = scenes_of(told(lines=[a_line(text="x" * 5000)] * 2000))
    assert len(scene["found"]) == MOST
    assert len(scene["found"][0]["what"]) == CHARS


def test_a_picture_without_a_finding_keeps_its_place_among_others() -> None:
    notes = {"scenes": [{"width": 3, "height": 3}, told(lines=[a_line()])["scenes"][0]]}
    assert [len(scene["found"]) for scene in scenes_of(notes)] == [0, 1]
