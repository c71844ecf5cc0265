"""Removes private data from a log record: prompts, keys, addresses, paths.

What a person wrote is recognised by the field's name and replaced whole; in all other strings
secrets are recognised by their shape. This is a net and no proof: callers log facts and codes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orion_py.telemetry.pii_patterns import mask

# fmt: off
PRIVATE_FIELDS = frozenset((
    "prompt", "prompts", "query", "queries", "content", "text", "messages", "history", "system", "answer",
    "completion", "partial", "input", "output", "stop", "password", "passwd", "secret", "secrets", "api_key",
    "apikey", "key", "token", "authorization", "cookie", "email", "user", "username",
))
# fmt: on
MAX_TEXT = 500
_MAX_DEPTH = 6
_MAX_ITEMS = 50


def sanitize(value: Any, name: str = "", depth: int = 0) -> Any:
    """``value`` as JSON can hold it, with what is private masked. Numbers and flags pass."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        if name.lower() in PRIVATE_FIELDS:
            return f"[masked: {len(value)} characters]"
        return sanitize_text(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return f"[{len(value)} bytes]"
    if depth >= _MAX_DEPTH:
        return "[deeper]"
    if isinstance(value, Mapping):
        items = list(value.items())[:_MAX_ITEMS]
        return {sanitize_text(str(key)): sanitize(item, str(key), depth + 1) for key, item in items}
    if isinstance(value, list | tuple | set | frozenset):
        return [sanitize(item, name, depth + 1) for item in list(value)[:_MAX_ITEMS]]
    return f"[{type(value).__name__}]"


def sanitize_text(text: str) -> str:
    """``text`` with whatever looks like a secret, personal data or a path of this machine masked.

    At most MAX_TEXT characters: a longer text is cut, since it is likely to be somebody's prompt.
    Idempotent.
    """
    text = mask(text[: 4 * MAX_TEXT])
    while len(text) > MAX_TEXT:  # again: a cut can make a shape of what was none
        text = mask(text[: MAX_TEXT - 1] + "…")
    return text
