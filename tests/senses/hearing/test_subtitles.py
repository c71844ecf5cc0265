"""Subtitles are what players read."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from orion_py.senses.hearing.segments import Segment
from orion_py.senses.hearing.subtitles import srt, vtt

SAID = [Segment(0.0, 1.5, "Bonjour à tous."), Segment(3661.25, 3662.9996, "A < B & C")]


def test_subrip() -> None:
    assert srt(SAID) == (
        "1\n00:00:00,000 --> 00:00:01,500\nBonjour à tous.\n\n2\n01:01:01,250 --> 01:01:03,000\nA < B & C\n"
    )


def test_webvtt_escapes_its_marks() -> None:
    assert vtt(SAID) == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nBonjour à tous.\n\n01:01:01.250 --> 01:01:03.000\nA &lt; B &amp; C\n"
    )


def test_nothing_said_is_a_file_without_cues() -> None:
    assert srt([]) == ""
    assert vtt([]) == "WEBVTT\n"


def test_a_cue_lasts_at_least_a_moment() -> None:
    assert "00:00:02,000 --> 00:00:02,100" in srt([Segment(2.0, 2.0, "x")])


@given(st.text(min_size=1, max_size=60))
def test_no_text_breaks_a_cue(text: str) -> None:
    for written in (srt([Segment(0, 1, text)]), vtt([Segment(0, 1, text)])):
        assert written.count("-->") == 1
        assert not re.search(r"\n\n.", written.partition("-->")[2])
