"""``build.py serve`` from start to Ctrl-C: a small process, and larger models made beside it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import webbrowser
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from build_support import making, serving
from build_support.errors import StepFailed
from build_support.server import StaticServer

PROGRAM = """
import json, re, signal, sys
from pathlib import Path
signal.signal(signal.SIGINT, signal.default_int_handler)  # a test run in the background ignores it
from build_support import making, serving
folder, child = Path(sys.argv[1]), sys.argv[2]
making.now = lambda names, if_made=(): 0
making.COMMAND = ("-c", child)
wait = serving.StaticServer.wait
def waiting(server):
    heavy = [name for name in ("numpy", "onnx", "pydantic", "rich", "orion_py") if name in sys.modules]
    # Its own peak: what getrusage tells begins with that of whoever started it.
    peak = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())
    print(json.dumps({"heavy": heavy, "kib": int(peak[1])}), flush=True)
    wait(server)
serving.StaticServer.wait = waiting
sys.exit(serving.build_and_serve(folder, None, port=0, open_page=False, plain=False))
"""
CHILD = """
import os, threading
from build_support import making
making._end_with_parent()
try:
    print(os.getpid(), flush=True)
    threading.Event().wait()
except KeyboardInterrupt:
    print("ended", flush=True)
"""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What is asked to be made, in place of making it; the server is interrupted as soon as it waits."""
    calls: list[object] = []

    def now(names: str, if_made: Sequence[str] = ()) -> int:
        calls.append(("before", names, tuple(if_made)))
        return 0

    @contextmanager
    def beside(names: str) -> Iterator[None]:
        calls.append(("beside", names))
        yield
        calls.append("ended")

    def interrupt(server: StaticServer) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(making, "now", now)
    monkeypatch.setattr(making, "beside", beside)
    monkeypatch.setattr(StaticServer, "wait", interrupt)
    return calls


def test_ctrl_c_ends_it_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(server: StaticServer) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(StaticServer, "wait", interrupt)
    assert serving.serve(tmp_path, port=0, open_page=False, plain=False) == 0
    assert "ORION is at http://localhost:" in capsys.readouterr().out


def test_a_port_that_is_taken_is_said_in_one_sentence(tmp_path: Path) -> None:
    with StaticServer(tmp_path) as other:
        port = int(other.url.rsplit(":", 1)[1].rstrip("/"))
        with pytest.raises(StepFailed, match=rf"Port {port} can't be used.*--port 0"):
            serving.serve(tmp_path, port=port, open_page=False, plain=False)


def test_a_port_that_cant_exist_is_said_too(tmp_path: Path) -> None:
    with pytest.raises(StepFailed, match="Port 99999 can't be used"):
        serving.serve(tmp_path, port=99999, open_page=False, plain=False)


def test_a_port_that_is_taken_is_said_before_anything_is_made(tmp_path: Path, asked: list[object]) -> None:
    with StaticServer(tmp_path) as other:
        port = int(other.url.rsplit(":", 1)[1].rstrip("/"))
        with pytest.raises(StepFailed, match=rf"Port {port} can't be used"):
            serving.build_and_serve(tmp_path, None, port=port, open_page=False, plain=False)
    assert asked == []


def test_lite_is_served_as_soon_as_it_is_made_and_full_is_made_beside_it(tmp_path: Path, asked: list[object]) -> None:
    assert serving.build_and_serve(tmp_path, None, port=0, open_page=False, plain=False) == 0
    others = ("full", "vision", "speech", "voices")
    assert asked == [("before", "lite", others), ("beside", "lite,full,vision,speech,voices"), "ended"]


@pytest.mark.parametrize("names", ["lite", "lite,full"])
def test_models_that_are_named_are_made_before_and_no_others(tmp_path: Path, asked: list[object], names: str) -> None:
    assert serving.build_and_serve(tmp_path, names, port=0, open_page=False, plain=False) == 0
    assert asked == [("before", names, ())]


def test_nothing_is_served_when_the_making_fails_and_the_port_is_free_again(
    tmp_path: Path, asked: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    with StaticServer(tmp_path) as other:
        port = int(other.url.rsplit(":", 1)[1].rstrip("/"))
    monkeypatch.setattr(making, "now", lambda names, if_made=(): 1)
    assert serving.build_and_serve(tmp_path, None, port=port, open_page=False, plain=False) == 1
    assert asked == []
    StaticServer(tmp_path, port=port).close()


@pytest.mark.parametrize("ci", [True, False])
def test_the_page_is_opened_but_for_a_machine_that_nobody_looks_at(
    ci: bool, tmp_path: Path, asked: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    monkeypatch.setenv("CI", "true" if ci else "")
    assert serving.serve(tmp_path, port=0, open_page=True, plain=False) == 0
    assert [url.rpartition(":")[0] for url in opened] == ([] if ci else ["http://localhost"])


def test_a_making_that_breaks_off_gives_the_port_back(
    tmp_path: Path, asked: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(names: str, if_made: Sequence[str] = ()) -> int:
        raise KeyboardInterrupt

    with StaticServer(tmp_path) as other:
        port = int(other.url.rsplit(":", 1)[1].rstrip("/"))
    monkeypatch.setattr(making, "now", stopped)
    with pytest.raises(KeyboardInterrupt):
        serving.build_and_serve(tmp_path, None, port=port, open_page=False, plain=False)
    StaticServer(tmp_path, port=port).close()


def test_a_request_to_end_is_taken_as_ctrl_c_and_only_while_it_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), serving._ended_politely():
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_server_in_a_thread_of_somebody_elses_is_ended_by_them(
    tmp_path: Path, asked: list[object], capsys: pytest.CaptureFixture[str]
) -> None:
    codes: list[int] = []
    thread = threading.Thread(
        target=lambda: codes.append(serving.serve(tmp_path, port=0, open_page=False, plain=False))
    )
    thread.start()
    thread.join(60)
    assert codes == [0]
    assert "Stopped." in capsys.readouterr().out


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the peak of its memory from /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_process_that_serves_is_small_and_its_end_ends_the_making(tmp_path: Path, number: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(tmp_path), CHILD], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(3)]
    facts = json.loads(next(line for line in lines if line.startswith("{")))
    assert facts["heavy"] == []
    assert facts["kib"] < 60 * 1024, "it was 790 MB"
    child = int(next(line for line in lines if line.strip().isdigit()))
    process.send_signal(number)
    out, _ = process.communicate(timeout=60)
    assert "Stopped." in out
    assert "ended" in out
    assert process.returncode == 0
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_the_making_ends_even_if_the_server_is_killed() -> None:
    program = (
        "from build_support import making\nwith making.beside('x') as child: print(child.pid, flush=True); child.wait()"
    )
    program = f"from build_support import making\nmaking.COMMAND = ('-c', {CHILD!r})\n{program}"
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    lines = [process.stdout.readline(), process.stdout.readline()]
    process.kill()
    # The child holds the same standard output: its end is the end of what can be read there.
    assert process.stdout.read() == "ended\n"
    assert len(set(lines)) == 1
    process.wait()
    process.stdout.close()


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_ctrl_c_while_something_is_made_is_said_once_and_ends_it() -> None:
    program = f"""
import signal, sys
from build_support import making, serving, start
from pathlib import Path
signal.signal(signal.SIGINT, signal.default_int_handler)
making.COMMAND = ("-c", {CHILD!r})
command = lambda: serving.build_and_serve(Path("."), None, port=0, open_page=False, plain=False)
sys.exit(start.with_failures_explained(command))
"""
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    child = int(process.stdout.readline())
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert out == "ended\n"
    assert err.count("Stopped.") == 1
    assert process.returncode == 1
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


def test_a_making_that_is_stopped_says_nothing_itself(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(names: str, origins: Sequence[str] = ()) -> Path:
        raise KeyboardInterrupt

    monkeypatch.setattr(making, "make_site", stopped)
    monkeypatch.setattr(making, "_end_with_parent", lambda: None)
    monkeypatch.setattr("build_support.models.made", lambda name: False)
    monkeypatch.setattr(os, "nice", lambda by: None, raising=False)
    assert making.main(["lite"]) == 1
    assert making.main(["lite,full", "--background"]) == 1
    printed = capsys.readouterr()
    assert printed.out == printed.err == ""
