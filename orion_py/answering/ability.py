"""Decides whether an agent can answer a request at all, and what to tell the person if not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orion_py.agents.factory import AgentFactory
from orion_py.config import EngineConfig
from orion_py.errors import InvalidConfig, InvalidInput, UnknownModel
from orion_py.registry.models import Registry

SEES = "vision"
"""The capability of an agent that takes pictures, and of a model that does."""
NEEDED = {"image": ("vision", SEES), "audio": ("speech", "speech-to-text")}
"""For each kind of attachment the agent that takes it, and the capability that this needs."""
_WORDS = {
    "off": ("The agent {agent} is switched off in the settings.", "L'agent {agent} est désactivé dans les réglages."),
    "model": (
        "The agent {agent} can't work with the model {model}. Choose another model in the settings, or leave the "
        "choice to Orion.",
        "L'agent {agent} ne peut pas travailler avec le modèle {model}. Choisissez un autre modèle dans les "
        "réglages, ou laissez Orion choisir.",
    ),
    "image": (
        "The agent {agent} can't see images. Choose an agent that can, or remove the image.",
        "L'agent {agent} ne voit pas les images. Choisissez un agent qui les voit, ou retirez l'image.",
    ),
    "audio": (
        "The agent {agent} can't hear recordings. Choose an agent that can, or remove the recording.",
        "L'agent {agent} n'entend pas les enregistrements. Choisissez un agent qui les entend, ou retirez "
        "l'enregistrement.",
    ),
}


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why an agent doesn't answer. ``code`` is that of the error it amounts to. ``refused``: nobody
    answers in its place; else the first agent does, and says ``why`` before."""

    why: str
    code: str
    refused: bool


def switched_off(config: EngineConfig, registry: Registry, agent_id: str) -> bool:
    """Whether the configuration bars a built-in agent; a hybrid is barred with either of its halves."""
    if all(entry.id != agent_id for entry in registry.agents):
        return False
    if agent_id in config.disabled_agents:
        return True
    parts = agent_id.split("-")
    return not all(getattr(config, f"enable_{part}", True) and part not in config.disabled_agents for part in parts)


def can_hear(agents: AgentFactory, registry: Registry, config: EngineConfig) -> bool:
    """Whether recordings may be heard, and what hears them is here."""
    agent = NEEDED["audio"][0]
    return agent in agents.ids and agents.available(agent) and not switched_off(config, registry, agent)


def check_agents(config: EngineConfig, registry: Registry) -> None:
    """Raises InvalidConfig where an agent is switched off that the registry doesn't have."""
    known = [entry.id for entry in registry.agents]
    for agent_id in config.disabled_agents:
        if agent_id not in known:
            fault = f"disabled_agents: {agent_id!r} is none of {', '.join(known)}"
            raise InvalidConfig(fault, path="disabled_agents")


def obstacle(
    agents: AgentFactory,
    registry: Registry,
    config: EngineConfig,
    agent_id: str,
    model: str | None,
    attached: Sequence[str],
    locale: str,
) -> Obstacle | None:
    """What stands between ``agent_id`` and an answer, or None. ``model``: the one asked for by name.

    Raises UnknownAgent.
    """
    if switched_off(config, registry, agent_id):
        return Obstacle(_say("off", locale, agents.title(agent_id, locale)), InvalidConfig.code, refused=True)
    why = agents.why_not(agent_id, locale)
    # A chosen model serves any agent that only reads and writes, but where the agent's own is known to be
    # missing, or was not chosen, the person has to know.
    if not agents.available(agent_id) and (why or not model):
        return Obstacle(why, UnknownModel.code, refused=bool(why) and not agents.is_textual(agent_id))
    senses = not agents.is_textual(agent_id) and any(agents.can(agent_id, able) for _, able in NEEDED.values())
    if model and senses and model not in registry.usable(agents.models(agent_id)):
        title = agents.title(agent_id, locale)
        return Obstacle(_say("model", locale, title, registry.model(model).title), UnknownModel.code, refused=True)
    for kind in attached:
        if not agents.can(agent_id, NEEDED[kind][1]):
            return _unseen(agents, registry, config, agent_id, kind, locale)
    return None


def _unseen(
    agents: AgentFactory, registry: Registry, config: EngineConfig, agent_id: str, kind: str, locale: str
) -> Obstacle:
    """Somebody else would have to answer, or the model would describe what it never saw."""
    able = NEEDED[kind][0]
    why = ""
    if able in agents.ids and switched_off(config, registry, able):
        why = _say("off", locale, agents.title(able, locale))
    elif able in agents.ids:
        why = agents.why_not(able, locale)
    return Obstacle(why or _say(kind, locale, agents.title(agent_id, locale)), InvalidInput.code, refused=True)


def _say(key: str, locale: str, agent: str, model: str = "") -> str:
    return _WORDS[key][locale.lower().startswith("fr")].format(agent=agent, model=model)
