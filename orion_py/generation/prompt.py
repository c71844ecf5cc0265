"""From a conversation to the tokens of a prompt that fits the model's context."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orion_py.errors import ContextOverflow
from orion_py.generation.thoughts import answer_of
from orion_py.runtime.tokenizer import ChatMessage, Tokenizer
from orion_py.safety.validation import neutralise_special_tokens

ANSWER_ROOM = 256
"""Tokens kept free for the answer before older turns are dropped."""


@dataclass(frozen=True, slots=True)
class Prompt:
    tokens: list[int]
    dropped_turns: int
    """Oldest messages of the history that didn't fit."""


def build_prompt(
    tokenizer: Tokenizer,
    system: str,
    history: Sequence[ChatMessage],
    query: str,
    context: int,
    max_tokens: int,
    opening: str = "",
) -> Prompt:
    """The prompt with as much of the history as fits, newest first, ``context`` in tokens. It ends
    with ``opening``, as if the model had begun its answer so.

    Of an earlier answer the prompt holds the answer alone, without what the model thought aloud.
    Control tokens that somebody typed lose their meaning, in every turn. Raises ContextOverflow
    when the system prompt and the query alone leave no room for an answer.
    """
    room = context - min(max_tokens, ANSWER_ROOM)
    turns: list[ChatMessage] = [
        {"role": t["role"], "content": neutralise_special_tokens(_said(t), tokenizer.special_tokens)} for t in history
    ]
    last: ChatMessage = {"role": "user", "content": neutralise_special_tokens(query, tokenizer.special_tokens)}
    head: list[ChatMessage] = [{"role": "system", "content": system}] if system else []
    begun = neutralise_special_tokens(opening, tokenizer.special_tokens)
    dropped = 0
    while True:
        tokens = tokenizer.encode(tokenizer.render([*head, *turns[dropped:], last]) + begun)
        if len(tokens) <= room:
            return Prompt(tokens, dropped)
        if dropped >= len(turns):
            raise ContextOverflow(
                f"This message takes {len(tokens)} tokens; the model reads at most {room} at once.",
                tokens=len(tokens),
                limit=room,
            )
        # A question goes with its answer, so that no answer is left without its question.
        dropped += 1
        while dropped < len(turns) and turns[dropped]["role"] == "assistant":
            dropped += 1


def _said(turn: ChatMessage) -> str:
    return answer_of(turn["content"]) if turn["role"] == "assistant" else turn["content"]
