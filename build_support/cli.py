"""Defines the commands of build.py. Only the standard library is imported before a command runs."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from build_support import paths
from build_support.errors import UsageError

PARTS = ("lint", "unit", "e2e")
LONG = "long"
_HOST = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")
"""Names and IPv4 addresses in lower case. Browsers' policies know no IPv6 addresses (CSP, host-source)."""


def parse(arguments: list[str]) -> argparse.Namespace:
    """The options of ``arguments``. Ends the program with exit code 2 if they are wrong."""
    parser = argparse.ArgumentParser(
        prog="build.py", description="ORION: AI inside a browser tab.", epilog="Exit codes: 0 done, 1 failed, 2 usage."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    commands.add_parser("setup", help="make .venv with the locked packages, orion and foundry")

    commands.add_parser("doctor", help="say what is there, what is missing and what would be fetched; changes nothing")

    serve = commands.add_parser("serve", help="set up, build, serve and open the page")
    serve.add_argument("--port", type=int, default=8000, help="0 takes any free one (default: 8000)")
    serve.add_argument("--no-open", action="store_true", help="don't open a browser")
    serve.add_argument("--plain", action="store_true", help="no COOP/COEP headers and no ranges")
    serve.add_argument(
        "--models",
        metavar="NAMES",
        help="comma-separated, all made before the page opens (default: lite, then full in the background; "
        "large when named)",
    )

    test = commands.add_parser("test", help="lint, types, unit tests, end-to-end tests")
    test.add_argument(
        "parts",
        nargs="*",
        choices=[*PARTS, LONG, []],
        metavar="PART",
        help=f"{', '.join(PARTS)} (default: all); {LONG} adds the tests that take hours or need what CI hasn't",
    )
    test.add_argument(
        "--coverage",
        action="store_true",
        help="list the Python lines that no unit test reached, and the JavaScript that the browser tests run",
    )
    test.add_argument("--headed", action="store_true", help="show the browser of the end-to-end tests")
    test.add_argument("-k", dest="select", metavar="EXPRESSION", help="pytest's -k: only tests that match")

    build = commands.add_parser("build", help="make dist/, for any static host")
    build.add_argument("--base", default="/", help="the path at which it will be served, like /sub/path/")
    build.add_argument(
        "--allow-origin",
        action="append",
        default=[],
        metavar="URL",
        help="an origin from which people may add models (https://example.org); written into the page's policy",
    )
    _models(build)

    models = commands.add_parser("models", help="fetch, convert, shard and verify models into public/models/")
    models.add_argument(
        "names",
        nargs="+",
        metavar="NAME",
        help="OWNER/NAME[@REVISION] is a model on the hub; 'evaluation' fetches the tasks' data for foundry",
    )
    models.add_argument(
        "--sources", action="store_true", help="only fetch what they are made from, and print the paths in the cache"
    )

    commands.add_parser("kernel", help="compile kernel/ into kernel/built, after a change of its source")

    bench = commands.add_parser("bench", help="measure in Chromium")
    bench.add_argument("names", nargs="*", metavar="NAME", help="which benches (default: all)")
    bench.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE")
    bench.add_argument(
        "--model", default="lite", metavar="NAME", help="what generate and speculate run (default: lite)"
    )
    bench.add_argument("--rounds", type=int, default=3, help="turns of each contender (default: 3)")
    bench.add_argument(
        "--peers", action="store_true", help="measure wllama, transformers.js and native llama.cpp beside ORION"
    )
    bench.add_argument(
        "--before", type=Path, metavar="FOLDER", help="an earlier build of the site, visited beside this one by load"
    )
    _models(bench)

    options = parser.parse_args(arguments)
    unknown = [part for part in getattr(options, "parts", []) if part not in (*PARTS, LONG)]
    if unknown:
        test.error(f"there is no part {unknown[0]!r}; these are: {', '.join((*PARTS, LONG))}")
    return options


def _models(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--models", default="lite", metavar="NAMES", help="comma-separated (default: lite)")


def run(options: argparse.Namespace) -> int:
    """Runs the command that ``parse`` understood, inside the virtual environment. Raises BuildError."""
    command = {
        "setup": lambda _: 0,
        "doctor": _doctor,
        "serve": _serve,
        "test": _test,
        "build": _build,
        "models": _only_models,
        "kernel": _kernel,
        "bench": _bench,
    }
    return command[options.command](options)


def origin(url: str) -> str:
    """The origin that ``url`` is. Raises UsageError for what is more, or less, than one."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise UsageError(f"--allow-origin takes an https address, and {url!r} isn't one: {error}.") from error
    local = parts.hostname in ("localhost", "127.0.0.1")
    if not parts.hostname or parts.scheme not in (("https", "http") if local else ("https",)):
        raise UsageError(f"--allow-origin takes an https address, and {url!r} isn't one.")
    if parts.path not in ("", "/") or parts.query or parts.fragment or "@" in parts.netloc or "*" in parts.netloc:
        raise UsageError(f"--allow-origin takes an origin alone, like https://{parts.hostname}, and {url!r} is more.")
    # It goes into the page's policy, where a space, a comma or a semicolon would begin something else.
    if not _HOST.fullmatch(parts.hostname):
        raise UsageError(f"--allow-origin takes a host by its plain ASCII name, and {parts.hostname!r} isn't one.")
    return f"{parts.scheme}://{parts.hostname}{'' if port is None else f':{port}'}"


def _doctor(_: argparse.Namespace) -> int:
    from build_support.doctor import doctor

    return doctor()


def _kernel(_: argparse.Namespace) -> int:
    from build_support.kernel import build

    return build()


def _site(names: str, origins: Sequence[str] = ()) -> Path:
    from build_support.making import make_site

    return make_site(names, origins)


def _serve(options: argparse.Namespace) -> int:
    from build_support import models, serving

    if options.models is not None:
        models.check_names(options.models.split(","))
    return serving.build_and_serve(
        paths.DIST, options.models, port=options.port, open_page=not options.no_open, plain=options.plain
    )


def _build(options: argparse.Namespace) -> int:
    base = options.base
    if not (base.startswith("/") and base.endswith("/")):
        raise UsageError(f"--base must start and end with a slash, and {base!r} doesn't.")
    folder = _site(options.models, [origin(url) for url in options.allow_origin])
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    # Every URL in it is relative (site.build makes sure), so the same files work below any path.
    print(f"{folder.relative_to(paths.ROOT)}/ is ready: {size / 1e6:.0f} MB, to be served at {base}")
    return 0


def _only_models(options: argparse.Namespace) -> int:
    from build_support import evaluation, models

    names = [name for name in options.names if name != evaluation.NAME]
    if len(names) < len(options.names):
        print(f"{evaluation.NAME}: {evaluation.fetch().relative_to(paths.ROOT)}")
    for name in models.check_names(names):
        if options.sources:
            for path in models.fetch(name):
                print(path)
            continue
        manifest = models.build(name)
        size = sum(path.stat().st_size for path in models.files(manifest).values())
        print(f"{name}: {manifest.relative_to(paths.ROOT)} ({size / 1e6:.0f} MB)")
    return 0


def _test(options: argparse.Namespace) -> int:
    from build_support import checks

    parts = [part for part in options.parts if part != LONG] or list(PARTS)
    long = LONG in options.parts
    if set(parts) & {"unit", "e2e"}:
        # Some of the long tests are about the larger ones.
        _site("lite,vision,speech,voices,full,large" if long else "lite,vision,speech,voices")
    wishes = checks.Wishes(select=options.select, missing=options.coverage, headed=options.headed, long=long)
    return checks.run(parts, wishes)


def _bench(options: argparse.Namespace) -> int:
    from bench import cli as bench
    from build_support import browser, models, node, processes

    arguments = [*options.names, "--model", options.model, "--rounds", str(options.rounds)]
    arguments += ["--json", str(options.json.resolve())] if options.json else []
    arguments += ["--peers"] if options.peers else []
    arguments += ["--before", str(options.before.resolve())] if options.before else []
    models.check_names([options.model])
    bench.parse(arguments)  # before anything is built: wrong usage is reported at once
    wanted = [*options.models.split(","), options.model, *bench.groups_of(options.names)]
    folder = _site(",".join(dict.fromkeys(wanted)))
    browser.ensure()
    if options.peers:
        node.install_packages(node.find(), paths.ROOT / "bench" / "peers")
    return processes.show([sys.executable, "-m", "bench", *arguments, "--site", str(folder)], cwd=paths.ROOT)
