"""Figures as people read them, in both languages."""

from __future__ import annotations

import pytest

from tests.ui.speech import speak
from ui.words import formatting

S = formatting.NARROW_SPACE
EN, FR = speak("en"), speak("fr")


@pytest.mark.parametrize(
    ("count", "english", "french"),
    [
        (0, "0 B", "0 o"),
        (None, "0 B", "0 o"),
        (999, "999 B", "999 o"),
        (1500, "1.5 kB", "1,5 ko"),
        (999_600, "1.0 MB", "1,0 Mo"),
        (98_433_000, "98 MB", "98 Mo"),
        (1_240_000_000, "1.2 GB", "1,2 Go"),
    ],
)
def test_sizes_are_decimal_and_short(count: int | None, english: str, french: str) -> None:
    assert formatting.size(count, EN) == english.replace(" ", S)
    assert formatting.size(count, FR) == french.replace(" ", S)


def test_a_pair_of_sizes_shares_the_unit_of_the_whole() -> None:
    assert formatting.size_pair(500_000, 98_000_000, EN) == f"1 of 98{S}MB"
    assert formatting.size_pair(41_000_000, 98_000_000, FR) == f"41 sur 98{S}Mo"
    assert formatting.size_pair(5_000_000, 4_000_000, EN) == f"4.0 of 4.0{S}MB"


@pytest.mark.parametrize(
    ("ms", "english", "french"),
    [
        (340, "340 ms", "340 ms"),
        (1430, "1.4 s", "1,4 s"),
        (12_300, "12 s", "12 s"),
        (125_000, "2 min 5 s", "2 min 5 s"),
    ],
)
def test_durations_lose_precision_as_they_grow(ms: int, english: str, french: str) -> None:
    assert formatting.duration(ms, EN).replace(S, " ") == english
    assert formatting.duration(ms, FR).replace(S, " ") == french


@pytest.mark.parametrize(
    ("seconds", "english", "french"),
    [
        (0.5, "almost done", "presque fini"),
        (7.2, "7 s left", "encore 7 s"),
        (33, "35 s left", "encore 35 s"),
        (130, "2 min left", "encore 2 min"),
        (4000, "1 h 7 min left", "encore 1 h 7 min"),
    ],
)
def test_the_time_left_is_rounded_so_that_it_does_not_flicker(seconds: float, english: str, french: str) -> None:
    assert (formatting.time_left(seconds, EN) or "").replace(S, " ") == english
    assert (formatting.time_left(seconds, FR) or "").replace(S, " ") == french


def test_an_unknown_time_left_is_not_shown() -> None:
    assert formatting.time_left(None, EN) is None


def test_speeds_and_shares() -> None:
    assert formatting.speed(12_300_000, EN) == f"12{S}MB/s"
    assert formatting.rate(8.44, EN) == "8.4 tokens/s"
    assert formatting.rate(47.3, FR) == "47 jetons/s"
    assert formatting.percent(1, 0) == 0
    assert formatting.percent(3, 2) == 100


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0:00"), (7.4, "0:07"), (59.6, "1:00"), (750, "12:30"), (3723, "1:02:03")]
)
def test_a_place_in_a_recording_is_shown_as_players_do(seconds: float, shown: str) -> None:
    assert formatting.clock(seconds) == shown
