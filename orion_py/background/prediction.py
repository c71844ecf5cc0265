"""Loads the next agent's model before a question needs it, while nothing else is running.

It guesses only when the next agent is likely enough, moves only what lies on the device already,
and ends for it nothing that is in use or that answered last. The next question judges the guess: a
hit if it wants that model, else wasted, or cancelled when it was still loading.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, cast

from orion_py.background.agent_sequence import AgentSequence
from orion_py.cancellation import CancelToken
from orion_py.errors import Cancelled, OrionError
from orion_py.protocol import ENGINE_ID, PredictionEvent
from orion_py.protocol.rows import PredictionRow
from orion_py.registry.models import ModelEntry
from orion_py.residency.manager import ModelManager
from orion_py.resilience.breakers import Breakers
from orion_py.storage.settings import Settings
from orion_py.telemetry.metrics import Metrics

KEY = "transitions"
THRESHOLD = 0.6
"""Two sightings in a row: (1 + DECAY) / (1 + DECAY + PRIOR) = 0.66; one makes 0.5."""


@dataclass(slots=True)
class _Guess:
    agent: str
    entry: ModelEntry
    probability: float
    cancel: CancelToken = field(default_factory=CancelToken)
    bytes: int = 0
    """What it takes in memory; 0 while it loads."""


class PredictiveLoader:
    """``model_of`` names the model that an agent would use, or None. ``idle``: nothing runs or waits."""

    def __init__(
        self,
        manager: ModelManager,
        breakers: Breakers,
        settings: Settings,
        metrics: Metrics,
        emit: Callable[[PredictionEvent], None],
        model_of: Callable[[str], ModelEntry | None],
        idle: Callable[[], bool],
        threshold: float = THRESHOLD,
    ) -> None:
        self._manager, self._breakers, self._settings, self._metrics = manager, breakers, settings, metrics
        self._emit, self._model_of, self._idle, self._threshold = emit, model_of, idle, threshold
        self._sequence = AgentSequence()
        self._last: tuple[str, str] | None = None
        self._guess: _Guess | None = None
        self._totals = {"started": 0, "done": 0, "cancelled": 0, "failed": 0, "hit": 0, "wasted": 0}
        self._wasted_bytes = 0

    async def recall(self) -> None:
        """Continues from what earlier visits learnt."""
        self._sequence.restore(await self._settings.get(KEY))

    async def on_answered(self, agent: str, model_id: str) -> None:
        """Learns that ``agent`` answered with that model, after the agent before it."""
        if self._last is not None:
            last = self._last[0]
            self._sequence.observe(last, agent)
            await self._settings.update(KEY, lambda text: _observed(text, last, agent))
        if self._last is not None and model_id not in self._manager.loaded:
            model_id = self._last[1]  # it took no model: the one at hand stays so
        self._last = (agent, model_id)

    def on_model_needed(self, model_id: str) -> None:
        """A request needs this model now: the guess is judged, and gives way at once unless it is
        the same, whose load the request joins."""
        guess, self._guess = self._guess, None
        if guess is None:
            return
        if guess.entry.id == model_id:
            self._say(guess, "hit")
        elif guess.bytes:
            self._wasted_bytes += guess.bytes
            self._metrics.count("preload.wasted_bytes", guess.bytes)
            self._say(guess, "wasted")
        else:
            self._manager.cancel_loading(guess.entry.id, unless_awaited_by=2)
            guess.cancel.cancel()
            self._say(guess, "cancelled")

    async def preload(self) -> None:
        """Loads the likeliest next model if memory and connection allow. Never raises: no request waits for it."""
        try:
            guess = await self._next()
        except OrionError:
            return  # a kept manifest that can't be read: the load itself will say so
        if guess is None or not self._idle():
            return
        self._guess = guess
        self._say(guess, "started")
        try:
            keep = {self._last[1]} if self._last else set[str]()
            model = await self._manager.acquire(guess.entry, guess.cancel, keep)
        except OrionError as error:
            if self._guess is guess:
                self._guess = None
                self._say(guess, "cancelled" if isinstance(error, Cancelled) else "failed")
            return
        await self._manager.release(model)
        if self._guess is guess:
            guess.bytes = model.report.memory_bytes or self._manager.opener.ladder.expected_bytes(guess.entry)
            self._say(guess, "done")

    def status(self) -> PredictionRow:
        """Totals, ``hit_rate`` (of those judged, None before), ``wasted_bytes``, and what is likely next."""
        judged = self._totals["hit"] + self._totals["wasted"] + self._totals["cancelled"]
        likely = self._sequence.following(self._last[0])[:3] if self._last else []
        return {
            **cast(PredictionRow, self._totals),
            "hit_rate": self._totals["hit"] / judged if judged else None,
            "wasted_bytes": self._wasted_bytes,
            "next": [{"agent": agent, "probability": round(p, 4)} for agent, p in likely],
        }

    async def _next(self) -> _Guess | None:
        if self._guess is not None or self._last is None:
            return None
        agent, probability = next(iter(self._sequence.following(self._last[0])), ("", 0.0))
        entry = self._model_of(agent) if probability >= self._threshold else None
        if entry is None or entry.id in self._manager.loaded or entry.id in self._manager.loading:
            return None
        if self._breakers.model(entry.id).state != "closed" or not self._manager.has_room(entry, {self._last[1]}):
            return None
        return _Guess(agent, entry, probability) if await self._manager.opener.source.stored(entry) else None

    def _say(self, guess: _Guess, state: Literal["started", "done", "cancelled", "failed", "hit", "wasted"]) -> None:
        self._totals[state] += 1
        self._metrics.count(f"preload.{state}")
        probability = round(guess.probability, 4)
        self._emit(
            PredictionEvent(id=ENGINE_ID, model=guess.entry.id, agent=guess.agent, probability=probability, state=state)
        )


def _observed(text: str | None, previous: str, following: str) -> str:
    """What all tabs have counted, and one more."""
    counted = AgentSequence()
    counted.restore(text)
    counted.observe(previous, following)
    return counted.export()
