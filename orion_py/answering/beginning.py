"""Prepares an answer before its first token: its prompt, its sampler, and the stages that its text goes through."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from orion_py.agents.base import Brief
from orion_py.answering.infer_request import InferRequest
from orion_py.answering.options import patience_of, sampling_for
from orion_py.answering.services import Services
from orion_py.generation.answer import Answer
from orion_py.generation.chunker import Chunker
from orion_py.generation.pipeline import Pipeline
from orion_py.generation.prompt import Prompt, build_prompt
from orion_py.generation.sampling import Penalised, Sampler
from orion_py.generation.stages import TextStage
from orion_py.generation.stops import StopMatcher
from orion_py.generation.transcript import Transcript
from orion_py.registry.models import ModelEntry
from orion_py.runtime.loaded_model import LoadedModel
from orion_py.runtime.segments import Embeddings, Marked
from orion_py.safety.output import OutputGuard
from orion_py.safety.secrets import secrets_in


def stages_for(
    brief: Brief, request: InferRequest, stops: Sequence[str], guards: bool, write: Callable[[str], object]
) -> list[TextStage]:
    """The stages of the model's text, in this order. ``write`` gets the pieces; ``guards``: whether abuse is
    screened for."""
    return [
        StopMatcher(stops, spared=len(brief.assistant_prefix)),
        *([brief.output_transform()] if brief.output_transform else []),
        OutputGuard(secrets=secrets_in(brief.system), screens=guards),
        Chunker(request.options.granularity, write),
    ]


def begin(
    request: InferRequest,
    services: Services,
    query: str,
    brief: Brief,
    entry: ModelEntry,
    model: LoadedModel,
    transcript: Transcript,
    embedded: Sequence[Embeddings | Marked],
) -> tuple[Prompt, Answer]:
    """The prompt for ``query`` as ``brief`` wants it put to ``model``, behind what is ``embedded``, and the answer to
    it, which is to be run and writes into ``transcript``. Raises as ``build_prompt``, and InvalidInput for options that
    can't be."""
    options, config = request.options, services.config
    max_tokens = options.max_tokens or brief.max_tokens
    prompt = build_prompt(
        model.tokenizer,
        brief.system,
        request.history,
        (brief.asked_beside if model.manifest.sight else "") or brief.asked or query,
        model.context,
        max_tokens,
        brief.assistant_prefix,
        embedded,
    )
    seed = options.seed if options.seed is not None else services.new_seed()
    spared = Penalised(prompt.length, frozenset(model.manifest.eos_tokens))
    sampler = Sampler(sampling_for(entry.sampling, brief, options, seed), seed, penalised=spared)
    stops = (*options.stop, *brief.stops, *model.manifest.stop_strings)

    def stages() -> list[TextStage]:
        return stages_for(brief, request, stops, config.enable_guardrails, transcript.add)

    pipeline = Pipeline(model.tokenizer, stages, transcript, brief.assistant_prefix)
    answer = Answer(prompt.segments, sampler, seed, pipeline, max_tokens)
    answer.patience = patience_of(request, query, brief)
    if brief.constrain is not None:
        answer.constrain = brief.constrain(model.tokenizer, prompt.length)
    answer.speculate = config.enable_speculation if options.speculation is None else options.speculation
    return prompt, answer
