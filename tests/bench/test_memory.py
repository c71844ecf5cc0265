"""Memory is what a process holds for itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.benches.memory import growth, senses
from bench.memory import Memory, parse_status, settled

STATUS = """\
Name:\tchromium
PPid:\t7
VmRSS:\t  900000 kB
RssAnon:\t  102400 kB
RssFile:\t  700000 kB
RssShmem:\t  51200 kB
"""


def test_the_programs_own_file_does_not_count() -> None:
    assert parse_status(STATUS) == (7, 150.0)


def test_a_kernel_thread_holds_nothing() -> None:
    assert parse_status("Name:\tkworker\nPPid:\t2\n") == (2, 0.0)


def test_measuring_waits_until_memory_stays_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    readings = iter([Memory(mib, mib) for mib in (500, 400, 300, 300, 300, 999)])
    monkeypatch.setattr("bench.memory.read", lambda: next(readings))
    assert settled(sleep=lambda _: None).renderer == 300


def testgrowth_is_the_worst_of_all_unloads() -> None:
    assert growth("t", 100.0, [101.0, 112.0, 99.0], 10.0).value == pytest.approx(12.0)


def test_less_than_before_is_nogrowth() -> None:
    target = growth("t", 100.0, [80.0, 90.0], 10.0)
    assert target.value == 0.0
    assert target.met


def test_only_senses_that_the_site_has_are_measured(tmp_path: Path) -> None:
    listed = [{"id": name, "manifest": f"models/{name}/manifest.json"} for name in ("reader", "voice")]
    (tmp_path / "models.json").write_text(json.dumps({"models": [], "senses": listed}))
    (tmp_path / "models" / "reader").mkdir(parents=True)
    (tmp_path / "models" / "reader" / "manifest.json").touch()
    assert senses(tmp_path) == ["reader"]


def test_a_site_from_before_there_were_senses_has_none(tmp_path: Path) -> None:
    (tmp_path / "models.json").write_text(json.dumps({"models": []}))
    assert senses(tmp_path) == []
