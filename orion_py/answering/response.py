"""Builds the Response that an answer ends in: from a model, or from an agent that needed none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orion_py import __version__
from orion_py.agents.base import Brief
from orion_py.generation.answer import Answer
from orion_py.generation.prompt import Prompt
from orion_py.generation.transcript import StreamStats
from orion_py.protocol import FinishReason, InferOptions, Response, Routing, StreamStatistics, Usage
from orion_py.routing.base import RoutingDecision
from orion_py.runtime.loaded_model import LoadedModel


@dataclass(frozen=True, slots=True)
class Timing:
    """``phases``: ms spent in each state. ``first_piece`` and ``total``: ms since the arrival."""

    phases: dict[str, float]
    total: float
    first_piece: float | None


def from_model(
    agent: str,
    decision: RoutingDecision,
    brief: Brief,
    model: LoadedModel,
    prompt: Prompt,
    answer: Answer,
    time: Timing,
    stream: StreamStatistics,
) -> Response:
    """What ``model`` answered for ``agent``."""
    return Response(
        content=answer.text,
        agent=agent,
        routing=routing_of(decision),
        finish_reason=answer.finish,
        loops=answer.loops,
        usage=Usage(
            prompt=prompt.length,
            cached=answer.cached,
            completion=len(answer.tokens),
            drafted=answer.drafted,
            accepted=answer.accepted,
            cut=answer.cut,
        ),
        timings=_timings(answer, time),
        tokens_per_second=answer.tokens_per_second,
        backend=model.label,
        model=model.manifest.model,
        model_version=model.manifest.version,
        seed=answer.seed,
        notes=dict(brief.notes),
        stream=stream,
    )


def statistics(stats: StreamStats, options: InferOptions) -> StreamStatistics:
    """The transcript's own count, as it crosses to the page."""
    rate = stats.tokens_per_second
    return StreamStatistics(
        granularity=options.granularity,
        delay_ms=options.delay_ms,
        pieces=stats.pieces,
        characters=stats.characters,
        tokens=stats.tokens,
        first_ms=None if stats.first_ms is None else round(stats.first_ms, 3),
        ms=round(stats.ms, 3),
        tokens_per_second=None if rate is None else round(rate, 3),
    )


def from_agent(agent: str, decision: RoutingDecision, brief: Brief, seed: int, time: Timing) -> Response:
    """What ``agent`` computed without a model; ``brief.answered_by`` takes the place of the model's name."""
    return Response(
        content=brief.assistant_prefix,
        agent=agent,
        routing=routing_of(decision),
        finish_reason="stop",
        usage=Usage(prompt=0, cached=0, completion=0),
        timings={name: round(ms, 3) for name, ms in (time.phases | {"total": time.total}).items()},
        tokens_per_second=None,
        backend=brief.answered_by,
        model=brief.answered_by,
        model_version=__version__,
        seed=seed,
        notes=dict(brief.notes),
    )


def from_steps(
    *,
    agent: str,
    decision: RoutingDecision,
    notes: Mapping[str, Any],
    steps: Sequence[Response],
    content: str,
    time: Timing,
    stream: StreamStatistics,
    finish: FinishReason,
) -> Response:
    """What a skill answered: usage and timings are the sums of its ``steps``, of which the last says the model. A skill
    that asked no model says "skill" in its place."""
    last = steps[-1] if steps else None
    summed = {name: sum(step.timings.get(name, 0.0) for step in steps) for name in _COMPUTED}
    phases = {name: time.phases.get(phase, 0.0) for name, phase in _PHASES.items()}
    timings = phases | summed | {"total": time.total}
    if time.first_piece is not None:
        timings["first_token"] = time.first_piece
    seconds = summed["decode"] / 1000
    tokens = sum(step.usage.completion for step in steps)
    return Response(
        content=content,
        agent=agent,
        routing=routing_of(decision),
        finish_reason=finish,
        loops=max((step.loops for step in steps), default=0),
        usage=Usage(
            **{name: sum(getattr(step.usage, name) for step in steps) for name in Usage.model_fields},
        ),
        timings={name: round(ms, 3) for name, ms in timings.items()},
        tokens_per_second=tokens / seconds if seconds > 0 and tokens > 1 else None,
        backend=last.backend if last else "skill",
        model=last.model if last else "skill",
        model_version=last.model_version if last else __version__,
        seed=last.seed if last else 0,
        notes=dict(notes),
        stream=stream if steps else None,
    )


_COMPUTED = ("prefill", "decode", "engine", "beside")
_PHASES = {"validating": "validating", "routing": "routing", "loading": "loading_agent"}


def _timings(answer: Answer, time: Timing) -> dict[str, float]:
    timings = {
        "validating": time.phases.get("validating", 0.0),
        "routing": time.phases.get("routing", 0.0),
        "loading": time.phases.get("loading_agent", 0.0),
        "prefill": answer.prefill * 1000,
        "decode": answer.decode * 1000,
        "engine": (answer.decode - answer.waiting) * 1000,
        "beside": answer.beside * 1000,
        "total": time.total,
    }
    if "hearing" in time.phases:
        timings["hearing"] = time.phases["hearing"]
    if time.first_piece is not None:
        timings["first_token"] = time.first_piece
    return {name: round(ms, 3) for name, ms in timings.items()}


def routing_of(decision: RoutingDecision) -> Routing:
    """The decision as it crosses to the page."""
    return Routing(
        agent=decision.agent,
        router=decision.router,
        reason=decision.reason,
        confidence=decision.confidence,
        probabilities=decision.probabilities,
        runner_up=decision.runner_up,
    )
