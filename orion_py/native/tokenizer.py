"""Hugging Face's tokenizer in Rust, and chat templates in sandboxed jinja.

A chat template comes with the model and so from outside: it renders in jinja's immutable sandbox,
with the settings that transformers uses (trim_blocks, lstrip_blocks), which templates rely on.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NoReturn

from jinja2 import Template, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from tokenizers import Tokenizer as RustTokenizer

from orion_py.errors import InvalidManifest
from orion_py.generation.tokenizer import ChatMessage

PARTS = ("chat_template", "bos_token", "eos_token")


def _raise_exception(message: str) -> NoReturn:
    """What templates call to refuse a conversation."""
    raise TemplateError(message)


class NativeTokenizer:
    """One tokenizer shard. Raises InvalidManifest if it can't be understood."""

    def __init__(self, definition: bytes) -> None:
        try:
            parts: dict[str, Any] = json.loads(definition)
            if not isinstance(parts, dict) or not all(isinstance(parts.get(part), str) for part in PARTS):
                raise ValueError("it lacks the chat template or a token")
            self._tokenizer = RustTokenizer.from_str(json.dumps(parts["tokenizer"]))
            self._template = _compiled(parts["chat_template"])
        except InvalidManifest:
            raise
        except Exception as error:  # the Rust library raises bare Exception
            raise InvalidManifest(f"tokenizer: {error}", path="tokenizer") from error
        self._bos, self._eos = parts["bos_token"], parts["eos_token"]
        added = self._tokenizer.get_added_tokens_decoder().values()
        self.special_tokens: tuple[str, ...] = tuple(str(token.content) for token in added if token.special)

    def encode(self, text: str) -> list[int]:
        """Token ids; special tokens written in ``text`` are recognised, none are added."""
        return list(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def decode(self, ids: Sequence[int]) -> str:
        """Text without special tokens; an incomplete UTF-8 sequence ends in U+FFFD."""
        return str(self._tokenizer.decode(list(ids), skip_special_tokens=True))

    def render(self, messages: Sequence[ChatMessage]) -> str:
        """The chat template over ``messages``. Raises InvalidManifest if it can't take them."""
        try:
            return self._template.render(
                messages=list(messages), add_generation_prompt=True, bos_token=self._bos, eos_token=self._eos
            )
        except Exception as error:  # a template is code from outside: it can raise anything
            raise InvalidManifest(f"chat template: {error}", path="chat_template") from error


def _compiled(source: str) -> Template:
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, autoescape=False)
    environment.globals["raise_exception"] = _raise_exception
    return environment.from_string(source)
