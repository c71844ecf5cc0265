"""Builds a prompt that fits the model's context from a conversation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from orion_py.errors import ContextOverflow, EmbeddingsUnsupported
from orion_py.generation.thoughts import answer_of
from orion_py.runtime.segments import Embeddings, Marked, Segment, tokens_of
from orion_py.runtime.tokenizer import ChatMessage, Tokenizer
from orion_py.safety.validation import neutralise_special_tokens

ANSWER_ROOM = 256
"""Tokens kept free for the answer before older turns are dropped."""
PLACE = "\ufffc"
"""Unicode's own placeholder for an object in a text: where embeddings stand while a template is rendered."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """``segments``: tokens and embeddings. ``dropped_turns``: oldest messages of the history that didn't fit."""

    segments: list[Segment]
    dropped_turns: int

    @property
    def length(self) -> int:
        """Places of the context that it takes."""
        return len(tokens_of(self.segments))


def build_prompt(
    tokenizer: Tokenizer,
    system: str,
    history: Sequence[ChatMessage],
    query: str,
    context: int,
    max_tokens: int,
    assistant_prefix: str = "",
    embedded: Sequence[Embeddings | Marked] = (),
) -> Prompt:
    """The prompt with as much of the history as fits, newest first, ``context`` in tokens. It ends
    with ``assistant_prefix``, as if the model had begun its answer so.

    ``embedded`` stands before ``query``, as what a turn of the history has stands before its text; marks that a model
    expects around them (such as ``<|vision_start|>``) come with them (``Marked``) or from the template. Of an earlier
    answer the prompt holds the answer alone, without what the model thought aloud. Control tokens that somebody typed
    lose their meaning, in every turn. Raises ContextOverflow when the system prompt and the query alone leave no room
    for an answer, and EmbeddingsUnsupported where the model's template doesn't keep a turn's text.
    """
    room = context - min(max_tokens, ANSWER_ROOM)
    asked: ChatMessage = {"role": "user", "content": query, "embedded": embedded}
    given: list[Sequence[Embeddings | Marked]] = [turn.get("embedded", ()) for turn in (*history, asked)]
    placed = any(given)
    turns: list[ChatMessage] = [_plain(turn, tokenizer, placed) for turn in (*history, asked)]
    head: list[ChatMessage] = [{"role": "system", "content": _unplaced(system, placed)}] if system else []
    begun = _unplaced(neutralise_special_tokens(assistant_prefix, tokenizer.special_tokens), placed)
    dropped = 0
    while True:
        rendered = tokenizer.render([*head, *turns[dropped:]]) + begun
        blocks = [block for of_turn in given[dropped:] for block in of_turn]
        prompt = Prompt(_segments(tokenizer, rendered, blocks) if placed else [*tokenizer.encode(rendered)], dropped)
        if prompt.length <= room:
            return prompt
        if dropped >= len(history):
            raise ContextOverflow(
                f"This message takes {prompt.length} tokens; the model reads at most {room} at once.",
                tokens=prompt.length,
                limit=room,
            )
        # A question goes with its answer, so that no answer is left without its question.
        dropped += 1
        while dropped < len(history) and turns[dropped]["role"] == "assistant":
            dropped += 1


def _plain(turn: ChatMessage, tokenizer: Tokenizer, placed: bool) -> ChatMessage:
    """A turn as the template gets it, with a place for each of its embeddings."""
    text = neutralise_special_tokens(_said(turn), tokenizer.special_tokens)
    return {"role": turn["role"], "content": PLACE * len(turn.get("embedded", ())) + _unplaced(text, placed)}


def _unplaced(text: str, placed: bool) -> str:
    """``text`` without places that somebody typed, where these mean something."""
    return text.replace(PLACE, "") if placed else text


def _segments(tokenizer: Tokenizer, rendered: str, blocks: Sequence[Embeddings | Marked]) -> list[Segment]:
    """The tokens between the places, and the embeddings in them. Raises EmbeddingsUnsupported."""
    first, *texts = rendered.split(PLACE)
    if len(texts) != len(blocks):
        raise EmbeddingsUnsupported("The model's chat template doesn't keep the place of an image or a sound.")
    parts: list[str | Embeddings] = [first]
    for block, text in zip(blocks, texts, strict=True):
        parts += [*(block.parts if isinstance(block, Marked) else (block,)), text]
    segments: list[Segment] = []
    for is_text, run in groupby(parts, lambda part: isinstance(part, str)):
        if is_text:  # marks and the text beside them are one text: a token may span both
            text = "".join(str(part) for part in run)
            segments += tokenizer.encode(text) if text else ()
        else:
            segments += [part for part in run if isinstance(part, Embeddings)]
    return segments


def _said(turn: ChatMessage) -> str:
    return answer_of(turn["content"]) if turn["role"] == "assistant" else turn["content"]
