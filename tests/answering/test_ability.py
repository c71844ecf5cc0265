"""An agent that can't do what it is asked says what is missing, however it was chosen."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from orion_py.config import EngineConfig
from orion_py.engine.engine import Engine
from orion_py.errors import InvalidConfig
from orion_py.protocol import FallbackEvent, InferOptions, Response
from orion_py.telemetry.log import Logger
from tests.tiny import REGISTRY, World, manifest_json, says

CANT_SEE = "No model for images."
NOT_MERGED = "The merged model hasn't been built."
FILE = b"what a file holds"


def registry() -> dict[str, Any]:
    """Agents with and without models, of every kind."""
    made = copy.deepcopy(REGISTRY)
    talker = made["agents"][0] | {"capabilities": ["chat"]}
    tiny = made["models"][0]
    made["models"].append(tiny | {"id": "other", "title": "Other", "manifest": "models/other/manifest.json"})

    def agent(name: str, model: str, *capabilities: str) -> dict[str, Any]:
        title = {"en": name.title(), "fr": name.title()}
        return talker | {"id": name, "title": title, "models": [model], "capabilities": list(capabilities)}

    made["agents"] = [
        talker,
        agent("code", "tiny", "chat", "code"),
        agent("creative", "tiny", "chat"),
        agent("multilingual", "tiny", "chat"),
        agent("vision", "eyes", "vision", "ocr"),
        agent("speech", "ears", "speech-to-text"),
        agent("code-logic", "merged", "chat", "code"),
        agent("vision-logic", "merged-eyes", "vision"),
    ]
    made["absent"] = [
        {"id": model, "title": model, "reason": {"en": reason, "fr": f"fr: {reason}"}}
        for model, reason in (
            ("eyes", CANT_SEE),
            ("ears", "No model for sound."),
            ("merged", NOT_MERGED),
            ("merged-eyes", "No merged model for images."),
        )
    ]
    return made


async def engine(changes: dict[str, Any] | None = None, **config: Any) -> tuple[World, Engine]:
    world = World(says("good day"))
    world.texts["models.json"] = json.dumps(changes or registry())
    world.texts["models/other/manifest.json"] = manifest_json(model="other")
    made = await Engine.start(EngineConfig(**config), world.ports, Logger(), subscribers=[world.events.append])
    return world, made


async def answer(made: Engine, locale: str = "en", images: Any = (), audio: Any = (), **options: Any) -> Response:
    asked = InferOptions(temperature=0, **options)
    return await made.infer("What is on this?", asked, locale=locale, images=images, audio=audio)


def said_by_the_engine(world: World, response: Response, words: str) -> bool:
    return words in response.content and response.backend == "engine" and not world.runtime.sessions


@pytest.mark.parametrize("model", [None, "tiny", "other"])
@pytest.mark.parametrize(
    ("agent", "words"),
    [("vision", CANT_SEE), ("speech", "No model for sound."), ("vision-logic", "No merged model for images.")],
)
async def test_without_its_model_an_agent_with_senses_says_so_whatever_model_was_chosen(
    agent: str, words: str, model: str | None
) -> None:
    world, made = await engine()
    assert said_by_the_engine(world, await answer(made, force_agent=agent, model=model), words)
    assert [(e.kind, e.from_) for e in world.events if isinstance(e, FallbackEvent)] == [("agent", agent)]


@pytest.mark.parametrize("model", [None, "tiny", "other"])
async def test_an_unbuilt_hybrid_that_writes_says_so_before_another_agent_answers(model: str | None) -> None:
    _, made = await engine()
    response = await answer(made, force_agent="code-logic", model=model)
    assert response.content.startswith(NOT_MERGED)
    assert response.backend == "WASM, 2 threads"
    assert (response.agent, response.model) == ("conversation", model or "tiny")


async def test_it_is_said_in_the_persons_language() -> None:
    world, made = await engine()
    assert said_by_the_engine(world, await answer(made, "fr", force_agent="vision", model="tiny"), f"fr: {CANT_SEE}")


async def test_a_chosen_model_serves_every_agent_that_reads_and_writes() -> None:
    _, made = await engine()
    response = await answer(made, force_agent="code", model="other")
    assert (response.agent, response.model, response.content) == ("code", "other", "good day")


async def test_an_agent_that_sees_isnt_served_by_a_chosen_model_that_doesnt() -> None:
    changed = registry()
    changed["models"].append(changed["models"][0] | {"id": "eyes", "manifest": "models/eyes/manifest.json"})
    changed["absent"] = [entry for entry in changed["absent"] if entry["id"] != "eyes"]
    world, made = await engine(changed)
    world.texts["models/eyes/manifest.json"] = manifest_json(model="eyes")
    assert said_by_the_engine(
        world, await answer(made, force_agent="vision", model="tiny"), "can't work with the model Tiny"
    )
    assert (await answer(made, force_agent="vision", images=(FILE,))).model == "eyes"


@pytest.mark.parametrize("field", ["images", "audio"])
@pytest.mark.parametrize("agent", [None, "conversation", "code"])
async def test_nobody_answers_as_if_it_had_seen_or_heard(agent: str | None, field: str) -> None:
    world, made = await engine()
    words = CANT_SEE if field == "images" else "No model for sound."
    response = await answer(made, force_agent=agent, model="tiny", **{field: (FILE,)})
    assert said_by_the_engine(world, response, words)


# Switched off


@pytest.mark.parametrize("model", [None, "other"])
@pytest.mark.parametrize("agent", ["code", "creative", "vision", "speech"])
async def test_an_agent_that_is_switched_off_is_refused_though_it_was_picked(agent: str, model: str | None) -> None:
    world, made = await engine(**{f"enable_{agent}": False})
    response = await answer(made, force_agent=agent, model=model)
    assert said_by_the_engine(world, response, f"The agent {agent.title()} is switched off in the settings.")
    french = await answer(made, "fr", force_agent=agent)
    assert "est désactivé dans les réglages" in french.content


async def test_a_hybrid_is_off_with_either_half() -> None:
    world, made = await engine(enable_code=False)
    assert said_by_the_engine(world, await answer(made, force_agent="code-logic"), "switched off")


@pytest.mark.parametrize("off", ["code", "code-logic"])
async def test_any_agent_of_the_registry_can_be_switched_off_by_its_id(off: str) -> None:
    world, made = await engine(disabled_agents=(off,))
    assert said_by_the_engine(world, await answer(made, force_agent=off), "switched off")
    assert said_by_the_engine(world, await answer(made, force_agent="code-logic"), "switched off")
    assert off not in made._parts.router.router._enabled


async def test_an_agent_that_nobody_knows_cannot_be_switched_off() -> None:
    with pytest.raises(InvalidConfig, match=r"disabled_agents: 'cod' is none of conversation"):
        await engine(disabled_agents=("cod",))
    _, made = await engine()
    with pytest.raises(InvalidConfig, match="disabled_agents"):
        await made.reconfigure("low_end", {"disabled_agents": ["cod"]})
    assert made.device_class != "low_end", "nothing was changed"


async def test_an_image_for_an_agent_that_is_switched_off_is_no_text() -> None:
    world, made = await engine(enable_vision=False)
    assert said_by_the_engine(world, await answer(made, images=(FILE,)), "The agent Vision is switched off")


async def test_switched_on_again_it_answers() -> None:
    _, made = await engine(enable_code=False)
    made.configure(EngineConfig())
    assert (await answer(made, force_agent="code")).content == "good day"


async def test_what_is_off_is_never_routed_to() -> None:
    _, made = await engine(enable_code=False)
    decision = await made.router.route("Write a Python function that sorts a list.", "en")
    assert decision.agent == "conversation"
