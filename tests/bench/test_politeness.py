"""An idle page's share of a core, and a neighbour that takes one."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from bench.benches import politeness
from bench.benches.politeness import (
    IDLE_PERCENT,
    KEPT,
    LONGEST_S,
    LOOK_S,
    busy_neighbour,
    decoders,
    kept,
    share_of_a_core,
    until_still,
)
from bench.contenders import KERNEL, ORT
from bench.figures import Contender


def test_the_share_is_what_the_browser_used_over_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    used, clock = iter([1000, 1030]), iter([0.0, 60.0])
    monkeypatch.setattr(politeness, "used_by_browser", lambda: next(used))
    monkeypatch.setattr(politeness.time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(politeness.os, "sysconf", lambda name: 100)
    assert share_of_a_core(60.0, sleep=lambda _: None) == pytest.approx(0.005)
    assert IDLE_PERCENT == 0.5


def test_where_the_system_does_not_tell_nothing_is_made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(politeness, "used_by_browser", lambda: None)
    assert share_of_a_core(60.0, sleep=lambda _: None) is None


def test_the_minute_begins_when_what_is_done_once_is_done_and_says_what_that_took() -> None:
    shares = iter([1.5, 0.02, 0.5, 0.01, 0.01])  # a pause between two works isn't their end
    assert until_still(lambda seconds: next(shares)) == pytest.approx(LOOK_S * 2.04)
    assert next(shares, None) is None
    assert until_still(lambda seconds: None) is None
    assert until_still(lambda seconds: 1.0) == pytest.approx(LONGEST_S), "a page that never rests is measured as it is"


def decoding(name: str, rate: float) -> Contender:
    contender = Contender(name)
    for _ in range(3):
        contender.add("decode", "tokens/s", rate, 0.0)
    return contender


def test_the_kernel_keeps_its_share_beside_a_neighbour_and_onnxruntime_is_told() -> None:
    target = kept(KERNEL, decoding("a", 130.0), decoding("b", 91.0))
    assert (target.value, target.wanted, target.met) == (pytest.approx(0.7), KEPT, True)
    assert kept(ORT, decoding("a", 35.0), decoding("b", 15.0)).wanted is None


def test_the_neighbour_is_a_program_of_another_session_that_is_gone_afterwards(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started: list[subprocess.Popen[bytes]] = []
    real = subprocess.Popen

    def popen(*given: Any, **named: Any) -> subprocess.Popen[bytes]:
        assert named["start_new_session"]
        started.append(real(*given, **named))
        return started[0]

    monkeypatch.setattr(politeness.subprocess, "Popen", popen)
    with busy_neighbour():
        assert started[0].poll() is None
    assert started[0].poll() is not None


def test_both_runners_decode_as_generate_has_them(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.bench.test_contenders import PROMPT, model

    monkeypatch.setattr(politeness.prompt, "of_site", lambda *_: PROMPT)
    monkeypatch.setattr(politeness, "manifest_of", lambda *_: model())
    context: Any = type("C", (), {"site": Path(), "model": "any"})()
    assert [(entry.name, entry.options["threads"]) for entry in decoders(context)] == [(KERNEL, 2), (ORT, 2)]
