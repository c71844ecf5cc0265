"""Says what an agent's questions are about, and by which words they are recognised: by its registry entry.

The agents of the keyword rules have topics and words there; any other agent brings them with its entry in models.json.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from orion_py.registry.models import AgentEntry
from orion_py.routing.keyword_words import TOPICS


@dataclass(frozen=True, slots=True)
class Subject:
    """``topic``: in English and French, what follows "This looks like". ``keywords``: words and phrases that send a
    question to the agent while no trained router is in memory."""

    topic: tuple[str, str]
    keywords: tuple[str, ...] = ()


Subjects = Mapping[str, Subject]


def subjects_of(agents: Iterable[AgentEntry]) -> dict[str, Subject]:
    """Of each agent that the keyword rules don't know, or whose entry says more."""
    return {
        entry.id: Subject(_topic(entry), entry.keywords)
        for entry in agents
        if entry.id not in TOPICS or entry.topic is not None or entry.keywords
    }


def _topic(entry: AgentEntry) -> tuple[str, str]:
    if entry.topic is not None:
        return entry.topic.en, entry.topic.fr
    return TOPICS.get(entry.id, (f"a question for {entry.title.en}", f"une question pour {entry.title.fr}"))


def topic_of(agent: str, subjects: Subjects, french: bool) -> str:
    """What a question for ``agent`` is about, also where the registry has no such agent."""
    if agent in subjects:
        return subjects[agent].topic[french]
    return TOPICS.get(agent, (f"a question for {agent}", f"une question pour {agent}"))[french]
