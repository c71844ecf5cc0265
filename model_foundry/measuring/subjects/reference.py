"""Measures the reference implementation as a subject: slow at answering, but it scores a continuation in one pass."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from model_foundry.measuring.fidelity import log_softmax
from model_foundry.measuring.subjects.base import Scored
from model_foundry.measuring.subjects.session import SessionSubject
from model_foundry.reference.llama import ReferenceModel
from orion_py.runtime.base import Logits
from orion_py.runtime.tokenizer import Tokenizer


class _Forward:
    """``forward`` of a session over the reference."""

    def __init__(self, model: ReferenceModel) -> None:
        self._model = model

    async def forward(self, tokens: Sequence[int], position: int) -> Logits:
        self._model.keep(position)
        row: Logits = self._model.forward(tokens)[-1]
        return row

    async def close(self) -> None:
        self._model.reset()


class ReferenceSubject(SessionSubject):
    def __init__(
        self, name: str, model: ReferenceModel, tokenizer: Tokenizer, eos: Collection[int], context: int
    ) -> None:
        super().__init__(name, _Forward(model), tokenizer, eos, context)
        self._model = model

    async def _scored(self, context: tuple[int, ...], first: Logits, continuation: tuple[int, ...]) -> Scored:
        rows = [first]
        if len(continuation) > 1:
            self._model.keep(len(context))
            rows += list(self._model.forward(continuation[:-1]))
        self._held = (*context, *continuation[:-1])
        logprobs = tuple(float(log_softmax(row)[token]) for row, token in zip(rows, continuation, strict=True))
        return Scored(logprobs, tuple(int(row.argmax()) for row in rows))
