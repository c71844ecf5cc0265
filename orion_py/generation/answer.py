"""One answer: prompt tokens in, streamed text and statistics out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from orion_py.cancellation import CancelToken
from orion_py.generation.decoder import DecodeStats, decode
from orion_py.generation.detokenizer import Detokenizer
from orion_py.generation.sampling import Sampler
from orion_py.generation.shaping import Shaper
from orion_py.generation.stops import StopMatcher
from orion_py.loading.loaded_model import LoadedModel
from orion_py.protocol import FinishReason

PACE_TOKENS = 64
PACE_LEAST = 8
"""Fewer tokens than these say nothing of a rate."""


@dataclass(slots=True)
class Answer:
    """An answer in the making. It outlives the model that makes it: when a worker dies, another
    goes on from ``tokens``, and the text already streamed stays as it is."""

    prompt: Sequence[int]
    sampler: Sampler
    seed: int
    stops: Sequence[str]
    on_text: Callable[[str, int], object]
    """Called with a piece of text and the number of tokens so far."""
    max_tokens: int
    shaper: Shaper | None = None
    """What the agent makes of the text before it is shown; stop strings are looked for before it."""
    tokens: list[int] = field(default_factory=list)
    text: str = ""
    finish: FinishReason = "stop"
    prefill: float = 0.0
    decode: float = 0.0
    waiting: float = 0.0
    """Seconds: reading the prompt, decoding, and of that what the model took."""
    cached: int = 0
    speculate: bool = True
    """Whether drafts are verified where the model can; the text is the same either way."""
    drafted: int = 0
    accepted: int = 0
    _matcher: StopMatcher | None = None
    _detokenizer: Detokenizer | None = None

    def open(self, text: str) -> None:
        """Begins the answer with a text that no model said; the prompt has to end with it too."""
        self._say(text)

    async def run(
        self,
        model: LoadedModel,
        cancel: CancelToken,
        clock: Callable[[], float],
        step_timeout: float | None,
        total_timeout: float | None,
    ) -> None:
        """Decodes until the end, or goes on where an earlier run stopped. Raises as ``decode``."""
        if self._matcher is None:
            self._matcher, self._detokenizer = StopMatcher(list(self.stops)), Detokenizer(model.tokenizer)
        assert self._detokenizer is not None
        stats = DecodeStats()
        room = self.max_tokens - len(self.tokens)
        tokens = decode(
            model,
            [*self.prompt, *self.tokens],
            self.sampler,
            max_tokens=room,
            cancel=cancel,
            clock=clock,
            stats=stats,
            step_timeout=step_timeout,
            total_timeout=total_timeout,
            speculate=self.speculate,
        )
        try:
            async for token in tokens:
                self.tokens.append(token)
                emit, stopped = self._matcher.push(self._detokenizer.push(token))
                self._say(emit)
                if stopped or (self.shaper is not None and self.shaper.done):
                    stats.finish = "stop"
                    break
            else:
                emit, stopped = self._matcher.push(self._detokenizer.flush())
                self._say(emit if stopped else emit + self._matcher.flush())
            if self.shaper is not None:
                self._show(self.shaper.finish())
        finally:
            await tokens.aclose()  # type: ignore[attr-defined]
            if not self.prefill:
                self.cached = stats.cached_tokens
            self.finish = stats.finish
            self.prefill += stats.prefill
            self.decode += stats.decode
            self.waiting += stats.waiting
            self.drafted += stats.drafted
            self.accepted += stats.accepted

    @property
    def tokens_per_second(self) -> float | None:
        """Decoding alone: the first token belongs to the prompt's reading. None below two tokens."""
        return (len(self.tokens) - 1) / self.decode if len(self.tokens) > 1 and self.decode > 0 else None

    @property
    def pace_s(self) -> float:
        """Seconds for reading the prompt and writing ``PACE_TOKENS`` at this answer's rate, so that long
        answers and short ones compare; as measured where too few tokens came to tell the rate."""
        count = len(self.tokens)
        return self.prefill + (self.decode * PACE_TOKENS / count if count >= PACE_LEAST else self.decode)

    def _say(self, text: str) -> None:
        self._show(text if self.shaper is None else self.shaper.push(text))

    def _show(self, text: str) -> None:
        if text:
            self.text += text
            self.on_text(text, len(self.tokens))
