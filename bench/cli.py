"""Prepares and runs the benches, prints and writes what they found (``python -m bench NAME…``)."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.figures import Outcome

BENCHES = (
    "boot",
    "routing",
    "load",
    "reload",
    "slow_line",
    "first_visit",
    "memory",
    "memory_bytes",
    "politeness",
    "generate",
    "speculate",
    "loops",
    "reading",
    "seeing",
    "hearing",
    "speaking",
)
WEIGHTS_OF = {"generate"}
PEERS_OF = {"generate", "hearing"}
"""What npm's packages take part in."""
WITHOUT_MODEL = {"boot", "routing", "reading", "seeing", "hearing", "speaking"}
"""Every other bench runs the model that --model names, but for these, which always run Lite, as a visitor does, and
``memory_bytes``, which runs every model that the site has:"""
LITE_ONLY = {"load", "first_visit", "memory_bytes"}
MODELS = {
    "lite": "smollm2-135m-instruct",
    "full": "qwen2.5-coder-0.5b-instruct",
    "large": "qwen2.5-coder-1.5b-instruct",
}
"""The model's id by its name for build.py."""
GROUPS = {"reading": "vision", "seeing": "vision", "hearing": "speech", "speaking": "voices"}
"""By bench: the group of models, by its name for build.py, that it runs besides."""
FORMAT = 1


def parse(arguments: list[str]) -> argparse.Namespace:
    """The options. Ends the program with exit code 2 if they are wrong."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHES)} (default: all)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE")
    parser.add_argument(
        "--peers", action="store_true", help="wllama, transformers.js and native llama.cpp beside ORION"
    )
    parser.add_argument("--rounds", type=int, default=3, help="turns of each contender (default: 3)")
    parser.add_argument(
        "--patience", type=float, default=60.0, metavar="SECONDS", help="longest wait for an idle machine (default: 60)"
    )
    parser.add_argument(
        "--model",
        choices=sorted(MODELS),
        default="lite",
        help="what reload, generate, speculate, loops, slow_line, memory and politeness run (default: lite)",
    )
    parser.add_argument(
        "--before", type=Path, metavar="FOLDER", help="an earlier build of the site, visited beside this one by load"
    )
    parser.add_argument("--site", type=Path, metavar="FOLDER", help="the built site (default: dist/)")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.names if name not in BENCHES]
    if unknown:
        parser.error(f"there is no bench {', '.join(unknown)}; these are: {', '.join(BENCHES)}")
    if options.rounds < 1:
        parser.error("--rounds must be at least 1")
    if options.before and not (options.before / "index.html").is_file():
        parser.error(f"--before: {options.before} holds no built site")
    return options


def groups_of(names: Sequence[str]) -> list[str]:
    """The groups of models that the benches of ``names`` run, each once; with no names, those of all benches."""
    return list(dict.fromkeys(GROUPS[name] for name in names or BENCHES if name in GROUPS))


def main(arguments: list[str]) -> int:
    """Runs what ``arguments`` ask for; returns the exit code: 0 if all was measured, met or not."""
    options = parse(arguments)
    # Asked to end, it ends its browsers too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    from build_support.errors import BuildError

    try:
        _run(options)
    except BuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def _run(options: argparse.Namespace) -> None:
    from playwright.sync_api import sync_playwright
    from rich.console import Console

    from bench import chromium, environment, report, site
    from bench.context import Context
    from build_support import browser, paths
    from build_support.progress import say
    from build_support.server import StaticServer

    names = options.names or list(BENCHES)
    check_site(options.site or paths.DIST, names, options.model)
    browser.ensure()
    found: dict[str, Any] = {}
    site.WORK.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="site-", dir=site.WORK)))
        site.assemble(folder, options.site or paths.DIST, _weights(options, names))
        if options.peers:
            site.add_peers(folder)
        if "generate" in names:
            site.add_plain(folder)
        if options.before and "load" in names:
            site.add_before(folder, options.before)
        if "boot" in names:
            site.add_stock_pyodide(folder)
        server = stack.enter_context(StaticServer(folder))
        playwright = stack.enter_context(sync_playwright())
        facts = environment.facts(chromium.version(playwright))
        native, reason = _native(options, names)
        context = Context(
            playwright,
            server,
            folder,
            options.peers,
            options.rounds,
            options.patience,
            MODELS[options.model],
            before=options.before is not None,
            native=native,
            native_reason=reason,
        )
        console = Console()
        for name in names:
            say(f"• {name}")
            outcome: Outcome = import_module(f"bench.benches.{name}").run(context)
            report.show(outcome, console)
            found[name] = outcome.to_json()
            if options.json:  # after each: what is measured isn't lost when a later bench fails
                text = json.dumps({"format": FORMAT, "environment": facts, "benches": found}, indent=1)
                options.json.write_text(text + "\n")


def check_site(folder: Path, names: Sequence[str], model: str) -> None:
    """Raises StepFailed where the built site lacks a model that a bench of ``names`` runs."""
    from build_support.errors import StepFailed

    wanted = {model} if set(names) - WITHOUT_MODEL - LITE_ONLY else set()
    wanted |= {"lite"} if LITE_ONLY & set(names) else set()
    missing = [name for name in sorted(wanted) if not (folder / "models" / MODELS[name] / "manifest.json").is_file()]
    if missing:
        there = [name for name in MODELS if (folder / "models" / MODELS[name] / "manifest.json").is_file()]
        listed = ",".join(dict.fromkeys([*there, *missing]))
        raise StepFailed(
            f"The site in {folder} was built without {' and '.join(missing)}, which this bench runs.",
            f"Make it with: python3 build.py build --models {listed}",
        )


def _weights(options: argparse.Namespace, names: list[str]) -> dict[str, Path]:
    """The peers' weights, if they are needed."""
    if not options.peers or not PEERS_OF & set(names):
        return {}
    from bench.weights.prepare import weights
    from build_support import node, paths

    node.install_packages(node.find(), paths.ROOT / "bench" / "peers")
    if not WEIGHTS_OF & set(names):
        return {}
    return weights(options.model, options.site or paths.DIST, MODELS[options.model])


def _native(options: argparse.Namespace, names: list[str]) -> tuple[Path | None, str]:
    """An interpreter with llama.cpp if it is needed and can be built, else None and why."""
    if not options.peers or not WEIGHTS_OF & set(names):
        return None, "it wasn't asked for"
    from bench.native.prepare import interpreter

    return interpreter()
