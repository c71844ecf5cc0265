"""Puts questions to an engine, the way that a person's question takes, or to its model with a plain chat prompt."""

from __future__ import annotations

import asyncio
import json
import sys
import zlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from model_foundry.errors import EvaluationFailed
from model_foundry.measuring.usefulness.rows import Question
from orion_py.config import EngineConfig
from orion_py.engine.engine import Engine
from orion_py.errors import OrionError
from orion_py.native.ports import native_ports
from orion_py.protocol import AgentDefinition, InferOptions
from orion_py.registry.models import Bilingual

Way = Literal["agents", "plain"]
"""``agents``: routed, with the agents' prompts and skills. ``plain``: the model alone, with a plain chat prompt and
greedy sampling: what it would be in any other program."""

PLAIN = "plain"
PLAIN_SYSTEM = Bilingual(en="You are a helpful assistant.", fr="Tu es un assistant utile.")
PLAIN_TOKENS = 512
ROUTER_WAIT_S = 60.0
ROOT = Path(__file__).parents[3]
LINE_LIMIT = 16 * 2**20


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer: its text, the agent that gave it, its length in tokens, and why it ended. ``error``: the code of
    the failure, if there was one; the text is empty then."""

    text: str
    agent: str = ""
    tokens: int = 0
    finish: str = ""
    loops: int = 0
    ms: float = 0.0
    error: str = ""


class Asked(Protocol):
    """Something that answers questions. ``name`` says what computes, for a table's reader."""

    @property
    def name(self) -> str: ...

    async def ask(self, question: Question, way: Way) -> Answered:
        """Never raises for a failed answer: it comes as ``Answered.error``."""
        ...

    async def close(self) -> None: ...


PLAIN_AGENT = AgentDefinition(
    id=PLAIN,
    name="Plain",
    prompt=PLAIN_SYSTEM.en,
    temperature=0.0,
    top_p=1.0,
    repetition_penalty=1.0,
    max_tokens=PLAIN_TOKENS,
)
"""Answers as the model alone would: it has no skill, because no module has its id."""


def options_for(model: str, question: Question, way: Way) -> dict[str, Any]:
    """The ``infer`` options of one question. A plain answer is greedy, and nothing mends it. The seed depends on the
    question alone, so that a part of a set gives the answers of the whole."""
    options: dict[str, Any] = {"model": model, "seed": zlib.crc32(question.id.encode())}
    if way == PLAIN:
        system = PLAIN_SYSTEM.in_language(question.language)
        options |= {"force_agent": PLAIN, "cut_loops": False, "system": system}
    return options


class NativeAsked:
    """The engine in CPython on the models below ``root``."""

    def __init__(self, engine: Engine, model: str) -> None:
        self.engine, self._model = engine, model
        self.name = "native"

    @classmethod
    async def start(cls, root: Path, model: str, threads: int) -> NativeAsked:
        """Raises EvaluationFailed for a model that isn't built, and as ``Engine.start``."""
        engine = await Engine.start(EngineConfig(threads=threads), native_ports(root))
        known = engine.registry.models
        if model not in {entry.id for entry in known}:
            await engine.shutdown()
            built = ", ".join(entry.id for entry in known)
            raise EvaluationFailed(f"{model} isn't built here (built: {built}): 'build.py models …' makes it")
        await engine.register_agent(PLAIN_AGENT)
        # Who answers mustn't depend on what loads first.
        await engine.wait_for_router(timeout_s=ROUTER_WAIT_S)
        return cls(engine, model)

    async def ask(self, question: Question, way: Way) -> Answered:
        options = InferOptions.model_validate(options_for(self._model, question, way))
        try:
            response = await self.engine.infer(
                question.text, options, history=question.history, locale=question.language
            )
        except OrionError as error:
            return Answered("", error=error.code)
        return Answered(
            response.content,
            response.agent,
            response.usage.completion,
            str(response.finish_reason),
            response.loops,
            response.timings.get("total", 0.0),
        )

    async def close(self) -> None:
        await self.engine.shutdown()


class BrowserAsked:
    """The engine in Chromium, in a process of its own (``bench.answers.questions``) that speaks lines of JSON."""

    def __init__(self, process: asyncio.subprocess.Process, model: str) -> None:
        self._process, self._model = process, model
        self.name = "browser"

    @classmethod
    async def start(cls, site: Path, model: str, threads: int) -> BrowserAsked:
        """Raises EvaluationFailed where there is no checkout to drive a browser from."""
        if not (ROOT / "bench" / "answers" / "questions.py").is_file():
            raise EvaluationFailed("the browser is driven from a checkout of the repository: bench/ isn't here")
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bench.answers.questions", "--site", str(site.resolve())),
            *("--threads", str(threads), "--plain", PLAIN_AGENT.model_dump_json()),
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LINE_LIMIT,
        )
        return cls(process, model)

    async def ask(self, question: Question, way: Way) -> Answered:
        reader, writer = self._process.stdout, self._process.stdin
        assert reader is not None
        assert writer is not None
        fields = {
            "query": question.text,
            "locale": question.language,
            "history": [dict(turn) for turn in question.history],
            "options": options_for(self._model, question, way),
        }
        writer.write(json.dumps(fields).encode() + b"\n")
        await writer.drain()
        line = await reader.readline()
        if not line:
            raise EvaluationFailed(f"the browser's process ended before it answered {question.id}")
        return _answered(json.loads(line))

    async def close(self) -> None:
        if self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()


def _answered(reply: Mapping[str, Any]) -> Answered:
    if "error" in reply:
        return Answered("", error=str(reply["error"]))
    return Answered(
        reply["content"],
        reply["agent"],
        reply["usage"]["completion"],
        reply["finish_reason"],
        reply["loops"],
        reply["timings"].get("total", 0.0),
    )


async def answers(
    asked: Asked, questions: list[Question], way: Way, kept: Mapping[str, Answered]
) -> AsyncIterator[tuple[Question, Answered, bool]]:
    """Each question with its answer, and whether it is new: what is ``kept`` (by id) isn't asked again."""
    for question in questions:
        known = kept.get(question.id)
        if known is not None:
            yield question, known, False
        else:
            yield question, await asked.ask(question, way), True
