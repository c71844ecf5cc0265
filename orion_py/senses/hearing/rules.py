"""Decides which tokens Whisper may say next: no noise, and times in pairs that never go back.

The rules are those of ``SuppressBlank``, ``SuppressTokens`` and ``ApplyTimestampRules`` in ``whisper/decoding.py`` of
https://github.com/openai/whisper; beyond them no time may lie behind the end of the window.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from orion_py.senses.hearing.tokens import TIME_STEP, WhisperTokens

Logits = NDArray[np.float32]
LATEST_START = 1.0
"""Seconds after the window's beginning by which the first segment begins."""


class TokenRules:
    """For one window of ``seconds``."""

    def __init__(self, tokens: WhisperTokens, seconds: float, vocabulary: int) -> None:
        self._tokens = tokens
        never = [token for token in (*tokens.suppress, tokens.no_times) if token < vocabulary]
        controls = [at for at in range(tokens.end + 1, tokens.times) if at < vocabulary]
        self._never = np.array(sorted({*never, *controls}), np.int64)
        self._first = np.array([token for token in tokens.suppress_first if token < vocabulary], np.int64)
        self._latest = min(tokens.times + round(seconds / TIME_STEP), vocabulary - 1)

    def applied(self, logits: Logits, said: Sequence[int]) -> Logits:
        """``logits`` F32 [vocabulary] after the tokens ``said`` in this window: what may not come is -inf."""
        out = logits.copy()
        out[self._never] = -np.inf
        times, end = self._tokens.times, self._tokens.end
        out[self._latest + 1 :] = -np.inf
        if not said:
            out[self._first] = -np.inf
            out[:times] = -np.inf
            out[times + round(LATEST_START / TIME_STEP) + 1 :] = -np.inf
            return out
        marks = [token for token in said if token >= times]
        ended = said[-1] >= times
        if ended and (len(said) < 2 or said[-2] >= times):
            out[times:] = -np.inf  # a segment has begun: now it says something
        elif ended:
            out[:end] = -np.inf  # a segment has ended: another begins, or all is said
        if marks:
            # A segment isn't empty: it ends later than it began. The next may begin where it ended.
            least = marks[-1] if ended and len(said) >= 2 and said[-2] < times else marks[-1] + 1
            out[times : min(least, len(out))] = -np.inf
        if not np.isfinite(out).any():
            out[end] = 0.0  # nothing else may come: the window is full
        return _time_if_likelier(out, times)


def _time_if_likelier(logits: Logits, times: int) -> Logits:
    """If some time is likelier than each single text token, one of the times comes."""
    marks = logits[times:]
    top = marks.max(initial=-np.inf)
    if np.isfinite(top) and top + np.log(np.exp(marks - top).sum()) > logits[:times].max(initial=-np.inf):
        logits[:times] = -np.inf
    return logits


def log_softmax(logits: Logits) -> NDArray[np.float32]:
    top = logits.max()
    return np.asarray(logits - (top + np.log(np.exp(logits - top).sum())), np.float32)
