"""Decodes a prompt: yields tokens, one model step at a time.

A step can verify a draft: it runs the last token and some guessed ones at once, and each row of its
logits is sampled as if it came alone, in the order and with the randomness of single steps. While what
is sampled is what was guessed, the next row holds; the first token that differs is itself the next one,
and the rows behind it are dropped. So the tokens are the same with and without drafts.

Once a step's last token is chosen the next step begins, and only then is the token handed on: a worker computes
while the token becomes text and is shown. Where that token turns out to be the last one, by a stop string or a
loop, the step that was begun is dropped as a failed draft is.

A session that chooses tokens itself (``runtime.token_runs``) is asked for runs of steps wherever no draft and no
constraint is at hand: it goes on while its tokens travel and become text. They are the tokens of single steps. A draft
that comes up ends the run, behind the tokens that were chosen by then.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import closing
from dataclasses import dataclass

from orion_py.cancellation import CancelToken
from orion_py.generation.constraint import Constrain
from orion_py.generation.sampling import Sampler
from orion_py.generation.speculation import Speculation
from orion_py.generation.steps import Steps
from orion_py.protocol import FinishReason
from orion_py.runtime.base import Logits
from orion_py.runtime.loaded_model import LoadedModel
from orion_py.runtime.segments import Segment, calls_of, tokens_of
from orion_py.runtime.token_runs import RunRequest

RUN_TOKENS = 128
"""Of one run, at most: a message there and back is as nothing beside so many steps."""


@dataclass(slots=True)
class DecodeStats:
    """Filled while decoding. Times in seconds; ``waiting`` is what the model took of ``decode``: single calls from
    their beginning to their rows, and of a run of tokens what the session itself says that it took. ``beside`` is the
    time in which the tokens' consumer was at work while a call or a run was under way. ``drafted``: guessed tokens that
    were verified; ``accepted``: those that came true."""

    cached_tokens: int = 0
    completion_tokens: int = 0
    drafted: int = 0
    accepted: int = 0
    prefill: float = 0.0
    decode: float = 0.0
    waiting: float = 0.0
    beside: float = 0.0
    finish: FinishReason = "stop"


async def decode(
    model: LoadedModel,
    prompt: Sequence[Segment],
    sampler: Sampler,
    *,
    max_tokens: int,
    cancel: CancelToken,
    clock: Callable[[], float],
    stats: DecodeStats,
    step_timeout: float | None = None,
    total_timeout: float | None = None,
    speculate: bool = True,
    constrain: Constrain | None = None,
) -> AsyncIterator[int]:
    """Yields token ids after ``prompt`` until the model ends its turn, ``max_tokens``, the end of
    the context (both "length") or ``total_timeout`` seconds ("timeout"); the end token isn't yielded.

    ``prompt`` holds tokens and embeddings (sampler and ``constrain`` see NO_TOKEN for these), and may hold the
    start of an answer already: that is how an answer goes on after its worker was replaced. ``speculate``: verify
    drafts where the model can and it pays.
    ``constrain``: asked once before each token, with all tokens so far, for the mask and the bias of its choice.
    Raises Cancelled, InferenceTimeout, NothingAllowed, and RuntimeFailure from the session.
    """
    eos = frozenset(model.manifest.eos_tokens)
    tokens = tokens_of(prompt)
    cached = model.cached_prefix(prompt)
    stats.cached_tokens = cached
    started = clock()
    deadline = None if total_timeout is None else started + total_timeout
    # A long prompt takes longer than a token: the time-out is per call of about this many tokens.
    prefill_timeout = None if step_timeout is None else step_timeout * (1 + (len(tokens) - cached) / 256)
    with closing(Steps(model, cancel, clock)) as steps:
        at = cached
        rows: Sequence[Logits | int] = ()
        for inputs in calls_of(prompt, cached):
            steps.begin_prompt(inputs, at, prefill_timeout)
            rows = await steps.rows()
            at += len(inputs)
        stats.prefill = clock() - started
        begun = clock()
        speculation = (
            Speculation(tokens, model.max_draft_tokens, model.variant.engine)
            if speculate and model.max_draft_tokens and max_tokens > 1
            else None
        )
        runs = constrain is None and max_tokens > 1 and model.runs_tokens
        draft: list[int] = []
        run = len(tokens)

        def begin_next() -> list[int]:
            """Begins what follows the tokens so far: with the draft that is verified, if any, else a run or a step."""
            # One token more than is accepted comes of a step.
            draft = [] if speculation is None else speculation.propose(room - 1)
            at = len(tokens) - 1
            if draft or not runs:
                steps.begin([tokens[at], *draft], at, step_timeout)
            else:
                count = min(room, RUN_TOKENS)
                request = RunRequest(tokens[at], at, count, sorted(eos), sampler.choice(count, tokens))
                steps.begin_run(request, step_timeout)
            return draft

        try:
            while True:
                for index, found in enumerate(rows):
                    cancel.raise_if_cancelled()
                    run = len(tokens)
                    if isinstance(found, int):
                        token = found
                        sampler.chose()
                    else:
                        token = sampler.sample(found, tokens, None if constrain is None else constrain(tokens))
                    if token in eos:
                        stats.finish = "stop"
                        return
                    as_drafted = index < len(draft) and token == draft[index]
                    stats.accepted += as_drafted
                    stats.completion_tokens += 1
                    tokens.append(token)
                    if speculation is not None:
                        speculation.observe(token)
                    room = min(max_tokens - stats.completion_tokens, model.context - len(tokens))
                    goes_on = as_drafted or steps.runs or (isinstance(found, int) and index + 1 < len(rows))
                    if room > 0 and not goes_on:
                        draft = begin_next()
                    elif steps.runs and speculation is not None and speculation.propose(room - 1):
                        steps.stop_run()
                    shown = clock()
                    yield token
                    if steps.under_way:
                        stats.beside += clock() - shown
                    if room <= 0:
                        stats.finish = "length"
                        return
                    if deadline is not None and clock() >= deadline:
                        stats.finish = "timeout"
                        return
                    if not goes_on:
                        break
                ran = steps.runs
                rows = await (steps.tokens() if ran else steps.rows())
                stats.waiting += steps.seconds
                stats.drafted += len(draft)
                if not rows:  # the run ended before it chose any more
                    draft = begin_next()
                elif speculation is not None:
                    speculation.timed(1 if ran else len(rows), steps.seconds / (len(rows) if ran else 1))
        finally:
            # What single steps wouldn't have run, the next question runs as after single steps.
            model.drop(run)
            stats.decode = clock() - begun
