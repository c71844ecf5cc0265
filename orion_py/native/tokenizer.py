"""Adapts Hugging Face's tokenizer in Rust, with the chat template."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tokenizers import Tokenizer as RustTokenizer

from orion_py.errors import InvalidManifest
from orion_py.generation.template_clock import Now
from orion_py.native.chat_template import NativeChatTemplate
from orion_py.runtime.tokenizer import ChatMessage

PARTS = ("chat_template", "bos_token", "eos_token")


class NativeTokenizer:
    """One tokenizer shard. Raises InvalidManifest if it can't be understood. ``now`` is the time that its
    template may ask for."""

    def __init__(self, definition: bytes, now: Now = datetime.now) -> None:
        try:
            parts: dict[str, Any] = json.loads(definition)
            if not isinstance(parts, dict) or not all(isinstance(parts.get(part), str) for part in PARTS):
                raise ValueError("it lacks the chat template or a token")
            self._tokenizer = RustTokenizer.from_str(json.dumps(parts["tokenizer"]))
            template, bos, eos = (parts[part] for part in PARTS)
            self.template = NativeChatTemplate(template, bos, eos, now)
        except Exception as error:  # the Rust library raises bare Exception
            raise InvalidManifest(f"tokenizer: {error}", path="tokenizer") from error
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
        return self.template.render(messages)
