"""Measures another program as a subject: transformers in its own environment, a browser, a server.

The program gets one JSON object a line on standard input, all at once, and then its end:

    {"id": 0, "kind": "score", "context": [ids], "continuations": [[ids], …]}
    {"id": 1, "kind": "generate", "prompt": [ids], "max_tokens": n, "eos": [ids], "until": regex or null}

It writes one JSON object a line to standard output, in any order, each as soon as it is known:

    {"id": 0, "logprobs": [[nats], …], "top": [[ids], …]}    log-probability of each token, likeliest token there
    {"id": 1, "tokens": [ids]}                                 greedy, without the end token

``until`` may be ignored. Standard error is for people. Exit code 0 when all is answered.
"""

from __future__ import annotations

import asyncio
import json
import shlex
from collections.abc import AsyncIterator, Collection, Sequence
from pathlib import Path
from typing import Any

from model_foundry.errors import EvaluationFailed
from model_foundry.measuring.subjects.base import GenerateRequest, Scored, ScoreRequest
from orion_py.runtime.tokenizer import Tokenizer

LINE_LIMIT = 64 * 2**20
"""Bytes of one answer."""


class CommandSubject:
    """``tokenizer`` cuts the prompts: that of the model which the program answers for, or is compared with."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        tokenizer: Tokenizer,
        eos: Collection[int],
        folder: Path | None = None,
    ) -> None:
        self.name, self.tokenizer = name, tokenizer
        self._command, self._eos, self._folder = list(command), sorted(eos), folder
        self._process: asyncio.subprocess.Process | None = None

    async def score(self, requests: Sequence[ScoreRequest]) -> AsyncIterator[tuple[Scored, ...]]:
        lines = [
            {"id": number, "kind": "score", "context": r.context, "continuations": r.continuations}
            for number, r in enumerate(requests)
        ]
        async for answer in self._answers(lines):
            yield _scored(requests[answer["id"]], answer)

    async def generate(self, requests: Sequence[GenerateRequest]) -> AsyncIterator[tuple[int, ...]]:
        lines = [
            {
                "id": number,
                "kind": "generate",
                "prompt": r.prompt,
                "max_tokens": r.max_tokens,
                "eos": self._eos,
                "until": r.until,
            }
            for number, r in enumerate(requests)
        ]
        async for answer in self._answers(lines):
            yield _tokens(answer.get("tokens"), answer)[: requests[answer["id"]].max_tokens]

    async def close(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def _answers(self, lines: Sequence[dict[str, Any]]) -> AsyncIterator[dict[str, Any]]:
        """Answers in the order of ``lines``. Raises EvaluationFailed if the program doesn't give them all."""
        if not lines:
            return
        shown = shlex.join(self._command)
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=LINE_LIMIT,
                cwd=self._folder,
            )
        except OSError as error:
            raise EvaluationFailed(f"{shown} can't be started: {error}") from error
        self._process = process
        feeding = asyncio.create_task(_feed(process, lines))
        early: dict[int, dict[str, Any]] = {}
        try:
            for number in range(len(lines)):
                while number not in early:
                    answer = await self._line(process, shown)
                    if not 0 <= answer["id"] < len(lines):
                        raise EvaluationFailed(f"{shown} answered {answer['id']}, which nobody asked")
                    early[answer["id"]] = answer
                yield early.pop(number)
        finally:
            feeding.cancel()
            await self.close()

    async def _line(self, process: asyncio.subprocess.Process, shown: str) -> dict[str, Any]:
        assert process.stdout is not None
        try:
            line = await process.stdout.readline()
        except ValueError as error:
            raise EvaluationFailed(f"{shown} wrote a line of more than {LINE_LIMIT} bytes") from error
        if not line:
            code = await process.wait()
            raise EvaluationFailed(f"{shown} ended with code {code} before it had answered everything")
        try:
            answer = json.loads(line)
        except ValueError:
            answer = None
        if not isinstance(answer, dict) or not isinstance(answer.get("id"), int):
            raise EvaluationFailed(f"{shown} wrote what isn't an answer: {line[:100]!r}")
        return answer


async def _feed(process: asyncio.subprocess.Process, lines: Sequence[dict[str, Any]]) -> None:
    assert process.stdin is not None
    try:
        for line in lines:
            process.stdin.write(json.dumps(line).encode() + b"\n")
            await process.stdin.drain()
        process.stdin.close()
    except (BrokenPipeError, ConnectionResetError):
        pass  # it ended: the reader of its answers reports that


def _scored(request: ScoreRequest, answer: dict[str, Any]) -> tuple[Scored, ...]:
    logprobs, top = answer.get("logprobs"), answer.get("top")
    wanted = [len(continuation) for continuation in request.continuations]
    for rows in (logprobs, top):
        if not isinstance(rows, list) or [len(row) for row in rows if isinstance(row, list)] != wanted:
            raise EvaluationFailed(f"answer {answer['id']} hasn't one entry for each token: {json.dumps(answer)[:100]}")
    assert isinstance(logprobs, list)
    assert isinstance(top, list)
    return tuple(
        Scored(tuple(float(value) for value in row), _tokens(ids, answer))
        for row, ids in zip(logprobs, top, strict=True)
    )


def _tokens(ids: object, answer: dict[str, Any]) -> tuple[int, ...]:
    if not isinstance(ids, list) or not all(isinstance(token, int) for token in ids):
        raise EvaluationFailed(f"answer {answer['id']} holds no tokens: {json.dumps(answer)[:100]}")
    return tuple(ids)
