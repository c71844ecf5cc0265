"""Writes down one window of sound with Whisper: language, tokens with times, and what is believed of them.

Greedy first; where the result is doubtful, again with rising temperatures (Radford et al. 2022, section 4.5). The
encoder runs over the window's own length and not over 30 s: a short window costs less in proportion. What it heard is
handed on to the decoder, which keeps its keys and values: of a step only tokens and logits cross to Python.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from orion_py.cancellation import CancelToken
from orion_py.runtime.graphs import Graph
from orion_py.senses.hearing import guards
from orion_py.senses.hearing.mel import FRAMES_A_SECOND, MOST_FRAMES, log_mel
from orion_py.senses.hearing.resampling import RATE, Samples
from orion_py.senses.hearing.rules import TokenRules, log_softmax
from orion_py.senses.hearing.tokens import TIME_STEP, WhisperTokens

TEMPERATURES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
LONGEST_SECONDS = 28.0
"""Of speech in a window: the silence behind it belongs to the 30 s, too."""
_SILENCE_BEHIND = 1.5
"""Seconds: without silence at its end Whisper doesn't stop where the speech does."""
_LEAST_FRAMES = 500
_FRAMES_STEP = 100
_MOST_TOKENS = 224
"""Half of the decoder's context, as Whisper has it; the other half is for what was said before."""
_TOKENS_A_SECOND, _TOKENS_BESIDE = 14, 24
"""More than anybody says in any language: what is longer is a loop."""
_BRIEF_SECOND, _BRIEF_BESIDE = 9, 6
"""The same for a text that is soon replaced: fast speech in a language whose words Whisper knows."""
_BRIEF_END = 0.3
"""Seconds: a segment that ends so near the end of the sound is the last one of such a text."""
SURE_SECONDS = 3.0
"""What is shorter is often taken for a language that sounds like it: "Arrête !" alone for Japanese."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """``tokens``: text and times, without controls. ``log_probability``: the mean of a token. ``no_speech``: how
    probable it is that nobody speaks. ``temperature``: at which it was sampled."""

    tokens: tuple[int, ...]
    language: str
    log_probability: float
    no_speech: float
    temperature: float

    @property
    def made_up(self) -> bool:
        return guards.nobody_speaks(self.no_speech, self.log_probability)


@dataclass
class Whisper:
    """``uniform``: random numbers in [0, 1), for temperatures above 0."""

    encoder: Graph
    decoder: Graph
    tokens: WhisperTokens
    uniform: Callable[[], float]

    async def decode(
        self,
        samples: Samples,
        language: str | None,
        before: Sequence[int],
        cancel: CancelToken,
        *,
        likely: Sequence[str] = (),
        brief: bool = False,
    ) -> Decoded:
        """What is said in ``samples``, at most 30 s at 16 kHz. ``language``: None to detect it, in less than
        ``SURE_SECONDS`` among the ``likely`` ones, if there are any. ``before``: tokens of the window before.
        ``brief``: the text is soon replaced; it is the likeliest one at once, and ends where the sound does, or where
        it begins again. Raises Cancelled."""
        seconds = min(len(samples) / RATE, MOST_FRAMES / FRAMES_A_SECOND)
        await self.encoder.run({"mel": log_mel(samples, frames_for(seconds))}, [])
        among = [code for code in likely if code in self.tokens.languages] if seconds < SURE_SECONDS else []
        attempt = partial(self._attempt, seconds, language, among, brief, cancel)
        best: Decoded | None = None
        for temperature in TEMPERATURES[:1] if brief else TEMPERATURES:
            cancel.raise_if_cancelled()
            # A loop is often begun by the text before: it isn't shown again.
            shown = before if temperature <= 0.4 else ()
            found = await attempt(shown, temperature)
            looped = guards.repeated(found.tokens)
            if looped:
                found = replace(found, tokens=found.tokens[: len(found.tokens) - looped])
            if best is None or found.log_probability > best.log_probability:
                best = found
            doubtful = guards.doubtful(self.tokens.text(found.tokens), found.log_probability)
            if found.no_speech > guards.NO_SPEECH or not (looped or doubtful):
                return found
        assert best is not None
        return best

    async def _attempt(
        self,
        seconds: float,
        language: str | None,
        among: Sequence[str],
        brief: bool,
        cancel: CancelToken,
        before: Sequence[int],
        temperature: float,
    ) -> Decoded:
        await self.decoder.reset()
        tokens = self.tokens
        shown = [tokens.before, *before[-(_MOST_TOKENS - 1) :]] if before else []
        first = await self._logits([*shown, tokens.start])
        no_speech = float(np.exp(log_softmax(first)[tokens.no_speech]))
        code = language or likeliest_language(tokens, first, among)
        said: list[int] = []
        total, new = 0.0, [tokens.languages[code], tokens.transcribe]
        rules = TokenRules(tokens, seconds, len(first))
        a_second, beside = (_BRIEF_SECOND, _BRIEF_BESIDE) if brief else (_TOKENS_A_SECOND, _TOKENS_BESIDE)
        longest = min(_MOST_TOKENS, round(seconds * a_second) + beside)
        last = tokens.times + round(max(0.0, seconds - _BRIEF_END) / TIME_STEP)
        while True:
            cancel.raise_if_cancelled()
            logits = rules.applied(await self._logits(new), said)
            chosen = int(logits.argmax()) if not temperature else self._sampled(logits / temperature)
            total += float(log_softmax(logits)[chosen])
            if chosen == tokens.end or len(said) >= longest or guards.repeated(said):
                return Decoded(tuple(said), code, total / (len(said) + 1), no_speech, temperature)
            said.append(chosen)
            again = guards.said_again([token for token in said if not tokens.is_time(token)]) if brief else 0
            if again or (brief and chosen >= last and len(said) > 1):
                count = len(said)
                while again:
                    again -= not tokens.is_time(said.pop())
                return Decoded(tuple(said), code, total / count, no_speech, temperature)
            new = [chosen]

    async def _logits(self, new: Sequence[int]) -> NDArray[np.float32]:
        """After the ``new`` tokens."""
        out = await self.decoder.run({"tokens": np.array([new], np.int64)}, ["logits"])
        return np.asarray(out["logits"], np.float32).reshape(-1)

    def _sampled(self, logits: NDArray[np.float32]) -> int:
        cumulative = np.cumsum(np.exp(log_softmax(logits)).astype(np.float64))
        return int(np.searchsorted(cumulative, self.uniform() * cumulative[-1], side="right").clip(0, len(logits) - 1))


def likeliest_language(tokens: WhisperTokens, logits: NDArray[np.float32], among: Sequence[str] = ()) -> str:
    """By the logits after the start token. ``among``: () for all."""
    return max(among or tokens.languages, key=lambda code: float(logits[tokens.languages[code]]))


def frames_for(seconds: float) -> int:
    """How many mel frames a window of ``seconds`` gets, silence behind it included: an even number."""
    wanted = (seconds + _SILENCE_BEHIND) * FRAMES_A_SECOND
    return int(min(MOST_FRAMES, max(_LEAST_FRAMES, -(-wanted // _FRAMES_STEP) * _FRAMES_STEP)))
