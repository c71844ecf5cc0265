"""Runs a built model in Chromium, through the site's own bridge and worker: ``python -m bench.answers.chromium``."""

from __future__ import annotations

import argparse
import json
import re
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from playwright.sync_api import Page

PIECE = 16
"""Tokens of an answer between two looks at whether its text is complete."""
PARTS = ("bridge", "workers", "vendor/ort")
"""What of the site an inference worker needs."""


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The options. Ends the program with exit code 2 if they are wrong."""
    parser = argparse.ArgumentParser(prog="bench.answers.chromium", description=__doc__)
    parser.add_argument("--site", type=Path, required=True, help="the built site")
    parser.add_argument("--models", type=Path, required=True, help="the folder of built models")
    parser.add_argument("--model", required=True)
    parser.add_argument(
        "--variant", type=json.loads, required=True, help="as JSON: a manifest needn't name our kernel's"
    )
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--context", type=int, default=2048)
    options = parser.parse_args(arguments)
    if not (options.site / PARTS[0]).is_dir():
        parser.error(f"{options.site} isn't a built site; 'python3 build.py build' makes dist/")
    return options


def assemble(folder: Path, site: Path, models: Path, model: str) -> None:
    """Puts what a page with that one model needs into ``folder``."""
    from bench.site import PAGES, link, link_tree

    for part in PARTS:
        link_tree(site / part, folder / "orion" / part)
    for name in ("answers.html", "answers.js"):
        link(PAGES / name, folder / "pages" / name)
    manifest = models / model / "manifest.json"
    link(manifest, folder / "orion" / "models" / model / "manifest.json")
    for shard in json.loads(manifest.read_bytes())["shards"]:
        link(models / "shards" / shard["sha256"], folder / "orion" / "models" / "shards" / shard["sha256"])


class Answerer:
    """``decode`` makes text of tokens, for what ends an answer early."""

    def __init__(self, page: Page, decode: Any, context: int) -> None:
        self._page, self._decode, self._context = page, decode, context

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """One line of the protocol for one line."""
        if request["kind"] == "score":
            return {"id": request["id"], **self._page.evaluate("(request) => answers.score(request)", request)}
        return {"id": request["id"], "tokens": self._generate(request)}

    def _generate(self, request: dict[str, Any]) -> list[int]:
        until = re.compile(request["until"]) if request.get("until") else None
        tokens: list[int] = []
        most = min(request["max_tokens"], self._context - len(request["prompt"]))
        while len(tokens) < most:
            piece = self._page.evaluate(
                "(request) => answers.generate(request)",
                {
                    "prompt": [*request["prompt"], *tokens],
                    "max_tokens": min(PIECE, most - len(tokens)),
                    "eos": request["eos"],
                },
            )
            tokens += piece["tokens"]
            if piece["ended"] or (until and until.search(self._decode(tokens))):
                break
        return tokens


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    from playwright.sync_api import Error, sync_playwright

    from bench import chromium, site
    from build_support.errors import BuildError
    from build_support.server import StaticServer
    from model_foundry.sharding.restore import load_manifest
    from orion_py.native.store import read_verified
    from orion_py.native.tokenizer import NativeTokenizer

    manifest = load_manifest(options.models, options.model)
    tokenizer = NativeTokenizer(read_verified(options.models / "shards", manifest.tokenizer))
    requests = [json.loads(line) for line in sys.stdin if line.strip()]
    site.WORK.mkdir(parents=True, exist_ok=True)
    try:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="answers-", dir=site.WORK)))
            assemble(folder, options.site, options.models, options.model)
            server = stack.enter_context(StaticServer(folder))
            browser = stack.enter_context(chromium.fresh_profile(stack.enter_context(sync_playwright())))
            page = stack.enter_context(chromium.opened(browser, f"{server.url}pages/answers.html"))
            page.wait_for_function("() => 'answers' in globalThis")
            built = page.evaluate(
                "(options) => answers.open(options)",
                {
                    "model": options.model,
                    "variant": options.variant,
                    "threads": options.threads,
                    "context": options.context,
                },
            )
            print(f"Chromium {chromium_version(page)}: {built}", file=sys.stderr)
            answerer = Answerer(page, tokenizer.decode, options.context)
            for request in requests:
                print(json.dumps(answerer.answer(request)), flush=True)
    except (Error, BuildError) as error:
        print(f"bench.answers.chromium: {error}", file=sys.stderr)
        return 1
    return 0


def chromium_version(page: Page) -> str:
    """Of the browser that shows ``page``."""
    browser = page.context.browser
    return browser.version if browser else "(persistent profile)"


if __name__ == "__main__":
    sys.exit(main())
