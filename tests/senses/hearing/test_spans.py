"""Speech begins and ends once, whatever flickers between."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from orion_py.senses.hearing.spans import Edge, SpeechEdges


def edges(probabilities: list[float], silence: int = 5) -> list[Edge]:
    found = SpeechEdges(silence)
    said = [edge for probability in probabilities for edge in found.push(probability)]
    return said + found.finish()


def test_speech_is_from_its_first_frame_to_the_one_after_its_last() -> None:
    assert edges([0.1] * 3 + [0.9] * 6 + [0.1] * 9) == [Edge(True, 3), Edge(False, 9)]


def test_a_short_pause_and_a_doubtful_frame_are_part_of_it() -> None:
    assert edges([0.9] * 4 + [0.1] * 4 + [0.4] * 2 + [0.1] * 4 + [0.9] * 4 + [0.1] * 5) == [
        Edge(True, 0),
        Edge(False, 18),
    ]


def test_doubtful_frames_do_not_begin_it() -> None:
    assert edges([0.45] * 20) == []


def test_a_click_is_no_speech() -> None:
    assert edges([0.1, 0.95, 0.95, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]) == []


def test_what_is_said_to_the_end_ends_there() -> None:
    assert edges([0.1] + [0.9] * 8) == [Edge(True, 1), Edge(False, 9)]
    assert edges([0.9] * 8 + [0.1] * 2) == [Edge(True, 0), Edge(False, 8)]


def test_somebody_seems_to_begin_before_it_is_certain() -> None:
    found = SpeechEdges(5)
    assert not found.begun
    assert found.push(0.9) == []
    assert found.begun
    assert not found.speaking


@given(st.lists(st.floats(0, 1), max_size=200), st.integers(1, 12))
def test_beginnings_and_ends_take_turns_and_never_go_back(probabilities: list[float], silence: int) -> None:
    found = edges(probabilities, silence)
    assert [edge.speech for edge in found] == [index % 2 == 0 for index in range(len(found))]
    assert len(found) % 2 == 0
    frames = [edge.frame for edge in found]
    assert frames == sorted(frames)
    assert all(0 <= frame <= len(probabilities) for frame in frames)
