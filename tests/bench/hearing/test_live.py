"""Clips that are spoken into the microphone begin and end in silence, so that their first and last sound is known."""

from __future__ import annotations

import wave
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from playwright.sync_api import Error

import bench.hearing.live
from bench.context import Context
from bench.hearing.clips import Clip
from bench.hearing.live import FIGURES, THREADS, between_silences, measured, spoken_clips
from orion_py.senses.hearing.resampling import RATE


def clip(name: str, language: str) -> Clip:
    return Clip(name, language, "", np.zeros(9, np.float32))


def test_two_clips_of_each_kind_and_language_are_spoken_and_none_with_noise() -> None:
    names = ["real-en-00", "real-en-01", "real-en-02", "made-en-00", "noise-en-01", "made-fr-00", "music-fr-00"]
    made = [clip(name, name.split("-")[1]) for name in names]
    found = [each.name for each in spoken_clips(made)]
    assert found == ["real-en-00", "real-en-01", "made-en-00", "made-fr-00"]


def test_a_clip_stands_between_silences_at_the_level_of_speech() -> None:
    samples = np.concatenate([np.full(RATE, 0.0005), np.full(RATE, 0.1), np.full(RATE, -0.0005)]).astype(np.float32)
    spoken = between_silences(samples)
    sounds = np.flatnonzero(spoken)
    assert len(spoken) == 7 * RATE
    assert (sounds[0], sounds[-1] + 1) == (2 * RATE, 3 * RATE)
    assert np.abs(spoken).max() == np.float32(0.5)


class Page:
    """Hears what the microphone's file holds, as the bench's page tells it."""

    def __init__(self, file: list[str]) -> None:
        self.file, self.asked = file, list[tuple[str, float]]()

    def wait_for_function(self, _script: str) -> None:
        pass

    def evaluate(self, script: str, options: dict[str, float]) -> dict[str, Any] | None:
        if "prepare" in script:
            assert options == {"threads": THREADS}
            return None
        with wave.open(self.file[0], "rb") as sound:
            assert (sound.getframerate(), sound.getnchannels()) == (RATE, 1)
            seconds = sound.getnframes() / RATE
        self.asked.append((script, seconds))
        assert options == {"seconds": seconds}
        return {"noticed": 200.0, "first": 900.0, "whole": 1500.0, "texts": 4, "text": "Bonjour"}


def live(monkeypatch: pytest.MonkeyPatch, broken: bool = False) -> tuple[Page, Context]:
    file: list[str] = []
    page = Page(file)

    @contextmanager
    def profile(_playwright: Any, *flags: str) -> Iterator[str]:
        (capture,) = [flag for flag in flags if "=" in flag]
        file[:] = [capture.partition("=")[2].removesuffix("%noloop")]
        if broken:
            raise Error("The browser ended.\nand more")
        yield "browser"

    @contextmanager
    def opened(_browser: str, url: str) -> Iterator[Page]:
        assert url == "http://bench/pages/listening.html"
        yield page

    monkeypatch.setattr(bench.hearing.live, "fresh_profile", profile)
    monkeypatch.setattr(bench.hearing.live, "opened", opened)
    context = SimpleNamespace(playwright=None, rounds=2, url="http://bench/", settle=lambda _name: None)
    return page, cast(Context, context)


def test_each_clip_is_heard_once_a_round_and_the_first_one_before_to_warm_up(monkeypatch: pytest.MonkeyPatch) -> None:
    page, context = live(monkeypatch)
    sound = np.full(RATE, 0.2, np.float32)
    contender, notes = measured(
        context, [Clip("real-fr-0", "fr", "Bonjour", sound), Clip("r", "fr", "Au revoir", sound)]
    )
    assert notes == []
    assert len(page.asked) == 2 * 3
    assert contender.series[FIGURES["first"]].median == 900
    assert contender.facts == {"word error rate, 2 clips, %": pytest.approx(66.67)}


def test_a_browser_that_ends_is_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    _, context = live(monkeypatch, broken=True)
    contender, notes = measured(context, [])
    assert contender.series == {}
    assert notes == ["ORION, microphone in Chromium failed: The browser ended."]
