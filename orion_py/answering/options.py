"""Resolves a caller's options against what the model and the agent ask for."""

from __future__ import annotations

from orion_py.agents.base import Brief
from orion_py.answering.infer_request import InferRequest
from orion_py.generation.patience import Patience, patience_for
from orion_py.generation.sampling import SamplingParams, SamplingWishes
from orion_py.protocol import InferOptions
from orion_py.registry.models import ModelSampling


def sampling_for(own: ModelSampling | None, brief: Brief, options: InferOptions, seed: int) -> SamplingParams:
    """The model's ``own`` settings, under the agent's wishes, under the caller's."""
    params = SamplingParams(**({} if own is None else own.model_dump()), seed=seed)
    wishes = SamplingWishes(options.temperature, options.top_p, options.top_k, options.repetition_penalty)
    return wishes.over(brief.sampling.over(params))


def patience_of(request: InferRequest, query: str, brief: Brief) -> Patience | None:
    """What of the answer is a loop; None where the caller wants all of it as it comes."""
    if not request.options.cut_loops:
        return None
    turn_before = [turn["content"] for turn in request.history[-2:]]
    return patience_for(query, "\n".join([brief.system, *turn_before]))


def attached(options: InferOptions) -> list[str]:
    """The kinds of what is attached, which decide who answers."""
    return ["image"] * bool(options.images) + ["audio"] * bool(options.audio)
