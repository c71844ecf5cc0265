"""Records what a built model answers to sixty everyday questions, for tests to read (``python -m
bench.answers.record``).

The real engine on native onnxruntime, by the way that ``orion chat`` takes: screening, routing, prompt,
sampling. A line of JSON an answer::

    {"id", "agent", "seed", "finish", "loops", "text", "system", "opening",
     "runs": [{"tokens", "text", "cuts"}, …]}

``system`` is the agent's prompt and ``opening`` what it begins the answer with; ``text`` is what a person
reads. A run is what the model said in one go, one more for each time that it was cut back and tried
again: the token ids as they were sampled, their text before stop strings and agents have a say in it,
and how many characters of it came with each token. The prompts are
``tests/generation/recorded/prompts.jsonl``; a prompt's seed is its place in that file.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from bench.cli import MODELS
from orion_py.config import EngineConfig
from orion_py.engine.engine import Engine
from orion_py.generation import answer
from orion_py.generation.detokenizer import Detokenizer
from orion_py.native.ports import native_ports
from orion_py.protocol import InferOptions
from orion_py.runtime.tokenizer import Tokenizer
from orion_py.telemetry.log import Logger

ROOT = Path(__file__).resolve().parents[2]
PROMPTS = ROOT / "tests" / "generation" / "recorded" / "prompts.jsonl"
ROUTER_WAIT_S = 60.0


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The options. Ends the program with exit code 2 if they are wrong."""
    parser = argparse.ArgumentParser(prog="bench.answers.record", description=__doc__)
    parser.add_argument("--model", choices=sorted(MODELS), required=True)
    parser.add_argument("--out", type=Path, required=True, help="the file to write; answers in it are kept")
    parser.add_argument("--prompts", type=Path, default=PROMPTS)
    parser.add_argument("--start", type=int, default=0, metavar="N", help="leave the first N prompts out")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only each N-th prompt")
    parser.add_argument("--threads", type=int, default=2, help="1 is steadier on a busy machine (default: 2)")
    parser.add_argument("--options", type=json.loads, default={}, metavar="JSON", help="infer options for every prompt")
    return parser.parse_args(arguments)


def prompts_in(path: Path) -> list[dict[str, Any]]:
    """The rows of a prompt file, each with its ``seed``."""
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return [{**row, "seed": place} for place, row in enumerate(rows)]


class Tap:
    """Replaces ``decode`` and records the tokens that it yields, a list for each run."""

    def __init__(self) -> None:
        self._decode = answer.decode
        self.runs: list[list[int]] = []

    def __call__(self, *arguments: Any, **options: Any) -> AsyncIterator[int]:
        self.runs.append([])
        return self._listen(self._decode(*arguments, **options), self.runs[-1])

    async def _listen(self, tokens: AsyncIterator[int], run: list[int]) -> AsyncIterator[int]:
        try:
            async for token in tokens:
                run.append(token)
                yield token
        finally:
            await tokens.aclose()  # type: ignore[attr-defined]


def packed(tokens: list[int], tokenizer: Tokenizer) -> dict[str, Any]:
    """A run, with its text and how many characters of it each token brought. What a last unfinished
    character would have been is left out."""
    detokenizer = Detokenizer(tokenizer)
    pieces = [detokenizer.push(token) for token in tokens]
    return {"tokens": tokens, "text": "".join(pieces), "cuts": [len(piece) for piece in pieces]}


async def record(options: argparse.Namespace) -> None:
    """Asks what isn't answered in ``options.out`` yet, and appends the answers there."""
    done = {row["id"] for row in prompts_in(options.out)} if options.out.exists() else set()
    config = EngineConfig(threads=options.threads)
    engine = await Engine.start(config, native_ports(ROOT), Logger(clock=time.monotonic))
    tap = Tap()
    answer.decode = tap  # type: ignore[assignment]
    try:
        await _router(engine)
        for row in prompts_in(options.prompts)[options.start :: options.every]:
            if row["id"] in done:
                continue
            tap.runs.clear()
            started = time.monotonic()
            wanted = InferOptions(model=MODELS[options.model], seed=row["seed"], **options.options)
            response = await engine.infer(row["text"], wanted, locale=row["language"])
            tokenizer = engine.models.loaded[MODELS[options.model]].tokenizer if tap.runs else None
            brief = await engine.agents.get(response.agent).prepare(row["text"], row["language"], wanted)
            line = {
                "id": row["id"],
                "agent": response.agent,
                "seed": row["seed"],
                "finish": response.finish_reason,
                "loops": response.loops,
                "text": response.content,
                "system": brief.system,
                "opening": brief.assistant_prefix,
                "runs": [packed(run, tokenizer) for run in tap.runs if tokenizer],
            }
            with options.out.open("a", encoding="utf-8") as out:
                out.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")
            seconds = time.monotonic() - started
            said = sum(map(len, tap.runs))
            print(f"{row['id']}: {response.finish_reason}, {said} tokens, {seconds:.0f} s", file=sys.stderr)
    finally:
        await engine.shutdown()


async def _router(engine: Engine) -> None:
    """Waits for the neural router where it is built: who answers mustn't depend on what loads first."""
    if engine.registry.router is None:
        return
    deadline = time.monotonic() + ROUTER_WAIT_S
    while not engine.router.ready and time.monotonic() < deadline:
        await asyncio.sleep(0.1)


if __name__ == "__main__":
    asyncio.run(record(parse()))
