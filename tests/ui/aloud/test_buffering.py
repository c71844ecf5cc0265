"""Speech that is made slower than it sounds is held back until it can be played without a gap."""

from __future__ import annotations

from ui.aloud.buffering import LONGEST_S, Buffering


def learnt(pace: float) -> Buffering:
    """Of a voice that makes ``pace`` seconds of speech a second, at 0.1 s a character."""
    buffering = Buffering()
    for _ in range(2):
        buffering.made("fr", 5.0, 5000 / pace, 50)
    return buffering


def test_before_anything_is_known_the_first_sound_is_played() -> None:
    buffering = Buffering()
    assert buffering.enough("en", 2.0, 500)
    buffering.made("en", 2.0, 30_000, 20)
    assert buffering.enough("en", 2.0, 500), "the first took as long because its model came into memory"
    assert not buffering.enough("en", 0.0, 500)


def test_a_voice_that_keeps_up_is_never_held_back() -> None:
    assert learnt(1.2).enough("fr", 0.5, 5000)


def test_a_slow_voice_waits_until_the_rest_is_made_while_it_speaks() -> None:
    slow = learnt(0.5)
    assert not slow.enough("fr", 4.9, 50), "5 s are made in 10"
    assert slow.enough("fr", 5.0, 50)
    assert slow.enough("fr", 0.5, 0), "nothing more comes"
    assert slow.enough("en", 0.5, 50), "another language has another voice"


def test_a_text_without_words_tells_nothing_of_the_pace() -> None:
    slow = learnt(0.5)
    slow.made("fr", 0.0, 900, 1)
    assert slow.pace == {"fr": 0.5}


def test_nobody_waits_for_ever() -> None:
    assert learnt(0.1).enough("fr", LONGEST_S, 100_000)
