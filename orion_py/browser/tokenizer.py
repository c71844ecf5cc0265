"""Hugging Face's tokenizer and chat templates in JavaScript, through ``web/bridge/tokenizer.js``."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from pyodide.ffi import JsException, to_js

from orion_py.errors import InvalidManifest
from orion_py.generation.tokenizer import ChatMessage, TokenizerFactory


class BrowserTokenizer:
    """``tokenizer`` is the bridge's ChatTokenizer."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self.special_tokens: tuple[str, ...] = tuple(tokenizer.specialTokens.to_py())

    def encode(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(text).to_py()
        return ids

    def decode(self, ids: Sequence[int]) -> str:
        return str(self._tokenizer.decode(to_js(list(ids))))

    def render(self, messages: Sequence[ChatMessage]) -> str:
        return str(self._tokenizer.render(json.dumps(list(messages))))


def tokenizer_factory(new_tokenizer: Callable[[Any], Any]) -> TokenizerFactory:
    """From the bridge's constructor. The factory raises InvalidManifest."""

    def make(definition: bytes) -> BrowserTokenizer:
        try:
            return BrowserTokenizer(new_tokenizer(definition.decode()))
        except (JsException, UnicodeDecodeError) as error:
            raise InvalidManifest(f"tokenizer: {error}", path="tokenizer") from None

    return make
