"""The decode loop: prompt in, tokens out, one model step at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from orion_py.cancellation import CancelToken, until_cancelled
from orion_py.errors import Cancelled, InferenceTimeout
from orion_py.generation.sampling import Sampler
from orion_py.loading.loaded_model import LoadedModel
from orion_py.runtime.base import Logits

FinishReason = Literal["stop", "length", "timeout"]


@dataclass(slots=True)
class DecodeStats:
    """Filled while decoding. Times in seconds; ``waiting`` is what the model took of ``decode``."""

    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    prefill: float = 0.0
    decode: float = 0.0
    waiting: float = 0.0
    finish: FinishReason = "stop"


async def _step(
    model: LoadedModel, tokens: Sequence[int], position: int, cancel: CancelToken, timeout: float | None
) -> Logits:
    try:
        return await until_cancelled(model.forward(tokens, position), cancel, timeout)
    except Cancelled:
        await model.interrupt()
        raise
    except TimeoutError:
        raise InferenceTimeout(f"No token for {timeout:.0f} s.") from None


async def decode(
    model: LoadedModel,
    prompt: Sequence[int],
    sampler: Sampler,
    *,
    max_tokens: int,
    cancel: CancelToken,
    clock: Callable[[], float],
    stats: DecodeStats,
    step_timeout: float | None = None,
    total_timeout: float | None = None,
) -> AsyncIterator[int]:
    """Yields token ids after ``prompt`` until the model ends its turn, ``max_tokens``, the end of
    the context (both "length") or ``total_timeout`` seconds ("timeout"); the end token isn't yielded.

    ``prompt`` may hold the start of an answer already: that is how an answer goes on after its
    worker was replaced. Raises Cancelled, InferenceTimeout, and RuntimeFailure from the session.
    """
    eos = frozenset(model.manifest.eos_tokens)
    tokens = list(prompt)
    cached = model.cached_prefix(tokens)
    stats.prompt_tokens, stats.cached_tokens = len(tokens), cached
    started = clock()
    deadline = None if total_timeout is None else started + total_timeout
    # A long prompt takes longer than a token: the time-out is per call of about this many tokens.
    prefill_timeout = None if step_timeout is None else step_timeout * (1 + (len(tokens) - cached) / 256)
    logits = await _step(model, tokens[cached:], cached, cancel, prefill_timeout)
    stats.prefill = clock() - started
    begun = clock()
    try:
        while True:
            token = sampler.sample(logits, tokens)
            if token in eos:
                stats.finish = "stop"
                return
            stats.completion_tokens += 1
            tokens.append(token)
            yield token
            if stats.completion_tokens >= max_tokens or len(tokens) >= model.context:
                stats.finish = "length"
                return
            if deadline is not None and clock() >= deadline:
                stats.finish = "timeout"
                return
            called = clock()
            logits = await _step(model, tokens[-1:], len(tokens) - 1, cancel, step_timeout)
            stats.waiting += clock() - called
    finally:
        stats.decode = clock() - begun
