"""Samples the next token from logits.

The definitions and their order are those of Hugging Face's ``generate``: repetition penalty
(CTRL, https://arxiv.org/abs/1909.05858: a seen token's logit is divided by the penalty where
positive, multiplied where negative; what counts as seen says ``Penalised``), temperature, top-k
(ties with the k-th are kept), top-p (the smallest set of most probable tokens that holds ``top_p`` of
what is left).

Randomness is ``random.Random(seed)``, one draw a token, so that CPython and Pyodide choose the
same tokens from the same logits. Nothing depends on the order in which numpy's partition happens
to leave equal values, since that differs between machines: equal logits are ordered by id.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from orion_py.errors import InvalidInput, NothingAllowed, RuntimeFailure
from orion_py.generation.constraint import Constraint
from orion_py.runtime.token_runs import Choice

if TYPE_CHECKING:
    from numpy.typing import NDArray

Logits: TypeAlias = "NDArray[np.float32]"
_Ids: TypeAlias = "NDArray[np.intp]"
_Scores: TypeAlias = "NDArray[np.float64]"

_BLOCK = 128
_FIRST_NUCLEUS = 256
_ROUNDING = 1 - 1e-12
"""A sum that misses top_p by a rounding error, as nine tenths of a tie do, must not draw in one token more."""


FREER_BY, FREE_FROM = 0.3, 0.6
"""A second try is warmer by so much, and at least so warm."""
SECOND_PENALTY = 1.15
"""The least of a second try."""


@dataclass(frozen=True, slots=True)
class SamplingParams:
    """temperature 0: greedy. top_k 0 and top_p 1: off. ``seed`` None: the caller draws one."""

    temperature: float = 0.7
    top_p: float = 0.95
    top_k: int = 40
    repetition_penalty: float = 1.0
    seed: int | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.temperature) and self.temperature >= 0):
            raise InvalidInput(f"temperature: {self.temperature} isn't a number from 0 up", path="temperature")
        if not 0 < self.top_p <= 1:
            raise InvalidInput(f"top_p: {self.top_p} isn't above 0 and at most 1", path="top_p")
        if self.top_k < 0:
            raise InvalidInput(f"top_k: {self.top_k} is negative", path="top_k")
        if not (math.isfinite(self.repetition_penalty) and self.repetition_penalty > 0):
            raise InvalidInput(
                f"repetition_penalty: {self.repetition_penalty} isn't above 0", path="repetition_penalty"
            )


@dataclass(frozen=True, slots=True)
class SamplingWishes:
    """What an agent or a caller wants otherwise than the model's own settings; None: as the model has it."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    repetition_penalty: float | None = None

    def over(self, params: SamplingParams) -> SamplingParams:
        """``params`` with these wishes. Raises InvalidInput as SamplingParams does."""
        names = ("temperature", "top_p", "top_k", "repetition_penalty")
        return replace(params, **{name: value for name in names if (value := getattr(self, name)) is not None})


@dataclass(frozen=True, slots=True)
class Penalised:
    """Which tokens of a context count as seen: those from ``start`` on, without ``never``.

    Hugging Face counts the whole prompt. But the words of a question are those that its answer needs,
    and every turn in the prompt ends with the token that ends the answer: a model that is penalised for
    that one goes on and on.
    """

    start: int = 0
    never: frozenset[int] = frozenset()


ALL_OF_IT = Penalised()


class Sampler:
    """Chooses the tokens of one answer; make a new one for the next."""

    def __init__(self, params: SamplingParams, seed: int, penalised: Penalised = ALL_OF_IT) -> None:
        self.params = params
        self._penalises = penalised
        self._random = random.Random(seed)
        self._seen: set[int] = set()
        self._seen_ids = np.empty(256, dtype=np.intp)
        self._read = 0
        self._last = -1

    def again(self) -> Sampler:
        """For a second try after a loop: a warmer sampler that penalises what was said. As reproducible as this one."""
        params = replace(
            self.params,
            temperature=max(FREE_FROM, self.params.temperature + FREER_BY),
            repetition_penalty=max(SECOND_PENALTY, self.params.repetition_penalty),
        )
        return Sampler(params, self._random.getrandbits(53), self._penalises)

    def sample(self, logits: Logits, context: Sequence[int] = (), constraint: Constraint | None = None) -> int:
        """The next token's id.

        ``logits``: float32 [vocab], left as they are. ``context``: the token ids so far, prompt
        included, which grows at its end from call to call (only what is new is read). ``constraint``: this
        step's mask and bias. NaN counts as impossible. Raises RuntimeFailure where no token is possible, and
        NothingAllowed where ``constraint`` leaves none of those that are.
        """
        scores = self._penalised(logits if constraint is None else constraint.applied(logits), context)
        scores, peaks = _without_nan(scores, _every if self.params.temperature == 0 else _peaks)
        best = int(peaks.argmax())
        peak = float(peaks[best])
        if peak == -math.inf:
            if constraint is not None and bool((logits > -np.inf).any()):
                raise NothingAllowed(vocabulary=len(scores))
            raise RuntimeFailure("the model's output holds no number", vocabulary=len(scores))
        if self.params.temperature == 0:
            return best
        if peak == math.inf:  # infinitely likely tokens share all the probability
            ids = np.flatnonzero(scores == peak)
            return int(ids[self._draw(np.ones(len(ids)))])
        if 0 < self.params.top_k < len(scores):
            ids = _at_least_kth(scores, peaks, self.params.top_k)
            return self._choose(ids, self._weights(scores[ids], peak))
        weights = self._weights(scores, peak)
        if self.params.top_p < 1:
            ids = _likeliest(scores, peaks, weights, self.params.top_p)
            return self._choose(ids, weights[ids], total=float(weights.sum()))
        return self._draw(weights)

    def choice(self, count: int, context: Sequence[int] = ()) -> Choice:
        """For a session that chooses the next ``count`` tokens itself, as ``sample`` would. ``context`` as there.
        Report each token that is taken with ``chose``."""
        greedy, penalises = self.params.temperature == 0, self.params.repetition_penalty != 1.0
        if penalises:
            self._observe(context)
        state = self._random.getstate()
        draws = [] if greedy else [self._random.random() for _ in range(count)]
        self._random.setstate(state)
        return Choice(
            temperature=self.params.temperature,
            top_k=self.params.top_k,
            top_p=self.params.top_p,
            penalty=self.params.repetition_penalty,
            seen=self._seen_ids[: len(self._seen)].tolist() if penalises else (),
            never=sorted(self._penalises.never) if penalises else (),
            draws=draws,
        )

    def chose(self) -> None:
        """A token of ``choice`` is taken: its random number is used."""
        if self.params.temperature != 0:
            self._random.random()

    def _penalised(self, logits: Logits, context: Sequence[int]) -> Logits:
        penalty = self.params.repetition_penalty
        if penalty == 1.0:
            return logits
        self._observe(context)
        ids = self._seen_ids[: len(self._seen)]
        if len(ids) == 0:
            return logits
        ids = ids[ids < len(logits)]
        scores = logits.copy()
        values = scores[ids]
        scores[ids] = np.where(values < 0, values * np.float32(penalty), values / np.float32(penalty))
        return scores

    def _observe(self, context: Sequence[int]) -> None:
        """Adds what ``context`` has gained since the last call to the unique ids seen."""
        if len(context) < self._read or (self._read and context[self._read - 1] != self._last):
            self._seen.clear()
            self._read = 0
        for index in range(max(self._read, self._penalises.start), len(context)):
            token = context[index]
            if token >= 0 and token not in self._seen and token not in self._penalises.never:
                if len(self._seen) == len(self._seen_ids):
                    self._seen_ids = np.concatenate([self._seen_ids, np.empty_like(self._seen_ids)])
                self._seen_ids[len(self._seen)] = token
                self._seen.add(token)
        self._read = len(context)
        self._last = context[-1] if context else -1

    def _weights(self, scores: Logits, peak: float) -> _Scores:
        """exp((score - peak) / temperature): unnormalised probabilities, the highest is 1."""
        return np.exp((scores.astype(np.float64) - peak) / self.params.temperature)

    def _choose(self, ids: _Ids, weights: _Scores, total: float | None = None) -> int:
        """One of ``ids`` inside the nucleus. ``total``: all weight there is, these ids' or more."""
        if self.params.top_p < 1:
            order = np.argsort(-weights, kind="stable")
            cumulated = np.cumsum(weights[order])
            enough = self.params.top_p * (float(cumulated[-1]) if total is None else total) * _ROUNDING
            kept = order[: int(np.searchsorted(cumulated, enough, side="left")) + 1]
            ids, weights = ids[kept], weights[kept]
        return int(ids[self._draw(weights)])

    def _draw(self, weights: _Scores) -> int:
        """An index with probability in proportion to its weight; never one of weight 0."""
        cumulated = np.cumsum(weights)
        total = cumulated[-1]
        index = int(np.searchsorted(cumulated, self._random.random() * total, side="right"))
        if index == len(cumulated):  # the product was rounded up to the total
            index = int(np.searchsorted(cumulated, total, side="left"))
        return index


def _every(scores: Logits) -> Logits:
    return scores


def _peaks(scores: Logits) -> Logits:
    """The highest score of each block of them, the last of which may be shorter; NaN where a block holds one.
    (In Pyodide argmax is the fastest way over a vocabulary: it takes half of what max takes.)"""
    whole, rest = _blocks(scores)
    peaks: Logits = whole[np.arange(len(whole)), whole.argmax(axis=1)]
    return np.append(peaks, rest[rest.argmax()]) if len(rest) else peaks


def _blocks(scores: Logits) -> tuple[Logits, Logits]:
    """Scores in rows of a block, and those that are left."""
    end = len(scores) - len(scores) % _BLOCK
    return scores[:end].reshape(-1, _BLOCK), scores[end:]


def _without_nan(scores: Logits, overview: Callable[[Logits], Logits]) -> tuple[Logits, Logits]:
    """Scores with NaN as -inf, and what ``overview`` finds in them, which is NaN where they were."""
    if not len(scores):
        raise RuntimeFailure("the model's output holds no number", vocabulary=0)
    found = overview(scores)
    if math.isnan(found[found.argmax()]):  # to argmax NaN is the highest
        scores = np.where(np.isnan(scores), np.float32(-np.inf), scores)
        found = overview(scores)
    return scores, found


def _at_least_kth(scores: Logits, peaks: Logits, k: int) -> _Ids:
    """Ids, ascending, of all scores not below the k-th highest; ``peaks`` as ``_peaks`` finds them.

    Partitioning a whole vocabulary costs more than sampling may. The k-th highest peak can't be above the k-th
    highest of all, so the blocks that lie below it are dropped first, and few scores are left to partition.
    """
    if len(peaks) <= k:
        return np.flatnonzero(scores >= np.partition(scores, -k)[-k])
    least = np.partition(peaks, -k)[-k]
    whole, rest = _blocks(scores)
    some = np.flatnonzero(peaks[: len(whole)] >= least)
    places = np.flatnonzero(whole[some] >= least)
    ids = some[places // _BLOCK] * _BLOCK + places % _BLOCK
    if len(rest):
        ids = np.concatenate([ids, len(scores) - len(rest) + np.flatnonzero(rest >= least)])
    candidates = scores[ids]
    kept: _Ids = ids[candidates >= np.partition(candidates, -k)[-k]]
    return kept


def _likeliest(scores: Logits, peaks: Logits, weights: _Scores, top_p: float) -> _Ids:
    """Ids that hold at least ``top_p`` of all weight, and with them the whole nucleus."""
    enough = top_p * float(weights.sum())
    count = _FIRST_NUCLEUS
    while count < len(scores):
        ids = _at_least_kth(scores, peaks, count)
        if float(weights[ids].sum()) >= enough:
            return ids
        count *= 4
    return np.arange(len(scores))
