"""The site made by a process of its own, in the background without ever harming what is served."""

from __future__ import annotations

import errno
import io
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from build_support import making, models, node, paths, python_bundle, site
from build_support.errors import SourceUnavailable, UsageError
from build_support.node import Node


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
    assert capsys.readouterr().err == (
        "Full is ready: a page that is open finds it within two minutes, one that is reloaded at once.\n"
    )
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


def test_one_that_fails_in_the_background_keeps_no_other_back(
    wanted: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def make(names: str, origins: Sequence[str] = ()) -> Path:
        wanted.append(names)
        if "full" in names:
            raise SourceUnavailable("full.gguf can't be had.", "Connect.")
        return Path("dist")

    monkeypatch.setattr(making, "make_site", make)
    assert making.main(["lite,full,vision", "--background"]) == 1
    assert wanted == ["nice 10", "lite,full", "lite,vision"]
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("Full can't be made now")
    assert second.startswith("Vision is ready")


NODE = Node(Path("node"), ())


@pytest.fixture
def steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What is done to make the site, in order, in place of doing it."""
    done: list[Any] = []

    def build(name: str) -> Path:
        done.append(name)
        return Path(name)

    def put(system: Node, manifests: list[Path], origins: Sequence[str]) -> Path:
        done.append(("dist", [str(path) for path in manifests], list(origins)))
        return tmp_path / "dist"

    monkeypatch.setattr(paths, "WORK", tmp_path)
    monkeypatch.setattr(node, "find", lambda: NODE)
    monkeypatch.setattr(node, "install_packages", lambda system: done.append("npm"))
    monkeypatch.setattr(models, "build", build)
    monkeypatch.setattr(site, "build", put)
    monkeypatch.setattr(python_bundle, "check", lambda system: done.append("boot"))
    return done


def test_a_site_is_made_of_its_models_and_the_router_and_is_booted(steps: list[Any], tmp_path: Path) -> None:
    assert making.make_site("lite,full", ["https://a.b"]) == tmp_path / "dist"
    assert steps == [
        "npm",
        "lite",
        "full",
        "router",
        ("dist", ["lite", "full", "router"], ["https://a.b"]),
        "boot",
    ]


def test_a_site_without_models_has_the_router_all_the_same(steps: list[Any]) -> None:
    making.make_site("")
    assert steps[1:3] == ["router", ("dist", ["router"], [])]


def test_a_model_that_nobody_knows_is_refused_before_anything_is_done(steps: list[Any]) -> None:
    with pytest.raises(UsageError):
        making.make_site("lite,huge")
    assert steps == []


SAYS = "import os, sys; open(sys.argv[1], 'w').write(repr((sys.argv[2:], os.getcwd(), os.environ['PYTHONPATH'])))"


def test_the_site_is_made_by_a_child_whose_exit_code_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "COMMAND", ("-c", SAYS + "; sys.exit(7)", str(tmp_path / "said")))
    assert making.now("lite", ["full", "large"]) == 7
    root = str(paths.ROOT)
    assert (tmp_path / "said").read_text() == repr((["lite", "--if-made", "full,large"], root, root))


def test_the_child_itself_runs_and_says_what_is_wrong(capfd: pytest.CaptureFixture[str]) -> None:
    assert making.now("huge") == 2
    assert capfd.readouterr().err.startswith("error: There is no model 'huge'.")


def test_the_making_beside_goes_on_while_the_block_runs_and_ends_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "COMMAND", ("-c", SAYS + "; sys.stdin.read(); sys.exit(3)", str(tmp_path / "said")))
    with making.beside("lite,full") as child:
        assert child.poll() is None
    assert child.returncode == 3, "it ended by itself as its standard input did"
    assert "['lite,full', '--background']" in (tmp_path / "said").read_text()


def test_a_child_that_doesnt_end_when_asked_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "GRACE_SECONDS", 0.01)
    monkeypatch.setattr(making, "COMMAND", ("-c", "import threading; threading.Event().wait()"))
    with making.beside("lite") as child:
        pass
    assert child.returncode not in (None, 0)


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the watch over the parent does to this process, in place of doing it."""
    done: list[Any] = []
    monkeypatch.setattr(signal, "signal", lambda number, handler: done.append(("handled", number, handler)))
    monkeypatch.setattr(signal, "raise_signal", lambda number: done.append(("raised", number)))
    monkeypatch.setattr(os, "_exit", lambda code: done.append(("ended", code)))
    monkeypatch.setattr(making, "GRACE_SECONDS", 0)
    return done


HANDLED = ("handled", signal.SIGINT, signal.default_int_handler)


def watch(stdin: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Watches ``stdin`` to its end."""
    monkeypatch.setattr(sys, "stdin", stdin)
    before = set(threading.enumerate())
    making._end_with_parent()
    for thread in set(threading.enumerate()) - before:
        thread.join(60)


@pytest.mark.parametrize("by_thread", [True, False], ids=["POSIX", "Windows"])
def test_the_end_of_its_input_interrupts_a_child_and_then_ends_it(
    by_thread: bool, watched: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    if by_thread:
        kill = lambda thread, number: watched.append(("killed", thread, number))  # noqa: E731
        monkeypatch.setattr(signal, "pthread_kill", kill, raising=False)
    else:
        monkeypatch.delattr(signal, "pthread_kill", raising=False)
    reading, writing = os.pipe()
    os.write(writing, b"whatever its parent says is of no interest")
    os.close(writing)
    with open(reading) as stream:
        watch(stream, monkeypatch)
    interrupted = ("killed", threading.main_thread().ident, signal.SIGINT) if by_thread else ("raised", signal.SIGINT)
    assert watched == [HANDLED, interrupted, ("ended", 1)]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("stdin", [None, Terminal()], ids=["no input", "a terminal"])
def test_who_started_it_by_hand_ends_it_by_hand(
    stdin: Any, watched: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    watch(stdin, monkeypatch)
    assert watched == [HANDLED]
