"""A question on pictures, from the engine's face to its answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from orion_py.cancellation import CancelToken
from orion_py.config import EngineConfig
from orion_py.engine.engine import Engine
from orion_py.errors import OrionError, OutOfMemory, UnreadableImage
from orion_py.protocol import AdvanceEvent, FallbackEvent, InferOptions, Response, SenseEvent
from orion_py.runtime.attachments import HeldAttachments
from orion_py.senses.images.resampling import Picture
from orion_py.senses.scenes.report import SceneReport
from orion_py.senses.scenes.sight import Looked, Scenes, Shown, Watch
from tests.senses.scenes.reports import KNOWN, ROOT, report, seen
from tests.senses.scenes.test_receipts import FRENCH
from tests.tiny import REGISTRY, World, says

PICTURE = b"a picture"
DOG, SIGN = report(objects=[seen("dog")]), report("Ausgang")


class ScriptedSight:
    """Sees in each picture what it is told."""

    def __init__(self, *found: SceneReport) -> None:
        self.found, self.given = found, 0
        self.fails: list[OrionError] = []
        """What the next looks end in."""
        self.shrinks: list[int] = []

    async def look(self, pictures: Sequence[Shown], cancel: CancelToken, watch: Watch, shrink: int) -> Scenes:
        self.shrinks.append(shrink)
        for shown in pictures:
            await shown()
        for line in (0, 1, 2):
            watch(Looked(1, len(pictures), line, 2))
        if self.fails:
            raise self.fails.pop(0)
        self.given += len(pictures)
        return Scenes(tuple(self.found[: len(pictures)]), KNOWN)


def registry() -> dict[str, object]:
    listed = json.loads((ROOT / "models.json").read_text("utf-8"))
    agents = [agent for agent in listed["agents"] if agent["id"] in ("vision", "vision-logic")]
    lists = {name: listed[name] for name in ("absent", "senses")}
    return {**REGISTRY, **lists, "agents": [*REGISTRY["agents"], *agents]}


async def see(data: bytes) -> Picture:
    if data == b"broken":
        raise UnreadableImage("It isn't an image.")
    return np.full((20, 20, 3), 255, np.uint8)


async def engine(sight: ScriptedSight) -> tuple[World, Engine]:
    world = World(says("the way out"))
    world.texts["models.json"] = json.dumps(registry())
    world.ports = replace(world.ports, sight=lambda lend: sight, attachments=HeldAttachments(see=see))
    return world, await Engine.start(EngineConfig(), world.ports, subscribers=[world.events.append])


async def test_a_count_is_answered_by_what_was_seen_and_no_model_is_loaded() -> None:
    world, made = await engine(ScriptedSight(DOG))
    response = await made.infer("How many dogs are there?", images=[PICTURE])
    assert (response.agent, response.backend, response.content) == ("vision", "engine", "I found 1 dog.")
    assert response.routing.router == "attachment"
    assert response.notes["scenes"][0]["objects"][0]["name"] == "dog"
    assert not world.runtime.sessions
    await made.shutdown()


async def goes_on(made: Engine, question: str, handed_in: bool = True, **options: object) -> Response:
    """Asked behind a question that had a picture."""
    name = hashlib.sha256(PICTURE).hexdigest()
    if handed_in:
        made._ground.ports.attachments.put("next", name, PICTURE)
    wanted = InferOptions(earlier_images=[name], max_tokens=16, **options)  # type: ignore[arg-type]
    return await made.infer(question, wanted, request_id="next")


async def test_a_question_that_goes_on_about_the_picture_before_is_answered_from_it() -> None:
    _, made = await engine(ScriptedSight(DOG))
    response = await goes_on(made, "And how many dogs are there?")
    assert (response.agent, response.content) == ("vision", "I found 1 dog.")
    assert response.notes["pictures"] == [hashlib.sha256(PICTURE).hexdigest()]
    assert (await goes_on(made, "What does it say?", force_agent="vision")).content.startswith("I can't read any text")
    await made.shutdown()


@pytest.mark.parametrize("question", ["Tell me a story", "How many people live in Paris?", "What is 3 + 4?"])
async def test_another_question_behind_a_picture_is_answered_without_it(question: str) -> None:
    sight = ScriptedSight(DOG)
    _, made = await engine(sight)
    response = await goes_on(made, question)
    assert response.agent != "vision"
    assert "pictures" not in response.notes
    assert sight.given == 0
    await made.shutdown()


async def test_an_earlier_picture_that_is_gone_fails_no_question() -> None:
    _, made = await engine(ScriptedSight(DOG))
    assert "pictures" not in (await goes_on(made, "And how many dogs are there?", handed_in=False)).notes
    await made.shutdown()


@pytest.mark.parametrize(
    "question", ["Translate this sign", "Please translate the menu into English.", "Traduis ce panneau en anglais"]
)
async def test_a_translation_of_what_stands_in_a_picture_asks_for_the_picture(question: str) -> None:
    _, made = await engine(ScriptedSight(SIGN))
    response = await made.infer(question, InferOptions(max_tokens=16))
    assert response.agent == "vision"
    assert response.content.startswith(("Attach the picture", "Joignez l'image"))
    assert (await goes_on(made, question)).notes["pictures"], "it is the picture of the question before"
    await made.shutdown()


async def test_a_translation_of_what_the_message_says_asks_for_none() -> None:
    _, made = await engine(ScriptedSight(SIGN))
    response = await made.infer("Translate this sign: Ausgang freihalten", InferOptions(max_tokens=16))
    assert response.agent != "vision"
    await made.shutdown()


async def test_a_sign_is_translated_by_a_model_that_has_its_words() -> None:
    world, made = await engine(ScriptedSight(SIGN))
    response = await made.infer("Translate this sign into English", InferOptions(max_tokens=16), images=[PICTURE])
    assert (response.agent, response.content) == ("vision", "the way out")
    assert world.runtime.sessions


async def test_a_sum_of_a_bill_goes_to_vision_and_logic() -> None:
    _, made = await engine(ScriptedSight(report(FRENCH)))
    response = await made.infer("Additionne les lignes", images=[PICTURE], locale="fr")
    assert response.agent == "vision-logic"
    assert "1,30 + 2,40 + 1,80 = **5,50" in response.content


@pytest.mark.parametrize("question", ["Which of the two is larger?", "Quel nombre est le plus élevé ?", "Compare them"])
async def test_numbers_of_two_pictures_are_compared(question: str) -> None:
    _, made = await engine(ScriptedSight(report("04521 kWh"), report("04733 kWh")))
    response = await made.infer(question, images=[PICTURE, b"another"])
    assert response.agent == "vision-logic"
    assert "4733 − 4521 = **212 kWh**" in response.content


async def test_two_pictures_are_looked_at_together() -> None:
    sight = ScriptedSight(DOG, SIGN)
    _, made = await engine(sight)
    response = await made.infer("How many dogs?", images=[PICTURE, b"another"])
    assert sight.given == 2
    assert "**Picture 2**" in response.content


async def test_a_picture_that_cant_be_used_fails_the_question_and_the_next_is_answered() -> None:
    _, made = await engine(ScriptedSight(DOG))
    with pytest.raises(UnreadableImage):
        await made.infer("How many dogs?", images=[b"broken"])
    assert (await made.infer("How many dogs?", images=[PICTURE])).content == "I found 1 dog."


async def test_how_far_the_reading_is_is_told_and_moves_the_progress() -> None:
    world = World(says("x"))
    world.texts["models.json"] = json.dumps(registry())
    held = HeldAttachments(see=see)
    world.ports = replace(world.ports, sight=lambda lend: ScriptedSight(DOG), attachments=held)
    made = await Engine.start(EngineConfig(), world.ports, subscribers=[world.events.append])
    await made.infer("How many dogs?", images=[PICTURE])
    told = [event for event in world.events if isinstance(event, SenseEvent)]
    assert [(event.sense, event.picture, event.pictures) for event in told] == [("vision", 1, 1)] * 3
    assert [(event.line, event.lines) for event in told] == [(0, 2), (1, 2), (2, 2)]
    assert [event.progress for event in world.events if isinstance(event, AdvanceEvent)][:2] == [7, 10]


def full(times: int) -> list[OrionError]:
    return [OutOfMemory("The reader of text needs more memory than there is.")] * times


@pytest.mark.parametrize(
    ("idle", "times", "steps", "shrinks"),
    [
        (True, 1, ["memory"], [1, 1]),
        (True, 2, ["memory", "picture"], [1, 1, 2]),
        (False, 1, ["picture"], [1, 2]),  # there is nothing to end
    ],
)
async def test_memory_that_runs_out_while_looking_is_freed_and_then_a_smaller_picture_looked_at(
    idle: bool, times: int, steps: list[str], shrinks: list[int]
) -> None:
    sight = ScriptedSight(DOG)
    world, made = await engine(sight)
    if idle:
        await made.infer("Hello", InferOptions(max_tokens=4))
    sight.fails = full(times)
    assert (await made.infer("How many dogs?", images=[PICTURE])).content == "I found 1 dog."
    assert sight.shrinks == shrinks
    told = [event for event in world.events if isinstance(event, FallbackEvent)]
    assert [(event.kind, event.reason_code) for event in told] == [(step, "out_of_memory") for step in steps]
    assert all(session.closed for session in world.runtime.sessions)
    assert len(world.runtime.sessions) == idle


async def test_where_nothing_helps_against_it_the_question_fails_and_the_next_is_answered() -> None:
    sight = ScriptedSight(DOG)
    _, made = await engine(sight)
    sight.fails = full(2)
    with pytest.raises(OutOfMemory):
        await made.infer("How many dogs?", images=[PICTURE])
    assert sight.shrinks == [1, 2]
    assert (await made.infer("How many dogs?", images=[PICTURE])).content == "I found 1 dog."
    assert sight.shrinks == [1, 2, 1]


async def test_an_agent_that_doesnt_see_says_so_and_nobody_looks() -> None:
    sight = ScriptedSight(DOG)
    _, made = await engine(sight)
    response = await made.infer("How many dogs?", InferOptions(force_agent="conversation"), images=[PICTURE])
    assert "can't see images" in response.content
    assert sight.given == 0


async def test_without_a_picture_it_is_asked_for() -> None:
    sight = ScriptedSight(DOG)
    _, made = await engine(sight)
    response = await made.infer("What does the sign say?", InferOptions(force_agent="vision"))
    assert response.content.startswith("Attach the picture")
