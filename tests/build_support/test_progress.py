"""A long step never stands still: a moving line on a terminal, a line now and then in a log."""

from __future__ import annotations

import io
import sys

import pytest

from build_support import progress
from build_support.progress import Step, bar, say, step


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_line_has_what_is_done_how_far_it_is_and_since_when() -> None:
    now = [100.0]
    shown = Step("Converting lite", lambda: now[0])
    now[0] = 112.4
    assert shown.line() == "  Converting lite  12 s"
    shown._detail, shown._done, shown._total = "computing golden vectors", 3, 8
    assert shown.line() == f"  computing golden vectors  {'━' * 9}{'╌' * 15} 3 of 8  12 s"


def test_a_log_gets_each_phase_each_quarter_and_a_sign_of_life_in_silence(capsys: pytest.CaptureFixture[str]) -> None:
    now = [0.0]
    shown = Step("Converting lite", lambda: now[0])
    shown.update("computing golden vectors", 0, 8)
    for done in range(1, 9):
        now[0] += 1
        shown.update("computing golden vectors", done, 8)
        shown.beat()
    now[0] += progress.LOG_SECONDS
    shown.beat()
    shown.beat()
    lines = capsys.readouterr().err.splitlines()
    assert [line.split("  ")[-2:] for line in lines[1:-1]] == [
        [f"{'━' * 6}{'╌' * 18} 2 of 8", "2 s"],
        [f"{'━' * 12}{'╌' * 12} 4 of 8", "4 s"],
        [f"{'━' * 18}{'╌' * 6} 6 of 8", "6 s"],
    ]
    assert lines[0] == "  computing golden vectors"
    assert lines[-1].endswith("8 of 8  23 s"), "one sign of life, not two"
    assert not any("\r" in line or "\x1b" in line for line in lines)


def test_a_terminal_has_a_line_that_moves_and_gives_way_to_what_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    shown = Step("Converting lite", lambda: 0.0)
    shown.beat()
    assert terminal.getvalue() == "\r\x1b[K  Converting lite  0 s"
    shown.wipe()
    assert terminal.getvalue().endswith("\r\x1b[K")
    with shown.pause():
        shown.beat()
    assert terminal.getvalue().count("Converting") == 1


def test_a_step_says_when_it_has_ended_well_and_only_then(capsys: pytest.CaptureFixture[str]) -> None:
    with step("Working"):
        say("  something")
    with pytest.raises(ValueError), step("Failing"):
        raise ValueError
    lines = capsys.readouterr().err.splitlines()
    assert lines[:2] == ["• Working …", "  something"]
    assert lines[2].startswith("  done in ")
    assert lines[3:] == ["• Failing …"]


def test_a_download_says_each_quarter_in_a_log(capsys: pytest.CaptureFixture[str]) -> None:
    with bar("file", 8_000_000) as advance:
        for done in range(0, 8_000_001, 1_000_000):
            advance(done)
    lines = capsys.readouterr().err.splitlines()
    assert lines == ["  file (8 MB)", "  file: 25 %", "  file: 50 %", "  file: 75 %", "  file: 100 %"]


def test_a_download_moves_on_a_terminal_and_leaves_no_trace_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bar is rich's: while it is drawn the line of the step around it rests."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    with step("Fetching") as outer:
        with bar("weights.gguf", 8_000_000, 2_000_000) as advance:
            advance(6_000_000)
            assert outer._paused
        assert not outer._paused
    drawn = terminal.getvalue()
    assert "weights.gguf" in drawn
    assert "6.0/8.0 MB" in drawn
    assert "weights.gguf (8 MB)" not in drawn, "that is for logs"


def test_a_terminal_without_rich_gets_the_lines_of_a_log(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setitem(sys.modules, "rich.console", None)
    with bar("file", 8_000_000) as advance:
        advance(4_000_000)
    assert terminal.getvalue().splitlines() == ["  file (8 MB)", "  file: 50 %"]


def test_a_phase_is_said_once_and_on_a_terminal_it_is_in_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    shown = Step("Converting", lambda: 0.0)
    shown.update("writing", 1, 4)
    assert terminal.getvalue() == ""
    shown.beat()
    assert "writing" in terminal.getvalue()
    assert "1 of 4" in terminal.getvalue()
