"""A Chromium to test with: which one is taken, how one is installed, and what is said when none can be had."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from build_support import browser, environment
from build_support.errors import BrowserUnavailable
from model_foundry.failures import Reason


class Machine:
    """A machine without a browser. ``programs`` are on its PATH; ``fails`` and ``brings`` rule its installers."""

    def __init__(self) -> None:
        self.programs: dict[str, str] = {}
        self.commands: list[list[str]] = []
        self.options: list[dict[str, Any]] = []
        self.fails: dict[str, Reason] = {}
        self.brings = ""
        self.own = ""
        """Where playwright would have put a Chromium."""

    def which(self, name: str) -> str | None:
        return self.programs.get(name)

    def run(self, command: Sequence[str | Path], **options: Any) -> str:
        named = [str(part) for part in command]
        self.commands.append(named)
        self.options.append(options)
        for tool, reason in self.fails.items():
            if tool in options["what"]:
                raise BrowserUnavailable(f"{options['what']}: {reason.line}.", reason.remedy(options["place"]), reason)
        if self.brings and self.brings in named:
            self.programs["chromium"] = "/usr/bin/chromium"
        return ""


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine()
    monkeypatch.delenv("ORION_CHROMIUM", raising=False)
    monkeypatch.setattr(shutil, "which", made.which)
    monkeypatch.setattr(browser, "PLACES", ())
    monkeypatch.setattr(browser, "_playwright", lambda: made.own)
    monkeypatch.setattr(browser, "run", made.run)
    monkeypatch.setattr(os, "geteuid", lambda: 0, raising=False)
    return made


def test_the_variable_names_a_browser_before_any_that_is_installed(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.programs["chromium"] = "/usr/bin/chromium"
    monkeypatch.setenv("ORION_CHROMIUM", "/opt/mine/chrome")
    assert browser.find() == Path("/opt/mine/chrome")


def test_chromium_is_taken_before_chrome(machine: Machine) -> None:
    machine.programs["google-chrome"] = "/usr/bin/google-chrome"
    assert browser.find() == Path("/usr/bin/google-chrome")
    machine.programs["chromium"] = "/usr/bin/chromium"
    assert browser.find() == Path("/usr/bin/chromium")


def test_one_that_isnt_on_the_path_is_found_at_its_usual_place_and_then_at_playwrights(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.own = str(tmp_path / "of playwright")
    assert browser.find() is None, "playwright says a path whether something is there or not"
    (tmp_path / "of playwright").touch()
    assert browser.find() == tmp_path / "of playwright"
    (tmp_path / "Chromium").touch()
    monkeypatch.setattr(browser, "PLACES", (str(tmp_path / "absent"), str(tmp_path / "Chromium")))
    assert browser.find() == tmp_path / "Chromium"


def test_nothing_is_installed_where_there_is_one(machine: Machine) -> None:
    machine.programs |= {"chromium": "/usr/bin/chromium", "apt-get": "/usr/bin/apt-get"}
    assert browser.ensure() == Path("/usr/bin/chromium")
    assert machine.commands == []


def test_root_on_debian_gets_it_from_the_distribution(machine: Machine) -> None:
    machine.programs["apt-get"] = "/usr/bin/apt-get"
    machine.brings = "install"
    assert browser.ensure() == Path("/usr/bin/chromium")
    assert [command[:2] for command in machine.commands] == [["apt-get", "update"], ["apt-get", "install"]]
    assert machine.commands[1][-1] == "chromium"
    assert all(options["env"] == {"DEBIAN_FRONTEND": "noninteractive"} for options in machine.options), "it asks nobody"


def test_an_index_that_isnt_reached_keeps_nobody_from_installing_what_is_known_already(machine: Machine) -> None:
    machine.programs["apt-get"] = "/usr/bin/apt-get"
    machine.fails["apt-get update"] = Reason("no_network", "Could not resolve 'deb.invalid'")
    machine.brings = "install"
    assert browser.ensure() == Path("/usr/bin/chromium")
    assert len(machine.commands) == 2


@pytest.mark.parametrize(("apt", "user"), [(False, 0), (True, 1000)], ids=["no apt-get", "not root"])
def test_who_cant_use_apt_gets_it_from_playwright(
    machine: Machine, apt: bool, user: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if apt:
        machine.programs["apt-get"] = "/usr/bin/apt-get"
    monkeypatch.setattr(os, "geteuid", lambda: user, raising=False)
    machine.brings = "playwright"
    assert browser.ensure() == Path("/usr/bin/chromium")
    assert machine.commands == [[sys.executable, "-m", "playwright", "install", "chromium"]]


def test_apt_that_fails_leaves_it_to_playwright(machine: Machine) -> None:
    machine.programs["apt-get"] = "/usr/bin/apt-get"
    machine.fails["apt-get"] = Reason("busy", "Could not get lock")
    machine.brings = "playwright"
    assert browser.ensure() == Path("/usr/bin/chromium")


def test_when_nobody_has_one_each_reason_is_said_and_the_first_remedy_that_is_known(machine: Machine) -> None:
    machine.programs["apt-get"] = "/usr/bin/apt-get"
    machine.fails = {
        "apt-get update": Reason("unknown", "a strange thing"),
        "apt-get install": Reason("no_such_name", "Unable to locate package chromium"),
        "playwright": Reason("no_network", "getaddrinfo ENOTFOUND"),
    }
    with pytest.raises(BrowserUnavailable) as said:
        browser.ensure()
    assert said.value.what == (
        "There is no Chromium or Chrome to test with (apt-get update failed: a strange thing; apt-get install failed: "
        "Unable to locate package chromium; playwright install failed: getaddrinfo ENOTFOUND)."
    )
    assert said.value.remedy.startswith("The network is there, but the package servers doesn't have it")
    assert said.value.remedy.endswith("Or install one, or name it in the variable ORION_CHROMIUM.")
    assert said.value.reason == machine.fails["apt-get install"]


def test_installers_that_bring_nothing_say_what_the_person_can_do(machine: Machine) -> None:
    with pytest.raises(BrowserUnavailable) as said:
        browser.ensure()
    assert said.value.what == "There is no Chromium or Chrome to test with."
    assert said.value.remedy == "Install one, or name it in the variable ORION_CHROMIUM."


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str, int], list[list[str]]]:
    """Sets what a started browser prints as its page and as errors, and its exit code; returns the commands."""

    def answer(page: str, errors: str, code: int) -> list[list[str]]:
        commands: list[list[str]] = []

        def fake(command: Sequence[str | Path], **_: Any) -> Any:
            commands.append([str(part) for part in command])
            if "--version" in command:
                return SimpleNamespace(stdout="Chromium 200.0\n", stderr="", returncode=0)
            return SimpleNamespace(stdout=page, stderr=errors, returncode=code)

        monkeypatch.setattr(subprocess, "run", fake)
        return commands

    return answer


def test_a_browser_that_draws_a_page_starts_and_leaves_no_profile(
    started: Callable[[str, str, int], list[list[str]]],
) -> None:
    commands = started("<html><body><p>up</p></body></html>", "noise", 0)
    assert browser.starts(Path("chromium")) == ("Chromium 200.0", None)
    (profile,) = (part.partition("=")[2] for part in commands[1] if part.startswith("--user-data-dir="))
    assert not Path(profile).exists()
    assert set(browser.ARGUMENTS) <= set(commands[1]), "tried as the tests start it"


def test_a_browser_that_draws_nothing_says_why(started: Callable[[str, str, int], list[list[str]]]) -> None:
    started("", "error while loading shared libraries: libnss3.so: cannot open", 127)
    version, reason = browser.starts(Path("chromium"))
    assert version == "Chromium 200.0"
    assert reason is not None
    assert reason.kind == "system_package"
    started("", "", -9)
    assert browser.starts(Path("chromium"))[1] == Reason(
        "out_of_memory", "it was killed, most likely because memory ran out"
    )


def test_a_browser_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(command: Sequence[str], **options: Any) -> None:
        raise subprocess.TimeoutExpired(command, options["timeout"])

    monkeypatch.setattr(subprocess, "run", hang)
    assert browser.starts(Path("chromium")) == ("", Reason("unknown", "it didn't start within 60 s"))


def test_tests_start_the_browser_that_was_found_with_the_arguments_that_keep_it_silent(machine: Machine) -> None:
    machine.programs["chromium"] = "/usr/bin/chromium"
    options = browser.launch_arguments()
    assert options == {"executable_path": str(Path("/usr/bin/chromium")), "args": browser.ARGUMENTS}
    assert options["args"] is not browser.ARGUMENTS, "who adds one for itself adds it for nobody else"


@pytest.mark.parametrize("made", [True, False])
def test_playwright_is_asked_in_the_environment_that_has_it(
    made: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interpreter = tmp_path / "python"
    if made:
        interpreter.touch()
    asked: list[str] = []

    def fake(command: Sequence[str | Path], **_: Any) -> Any:
        asked.append(str(command[0]))
        return SimpleNamespace(stdout="/home/me/chromium\n")

    monkeypatch.setattr(environment, "python", lambda: interpreter)
    monkeypatch.setattr(subprocess, "run", fake)
    assert browser._playwright() == "/home/me/chromium"
    assert asked == [str(interpreter) if made else sys.executable]
