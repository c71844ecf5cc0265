"""Makes what a person typed or pasted fit for a model, or refuses it with a typed error."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from orion_py.errors import BinaryInput, EmptyQuery, QueryTooLong

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_REPLACEMENT = "\ufffd"
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_NEWLINES = re.compile(r"\r\n|[\r\u2028\u2029\x85]")
_INVISIBLE = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and symbols by category that show nothing: Hangul fillers and the blank braille cell."""
_BINARY_SHARE = 0.1


def validate_query(text: str, max_chars: int) -> str:
    """``text`` with plain newlines, in NFC, without control characters and blank ends.

    Joiners and variation selectors stay: emoji and several scripts need them. Raises EmptyQuery
    (nothing visible), QueryTooLong (more than ``max_chars`` code points; ``length`` and ``limit``
    in the detail) or BinaryInput (a NUL, half a surrogate pair, or too much that isn't text).
    """
    if len(text) > 4 * max_chars:  # so long that no normalisation brings it below the limit
        raise _too_long(len(text), max_chars)
    if "\x00" in text:
        raise BinaryInput("The message holds zero bytes: it is a file's content and not text.", reason="nul")
    if _SURROGATE.search(text):
        raise BinaryInput("The message holds broken characters (half of a pair).", reason="surrogate")
    text = _NEWLINES.sub("\n", text)
    strange = len(_CONTROL.findall(text)) + text.count(_REPLACEMENT)
    if strange > _BINARY_SHARE * len(text):
        raise BinaryInput(
            f"{strange} of the message's {len(text)} characters aren't text.", reason="ratio", strange=strange
        )
    text = unicodedata.normalize("NFC", _CONTROL.sub("", text)).lstrip("\n").rstrip()
    if not any(map(_is_visible, text)):
        raise EmptyQuery("The message is empty.")
    if len(text) > max_chars:
        raise _too_long(len(text), max_chars)
    return text


def neutralise_special_tokens(text: str, specials: Sequence[str]) -> str:
    """``text`` in which none of ``specials`` stands any more, still readable: ``< |im_end|>``.

    A tokenizer reads ``<|im_end|>`` as the end of a turn wherever it stands, so a text that holds
    it could speak in the system's name. One character is put inside, which no special token has,
    so nothing new can arise; doing it twice changes nothing.
    """
    patterns = sorted((re.escape(special) for special in set(specials) if special), key=len, reverse=True)
    if not patterns:
        return text
    breaker = next(c for c in " \u200b\u2060\u00b7\ufeff" if not any(c in special for special in specials))
    pattern = re.compile("|".join(patterns))
    while pattern.search(text):  # again, because special tokens may overlap
        text = pattern.sub(lambda match: _broken(match.group(), breaker), text)
    return text


def _broken(special: str, breaker: str) -> str:
    return special[0] + breaker + special[1:] if len(special) > 1 else breaker


def _is_visible(character: str) -> bool:
    if character in _INVISIBLE or character.isspace() or "\ufe00" <= character <= "\ufe0f":
        return False
    return unicodedata.category(character) not in ("Cf", "Cc")


def _too_long(length: int, limit: int) -> QueryTooLong:
    return QueryTooLong(
        f"The message has {length:,} characters; at most {limit:,} can be read at once.", length=length, limit=limit
    )
