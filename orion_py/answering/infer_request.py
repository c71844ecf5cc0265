"""Describes a question as it reaches the engine, with its history and options."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orion_py.cancellation import CancelToken
from orion_py.protocol import InferOptions
from orion_py.runtime.segments import Embeddings, Marked
from orion_py.runtime.tokenizer import ChatMessage


@dataclass(frozen=True, slots=True)
class InferRequest:
    """``priority``: -10 to 10, the most urgent first. ``embedded``: images and sounds that precede the query, as a
    model takes them in; those of earlier turns are in ``history``. ``runs_code``: the caller runs an agent's own
    code."""

    id: str
    query: str
    options: InferOptions
    history: Sequence[ChatMessage]
    locale: str
    cancel: CancelToken
    priority: int = 0
    embedded: Sequence[Embeddings | Marked] = ()
    runs_code: bool = False
