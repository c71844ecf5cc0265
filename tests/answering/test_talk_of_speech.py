"""A question that was taken for one on a recording, amid a conversation without any."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from orion_py.config import EngineConfig
from orion_py.engine.engine import Engine
from orion_py.protocol import InferOptions
from orion_py.routing.base import RoutingDecision
from orion_py.runtime.tokenizer import ChatMessage
from tests.tiny import REGISTRY, World, says

BEFORE: list[ChatMessage] = [
    {"role": "user", "content": "When do I prune roses?"},
    {"role": "assistant", "content": "In autumn."},
]


class ToSpeech:
    """Sends every question to the agent for speech."""

    async def route(self, query: str, locale: str, attachments: Sequence[str] = ()) -> RoutingDecision:
        return RoutingDecision("speech", "neural", "It sounds so.")


@pytest.mark.parametrize(
    ("query", "history", "agent"),
    [
        ("Say it again in one sentence.", BEFORE, "conversation"),
        ("Say it again in one sentence.", [], "speech"),
        ("What did the recording say?", BEFORE, "speech"),
        ("Et qu'est-ce qu'on entend à la fin ?", BEFORE, "speech"),
        ("Redis ça plus court, pour son mari", BEFORE, "conversation"),
    ],
)
async def test_it_goes_on_about_what_was_written_unless_it_speaks_of_a_sound(
    query: str, history: list[ChatMessage], agent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(says("fine"))
    first: dict[str, Any] = REGISTRY["agents"][0]  # type: ignore[assignment]
    world.texts["models.json"] = json.dumps(REGISTRY | {"agents": [first, first | {"id": "speech"}]})
    engine = await Engine.start(EngineConfig(), world.ports, subscribers=[world.events.append])
    services = engine._parts.services
    monkeypatch.setattr(
        type(engine._parts), "services", lambda *given: replace(services(*given[1:]), router=ToSpeech())
    )
    response = await engine.infer(query, InferOptions(temperature=0), history=history)
    assert response.agent == agent
