"""Writes a conversation as the template of a model that sees wants it: contents in parts, a mark for each picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from orion_py.errors import InvalidManifest
from orion_py.generation.chat_template import ChatTemplate, examine
from orion_py.generation.prompt import PLACE
from orion_py.runtime.tokenizer import ChatMessage, Tokenizer


class SeeingTokenizer:
    """``inner``, whose template takes contents in parts and marks a picture with ``token``, as one that takes texts
    with places in them (``generation.prompt.PLACE``)."""

    def __init__(self, inner: Tokenizer, token: str) -> None:
        self._inner, self._token = inner, token
        self.special_tokens = inner.special_tokens
        self.encode, self.decode = inner.encode, inner.decode

    def render(self, messages: Sequence[ChatMessage]) -> str:
        """As the template writes ``messages``, with a place where it writes its mark of a picture."""
        return self._inner.render([_in_parts(message) for message in messages]).replace(self._token, PLACE)


def examine_seeing(template: ChatTemplate, token: str) -> None:
    """As ``examine``, of the template of a model that sees. Raises InvalidManifest, too, where it leaves a picture
    out."""
    examine(_PartedTemplate(template))
    shown = template.render([_in_parts({"role": "user", "content": f"{PLACE}{PLACE}what is it?"})])
    if shown.count(token) != 2 or "what is it?" not in shown.rpartition(token)[2]:
        raise InvalidManifest(f"chat template: it doesn't mark a picture with {token}", path="chat_template")


class _PartedTemplate:
    def __init__(self, inner: ChatTemplate) -> None:
        self._inner, self.features = inner, inner.features

    def render(self, messages: Sequence[ChatMessage]) -> str:
        return self._inner.render([_in_parts(message) for message in messages])


def _in_parts(message: ChatMessage) -> ChatMessage:
    """``message`` with a list of parts for its content, as transformers hands them over: a picture for each place at
    its beginning, then its text."""
    text = message["content"].lstrip(PLACE)
    parts: list[dict[str, str]] = [{"type": "image"}] * (len(message["content"]) - len(text))
    if text or not parts:
        parts.append({"type": "text", "text": text})
    return cast(ChatMessage, {"role": message["role"], "content": cast(Any, parts)})
