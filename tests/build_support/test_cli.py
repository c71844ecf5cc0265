"""The command line of build.py: exit codes, and one sentence instead of a traceback."""

from __future__ import annotations

import ast
import errno
import re
import subprocess
import sys
from pathlib import Path

import pytest

from build_support import cli, environment
from build_support.errors import BuildError, SourceUnavailable, UsageError
from build_support.models import check_names
from build_support.start import start

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def already_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "enter", lambda script, arguments: None)


@pytest.mark.parametrize(
    "arguments", [[], ["dance"], ["serve", "--port", "x"], ["test", "moon"], ["models"], ["bench", "moon"]]
)
def test_wrong_usage_ends_with_two(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ending:
        start(ROOT / "build.py", arguments)
    assert ending.value.code == 2


def test_an_unknown_model_ends_with_two_and_names_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert start(ROOT / "build.py", ["models", "huge"]) == 2
    assert "There is no model 'huge'. These can be built: all, lite" in capsys.readouterr().err


@pytest.mark.parametrize("base", ["sub/", "/sub", "https://host/sub/"])
def test_a_base_must_be_a_path(base: str) -> None:
    assert start(ROOT / "build.py", ["build", "--base", base]) == 2


def test_a_failure_ends_with_one_and_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(options: object) -> int:
        raise SourceUnavailable("The file can't be had.", "Connect to a network.")

    monkeypatch.setattr(cli, "run", fail)
    assert start(ROOT / "build.py", ["build"]) == 1
    assert capsys.readouterr().err == "error: The file can't be had. Connect to a network.\n"


def test_an_interruption_is_no_traceback(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupt(options: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "run", interrupt)
    assert start(ROOT / "build.py", ["build"]) == 1
    assert "goes on from here" in capsys.readouterr().err


def test_a_bug_stays_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def bug(options: object) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(cli, "run", bug)
    with pytest.raises(ZeroDivisionError):
        start(ROOT / "build.py", ["build"])


def test_models_are_built_once_each() -> None:
    assert check_names(["lite", "lite"]) == ["lite"]


def test_usage_errors_are_build_errors() -> None:
    assert issubclass(UsageError, BuildError)
    assert (UsageError.exit_code, BuildError.exit_code) == (2, 1)


@pytest.mark.parametrize("url", ["https://example.org", "https://example.org/", "http://localhost:8000"])
def test_an_origin_is_taken(url: str) -> None:
    assert cli.origin(url) == url.rstrip("/")


def test_an_origin_is_written_as_browsers_compare_it() -> None:
    assert cli.origin("HTTPS://Models.Example.org:8443/") == "https://models.example.org:8443"


@pytest.mark.parametrize(
    "url",
    ["http://example.org", "https://*", "https://a.b/path", "https://u@a.b", "*", "'self'"]
    + ["https://a.b;script-src", "https://a b", "https://a,b", 'https://a"b', "https://[::1]", "https://h\u00f4te.org"]
    + ["https://[", "https://a.b:port", "https://a.b:99999"],
)
def test_what_is_no_plain_https_origin_is_refused(url: str) -> None:
    with pytest.raises(UsageError):
        cli.origin(url)


@pytest.mark.parametrize(
    ("parts", "models"),
    [
        ([], "lite,vision,speech,voices"),
        (["unit"], "lite,vision,speech,voices"),
        (["long", "e2e"], "lite,vision,speech,voices,full,large"),
    ],
)
def test_the_long_tests_have_the_larger_models(parts: list[str], models: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    monkeypatch.setattr(cli, "_site", made.append)
    monkeypatch.setattr("build_support.checks.run", lambda parts, wishes: 0)
    assert cli.run(cli.parse(["test", *parts])) == 0
    assert made == [models]


@pytest.mark.parametrize("arguments", [["bench", "--model", "huge"], ["serve", "--models", "huge"]])
def test_a_model_that_nobody_knows_is_refused_before_anything_is_made(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def make(names: str, origins: object = ()) -> Path:
        raise AssertionError("made")

    monkeypatch.setattr("build_support.making.make_site", make)
    assert start(ROOT / "build.py", arguments) == 2
    assert "There is no model 'huge'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device"),
            "error: [Errno 28] No space left on device. Free some space",
        ),
        (OSError(errno.EROFS, "Read-only file system", "dist"), "Read-only file system: 'dist'. Allow writing there"),
    ],
)
def test_a_fault_of_this_machine_is_one_sentence_wherever_it_is_met(
    error: OSError, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(options: object) -> int:
        raise error

    monkeypatch.setattr(cli, "run", fail)
    assert start(ROOT / "build.py", ["build"]) == 1
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("version", ["(2, 7, 18)", "(3, 6, 0)", "(3, 10, 13)"])
def test_an_older_python_is_told_so_in_one_sentence(version: str) -> None:
    program = f"import runpy, sys; sys.version_info = {version}; runpy.run_path({str(ROOT / 'build.py')!r})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ORION needs Python 3.11 or newer; this is ")
    assert done.stderr.count("\n") == 1


def test_an_older_python_can_read_the_file_that_says_so() -> None:
    """Nothing above the check of the version is newer than the Pythons that meet it."""
    text = (ROOT / "build.py").read_text()
    top = text[: text.index("from pathlib")]
    assert not re.search(r"\bf[\"']|:=|print |->|from __future__", top)
    ast.parse(text, feature_version=(3, 7))
