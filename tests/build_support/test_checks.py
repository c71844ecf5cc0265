"""What ``build.py test`` runs for each part, and what it says at the end."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from build_support import checks
from build_support.checks import Wishes
from build_support.errors import UsageError


class Commands(list[list[str]]):
    """The commands that were run. ``failing`` is the part of a command line that fails."""

    failing = "never"

    def __call__(self, command: Sequence[str | Path], **_: Any) -> int:
        words = [str(word) for word in command]
        self.append(words)
        for word in words:
            if word.startswith("--junitxml="):
                name = Path(word.partition("=")[2])
                name.parent.mkdir(parents=True, exist_ok=True)
                name.write_text(f'<testsuite><testcase classname="t" name="{name.stem}" time="2.5"/></testsuite>')
                name.with_suffix(".html").write_text("<p>report</p>")
        return int(any(self.failing in word for word in words))

    def with_word(self, word: str) -> list[list[str]]:
        return [command for command in self if word in command]

    def marks(self, name: str) -> str:
        """The -m of the run of pytest that reports under ``name``."""
        (command,) = [command for command in self if any(word.endswith(f"/{name}.xml") for word in command)]
        return command[command.index("-m") + 1 :][command[command.index("-m") + 1 :].index("-m") + 1]


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Commands:
    ran = Commands()
    monkeypatch.setattr(checks, "show", ran)
    monkeypatch.setattr(checks, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(checks, "COVERAGE", tmp_path / "results" / "coverage.json")
    monkeypatch.setattr(checks.browser, "ensure", lambda: Path("chromium"))
    monkeypatch.setattr(checks.node, "install_packages", lambda system: None)
    return ran


def test_everything_is_run_and_the_slowest_tests_are_told(
    commands: Commands, capsys: pytest.CaptureFixture[str]
) -> None:
    assert checks.run(["lint", "unit", "e2e"], Wishes()) == 0
    said = capsys.readouterr().err
    assert [len(commands.with_word(tool)) for tool in ("ruff", "mypy", "pytest")] == [2, 1, 3]
    assert "2.5 s  t::e2e-light" in said
    assert "lint passed" in said
    assert "unit passed" in said


def test_a_failed_part_does_not_stop_the_next_and_its_report_is_named(
    commands: Commands, capsys: pytest.CaptureFixture[str]
) -> None:
    commands.failing = "unit.xml"
    assert checks.run(["unit", "e2e"], Wishes()) == 1
    said = capsys.readouterr().err
    assert "unit FAILED" in said
    assert "e2e passed" in said
    assert "unit.html" in said


def test_long_tests_run_only_when_they_are_wished_for(commands: Commands) -> None:
    checks.run(["unit", "e2e"], Wishes())
    assert commands.marks("unit") == "not long"
    assert commands.marks("e2e-light") == "not model and not alone and not long"
    assert commands.marks("e2e-model") == "(model or alone) and not long"
    commands.clear()
    checks.run(["e2e"], Wishes(long=True))
    assert commands.marks("e2e-model") == "(model or alone) and not long"
    assert commands.marks("e2e-long") == "long"


def remember_failures(name: str, tests: list[str]) -> None:
    """As pytest's cache does."""
    folder = checks.RESULTS / f"{name}-cache" / "v" / "cache"
    folder.mkdir(parents=True)
    (folder / "lastfailed").write_text(json.dumps(dict.fromkeys(tests, True)))


def test_a_few_that_failed_beside_others_are_run_once_more_alone(
    commands: Commands, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    commands.failing = "/e2e-light.xml"
    monkeypatch.setattr(checks.shutil, "rmtree", lambda *_, **__: None)
    remember_failures("e2e-light", ["e2e/test_a.py::test_b"])
    assert checks.run(["e2e"], Wishes()) == 0
    (alone,) = [command for command in commands if "--lf" in command]
    assert "-n" not in alone
    assert "Passed alone: e2e/test_a.py::test_b" in capsys.readouterr().err
    commands.failing = "/e2e-light"
    assert checks.run(["e2e"], Wishes()) == 1
    assert "FAILED alone: e2e/test_a.py::test_b" in capsys.readouterr().err


def test_many_that_fail_are_no_accident(commands: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    commands.failing = "/e2e-light.xml"
    monkeypatch.setattr(checks.shutil, "rmtree", lambda *_, **__: None)
    remember_failures("e2e-light", [f"e2e/test_a.py::test_{n}" for n in range(6)])
    assert checks.run(["e2e"], Wishes()) == 1
    assert commands.with_word("--lf") == []


def test_coverage_below_the_floor_fails_the_unit_tests(commands: Commands, capsys: pytest.CaptureFixture[str]) -> None:
    low = '{"files": {"a/b.py": {"summary": {"covered_lines": 1, "num_statements": 2}}}}'

    def run(command: Sequence[str | Path], **options: Any) -> int:
        checks.COVERAGE.parent.mkdir(parents=True, exist_ok=True)
        checks.COVERAGE.write_text(low)
        return commands(command, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checks, "show", run)
        assert checks.run(["unit"], Wishes()) == 1
        assert "a: 50.0% of its lines and branches are tested" in capsys.readouterr().err
        assert checks.run(["unit"], Wishes(select="few")) == 0, "a chosen few needn't reach everything"


def test_headed_shows_one_browser_at_a_time(commands: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    checks.run(["e2e"], Wishes(headed=True))
    (command,) = commands
    assert "--headed" in command
    assert "-n" not in command


@pytest.mark.skipif("sys.platform != 'linux'")
def test_headed_without_a_display_says_so(commands: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with pytest.raises(UsageError, match="there is no display"):
        checks.run(["e2e"], Wishes(headed=True))
