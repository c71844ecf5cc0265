"""Reads Whisper's tokens: text, languages, marks of time and the control tokens.

Text is byte-level BPE (``whisper/tokenizer.py`` of https://github.com/openai/whisper): each character of the
vocabulary stands for one byte, by GPT-2's table. A token above ``<|notimestamps|>`` is a time, 0.02 s apart.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from orion_py.errors import InvalidModel

TIME_STEP = 0.02
_MOST_BYTES = 32_000_000
_CONTROLS = {
    "end": "<|endoftext|>",
    "start": "<|startoftranscript|>",
    "transcribe": "<|transcribe|>",
    "before": "<|startofprev|>",
    "no_times": "<|notimestamps|>",
}
_NO_SPEECH = ("<|nospeech|>", "<|nocaptions|>")
"""The newer and the older name of the same token."""


class WhisperTokens:
    """``vocabulary``: the text of the file tokenizer.json, as Hugging Face's tokenizers write it; ``generation``:
    that of generation.json, by the foundry: {"languages": {code: id}, "suppress": [id], "suppress_first": [id]}.

    Raises InvalidModel where they aren't Whisper's.
    """

    def __init__(self, vocabulary: bytes, generation: bytes) -> None:
        try:
            if len(vocabulary) > _MOST_BYTES or len(generation) > _MOST_BYTES:
                raise ValueError("it is too large")
            read, rules = json.loads(vocabulary), json.loads(generation)
            pieces = {str(text): int(at) for text, at in read["model"]["vocab"].items()}
            controls = {str(row["content"]): int(row["id"]) for row in read["added_tokens"]}
            pieces.update(controls)
            self.end, self.start, self.transcribe, self.before, self.no_times = (
                pieces[text] for text in _CONTROLS.values()
            )
            self.no_speech = next(pieces[name] for name in _NO_SPEECH if name in pieces)
            self.languages = {str(code): int(at) for code, at in rules["languages"].items()}
            self.suppress, self.suppress_first = (_ids(rules[name]) for name in ("suppress", "suppress_first"))
            table = _bytes_of_characters()
            self._bytes = {
                at: bytes(table[each] for each in text) for text, at in pieces.items() if text not in controls
            }
        except (ValueError, KeyError, TypeError, AttributeError, StopIteration) as error:
            raise InvalidModel(f"The model's tokens can't be read: {error}") from error
        if not self.languages or self.times <= max(self.languages.values()):
            raise InvalidModel("The model's tokens can't be read: its languages or times aren't Whisper's.")

    @property
    def times(self) -> int:
        """The token of 0.00 s."""
        return self.no_times + 1

    def text(self, tokens: Iterable[int]) -> str:
        """What ``tokens`` say; controls and times say nothing. Half a character at the end becomes U+FFFD."""
        return b"".join(self._bytes.get(token, b"") for token in tokens).decode("utf-8", "replace")

    def is_time(self, token: int) -> bool:
        return token >= self.times

    def seconds(self, token: int) -> float:
        return (token - self.times) * TIME_STEP


def _ids(values: Any) -> tuple[int, ...]:
    found = tuple(int(value) for value in values)
    if any(value < 0 for value in found):
        raise ValueError("a token below 0")
    return found


def _bytes_of_characters() -> dict[str, int]:
    """GPT-2's table: printable bytes stand for themselves, the others for the characters from U+0100 on."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    table = {chr(byte): byte for byte in printable}
    others = [byte for byte in range(0x100) if byte not in set(printable)]
    return {**table, **{chr(0x100 + index): byte for index, byte in enumerate(others)}}
