"""Takes out of a log record what is nobody's business: prompts, keys, addresses, paths.

What a person wrote is recognised by the field's name and replaced whole; in all other strings
secrets are recognised by their shape. This is a net and no proof: callers log facts and codes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

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

_SHAPES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("[email]", re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")),
    ("[token]", re.compile(r"(?i:\bbearer\s+)[\w.~+/=-]{6,}|\beyJ[\w-]{6,}\.[\w-]{6,}(?:\.[\w-]*)?")),
    (
        "[key]",
        re.compile(
            r"\b(?:sk|pk|rk)[-_][\w-]{12,}|\bhf_\w{12,}|\bgh[opsur]_\w{20,}|\bgithub_pat_\w{20,}|\bxox[abpr]-[\w-]{10,}"
            r"|\bAKIA[A-Z0-9]{12,}|\bAIza[\w-]{20,}|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*"
        ),
    ),
    (
        "[secret]",
        re.compile(
            r"(?i:\b(?:api[_-]?key|password|passwd|mot de passe|secret|token)\b)"
            r"[\"']?\s*[=:]\s*[\"']?[^\s\"',;]{3,}"
        ),
    ),
    ("[key]", re.compile(r"\b(?=[\w-]{0,200}[a-z])(?=[\w-]{0,200}[A-Z])(?=[\w-]{0,200}\d)[\w-]{32,}\b")),
    ("[path]", re.compile(r"\bfile://\S+|\b[A-Za-z]:\\[^\s\"'<>|]+|\\\\[\w.-]+\\[^\s\"'<>|]+")),
    ("[path]", re.compile(r"(?<![\w/:.~<*)\]])~?/(?:[^\s/\"'<>|:,;()]+/)+[^\s/\"'<>|:,;()]*")),
)


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
    """``text`` with whatever looks like a secret, an address or a path of this machine masked."""
    text = text[: 4 * MAX_TEXT]
    for mask, shape in _SHAPES:
        text = shape.sub(mask, text)
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"
