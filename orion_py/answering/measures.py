"""Measures loads and answers, and reports them as metric events with percentiles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from orion_py.protocol import ENGINE_ID, MetricEvent, MetricName, ProgressEvent, Response
from orion_py.telemetry.metrics import Metrics

_TIMINGS: tuple[MetricName, ...] = ("first_token", "routing", "total")
Unit = Literal["ms", "tokens/s", "tokens"]


class Measures:
    """Feeds ``metrics``, whose histograms are named as the events are, and emits each value.

    ``clock`` in seconds; ``slow_call_s``: the pace, in seconds, beyond which an answer counts as slow.
    """

    def __init__(
        self,
        metrics: Metrics,
        clock: Callable[[], float],
        emit: Callable[[MetricEvent], None],
        slow_call_s: float,
    ) -> None:
        self._metrics, self._clock, self._emit, self.slow_call_s = metrics, clock, emit, slow_call_s
        self._loads: dict[str, float] = {}
        """When each load under way began, by its model."""

    def load(self, event: ProgressEvent) -> None:
        """Times a load from its first event to the one that says that it is ready."""
        if event.phase == "initializing":
            self._loads[event.model] = self._clock()
        elif event.phase == "ready" and event.model in self._loads:
            self._observe(ENGINE_ID, "loading", (self._clock() - self._loads.pop(event.model)) * 1000)

    def paced(self, request: str, seconds: float) -> None:
        """An answer's pace, as ``Answer.pace_s``: what its circuit breaker judges."""
        slow = seconds > self.slow_call_s
        if slow:
            self._metrics.count("slow_calls")
        self._observe(request, "pace", seconds * 1000, slow=slow)

    def answered(self, request: str, response: Response) -> None:
        """An answer with its timings. An answer without a model has no inference to time."""
        self._metrics.count("answers")
        timings = response.timings
        for name in _TIMINGS:
            if name in timings:
                self._observe(request, name, timings[name])
        if "decode" in timings:
            self._observe(request, "inference", timings.get("prefill", 0.0) + timings["decode"])
        if response.tokens_per_second:
            self._observe(request, "tokens_per_second", response.tokens_per_second, unit="tokens/s")
        if response.usage.prompt:
            self._observe(request, "cached_tokens", response.usage.cached, unit="tokens")

    def _observe(self, id: str, name: MetricName, value: float, *, unit: Unit = "ms", slow: bool = False) -> None:
        self._metrics.observe(name, value)
        found = self._metrics.summary(name)
        self._emit(
            MetricEvent(
                id=id,
                name=name,
                value=round(value, 3),
                unit=unit,
                count=int(found["count"]),
                p50=round(found["p50"], 3),
                p95=round(found["p95"], 3),
                slow=slow,
            )
        )
