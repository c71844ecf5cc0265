"""The site made by a process of its own, in the background without ever harming what is served."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from build_support import making, models
from build_support.errors import SourceUnavailable


@pytest.fixture
def wanted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The models that are asked for, in place of making them; Lite is there, Full isn't."""
    asked: list[str] = []

    def make_site(names: str, origins: Sequence[str] = ()) -> Path:
        asked.append(names)
        return Path("dist")

    monkeypatch.setattr(making, "make_site", make_site)
    monkeypatch.setattr(models, "made", lambda name: name == "lite")
    monkeypatch.setattr(making, "_end_with_parent", lambda: None)
    monkeypatch.setattr(os, "nice", lambda by: asked.append(f"nice {by}"), raising=False)
    return asked


def test_a_larger_model_that_is_there_already_stays_in_the_site(
    wanted: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert making.main(["lite", "--if-made", "full"]) == 0
    monkeypatch.setattr(models, "made", lambda name: True)
    assert making.main(["lite", "--if-made", "full"]) == 0
    assert wanted == ["lite", "lite,full"]


def test_in_the_background_it_gives_way_and_says_when_there_is_more(
    wanted: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert making.main(["lite,full", "--background"]) == 0
    assert wanted == ["nice 10", "lite,full"]
    assert capsys.readouterr().err == "Full is ready: a page that is reloaded finds it.\n"
    monkeypatch.setattr(models, "made", lambda name: True)
    assert making.main(["lite,full", "--background"]) == 0
    assert capsys.readouterr().err == "", "nothing new, nothing said"


@pytest.mark.parametrize(("names", "code"), [("router", 0), ("huge", 2)])
def test_a_child_ends_by_itself_while_its_parent_lives(names: str, code: int) -> None:
    """With its own exit code and no word of the interpreter's."""
    program = f"""
import sys
from build_support import making
making.make_site = lambda names, origins=(): making_site(names)
def making_site(names):
    from build_support import models
    models.check_names(names.split(","))
sys.exit(making.main([{names!r}]))
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stderr is not None
        said = child.stderr.read()
        assert child.wait(60) == code
    assert "Fatal" not in said
    assert said.count("\n") <= 1


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            SourceUnavailable("full.gguf can't be had: no route.", "Connect."),
            "full.gguf can't be had: no route. Connect.",
        ),
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device"),
    ],
)
def test_a_failure_in_the_background_is_one_sentence(
    wanted: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    said: str,
) -> None:
    def fail(names: str, origins: Sequence[str] = ()) -> Path:
        raise error

    monkeypatch.setattr(making, "make_site", fail)
    assert making.main(["lite,full", "--background"]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("Full can't be made now; what is there goes on answering")
    assert said in lines[0]
