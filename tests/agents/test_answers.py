"""Agents in the engine: what of their skills reaches the answer, with a scripted model."""

from __future__ import annotations

import json
from typing import Any

import pytest

from orion_py.config import EngineConfig
from orion_py.engine.engine import Engine
from orion_py.protocol import AgentEvent, FallbackEvent, InferOptions, StateEvent, TokenEvent
from orion_py.registry.models import AgentEntry
from orion_py.telemetry.log import Logger
from tests.agents.test_factory import ABSENT, MINE
from tests.tiny import REGISTRY, World, says


def agent(agent_id: str, *models: str) -> dict[str, Any]:
    return REGISTRY["agents"][0] | {"id": agent_id, "models": list(models or ("tiny",))}


async def engine(world: World) -> Engine:
    agents = [agent(name) for name in ("conversation", "code", "logical")] + [agent("vision", "eyes")]
    world.texts["models.json"] = json.dumps(REGISTRY | {"absent": [ABSENT], "agents": agents})
    return await Engine.start(EngineConfig(), world.ports, Logger(clock=world.clock), subscribers=[world.events.append])


def forced(name: str, **options: Any) -> InferOptions:
    return InferOptions(force_agent=name, temperature=0, **options)


def text(world: World) -> str:
    return "".join(e.text for e in world.events if isinstance(e, TokenEvent))


async def test_a_sum_is_answered_exactly_and_no_model_is_loaded() -> None:
    world = World(says("wrong"))
    response = await (await engine(world)).infer("12*12", forced("logical"), request_id="q")
    assert response.content == "12 × 12 = 144" == text(world)
    assert (response.model, response.finish_reason) == ("calculator", "stop")
    assert (response.usage.prompt, response.usage.completion, response.tokens_per_second) == (0, 0, None)
    assert world.runtime.sessions == []
    states = [e.state for e in world.events if isinstance(e, StateEvent)]
    assert states == ["validating", "routing", "inferencing", "success"]


async def test_a_sum_amid_words_stands_at_the_answers_head_and_in_the_models_prompt() -> None:
    world = World(says("x" * len("2 × 3 = 6\n\n") + "because"))
    response = await (await engine(world)).infer("what is 2*3 and why is it so", forced("logical"))
    assert response.content == "2 × 3 = 6\n\nbecause"
    assert text(world) == response.content
    prompt = world.runtime.sessions[0].calls[0][0]
    assert len(prompt) - 1 - prompt.index(30) == len("2 × 3 = 6\n\n")


async def test_code_comes_out_fenced_even_when_the_answer_is_cut_off() -> None:
    # The scripted model counts the opening among what it said.
    world = World(says("x" * len("```python\n") + "a b c d e f"))
    response = await (await engine(world)).infer("write a loop", forced("code", max_tokens=3))
    assert response.content == "```python\na b\n```" == text(world)
    assert response.finish_reason == "length"


async def test_two_agents_on_one_model_are_one_loaded_model() -> None:
    world = World(says("ok"))
    made = await engine(world)
    await made.infer("hello", forced("conversation"))
    await made.infer("explain loops", forced("code"))
    assert len(world.runtime.sessions) == 1
    assert list(made.models.loaded) == ["tiny"]


@pytest.mark.parametrize(("locale", "words"), [("en", "No eyes here."), ("fr", "Pas d'yeux ici.")])
async def test_an_agent_without_its_model_leaves_the_question_to_conversation_and_says_so(
    locale: str, words: str
) -> None:
    world = World(says("ok"))
    response = await (await engine(world)).infer("ok", forced("vision"), locale=locale)
    steps = [e for e in world.events if isinstance(e, FallbackEvent)]
    assert [(e.kind, e.from_, e.to, e.reason) for e in steps] == [("agent", "vision", "conversation", words)]
    assert (response.agent, response.routing.agent) == ("conversation", "vision")
    assert response.content.startswith(words)


async def test_a_custom_agent_answers_at_once_and_its_coming_is_an_event() -> None:
    world = World(says("ok"))
    made = await engine(world)
    made.agents.register(AgentEntry.model_validate(MINE))
    assert (await made.infer("hello", forced("mine"))).agent == "mine"
    assert [(e.agent, e.change) for e in world.events if isinstance(e, AgentEvent)] == [("mine", "registered")]
