"""What changed is marked, and taken once by whoever tells of it."""

from __future__ import annotations

from typing import get_args

from orion_py.engine.changed_parts import BY_CONFIG, BY_MODELS, ChangedParts, part_kept_in
from orion_py.protocol.vocabulary import Section


def test_marks_are_taken_once() -> None:
    marks, heard = ChangedParts(), list[str]()
    marks.watch(lambda: heard.append("marked"))
    marks.mark("queue", "memory")
    marks.written("manifest:tiny")
    marks.written("something else")
    assert heard == ["marked", "marked"]
    assert marks.take() == {"queue", "memory", "versions"}
    assert marks.take() == set()


def test_a_setting_belongs_to_the_part_that_is_read_from_it() -> None:
    settings = ("manifest:tiny:next", "versions:tiny", "verdict:tiny:1:kernel", "router.corrections", "hydration", "x")
    assert [part_kept_in(each) for each in settings] == ["versions", "versions", "webgpu", "router", "upgrade", None]


def test_what_is_marked_together_are_parts_of_the_status() -> None:
    assert {*BY_CONFIG, *BY_MODELS} <= set(get_args(Section))
