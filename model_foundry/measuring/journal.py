"""Keeps subjects' answers in a file, so that an interrupted run resumes where it stopped.

JSON Lines: {"subject", "key", "answer"}; the key is the hash of the request's tokens. Answers are kept as they came
and graded anew each time. A last line that was cut off is dropped.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from model_foundry.measuring.subjects.base import GenerateRequest, Scored, ScoreRequest, Subject


class Journal:
    """Without a ``path`` nothing is kept."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._known: dict[tuple[str, str], Any] = {}
        if path is not None and path.exists():
            for line in path.read_text("utf-8").splitlines():
                try:
                    entry = json.loads(line)
                    self._known[entry["subject"], entry["key"]] = entry["answer"]
                except (ValueError, KeyError, TypeError):
                    continue

    async def score(self, subject: Subject, requests: Sequence[ScoreRequest]) -> AsyncIterator[tuple[Scored, ...]]:
        """As ``subject.score``; what is known isn't asked again."""
        keys = [_key(request) for request in requests]
        asked = subject.score(
            [r for r, key in zip(requests, keys, strict=True) if (subject.name, key) not in self._known]
        )
        for key in keys:
            known = self._known.get((subject.name, key))
            if known is None:
                scored = await anext(asked)
                self._keep(subject.name, key, [asdict(one) for one in scored])
                yield scored
            else:
                yield tuple(Scored(tuple(one["logprobs"]), tuple(one["top"])) for one in known)

    async def generate(self, subject: Subject, requests: Sequence[GenerateRequest]) -> AsyncIterator[tuple[int, ...]]:
        """As ``subject.generate``; what is known isn't asked again."""
        keys = [_key(request) for request in requests]
        asked = subject.generate(
            [r for r, key in zip(requests, keys, strict=True) if (subject.name, key) not in self._known]
        )
        for key in keys:
            known = self._known.get((subject.name, key))
            if known is None:
                answer = await anext(asked)
                self._keep(subject.name, key, list(answer))
                yield answer
            else:
                yield tuple(known)

    def _keep(self, subject: str, key: str, answer: object) -> None:
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps({"subject": subject, "key": key, "answer": answer}) + "\n")


def _key(request: ScoreRequest | GenerateRequest) -> str:
    text = json.dumps([type(request).__name__, asdict(request)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
