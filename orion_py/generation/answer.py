"""One answer: prompt tokens in, streamed text and statistics out.

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
from orion_py.generation.detokenizer import Detokenizer
from orion_py.generation.loops import Loop, LoopDetector
from orion_py.generation.patience import Patience
from orion_py.generation.sampling import Sampler
from orion_py.generation.shaping import Shaper
from orion_py.generation.stops import StopMatcher
from orion_py.protocol import FinishReason
from orion_py.runtime.loaded_model import LoadedModel
from orion_py.runtime.tokenizer import Tokenizer

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
    new_shaper: Callable[[], Shaper] | None = None
    """What the agent makes of the text before it is shown; stop strings are looked for before it."""
    constrain: Constrain | None = None
    """What each token may be; None: anything."""
    patience: Patience | None = None
    """What is a loop; None: nothing is, and the answer is never cut."""
    on_cut: Callable[[Callable[[], None], bool], object] | None = None
    """Called when the answer was cut back, with what says all that is left of it again, through
    ``on_text``, and with whether it is tried once more. ``on_text`` may be replaced first."""
    tokens: list[int] = field(default_factory=list)
    text: str = ""
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
    _opening: str = ""
    _ended: bool = False
    """By a stop string or by the shaper: nothing that is still held back belongs to it."""
    _shaper: Shaper | None = None
    _matcher: StopMatcher | None = None
    _detokenizer: Detokenizer | None = None
    _detector: LoopDetector | None = None

    def open(self, text: str) -> None:
        """Begins the answer with a text that no model said; the prompt has to end with it too."""
        self._opening = text
        self._shaper = None if self.new_shaper is None else self.new_shaper()
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
            self._prepare(model.tokenizer)
        until = None if total_timeout is None else clock() + total_timeout
        while True:
            left = None if until is None else max(0.0, until - clock())
            loop = await self._decode(model, cancel, clock, step_timeout, left)
            if loop is None:
                break
            self._cut(loop, model.tokenizer)
            if self.loops > 1:
                self.finish = "loop"
                break
        self._close()

    def cut_off(self) -> None:
        """The time was up in the middle of a step: what is said so far is the answer."""
        self.finish = "timeout"
        self._close()

    def _close(self) -> None:
        """Shows what was still held back."""
        if not self._ended and self._matcher is not None and self._detokenizer is not None:
            emit, stopped = self._matcher.push(self._detokenizer.flush())
            self._say(emit if stopped else emit + self._matcher.flush())
        if self._shaper is not None:
            self._show(self._shaper.finish())

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
                loop, stopped = self._take(token)
                if stopped or (self._shaper is not None and self._shaper.done):
                    stats.finish, self._ended = "stop", True
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

    def _prepare(self, tokenizer: Tokenizer) -> None:
        self._matcher, self._detokenizer = StopMatcher(list(self.stops)), Detokenizer(tokenizer)
        self._detector = None if self.patience is None else LoopDetector(self.patience, self._opening)

    def _take(self, token: int) -> tuple[Loop | None, bool]:
        """Adds a token: the loop that it completes, and whether a stop string ended the answer."""
        assert self._matcher is not None
        assert self._detokenizer is not None
        self.tokens.append(token)
        text = self._detokenizer.push(token)
        emit, stopped = self._matcher.push(text)
        self._say(emit)
        return None if self._detector is None else self._detector.push(token, text), stopped

    def _cut(self, loop: Loop, tokenizer: Tokenizer) -> None:
        """Back to where ``loop`` began; from there the sampler is another one, and can't begin as the first did."""
        kept, begun = self.tokens[: loop.keep], frozenset(self.tokens[loop.keep : loop.keep + 1])
        self.loops += 1
        self.cut += len(self.tokens) - loop.keep
        self.sampler = self.sampler.again()
        self.constrain = together(self.constrain, barring(begun, len(self.prompt) + loop.keep))

        def say_again() -> None:
            self.tokens, self.text = [], ""
            self._prepare(tokenizer)
            self.open(self._opening)
            for token in kept:
                self._take(token)

        if self.on_cut is None:
            say_again()
        else:
            self.on_cut(say_again, self.loops == 1)

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

    def _say(self, text: str) -> None:
        self._show(text if self._shaper is None else self._shaper.push(text))

    def _show(self, text: str) -> None:
        if text:
            self.text += text
            self.on_text(text, len(self.tokens))
