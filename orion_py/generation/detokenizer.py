"""Turns token ids into text, one by one.

A token can end in the middle of a UTF-8 character, and some tokenizers decode a token otherwise
at the start of a text than inside it. So a small window of tokens is decoded again with each new
one, and what is new in its text is passed on: the way of Hugging Face's text-generation-inference
(``decode_token``), except that complete text before an unfinished character isn't kept waiting.
"""

from __future__ import annotations

from orion_py.runtime.tokenizer import Tokenizer

UNFINISHED = "\ufffd"
MAX_WINDOW = 16
"""Tokens. A character has at most 4 bytes, so a window that grows longer than this holds garbage."""


class Detokenizer:
    """All pieces and ``finish`` together are ``tokenizer.decode`` of all ids.

    The cost of a token doesn't depend on how many came before. Bytes that never become a character
    are shown as U+FFFD, as in ``decode``, but only when it is certain that they don't.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._window: list[int] = []
        self._fresh = 0
        """Where in the window the tokens begin that came since text was last complete."""
        self._said = 0
        """Characters of the window's text that were passed on."""

    def push(self, token: int) -> str:
        """The text that ``token`` completes, often its own and sometimes none."""
        self._window.append(token)
        text = self._tokenizer.decode(self._window)
        complete = text.rstrip(UNFINISHED)
        piece = complete[self._said :]
        if len(complete) == len(text):
            if piece:
                self._slide()
            else:  # a token without text, such as a special one
                self._window.pop()
        elif piece:
            self._said = len(complete)
        if len(self._window) > MAX_WINDOW:
            piece += self._give_up(text)
        return piece

    def finish(self) -> str:
        """What no further token can complete; then the detokenizer is as new."""
        text = self._tokenizer.decode(self._window) if self._window else ""
        rest = text[self._said :]
        self._window, self._fresh, self._said = [], 0, 0
        return rest

    def _slide(self) -> None:
        """Forgets all but the last complete tokens: they are the context of the next one."""
        self._window = self._window[self._fresh :]
        self._fresh = len(self._window)
        self._said = len(self._tokenizer.decode(self._window))

    def _give_up(self, text: str) -> str:
        """The window's text, but for some last tokens, which may yet be completed.

        The cut is where decoding both sides gives the whole, so in no character's middle; if
        possible also where no unfinished character ends, or else the bytes before it are garbage.
        """
        clean = fallback = 0
        for count in range(3, len(self._window)):
            certain = self._tokenizer.decode(self._window[:-count])
            if certain + self._tokenizer.decode(self._window[-count:]) == text:
                fallback = fallback or count
                if not certain.endswith(UNFINISHED):
                    clean = count
                    break
        count = clean or fallback or 3
        certain = self._tokenizer.decode(self._window[:-count])
        piece = certain[self._said :]
        self._window, self._fresh, self._said = self._window[-count:], 0, max(self._said - len(certain), 0)
        return piece
