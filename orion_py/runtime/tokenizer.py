"""Defines the seam to the tokenizer and the chat template: Hugging Face's, in Rust or JavaScript."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NotRequired, Protocol, TypedDict

from orion_py.runtime.segments import Embeddings, Marked


class ChatMessage(TypedDict):
    role: Literal["system", "user", "assistant"]
    content: str
    embedded: NotRequired[Sequence[Embeddings | Marked]]
    """Images and sounds that stand before the text; a template never sees them."""


class Tokenizer(Protocol):
    special_tokens: tuple[str, ...]
    """What must never be read as control tokens inside a user's text, such as ``<|im_end|>``."""

    def encode(self, text: str) -> list[int]:
        """Token ids; special tokens written in ``text`` are recognised, none are added."""

    def decode(self, ids: Sequence[int]) -> str:
        """Text without special tokens; an incomplete UTF-8 sequence ends in U+FFFD."""

    def render(self, messages: Sequence[ChatMessage]) -> str:
        """The chat template over ``messages``, with the assistant's turn opened at the end."""


class TokenizerFactory(Protocol):
    def __call__(self, definition: bytes) -> Tokenizer:
        """From a tokenizer shard's bytes. Raises InvalidManifest."""
