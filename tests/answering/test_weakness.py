"""The person is told before a model answers that is known to be of little use for the question."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from orion_py.config import EngineConfig
from orion_py.engine.engine import Engine
from orion_py.protocol import InferOptions, TokenEvent, WeakEvent
from orion_py.registry.load import parse_registry
from tests.tiny import REGISTRY, World, says

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("first", "second", "better"),
    [(["conversation"], [], "other"), (["conversation"], ["conversation"], ""), (["code"], [], None), ([], [], None)],
)
async def test_a_weak_model_is_told_with_the_better_one_before_the_first_word(
    first: list[str], second: list[str], better: str | None
) -> None:
    world = World(says("fine"))
    tiny: dict[str, Any] = REGISTRY["models"][0]  # type: ignore[assignment]
    other = tiny | {"id": "other", "tier": "large", "manifest": "models/other/manifest.json", "weak_at": second}
    agent = REGISTRY["agents"][0] | {"models": ["tiny", "other"]}  # type: ignore[operator]
    world.texts["models.json"] = json.dumps(
        REGISTRY | {"models": [tiny | {"weak_at": first}, other], "agents": [agent]}
    )
    engine = await Engine.start(EngineConfig(), world.ports, subscribers=[world.events.append])
    await engine.infer("hello", InferOptions(model="tiny", temperature=0), request_id="q")
    told = [event for event in world.events if isinstance(event, WeakEvent | TokenEvent)]
    weak = [event for event in told if isinstance(event, WeakEvent)]
    if better is None:
        assert weak == []
    else:
        assert [(event.id, event.agent, event.model, event.better) for event in weak] == [
            ("q", "conversation", "tiny", better)
        ]
        assert isinstance(told[0], WeakEvent)


def test_the_registry_names_agents_that_there_are() -> None:
    registry = parse_registry((ROOT / "models.json").read_text("utf-8"))
    agents = {agent.id for agent in registry.agents}
    assert {name for model in registry.models for name in model.weak_at} <= agents
