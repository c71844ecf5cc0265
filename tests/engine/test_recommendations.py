"""The registry's recommendations choose what a device starts with; its groups order what a person chooses from."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from orion_py.cli import commands as cli
from orion_py.config import EngineConfig
from orion_py.engine.engine import Engine
from orion_py.engine.host import EngineHost
from orion_py.registry.load import parse_registry
from orion_py.telemetry.log import Logger
from tests.tiny import World, manifest_json, says
from tests.two_models import registry

ROOT = Path(__file__).parents[2]


def world() -> World:
    """The first agent prefers "tiny"; small devices start with it, others with "big"."""
    made = World(says("ok"))
    known = registry()
    known["models"][1]["tier"] = "lite"
    known["recommendations"] = {"production": "big", "low_end": "tiny"}
    known["groups"] = {"text": ["conversation", "scribe"]}
    made.texts["models.json"] = json.dumps(known)
    made.texts["models/big/manifest.json"] = manifest_json(model="big")
    return made


@pytest.mark.parametrize(
    ("device_class", "model"), [("production", "big"), ("low_end", "tiny"), ("development", "tiny")]
)
async def test_a_device_starts_with_the_model_that_is_recommended_for_its_class(device_class: str, model: str) -> None:
    made = await Engine.start(EngineConfig(), world().ports, Logger(), device_class=device_class)
    assert await made.preload() == model


async def test_without_a_word_the_class_is_the_one_that_fits_the_device() -> None:
    made = await Engine.start(EngineConfig(), world().ports, Logger())
    assert (made.device_class, await made.preload()) == ("production", "big")


async def test_what_is_in_memory_already_is_not_left_for_the_recommended_one() -> None:
    made = await Engine.start(EngineConfig(), world().ports, Logger())
    await made.preload("tiny")
    assert await made.preload() == "tiny"


async def test_the_status_tells_groups_and_what_is_recommended_and_follows_the_preset() -> None:
    posted: list[dict[str, Any]] = []
    host = EngineHost(world().ports, lambda text: posted.append(json.loads(text)))

    async def ask(type_: str, **fields: Any) -> dict[str, Any]:
        host.receive(json.dumps({"v": 1, "id": f"{type_}-{len(posted)}", "type": type_, **fields}))
        before = len(posted)
        for _ in range(10_000):
            for message in posted[before:]:
                if message["type"] == "result":
                    payload: dict[str, Any] = message["payload"]
                    return payload
            await asyncio.sleep(0)
        raise AssertionError("no end")

    status = await ask("initialize", preset="low_end")
    assert status["recommended"] == "tiny"
    assert status["groups"] == [{"id": "text", "agents": ["conversation", "scribe"]}]
    await ask("configure", preset="production")
    changed = [message["parts"] for message in posted if message["type"] == "changed"]
    assert [parts["recommended"] for parts in changed] == ["big"]


def test_the_registry_of_this_site_recommends_a_model_for_every_class(capsys: pytest.CaptureFixture[str]) -> None:
    known = parse_registry((ROOT / "models.json").read_text("utf-8"))
    for device in ("low_end", "production", "development"):
        assert known.recommended(device) is not None
    assert known.recommended("phone") is None
    assert cli.main(["models"]) == 0
    assert "starts: low_end, production, development" in capsys.readouterr().out
