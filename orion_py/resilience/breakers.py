"""Keeps one circuit breaker for each model ("model:<id>") and each way to compute ("backend:<label>").

What they know is kept on the device, so that a page that is loaded again doesn't run into the same
wall three times more.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from orion_py.errors import (
    BackendUnavailable,
    Cancelled,
    DeviceLost,
    DownloadFailed,
    EngineClosed,
    GoldenMismatch,
    InvalidConfig,
    InvalidInput,
    OrionError,
    ProtocolError,
    QuotaExceeded,
    RuntimeFailure,
    StorageUnavailable,
    TooLarge,
    Unavailable,
    WorkerDied,
)
from orion_py.protocol.rows import BreakerRow
from orion_py.resilience.breaker_states import BreakerPolicy
from orion_py.resilience.circuit_breaker import CircuitBreaker, Listener
from orion_py.storage.settings import Settings

KEY = "breakers"
MOST = 64
"""How many breakers are kept: more than there can be models and backends."""

NOT_COUNTED = (
    Cancelled,
    InvalidInput,
    InvalidConfig,
    ProtocolError,
    EngineClosed,
    Unavailable,
    QuotaExceeded,
    StorageUnavailable,
    TooLarge,
)
BACKEND_ONLY = (BackendUnavailable, DeviceLost, GoldenMismatch)


def is_failure(error: OrionError) -> bool:
    """Whether waiting could help: not after a user's Stop, a bad input or a full disk. A download
    without an HTTP status means that there is no network, which says nothing of the model."""
    if isinstance(error, DownloadFailed):
        return "status" in error.detail
    return not isinstance(error, NOT_COUNTED)


def is_backends(error: OrionError) -> bool:
    """Whether a model's failure speaks against what computes it. A worker that died rather ran out
    of the model's memory."""
    return isinstance(error, RuntimeFailure) and not isinstance(error, WorkerDied)


def is_models(error: OrionError) -> bool:
    """Whether a failure while answering speaks against the model: a lost GPU doesn't."""
    return is_failure(error) and not isinstance(error, BACKEND_ONLY)


class Breakers:
    """Makes breakers when they are first asked for. ``enabled`` False: all stay closed and hear nothing."""

    def __init__(
        self,
        clock: Callable[[], float],
        policy: BreakerPolicy | None = None,
        on_change: Listener = lambda change: None,
        *,
        on_count: Callable[[], None] = lambda: None,
        enabled: bool = True,
    ) -> None:
        self._clock, self._policy = clock, policy or BreakerPolicy()
        self._on_change, self._on_count = on_change, on_count
        self._breakers: dict[str, CircuitBreaker] = {}
        self._unused = CircuitBreaker("off", clock, BreakerPolicy(), counts=lambda error: False)
        self.enabled = enabled

    def model(self, model_id: str) -> CircuitBreaker:
        return self._get(f"model:{model_id}")

    def backend(self, label: str) -> CircuitBreaker:
        """``label`` as ``LoadedModel.label`` gives it."""
        return self._get(f"backend:{label}")

    def adopt(self, policy: BreakerPolicy) -> None:
        """From now on all go by ``policy``; what they counted so far stays."""
        self._policy = policy
        for breaker in self._breakers.values():
            breaker.policy = policy

    def answered(self, model_id: str, label: str, seconds: float = 0.0) -> None:
        """An answer came to its end, at a pace of ``seconds`` a call: that closes what was half open.

        A slow answer counts against the model, which a smaller one may relieve, and against a GPU. Below
        threads there is only one thread, which is slower still.
        """
        self.model(model_id).success(seconds)
        self.backend(label).success(seconds if label == "WebGPU" else 0.0)

    def failed(self, model_id: str, label: str, error: OrionError, seconds: float = 0.0) -> None:
        """An answer broke off after ``seconds``."""
        if is_models(error):
            self.model(model_id).failure(error, seconds)
        if is_backends(error):
            self.backend(label).failure(error, seconds)

    def metrics(self) -> dict[str, BreakerRow]:
        """Each breaker's, by name."""
        return {name: breaker.metrics() for name, breaker in self._breakers.items()}

    async def keep(self, settings: Settings) -> None:
        """Writes the states of these breakers to ``settings``; those that only another tab knows stay."""
        states = {name: breaker.export() for name, breaker in self._breakers.items()}

        def merged(text: str | None) -> str:
            others = {name: state for name, state in _entries(text).items() if name not in states}
            newest = dict(list({**others, **states}.items())[-MOST:])
            return json.dumps({"version": 1, "breakers": newest})

        await settings.update(KEY, merged)

    async def recall(self, settings: Settings) -> None:
        """Goes on from what an earlier visit kept; what is damaged counts as nothing."""
        text = await settings.get(KEY)
        for name, kept in _entries(text).items():
            try:
                self._get(name).restore(kept)
            except InvalidConfig:
                continue

    def _get(self, name: str) -> CircuitBreaker:
        if not self.enabled:
            return self._unused
        if name not in self._breakers:
            self._breakers[name] = CircuitBreaker(
                name,
                self._clock,
                self._policy,
                counts=is_failure,
                on_change=self._on_change,
                on_count=self._on_count,
            )
            self._on_count()
        return self._breakers[name]


def _entries(text: str | None) -> dict[str, Any]:
    try:
        kept = json.loads(text) if text else None
    except (ValueError, RecursionError):
        return {}
    if not isinstance(kept, dict) or kept.get("version") != 1 or not isinstance(kept.get("breakers"), dict):
        return {}
    named = {n: state for n, state in kept["breakers"].items() if n.startswith(("model:", "backend:")) and len(n) < 200}
    return dict(list(named.items())[:MOST])
