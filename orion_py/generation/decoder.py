"""The decode loop: prompt in, tokens out, one model step at a time.

A step can verify a draft: it runs the last token and some guessed ones at once, and each row of its
logits is sampled as if it came alone, in the order and with the randomness of single steps. While what
is sampled is what was guessed, the next row holds; the first token that differs is itself the next one,
and the rows behind it are dropped. So the tokens are the same with and without drafts.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass

from orion_py.cancellation import CancelToken, until_cancelled
from orion_py.errors import Cancelled, InferenceTimeout
from orion_py.generation.sampling import Sampler
from orion_py.generation.speculation import Speculation
from orion_py.loading.loaded_model import LoadedModel
from orion_py.protocol import FinishReason
from orion_py.runtime.base import Logits


@dataclass(slots=True)
class DecodeStats:
    """Filled while decoding. Times in seconds; ``waiting`` is what the model took of ``decode``.
    ``drafted``: guessed tokens that were verified; ``accepted``: those that came true."""

    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    drafted: int = 0
    accepted: int = 0
    prefill: float = 0.0
    decode: float = 0.0
    waiting: float = 0.0
    finish: FinishReason = "stop"


async def _step(model: LoadedModel, step: Awaitable[Logits], cancel: CancelToken, timeout: float | None) -> Logits:
    try:
        return await until_cancelled(step, cancel, timeout)
    except Cancelled:
        await model.interrupt()
        raise
    except TimeoutError:
        await model.close()  # whoever asks next gets another worker, and doesn't wait behind this step
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
    speculate: bool = True,
) -> AsyncIterator[int]:
    """Yields token ids after ``prompt`` until the model ends its turn, ``max_tokens``, the end of
    the context (both "length") or ``total_timeout`` seconds ("timeout"); the end token isn't yielded.

    ``prompt`` may hold the start of an answer already: that is how an answer goes on after its
    worker was replaced. ``speculate``: verify drafts where the model can and it pays.
    Raises Cancelled, InferenceTimeout, and RuntimeFailure from the session.
    """
    eos = frozenset(model.manifest.eos_tokens)
    tokens = list(prompt)
    cached = model.cached_prefix(tokens)
    stats.prompt_tokens, stats.cached_tokens = len(tokens), cached
    started = clock()
    deadline = None if total_timeout is None else started + total_timeout
    # A long prompt takes longer than a token: the time-out is per call of about this many tokens.
    prefill_timeout = None if step_timeout is None else step_timeout * (1 + (len(tokens) - cached) / 256)
    rows = [await _step(model, model.forward(tokens[cached:], cached), cancel, prefill_timeout)]
    stats.prefill = clock() - started
    begun = clock()
    speculation = Speculation(tokens, model.verifies) if speculate and model.verifies and max_tokens > 1 else None
    draft: list[int] = []
    run = len(tokens)
    try:
        while True:
            for index, logits in enumerate(rows):
                cancel.raise_if_cancelled()
                run = len(tokens)
                token = sampler.sample(logits, tokens)
                if token in eos:
                    stats.finish = "stop"
                    return
                as_drafted = index < len(draft) and token == draft[index]
                stats.accepted += as_drafted
                stats.completion_tokens += 1
                tokens.append(token)
                yield token
                if stats.completion_tokens >= max_tokens or len(tokens) >= model.context:
                    stats.finish = "length"
                    return
                if deadline is not None and clock() >= deadline:
                    stats.finish = "timeout"
                    return
                if speculation is not None:
                    speculation.observe(token)
                if not as_drafted:
                    break
            if speculation is not None:
                # One token more than is accepted comes of a step.
                room = min(max_tokens - stats.completion_tokens, model.context - len(tokens)) - 1
                draft = speculation.propose(room)
                stats.drafted += len(draft)
            called = clock()
            position = len(tokens) - 1
            if draft:
                verified = model.verify([tokens[-1], *draft], position)
                rows = list(await _step(model, verified, cancel, step_timeout))
            else:
                rows = [await _step(model, model.forward(tokens[-1:], position), cancel, step_timeout)]
            waited = clock() - called
            stats.waiting += waited
            if speculation is not None:
                speculation.timed(len(rows), waited)
    finally:
        # What single steps wouldn't have run, the next question runs as after single steps.
        model.drop(run)
        stats.decode = clock() - begun
