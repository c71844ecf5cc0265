"""Adapts Hugging Face's tokenizer and chat templates in JavaScript, through
``web/bridge/worker/tokenizer/tokenizer.js`` and ``chat-template/template.js``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache, lru_cache
from typing import Any

from pyodide.ffi import JsException, create_proxy, to_js

from orion_py.errors import InvalidManifest, UnsupportedModel
from orion_py.generation.chat_template import TemplateFactory
from orion_py.generation.template_clock import formatted
from orion_py.runtime.tokenizer import ChatMessage, TokenizerFactory


@cache
def _today() -> Any:
    """``strftime_now`` of templates: computed here, as natively, and not by JavaScript's own calendar. Made when it is
    first wanted: a snapshot of Python can't hold it."""
    return create_proxy(lambda pattern: formatted(datetime.now(), str(pattern)))


class BrowserChatTemplate:
    """``template`` is the bridge's ChatTemplate, or its ChatTokenizer."""

    def __init__(self, template: Any) -> None:
        self._template = template

    @property
    def features(self) -> tuple[str, ...]:
        return tuple(self._template.features.to_py())

    def render(self, messages: Sequence[ChatMessage]) -> str:
        """Raises InvalidManifest if the template can't take ``messages``."""
        try:
            return str(self._template.render(json.dumps(list(messages))))
        except JsException as error:
            raise InvalidManifest(f"chat template: {error}", path="chat_template") from None


REMEMBERED = 4096
"""Texts of tokens: an answer's detokenizer asks for each token alone, and in front of the next."""


class BrowserTokenizer(BrowserChatTemplate):
    """``tokenizer`` is the bridge's ChatTokenizer."""

    def __init__(self, tokenizer: Any) -> None:
        super().__init__(tokenizer)
        self._tokenizer = tokenizer
        self.special_tokens: tuple[str, ...] = tuple(tokenizer.specialTokens.to_py())

        def decoded(ids: tuple[int, ...]) -> str:
            return str(tokenizer.decode(to_js(ids)))

        self._decoded = lru_cache(maxsize=REMEMBERED)(decoded)

    def encode(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(text).to_py()
        return ids

    def decode(self, ids: Sequence[int]) -> str:
        return self._decoded(tuple(ids)) if len(ids) <= 2 else str(self._tokenizer.decode(to_js(list(ids))))


def tokenizer_factory(new_tokenizer: Callable[[Any, Any], Any]) -> TokenizerFactory:
    """From the bridge's constructor. The factory raises InvalidManifest."""

    def make(definition: bytes) -> BrowserTokenizer:
        try:
            # As bytes: a text of several megabytes would stay a hole in Python's memory, which never shrinks.
            return BrowserTokenizer(new_tokenizer(to_js(definition), _today()))
        except JsException as error:
            raise InvalidManifest(f"tokenizer: {error}", path="tokenizer") from None

    return make


def template_factory(new_template: Callable[[Any, Any], Any]) -> TemplateFactory:
    """From the bridge's constructor. The factory raises UnsupportedModel."""

    def make(template: str, bos_token: str, eos_token: str) -> BrowserChatTemplate:
        parts = {"chat_template": template, "bos_token": bos_token, "eos_token": eos_token}
        try:
            return BrowserChatTemplate(new_template(json.dumps(parts), _today()))
        except JsException as error:
            raise UnsupportedModel(f"The model's chat template can't be read: {str(error)[:200]}") from None

    return make
