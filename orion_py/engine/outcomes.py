"""Records how questions ended: in the log, the metrics and telemetry."""

from __future__ import annotations

from orion_py.answering.measures import Measures
from orion_py.engine.telemetry_subscriber import count_answer, count_failure
from orion_py.errors import Cancelled, OrionError
from orion_py.protocol import Response
from orion_py.telemetry.log import Logger
from orion_py.telemetry.metrics import Metrics
from orion_py.telemetry.telemetry import Telemetry


class Outcomes:
    """``log`` of both methods writes the question's id into each record."""

    def __init__(self, metrics: Metrics, measures: Measures, telemetry: Telemetry) -> None:
        self._metrics, self._measures, self._telemetry = metrics, measures, telemetry

    def failed(self, error: OrionError, log: Logger) -> None:
        count_failure(self._telemetry, error)
        if isinstance(error, Cancelled):
            self._metrics.count("cancelled")
        else:
            self._metrics.count("errors")
            log.error("failed", code=error.code, message=error.message)

    def answered(self, request_id: str, response: Response, log: Logger) -> None:
        count_answer(self._telemetry, response)
        self._measures.answered(request_id, response)
        log.info(
            "answered",
            agent=response.agent,
            model=response.model,
            backend=response.backend,
            tokens=response.usage.completion,
        )
