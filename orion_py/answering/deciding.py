"""Decides, before anything is loaded, whether a question may be answered, who answers it, and with which models."""

from __future__ import annotations

import re
from dataclasses import replace

from orion_py.agents.base import Agent
from orion_py.answering.ability import NEEDED, SEES
from orion_py.answering.attachments import require
from orion_py.answering.infer_request import InferRequest
from orion_py.answering.options import attached
from orion_py.answering.services import Services
from orion_py.answering.taking_in import sees
from orion_py.background.model_order import Ordered
from orion_py.errors import EmptyQuery
from orion_py.protocol import AgentDefinition, GuardEvent, WeakEvent
from orion_py.registry.models import ModelEntry
from orion_py.routing.base import RoutingDecision
from orion_py.safety.normalise import visible
from orion_py.safety.validation import validate_query
from orion_py.senses.scenes.follow_up import goes_on_about_pictures

_SOUND = re.compile(
    r"\b(?:record|audio|sound|voice|listen|hear(?:d|s|ing)?\b|transcri|dictat|podcast|micro(?:phone)?\b|aloud|loud|subtitle"
    r"|song|enregistr|[ée]cout|enten[dt]|voix|voca|(?:le|un|du) son\b|dict[ée]|sous-titr|chanson)",
    re.IGNORECASE,
)
"""What somebody says who means something to be heard."""


def validated(request: InferRequest, services: Services, *, may_be_empty: bool = False) -> str:
    """Checks the query; returns it as the agent gets it. Raises InvalidInput. ``may_be_empty``: a recording says it."""
    try:
        query = validate_query(request.query, services.config.max_query_chars)
    except EmptyQuery:
        if not may_be_empty:
            raise
        query = ""
    require(request.options, services.attachments)
    if services.config.enable_guardrails:
        screening = services.guard.check(query)
        rules = [finding.rule for finding in screening.findings]
        if rules:
            services.log.warn("guard", decision=screening.decision, rules=rules)
        if screening.decision == "warn" and screening.category is not None:
            services.emit(GuardEvent(id=request.id, category=screening.category, rules=rules))
        query = visible(query)
    return query


async def noticed(query: str, request: InferRequest, services: Services) -> str:
    """The kind of harm that the router's encoder sees in the query, of which the caller gets a note; "" for none."""
    if not services.config.enable_guardrails or not query:
        return ""
    embedding = await services.embed(query)
    if embedding is None:
        return ""
    from orion_py.safety.learned import KINDS, RULE, leading, pieces_of, shipped  # numpy came with the encoder

    pieces = [await services.embed(piece) for piece in pieces_of(query)]
    kinds = shipped().noticed(embedding, [piece for piece in pieces if piece is not None])
    if not kinds:
        return ""
    kind, rules = leading(kinds), [RULE + kind for kind in kinds]
    services.log.warn("guard", decision="warn", rules=rules)
    services.emit(GuardEvent(id=request.id, category=KINDS[kind], rules=rules))
    return kind


async def routed(query: str, request: InferRequest, services: Services) -> RoutingDecision:
    """Chooses who answers. Raises UnknownAgent for an agent that was named and doesn't exist."""
    agents, forced = services.agents, request.options.force_agent
    if forced is not None:
        decision = RoutingDecision(agent=agents.get(forced).id, router="forced", reason="The user chose this agent.")
    else:
        decision = await services.router.route(query, request.locale, attached(request.options))
        if decision.agent not in agents.ids:
            decision = replace(decision, agent=agents.ids[0])
        if _of_the_talk(query, decision, request):
            decision = replace(decision, agent=agents.ids[0])
    return decision


def _of_the_talk(query: str, decision: RoutingDecision, request: InferRequest) -> bool:
    """Whether ``query`` was taken for one on a recording, and goes on about what was written: "Say it again in one
    sentence." Asking for a recording would end the conversation there."""
    hears = NEEDED["audio"][0]
    return decision.agent == hears and bool(request.history) and not request.options.audio and not _SOUND.search(query)


def looking_back(
    query: str, decision: RoutingDecision, request: InferRequest, services: Services
) -> InferRequest | None:
    """``request`` with the pictures of the question before it, where ``query`` is about them: the router sends it to
    who sees, or it asks what pictures answer. None: they don't matter. One that wasn't handed in again is left out."""
    options = request.options
    earlier = [name for name in options.earlier_images if services.attachments.has(name)]
    if not earlier or attached(options):
        return None
    seeing = services.agents.can(decision.agent, SEES)
    if not seeing and (options.force_agent is not None or not goes_on_about_pictures(query)):
        return None
    return replace(request, options=options.model_copy(update={"images": earlier, "earlier_images": []}))


def coded(decision: RoutingDecision, request: InferRequest, services: Services) -> AgentDefinition | None:
    """The agent, where its own code answers."""
    if not request.runs_code or attached(request.options) or request.embedded:
        return None
    return services.code_runs.definition(decision.agent)


async def models_for(agent: Agent, request: InferRequest, services: Services) -> list[ModelEntry]:
    """What may answer, in the order to try: the agent's models, then the first agent's, the larger
    ones behind as long as they aren't in memory. A model that was asked for by name is the only one."""
    if request.options.model:
        return [services.registry.model(request.options.model)]
    found = await _ordered(agent, request, services)
    await services.wishes.prefer(found)
    return found.models


def warn_of_weakness(agent: Agent, entry: ModelEntry, request: InferRequest, services: Services) -> None:
    """Tells the caller where ``entry`` is known to be of little use to ``agent``, and which model does better."""
    if agent.id not in entry.weak_at:
        return
    listed = [services.registry.model(name) for name in services.registry.usable(agent.models)]
    better = next((other.id for other in listed if agent.id not in other.weak_at), "")
    services.emit(WeakEvent(id=request.id, agent=agent.id, model=entry.id, better=better))


async def seen_by_model(agent: Agent, request: InferRequest, services: Services) -> bool:
    """Whether the model that is to answer takes the question's pictures in itself."""
    if not request.options.images:
        return False
    if request.options.model:
        return sees(services.registry.model(request.options.model))
    return sees((await _ordered(agent, request, services)).models[0])


async def _ordered(agent: Agent, request: InferRequest, services: Services) -> Ordered:
    """As ``ModelOrder.of``; of what is at hand and on the device, what takes a question's pictures in comes first."""
    registry, agents = services.registry, services.agents
    last_resort = agents.models(agents.ids[0])
    ids = dict.fromkeys((*registry.usable(agent.models), *registry.usable(last_resort)))
    found = await services.order.of([registry.model(model_id) for model_id in ids or agent.models])
    if request.options.images:
        found = replace(found, models=sorted(found.models, key=lambda entry: not sees(entry)))
    return found
