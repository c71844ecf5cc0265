"""Notices when a transcription isn't what was said: repetition, improbable text, nobody speaking.

The limits are Whisper's own (Radford et al. 2022, section 4.5; ``whisper/transcribe.py``): a text that zlib
compresses more than 2.4 times repeats itself, and a mean log probability below -1 is guessing.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

MOST_COMPRESSED = 2.4
LEAST_LOG_PROBABILITY = -1.0
NO_SPEECH = 0.6
_LONGEST_PERIOD = 24
_MOST_REPEATS, _MOST_REPEATED = 6, 24
"""A phrase is in a loop once it has come so many times, and so many tokens of it in all."""

_LEAST_AGAIN = 3


def compression(text: str) -> float:
    """How many times smaller zlib makes ``text``: 1 for none."""
    data = text.encode()
    return len(data) / len(zlib.compress(data)) if data else 1.0


def repeated(tokens: Sequence[int]) -> int:
    """How many tokens at the end are a loop's repetitions, the first time that it is said not counted; 0 where there
    is no loop."""
    for period in range(1, _LONGEST_PERIOD + 1):
        same = 0
        while same + period < len(tokens) and tokens[-1 - same] == tokens[-1 - same - period]:
            same += 1
        if same >= period * (_MOST_REPEATS - 1) and same + period >= _MOST_REPEATED:
            return same
    return 0


def said_again(tokens: Sequence[int]) -> int:
    """How many tokens at the end say once more what stands just before them; 0 where they say something else. A word
    or two that come twice were said twice."""
    for count in range(len(tokens) // 2, _LEAST_AGAIN - 1, -1):
        if tokens[-count:] == tokens[-2 * count : -count]:
            return count
    return 0


def nobody_speaks(no_speech: float, log_probability: float) -> bool:
    """Whether what was transcribed of a window was made up."""
    return no_speech > NO_SPEECH and log_probability < LEAST_LOG_PROBABILITY


def doubtful(text: str, log_probability: float) -> bool:
    """Whether another temperature might do better."""
    return compression(text) > MOST_COMPRESSED or log_probability < LEAST_LOG_PROBABILITY
