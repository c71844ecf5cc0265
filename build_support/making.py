"""Makes the site in a process of its own, so that the server that asked for it stays small and can end it.

    python -m build_support.making NAMES [--if-made NAMES] [--background]

A child ends when its parent does, however that ends: it holds the other end of its standard input.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from build_support import paths
from build_support.errors import BuildError
from build_support.locks import alone
from build_support.progress import say
from build_support.start import with_failures_explained
from model_foundry.failures import of_error

NICENESS = 10
COMMAND = ("-m", "build_support.making")
GRACE_SECONDS = 15
"""What a child that is to end gets before it is killed."""


def main(arguments: list[str]) -> int:
    """Makes dist/; returns the exit code."""
    parser = argparse.ArgumentParser(prog="making")
    parser.add_argument("names", help="models, comma-separated")
    parser.add_argument(
        "--if-made", default="", metavar="NAMES", help="models to take in too if they are there already"
    )
    parser.add_argument("--background", action="store_true", help="of low priority, and a failure isn't one")
    options = parser.parse_args(arguments)
    _end_with_parent()
    if not options.background:
        also = [options.if_made, *_from_hub()] if options.if_made else []
        return with_failures_explained(lambda: _make(options.names, ",".join(also)))
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    return _in_background(",".join([options.names, *_from_hub()]))


def _from_hub() -> list[str]:
    """The general models that were brought here: they stay in a site for which nobody chose."""
    from build_support import general, models

    return [name for name in general.built() if models.made(name)]


def make_site(names: str, origins: Sequence[str] = ()) -> Path:
    """dist/ with the models of ``names`` (comma-separated, may be empty). Raises BuildError."""
    from build_support import models, node, python_bundle, site

    wanted = models.check_names([*(name for name in names.split(",") if name), models.ROUTER_NAME])
    system = node.find()
    node.install_packages(system)
    manifests = [models.build(name) for name in wanted]
    with alone(paths.WORK / "site.lock", "putting dist/ together"):
        folder = site.build(system, manifests, origins)
        python_bundle.check(system)
    return folder


def _make(names: str, if_made: str = "") -> int:
    """The exit code. A stopped process prints nothing; its parent does."""
    from build_support import models

    also = [name for name in if_made.split(",") if name and models.made(name)]
    try:
        make_site(",".join([names, *also]))
    except KeyboardInterrupt:
        return 1
    return 0


def _in_background(names: str) -> int:
    """Makes what is new one after the other, so that none waits for the next or fails with it. A failure is said in
    one sentence: what is served meanwhile goes on."""
    from build_support import models

    listed = names.split(",")
    new = [name for name in listed if not models.made(name)]
    there = [name for name in listed if name not in new]
    code = 0
    for name in new:
        failed = _also(name, there)
        if failed:
            code = failed
        else:
            there.append(name)
    return code if new else _make(names)


def _also(name: str, there: Sequence[str]) -> int:
    """Makes the site with the model ``name`` beside those that are ``there``; the exit code."""
    title, again = name.capitalize(), f"python3 build.py models {name}"
    try:
        if _make(",".join([*there, name])):
            return 1
    except BuildError as error:
        say(f"{title} can't be made now; what is there goes on answering, and {again} tries again. Reason: {error}")
        return error.exit_code
    except (OSError, MemoryError) as error:
        say(f"{title} can't be made now; what is there goes on answering. Reason: {of_error(error).line}")
        return 1
    say(f"{title} is ready: a page that is open finds it within two minutes, one that is reloaded at once.")
    return 0


def _end_with_parent() -> None:
    """Interrupts this process as soon as its standard input ends; without one, nothing."""

    def watch() -> None:
        # Not by sys.stdin: a thread that waits there can't be left behind when the interpreter ends.
        with suppress(OSError):
            while os.read(descriptor, 1024):
                pass
        if hasattr(signal, "pthread_kill"):
            main_thread = threading.main_thread().ident
            if main_thread is not None:
                signal.pthread_kill(main_thread, signal.SIGINT)
        else:
            signal.raise_signal(signal.SIGINT)
        threading.Event().wait(GRACE_SECONDS)
        os._exit(1)

    # A shell that starts something in the background lets it ignore interrupts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if sys.stdin is not None and not sys.stdin.isatty():
        descriptor = sys.stdin.fileno()
        threading.Thread(target=watch, daemon=True).start()


def now(names: str, if_made: Sequence[str] = ()) -> int:
    """Makes dist/ with ``names``, and with those of ``if_made`` that are there; returns the exit code."""
    with _child([names, "--if-made", ",".join(if_made)]) as process:
        return process.wait()


@contextmanager
def beside(names: str) -> Iterator[subprocess.Popen[bytes]]:
    """Makes dist/ with ``names`` in the background, as long as the block runs."""
    with _child([names, "--background"], low=True) as process:
        yield process


@contextmanager
def _child(arguments: Sequence[str], low: bool = False) -> Iterator[subprocess.Popen[bytes]]:
    """``low``: of low priority. A Ctrl-C at the terminal reaches us alone, and we end it."""
    process = subprocess.Popen(
        [sys.executable, *COMMAND, *arguments],
        cwd=paths.ROOT,
        env={**os.environ, "PYTHONPATH": str(paths.ROOT)},
        stdin=subprocess.PIPE,
        start_new_session=os.name != "nt",
        creationflags=getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0) if low else 0,
    )
    try:
        yield process
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


if __name__ == "__main__":  # pragma: no cover - a child, in tests/build_support/test_making.py
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    sys.exit(main(sys.argv[1:]))
