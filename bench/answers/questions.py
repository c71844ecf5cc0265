"""Puts questions to the engine in Chromium, on the built site: ``python -m bench.answers.questions``.

Reads one JSON object a line from standard input, ``{"query", "locale", "history", "options"}``, and writes the
response's payload, or ``{"error": why}``, as a line to standard output, each before the next is read.
"""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The options. Ends the program with exit code 2 if they are wrong."""
    parser = argparse.ArgumentParser(prog="bench.answers.questions", description=__doc__)
    parser.add_argument("--site", type=Path, required=True, help="the built site, with its models")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--plain", type=json.loads, required=True, help="the definition of an agent to add")
    options = parser.parse_args(arguments)
    if not (options.site / "workers").is_dir():
        parser.error(f"{options.site} isn't a built site; 'python3 build.py build' makes dist/")
    return options


def answered(page: Any, line: str) -> dict[str, Any]:
    """One line's answer."""
    fields = json.loads(line)
    reply: dict[str, Any] = page.evaluate("(fields) => questions.ask(fields)", fields)
    return reply


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    from playwright.sync_api import Error, sync_playwright

    from bench import chromium, site
    from build_support.errors import BuildError
    from build_support.server import StaticServer

    site.WORK.mkdir(parents=True, exist_ok=True)
    try:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="questions-", dir=site.WORK)))
            site.link_tree(options.site, folder / "orion")
            for name in ("questions.html", "questions.js", "engine.js"):
                site.link(site.PAGES / name, folder / "pages" / name)
            server = stack.enter_context(StaticServer(folder))
            browser = stack.enter_context(chromium.fresh_profile(stack.enter_context(sync_playwright())))
            page = stack.enter_context(chromium.opened(browser, f"{server.url}pages/questions.html"))
            page.wait_for_function("() => 'questions' in globalThis")
            page.evaluate(
                "(options) => questions.open(options)",
                {"threads": options.threads, "plain": options.plain},
            )
            for line in iter(sys.stdin.readline, ""):
                print(json.dumps(answered(page, line)), flush=True)
    except (Error, BuildError) as error:
        print(f"bench.answers.questions: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
