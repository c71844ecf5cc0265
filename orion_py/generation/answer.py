"""Makes one answer: prompt in, streamed text and statistics out.

Each token is shown to a ``LoopDetector``. When the model begins to repeat itself, decoding stops, the
answer is cut back to where that began, and it is tried once more from there with other sampling
(``Sampler.again``). If it goes round in circles again, it is cut back and ends.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from orion_py.cancellation import CancelToken
from orion_py.generation.constraint import Constrain, barring, together
from orion_py.generation.decoder import DecodeStats, decode
from orion_py.generation.loops import Loop, LoopDetector
from orion_py.generation.patience import Patience
from orion_py.generation.pipeline import Pipeline
from orion_py.generation.sampling import Sampler
from orion_py.protocol import FinishReason
from orion_py.runtime.loaded_model import LoadedModel
from orion_py.runtime.segments import Segment, tokens_of

PACE_TOKENS = 64
PACE_LEAST = 8
"""Fewer tokens than these say nothing of a rate."""


@dataclass(slots=True)
class Answer:
    """An answer in the making. It outlives the model that makes it: when a worker dies, another
    goes on from ``tokens``, and the text already streamed stays as it is."""

    prompt: Sequence[Segment]
    sampler: Sampler
    seed: int
    pipeline: Pipeline
    """What its text goes through, and where it accumulates."""
    max_tokens: int
    on_token: Callable[[int], object] = lambda count: None
    """Called after each token with how many there are."""
    constrain: Constrain | None = None
    """What each token may be; None: anything."""
    patience: Patience | None = None
    """What is a loop; None: nothing is, and the answer is never cut."""
    on_cut: Callable[[bool], object] = lambda again: None
    """Called when the answer was cut back, with whether it is tried once more: ``text`` is what stands."""
    tokens: list[int] = field(default_factory=list)
    finish: FinishReason = "stop"
    prefill: float = 0.0
    decode: float = 0.0
    waiting: float = 0.0
    beside: float = 0.0
    """Seconds: reading the prompt, decoding, of that what the model took, and of that when text was made of the
    token before."""
    cached: int = 0
    speculate: bool = True
    """Whether drafts are verified where the model can; the text is the same either way."""
    drafted: int = 0
    accepted: int = 0
    loops: int = 0
    """How often the model began to repeat itself: at most twice."""
    cut: int = 0
    """Tokens that were taken back for that."""
    _detector: LoopDetector | None = None

    @property
    def text(self) -> str:
        """All that was passed on so far."""
        return self.pipeline.transcript.text

    def open(self) -> None:
        """Begins the answer with the pipeline's prefix; the prompt has to end with it too."""
        self._watch()
        self.pipeline.open()

    async def run(
        self,
        model: LoadedModel,
        cancel: CancelToken,
        clock: Callable[[], float],
        step_timeout: float | None,
        total_timeout: float | None,
    ) -> None:
        """Decodes until the end, or goes on where an earlier run stopped. Raises as ``decode``."""
        until = None if total_timeout is None else clock() + total_timeout
        while True:
            left = None if until is None else max(0.0, until - clock())
            loop = await self._decode(model, cancel, clock, step_timeout, left)
            if loop is None:
                break
            self._cut(loop)
            if self.loops > 1:
                self.finish = "loop"
                break
        self.pipeline.finish()

    def cut_off(self) -> None:
        """The time was up in the middle of a step: what is said so far is the answer."""
        self.finish = "timeout"
        self.pipeline.finish()

    async def _decode(
        self,
        model: LoadedModel,
        cancel: CancelToken,
        clock: Callable[[], float],
        step_timeout: float | None,
        total_timeout: float | None,
    ) -> Loop | None:
        """Decodes to the answer's end, or to the loop that it returns."""
        stats = DecodeStats()
        tokens = decode(
            model,
            [*self.prompt, *self.tokens],
            self.sampler,
            max_tokens=self.max_tokens - len(self.tokens),
            cancel=cancel,
            clock=clock,
            stats=stats,
            step_timeout=step_timeout,
            total_timeout=total_timeout,
            speculate=self.speculate,
            constrain=self.constrain,
        )
        try:
            async for token in tokens:
                loop = self._take(token)
                self.on_token(len(self.tokens))
                if self.pipeline.done:
                    stats.finish = "stop"
                    return None
                if loop is not None:
                    return loop
            return None
        finally:
            await tokens.aclose()  # type: ignore[attr-defined]
            if not self.prefill:
                self.cached = stats.cached_tokens
            self.finish = stats.finish
            self.prefill += stats.prefill
            self.decode += stats.decode
            self.waiting += stats.waiting
            self.beside += stats.beside
            self.drafted += stats.drafted
            self.accepted += stats.accepted

    def _watch(self) -> None:
        self._detector = None if self.patience is None else LoopDetector(self.patience, self.pipeline.assistant_prefix)

    def _take(self, token: int) -> Loop | None:
        """Adds a token: the loop that it completes."""
        self.tokens.append(token)
        text = self.pipeline.push(token)
        return None if self._detector is None else self._detector.push(token, text)

    def _cut(self, loop: Loop) -> None:
        """Back to where ``loop`` began; from there the sampler is another one, and can't begin as the first did."""
        kept, begun = self.tokens[: loop.keep], frozenset(self.tokens[loop.keep : loop.keep + 1])
        self.loops += 1
        self.cut += len(self.tokens) - loop.keep
        self.sampler = self.sampler.again()
        self.constrain = together(self.constrain, barring(begun, len(tokens_of(self.prompt)) + loop.keep))
        self.tokens = []
        self._watch()
        self.pipeline.rewind()
        for token in kept:
            self._take(token)
        self.pipeline.resume()
        self.on_cut(self.loops == 1)

    @property
    def tokens_per_second(self) -> float | None:
        """Decoding alone: the first token belongs to the prompt's reading. None below two tokens."""
        said = len(self.tokens) + self.cut
        return (said - 1) / self.decode if said > 1 and self.decode > 0 else None

    @property
    def pace_s(self) -> float:
        """Seconds for reading the prompt and writing ``PACE_TOKENS`` at this answer's rate, so that long
        answers and short ones compare; as measured where too few tokens came to tell the rate."""
        count = len(self.tokens) + self.cut
        return self.prefill + (self.decode * PACE_TOKENS / count if count >= PACE_LEAST else self.decode)
