"""The bench of seeing: how it holds what ORION found against the reference."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench.benches.seeing import compared
from bench.seeing import pictures
from bench.seeing.reference import corners, overlap, suppressed
from build_support.downloads import Source

THEIRS = {"cat": {"objects": [[15, 0.8, 10.0, 10.0, 110.0, 110.0]], "shows": [281, 0.6]}}


def ours(score: float = 0.79, left: float = 11.0, kind: int = 15, subject: int = 281) -> dict[str, object]:
    return {"cat": {"objects": [[kind, score, left, 10.0, 110.0, 110.0]], "shows": [subject, 0.5]}}


def test_the_same_boxes_scores_and_subjects_meet_all_targets() -> None:
    outcome = compared(ours(), THEIRS)
    assert [target.met for target in outcome.targets] == [True, True, True]
    assert outcome.notes == []


@pytest.mark.parametrize(
    ("found", "met"),
    [
        (ours(left=40.0), [False, True, True]),
        (ours(score=0.7), [True, False, True]),
        (ours(kind=16), [False, False, True]),
        (ours(subject=1), [True, True, False]),
    ],
)
def test_what_differs_misses_its_target_and_is_named(found: dict[str, object], met: list[bool]) -> None:
    outcome = compared(found, THEIRS)
    assert [target.met for target in outcome.targets] == met
    assert all("cat" in note for note in outcome.notes)
    assert outcome.notes


def test_a_box_at_the_least_score_that_is_told_may_be_missing() -> None:
    faint = {"cat": {"objects": [[15, 0.31, 0.0, 0.0, 9.0, 9.0]], "shows": [281, 0.6]}}
    assert compared(ours(), faint).contenders[0].facts["boxes of the reference"] == 0


def test_the_reference_decodes_distances_and_keeps_the_likelier_of_two_that_overlap() -> None:
    sides = np.full((4, 8), -50.0)
    sides[:, 2] = 50.0  # each side is two steps away
    assert corners(100.0, 60.0, sides, 8) == pytest.approx([84, 44, 116, 76])
    boxes = [[1, 0.5, 0, 0, 10, 10], [1, 0.9, 0, 0, 10, 11], [2, 0.4, 0, 0, 10, 10], [1, 0.3, 50, 50, 60, 60]]
    assert [row[1] for row in suppressed(boxes)] == [0.9, 0.4, 0.3]
    assert overlap([0, 0, 2, 2], [1, 0, 3, 2]) == pytest.approx(1 / 3)


def test_pictures_come_by_their_names_with_what_a_person_reads_in_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def obtain(sources: Iterable[Source]) -> dict[Source, Path]:
        for source in sources:
            Image.new("RGB", (40, 30), "red").save(tmp_path / source.name)
        return {source: tmp_path / source.name for source in sources}

    monkeypatch.setattr(pictures, "obtain", obtain)
    found, written = pictures.real_pictures(), pictures.written()
    assert len(found) >= 12
    assert all(picture.shape == (30, 40, 3) for picture in found.values())
    assert written["logo2.png"][1] == ("matplotlib",)
    assert not set(found) & set(written)
