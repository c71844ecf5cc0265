"""Drafts tokens by prompt lookup: what followed the same tokens earlier in the text.

Text that is rewritten, code that is edited and facts that are quoted repeat long stretches of the
prompt. So the last tokens are looked for earlier in prompt and answer, and what followed them there
is the draft (A. Saxena, "Prompt Lookup Decoding", 2023; "n-gram" speculation elsewhere).
"""

from __future__ import annotations

from collections.abc import Iterable

LONGEST, SHORTEST = 3, 2
"""Tokens that have to be the same. One alone says too little of what follows."""


class PromptLookup:
    """An index that grows with the text: a token costs some dictionary entries, whatever came before."""

    def __init__(self, longest: int = LONGEST, shortest: int = SHORTEST) -> None:
        if not 0 < shortest <= longest:
            raise ValueError(f"n-grams of {longest} down to {shortest} tokens can't be looked up")
        self._lengths = range(longest, shortest - 1, -1)
        self._tokens: list[int] = []
        self._after: dict[tuple[int, ...], int] = {}
        """Where the latest occurrence that something follows ends: the place of what follows."""

    def __len__(self) -> int:
        return len(self._tokens)

    def extend(self, tokens: Iterable[int]) -> None:
        """Appends what the text has gained."""
        text, after, lengths = self._tokens, self._after, self._lengths
        for token in tokens:
            end = len(text)
            for length in lengths:
                if length <= end:
                    after[tuple(text[end - length : end])] = end
            text.append(token)

    def draft(self, count: int) -> list[int]:
        """The ``count`` tokens after the latest earlier occurrence of the last tokens, the longest that
        there is, or none. Where the text ends before that many, what repeated goes on repeating."""
        text = self._tokens
        for length in self._lengths:
            if length > len(text):
                continue
            start = self._after.get(tuple(text[-length:]))
            if start is not None:
                period = len(text) - start
                return [text[start + offset % period] for offset in range(count)]
        return []
