"""Whatever disturbs answers (stops, cancels, cuts, reading ahead, restored rows, a failing step), each that comes whole
has the tokens of single steps over a cache of its own."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orion_py.cancellation import CancelToken, ended_by
from orion_py.errors import Cancelled, RuntimeFailure
from orion_py.generation.constraint import Constrain, Constraint
from orion_py.generation.decoder import DecodeStats, decode
from orion_py.generation.sampling import Sampler, SamplingParams
from orion_py.manifest.variants import Variant
from orion_py.runtime.base import BuildReport, Logits
from orion_py.runtime.loaded_model import LoadedModel
from orion_py.runtime.prefixes import Prefix
from tests.running_sessions import RunsByForward
from tests.tiny import LetterTokenizer, manifest

VOCAB, CONTEXT, EOS = 24, 96, 0
KERNEL = Variant(id="kernel", engine="kernel", backend="wasm", exact=False, tolerance_kl=0.1)
PENALISED = SamplingParams(temperature=0.9, top_k=9, top_p=0.9, repetition_penalty=1.2)


def logits_of(rows: Sequence[int]) -> Logits:
    """Of the last row, as all rows before it have it: a wrong one anywhere is another answer. Texts go in circles, so
    that drafts are made and come true."""
    logits = np.random.default_rng(abs(hash(tuple(rows[-40:])))).normal(0, 2, VOCAB).astype(np.float32)
    logits[1 + (rows[-1] * 5 + len(rows) // 29) % 6] += 9
    logits[EOS] -= 3
    return logits


@dataclass
class StrictSession:
    """One call at a time, over rows that are really there; its logits come in one array that it writes over."""

    chance: random.Random
    failures: float = 0.0
    rows: list[int] = field(default_factory=list)
    busy: bool = False
    interrupted: bool = False
    kept: dict[str, list[int]] = field(default_factory=dict)
    closed: bool = False
    threads: int = 2

    def __post_init__(self) -> None:
        self._logits = np.zeros((8, VOCAB), np.float32)

    async def _takes(self) -> None:
        for _ in range(self.chance.choice((0, 0, 1, 2, 5))):
            await asyncio.sleep(0)

    async def _call(self, tokens: Sequence[int], position: int, verify: bool) -> Logits:
        assert not self.busy, "two calls at once"
        assert 0 <= position <= len(self.rows), "a gap in the cache"
        assert tokens
        assert position + len(tokens) <= CONTEXT
        self.busy, self.interrupted = True, False
        try:
            self.rows = self.rows[:position]
            self._logits.fill(np.nan)
            for first in range(0, len(tokens), 4):
                await self._takes()
                if self.interrupted:
                    raise Cancelled  # between two layers; the parts before stay
                self.rows += tokens[first : first + 4]
            if self.chance.random() < self.failures:
                self.rows = self.rows[:position]
                raise RuntimeFailure("a step failed")
            count = len(tokens) if verify else 1
            for row in range(count):
                end = len(self.rows) - count + row + 1
                self._logits[row] = logits_of(self.rows[:end])
            return self._logits[:count] if verify else self._logits[0]
        finally:
            self.busy = False

    async def forward(self, tokens: Sequence[int], position: int) -> Logits:
        return await self._call(tokens, position, verify=False)

    async def verify(self, tokens: Sequence[int], position: int) -> Logits:
        assert len(tokens) <= 8
        return await self._call(tokens, position, verify=True)

    async def keep_rows(self, prefix: Prefix, budget: int) -> int:
        assert not self.busy
        self.kept[prefix.key] = self.rows[: prefix.rows]
        await self._takes()
        return len(self.kept[prefix.key])

    async def restore_rows(self, key: str, rows: int) -> bool:
        assert not self.busy
        self.busy = True
        await self._takes()
        self.busy = False
        if key not in self.kept or self.chance.random() < 0.2:
            return False
        self.rows = list(self.kept[key])
        return True

    async def interrupt(self) -> None:
        await self._takes()
        self.interrupted = True

    async def ping(self) -> None:
        return None

    async def memory_bytes(self) -> int:
        return 0

    async def close(self) -> None:
        self.closed = True


class RunningSession(RunsByForward, StrictSession):
    """One that chooses tokens itself, and tells some at a time."""

    def tells(self) -> bool:
        return self.chance.random() < 0.4

    async def rests(self) -> None:
        await self._takes()
        self.stopped = self.stopped or self.interrupted

    def stop(self) -> None:
        super().stop()
        self.interrupted = True


def model_with(session: StrictSession) -> LoadedModel:
    report = BuildReport("kernel", 2, 0.0, 0.0, 0)
    return LoadedModel(manifest(), KERNEL, session, LetterTokenizer(), report, CONTEXT)  # type: ignore[arg-type]


def constraint_of(seed: int) -> Constrain | None:
    if seed % 3:
        return None
    return lambda tokens: Constraint(barred=(1 + len(tokens) % 7, EOS)) if len(tokens) % 2 else None


def alone(prompt: Sequence[int], seed: int, most: int) -> list[int]:
    """What the answer has to be."""
    sampler, constrain = Sampler(PENALISED, seed), constraint_of(seed)
    tokens = list(prompt)
    while len(tokens) - len(prompt) < most and len(tokens) < CONTEXT:
        token = sampler.sample(logits_of(tokens), tokens, constrain(tokens) if constrain else None)
        if token == EOS:
            break
        tokens.append(token)
    return tokens[len(prompt) :]


async def answered(model: LoadedModel, prompt: Sequence[int], seed: int, most: int, chance: random.Random) -> None:
    """One answer, stopped by its reader, cancelled, or whole."""
    cancel, taken = CancelToken(), []
    stop_after = chance.choice((None, None, 1, 2, 3, 7))
    cancel_after = chance.choice((None, None, None, 0, 1, 3, 9, 20, 40))

    async def canceller() -> None:
        for _ in range(cancel_after or 0):
            await asyncio.sleep(0)
        cancel.cancel()

    disturbing = asyncio.ensure_future(canceller()) if cancel_after is not None else None
    expected = alone(prompt, seed, most)
    tokens = decode(
        model,
        prompt,
        Sampler(PENALISED, seed),
        max_tokens=most,
        cancel=cancel,
        clock=lambda: 0.0,
        stats=DecodeStats(),
        constrain=constraint_of(seed),
    )
    whole = False
    try:
        async for token in tokens:
            taken.append(token)
            for _ in range(chance.choice((0, 0, 0, 1, 4))):
                await asyncio.sleep(0)
            if len(taken) == stop_after:
                break
        else:
            whole = True
    except Cancelled:
        assert cancel.cancelled, "nobody cancelled it"
    except RuntimeFailure:
        assert model._session.failures  # type: ignore[attr-defined]
    finally:
        await tokens.aclose()  # type: ignore[attr-defined]
        if disturbing is not None:
            disturbing.cancel()
    assert taken == expected[: len(taken)]
    if whole:
        assert taken == expected


async def between(model: LoadedModel, prompts: list[list[int]], chance: random.Random) -> None:
    what = chance.choice(("nothing", "ahead", "keep", "restore", "restore"))
    prompt = chance.choice(prompts)
    if what == "ahead":
        at = model.cached_prefix([*prompt, -1])
        piece = prompt[at : at + chance.randrange(1, 9)]
        if piece:
            cancel = CancelToken()
            asyncio.get_running_loop().call_soon(cancel.cancel)
            with suppress(Cancelled, RuntimeFailure):
                await ended_by(model.forward(piece, at), cancel if chance.random() < 0.5 else CancelToken())
    rows = min(len(prompt), chance.choice((3, 6, 12)))
    key = str(prompt[:rows])
    if what == "keep":
        await model.keep_rows(Prefix(key, "m", "a", "e", rows), prompt[:rows], 10**6)
    if what == "restore":
        work = model.restore_rows(key, prompt[:rows])
        cancel = CancelToken()
        if chance.random() < 0.5:
            asyncio.get_running_loop().call_soon(cancel.cancel)
        with suppress(Cancelled):
            await ended_by(work, cancel)


async def run(seed: int, failures: float, kind: type[StrictSession]) -> None:
    chance = random.Random(seed)
    session = kind(chance, failures)
    model = model_with(session)
    first = [chance.randrange(1, VOCAB) for _ in range(12)]
    prompts = [first]
    for _ in range(8):
        await between(model, prompts, chance)
        base = chance.choice(prompts)[: chance.randrange(1, 40)]
        prompt = [*base, *(chance.randrange(1, VOCAB) for _ in range(chance.randrange(1, 9)))][:CONTEXT]
        prompts.append(prompt)
        await answered(model, prompt, chance.randrange(100), chance.choice((1, 2, 5, 30, 200)), chance)
        if chance.random() < 0.3:
            for _ in range(20):
                await asyncio.sleep(0)
        if not session.busy and not model._turn.locked():
            assert model._held == session.rows[: len(model._held)]
    for _ in range(40):
        await asyncio.sleep(0)
    assert model._held == session.rows[: len(model._held)]


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from((0.0, 0.03)))
@pytest.mark.filterwarnings("error")
def test_each_answer_is_that_of_single_steps(seed: int, failures: float) -> None:
    asyncio.run(run(seed, failures, StrictSession))


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from((0.0, 0.03)))
@pytest.mark.filterwarnings("error")
def test_each_answer_of_runs_is_that_of_single_steps(seed: int, failures: float) -> None:
    asyncio.run(run(seed, failures, RunningSession))
