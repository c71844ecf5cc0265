"""A skill answers in several steps: what it asks, runs and shows, and what happens where a step fails or is stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from orion_py.agents.base import Brief
from orion_py.agents.registered import RegisteredAgent
from orion_py.answering import skilled
from orion_py.cancellation import CancelToken
from orion_py.engine.engine import Engine
from orion_py.errors import Cancelled, NoSandbox
from orion_py.generation.sampling import SamplingWishes
from orion_py.protocol import (
    InferOptions,
    Response,
    RevisionEvent,
    SkillCodeEvent,
    SkillStepEvent,
    StateEvent,
    TokenEvent,
)
from orion_py.registry.models import AgentEntry
from orion_py.runtime.code_runner import Ran
from orion_py.skills.base import Ask, Skill, Working
from tests.tiny import REGISTRY, World, says
from tests.tiny_engine import GREEDY, engine

ENTRY = AgentEntry.model_validate(REGISTRY["agents"][0] | {"id": "stepper"})


class Runner:
    """A sandbox that says what it was given."""

    def __init__(self) -> None:
        self.ran: list[tuple[str, float]] = []

    async def run(self, code: str, seconds: float, cancel: CancelToken) -> Ran:
        self.ran.append((code, seconds))
        return Ran("five", "done")


async def with_skill(world: World, skill: Skill) -> Engine:
    class Stepper(RegisteredAgent):
        async def prepare(self, query: str, locale: str, options: InferOptions) -> Brief:
            return replace(await super().prepare(query, locale, options), skill=skill)

    made = await engine(world)
    made.agents.register(ENTRY, lambda: Stepper(ENTRY))
    return made


async def answered(skill: Skill, world: World | None = None, **fields: Any) -> tuple[Response, World]:
    world = world or World(says("good day"))
    made = await with_skill(world, skill)
    options = GREEDY.model_copy(update={"force_agent": "stepper", **fields.pop("options", {})})
    return await made.infer("hello", options, request_id="q", **fields), world


def shown(world: World) -> str:
    text = ""
    for event in world.events:
        if isinstance(event, TokenEvent):
            text += event.text
        elif isinstance(event, RevisionEvent):
            text = event.content
    return text


def of(world: World, kind: type[Any]) -> list[Any]:
    return [event for event in world.events if isinstance(event, kind)]


async def test_a_hidden_step_is_the_skill_s_alone_and_a_shown_one_streams() -> None:
    heard: list[str] = []

    async def skill(working: Working) -> bool:
        heard.append((await working.ask(Ask("first", max_tokens=4))).text)
        working.say("So: ")
        heard.append((await working.ask(Ask("second", shown=True))).text)
        return True

    response, world = await answered(skill)
    assert heard == ["good", "good day"]
    assert response.content == shown(world) == "So: good day"
    assert response.usage.completion == 12
    assert (response.model, response.finish_reason, response.agent) == ("tiny", "stop", "stepper")


async def test_the_states_tell_that_a_model_is_asked_once_more() -> None:
    async def skill(working: Working) -> bool:
        await working.ask(Ask("first"))
        await working.ask(Ask("second", shown=True))
        return True

    _, world = await answered(skill)
    names = [event.state for event in of(world, StateEvent)]
    assert names == ["validating", "routing", *["loading_agent", "inferencing"] * 2, "success"]
    progress = [event.progress for event in of(world, StateEvent)]
    assert progress == sorted(progress)


async def test_a_skill_that_declines_leaves_the_question_to_the_model() -> None:
    async def skill(working: Working) -> bool:
        return False

    response, world = await answered(skill)
    assert response.content == shown(world) == "good day"


async def test_a_caller_that_cannot_take_text_back_gets_no_skill() -> None:
    async def skill(working: Working) -> bool:
        raise AssertionError("it would revise")

    response, _ = await answered(skill, options={"cut_loops": False})
    assert response.content == "good day"


async def test_a_skill_that_asks_no_model_says_so() -> None:
    async def skill(working: Working) -> bool:
        working.say("five")
        working.note("computed", 5)
        return True

    response, world = await answered(skill)
    assert (response.content, response.model, response.usage.completion) == ("five", "skill", 0)
    assert response.notes == {"computed": 5}
    assert world.runtime.sessions == []


async def test_what_is_shown_can_be_put_right() -> None:
    async def skill(working: Working) -> bool:
        await working.ask(Ask("first", shown=True))
        working.revise("bad day")
        working.say(".")
        return True

    response, world = await answered(skill)
    assert response.content == shown(world) == "bad day."
    (revision,) = of(world, RevisionEvent)
    assert (revision.content, revision.reason) == ("bad day", "skill")


async def test_the_caller_runs_a_program_where_it_says_that_it_does() -> None:
    found: list[Ran] = []

    async def skill(working: Working) -> bool:
        assert working.can_run
        found.append(await working.run("print(5)", 2.0))
        working.say(found[0].output)
        return True

    world = World(says("ok"))
    made = await with_skill(world, skill)
    options = GREEDY.model_copy(update={"force_agent": "stepper"})
    asked = asyncio.ensure_future(made.infer("hello", options, request_id="q", runs_code=True))
    await _until(lambda: bool(of(world, SkillCodeEvent)))
    (event,) = of(world, SkillCodeEvent)
    assert (event.code, event.run, event.seconds) == ("print(5)", 1, 2.0)
    made.skill_ran("q", 7, Ran("not this one", "done"))
    made.skill_ran("q", 1, Ran("5\n", "done"))
    made.skill_ran("q", 1, Ran("too late", "done"))
    assert (await asked).content == "5\n"
    assert found == [Ran("5\n", "done")]


async def test_a_caller_that_never_answers_counts_as_out_of_time() -> None:
    found: list[Ran] = []

    async def skill(working: Working) -> bool:
        found.append(await working.run("while True: pass", 0.0))
        working.say("x")
        return True

    from orion_py.answering import caller_programs

    spare, caller_programs.SPARE_S = caller_programs.SPARE_S, 0.0
    try:
        await answered(skill, runs_code=True)
    finally:
        caller_programs.SPARE_S = spare
    assert [ran.end for ran in found] == ["time"]


async def test_a_host_with_a_sandbox_runs_programs_itself() -> None:
    async def skill(working: Working) -> bool:
        working.say((await working.run("print(5)")).output)
        return True

    world, runner = World(says("ok")), Runner()
    world.ports = replace(world.ports, code_runner=runner)
    response, _ = await answered(skill, world)
    assert response.content == "five"
    assert runner.ran == [("print(5)", 5.0)]


async def test_without_a_sandbox_nothing_is_run() -> None:
    async def skill(working: Working) -> bool:
        assert not working.can_run
        with pytest.raises(NoSandbox):
            await working.run("print(5)")
        return False

    response, _ = await answered(skill)
    assert response.content == "good day"


async def test_the_person_hears_which_step_is_taken() -> None:
    async def skill(working: Working) -> bool:
        working.step("planning")
        working.step("writing")
        working.say("x")
        return True

    _, world = await answered(skill)
    assert [event.step for event in of(world, SkillStepEvent)] == ["planning", "writing"]


async def test_there_are_no_vectors_while_the_encoder_is_not_in_memory() -> None:
    async def skill(working: Working) -> bool:
        assert await working.embed(["a", "b"]) is None
        working.say(f"{working.query} {working.french} {list(working.models)} {list(working.history)}")
        return True

    response, _ = await answered(skill, history=[{"role": "user", "content": "before"}])
    assert response.content == "hello False ['tiny'] [('user', 'before')]"


async def test_a_stop_ends_a_skill_in_the_middle() -> None:
    cancel = CancelToken()

    async def skill(working: Working) -> bool:
        working.say("begun")
        cancel.cancel()
        await working.ask(Ask("more"))
        raise AssertionError("it was stopped")

    with pytest.raises(Cancelled) as stopped:
        await answered(skill, cancel=cancel)
    assert stopped.value.partial == "begun"


async def test_an_answer_that_is_cut_off_says_so_unless_it_is_replaced() -> None:
    async def cut(working: Working) -> bool:
        await working.ask(Ask("first", max_tokens=4))
        said = await working.ask(Ask("second", shown=True))
        assert said.finish == "length"
        return True

    response, _ = await answered(cut, options={"max_tokens": 3})
    assert (response.content, response.finish_reason) == ("goo", "length")

    async def replaced(working: Working) -> bool:
        await working.ask(Ask("first", shown=True))
        working.revise("good.")
        return True

    response, _ = await answered(replaced, options={"max_tokens": 3})
    assert (response.content, response.finish_reason) == ("good.", "stop")


async def test_a_hidden_step_samples_as_the_skill_wishes_and_a_shown_one_as_the_caller_does() -> None:
    async def skill(working: Working) -> bool:
        await working.ask(Ask("first", sampling=SamplingWishes(temperature=0.8), attempt=2))
        await working.ask(Ask("second", sampling=SamplingWishes(temperature=0.8), shown=True))
        return True

    asked: list[tuple[float | None, int | None]] = []
    real = skilled.ModelAnswer

    class Watched(real):  # type: ignore[misc, valid-type]
        def __init__(self, question: Any, request: Any, *more: Any) -> None:
            asked.append((request.options.temperature, request.options.seed))
            super().__init__(question, request, *more)

    skilled.ModelAnswer = Watched  # type: ignore[misc]
    try:
        await answered(skill, options={"seed": 5})
    finally:
        skilled.ModelAnswer = real  # type: ignore[misc]
    assert asked == [(None, 7), (0, 5)]


class Upto:
    """A stage that ends the answer after so many characters."""

    def __init__(self, most: int) -> None:
        self._left = most

    @property
    def done(self) -> bool:
        return self._left <= 0

    def push(self, text: str) -> str:
        text = text[: self._left]
        self._left -= len(text)
        return text

    def finish(self) -> str:
        return ""


async def test_a_step_can_go_on_from_what_is_shown() -> None:
    async def skill(working: Working) -> bool:
        first = await working.ask(Ask("hello", transform=lambda: Upto(4), shown=True))
        assert (first.text, working.shown) == ("good", "good")
        again = await working.ask(Ask("hello", prefix="good", resumes=True, shown=True))
        assert again.text == "good day"
        return True

    response, world = await answered(skill)
    assert response.content == shown(world) == "good day"
    assert [event.text for event in of(world, TokenEvent)].count("good") == 0


async def test_steps_that_go_on_share_the_answers_greatest_length() -> None:
    async def skill(working: Working) -> bool:
        await working.ask(Ask("hello", transform=lambda: Upto(4), shown=True))
        said = await working.ask(Ask("hello", prefix="good", resumes=True, shown=True))
        assert (said.text, said.finish) == ("good d", "length")
        return True

    response, _ = await answered(skill, options={"max_tokens": 6})
    assert (response.content, response.finish_reason) == ("good d", "length")


async def _until(holds: Callable[[], bool]) -> None:
    for _ in range(5000):
        if holds():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never came")
