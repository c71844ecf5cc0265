"""An answer that goes round in circles: cut back, tried once more, and said, through the whole engine."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from orion_py.cancellation import CancelToken
from orion_py.engine.host import EngineHost
from orion_py.errors import Cancelled, WorkerDied
from orion_py.generation.sampling import Penalised, Sampler, SamplingParams
from orion_py.protocol import Granularity, InferOptions, RevisionEvent, TokenEvent
from tests.tiny import EOS, LetterTokenizer, World, says
from tests.tiny_engine import GREEDY, engine, verifying

Script = Callable[[list[int]], int]
UNIT = "the sea is blue and deep "
STANDS = "well the sea is blue and deep"
LETTERS = LetterTokenizer()


def goes_round(head: str, unit: str, then: str | None = None) -> Script:
    """Says ``head`` and then ``unit`` for ever. When it is made to say something else, it says ``then``
    and ends, or goes round again where that is None."""
    wanted = LETTERS.encode(head + unit * 60)

    def script(tokens: list[int]) -> int:
        said = tokens[len(tokens) - tokens[::-1].index(30) :]
        off = next((place for place, token in enumerate(said) if token != wanted[place]), None)
        if off is None or then is None:
            return wanted[len(said)] if len(said) < len(wanted) else EOS
        rest = LETTERS.encode(then)[len(said) - off - 1 :]
        return rest[0] if rest else EOS

    return script


def shown(world: World, request: str) -> str:
    """What a page shows at the end: pieces, and what a revision leaves of them."""
    text = ""
    for event in world.events:
        if isinstance(event, TokenEvent) and event.id == request:
            text += event.text
        elif isinstance(event, RevisionEvent) and event.id == request:
            text = event.content
    return text


def revisions(world: World) -> list[RevisionEvent]:
    return [event for event in world.events if isinstance(event, RevisionEvent)]


LONG = GREEDY.model_copy(update={"max_tokens": 180})


@pytest.mark.parametrize("granularity", ["token", "word", "sentence"])
async def test_a_loop_is_cut_back_and_the_answer_goes_on_from_there(granularity: Granularity) -> None:
    world = World(goes_round("well ", UNIT, then=""))
    made = await engine(world)
    options = LONG.model_copy(update={"granularity": granularity})
    response = await made.infer("hello", options, request_id="q")
    assert response.content.startswith(STANDS)
    assert response.content.count("deep") == 1
    assert len(response.content) <= len(STANDS) + 1, "one other token, and then its end"
    assert (response.finish_reason, response.loops) == ("stop", 1)
    assert [event.again for event in revisions(world)] == [True]
    assert shown(world, "q") == response.content
    assert response.usage.cut >= 2 * len(UNIT)


async def test_an_answer_that_goes_round_again_ends_where_it_began_to() -> None:
    world = World(goes_round("well ", UNIT))
    made = await engine(world)
    response = await made.infer("hello", LONG, request_id="q")
    assert response.content.count("deep") <= 2
    assert response.content.startswith(STANDS)
    assert (response.finish_reason, response.loops) == ("loop", 2)
    assert [event.again for event in revisions(world)] == [True, False]
    assert shown(world, "q") == response.content


async def test_the_log_and_the_metrics_tell_of_loops() -> None:
    world = World(goes_round("", UNIT))
    made = await engine(world)
    await made.infer("hello", LONG, request_id="q")
    records = made.log.records()
    assert [record["again"] for record in records if record["event"] == "loop"] == [True, False]
    assert made.metrics.snapshot()["counters"]["loops"] == 2


async def test_who_wants_an_answer_as_it_comes_gets_it_to_the_greatest_length() -> None:
    world = World(goes_round("", UNIT, then=""))
    made = await engine(world)
    response = await made.infer("hello", LONG.model_copy(update={"cut_loops": False}), request_id="q")
    assert (response.finish_reason, response.loops, response.usage.completion) == ("length", 0, 180)
    assert revisions(world) == []


async def test_what_was_asked_for_again_and_again_is_said_again_and_again() -> None:
    world = World(goes_round("", "hello there ", then=""))
    made = await engine(world)
    response = await made.infer("repeat hello there forty times", LONG, request_id="q")
    assert (response.finish_reason, response.loops) == ("length", 0)


async def test_guessing_ahead_hides_no_loop() -> None:
    texts = []
    for speculates in (True, False):
        world = World(goes_round("well ", UNIT, then=""))
        world.texts["models/tiny/manifest.json"] = verifying()
        made = await engine(world, enable_speculation=speculates)
        response = await made.infer(UNIT.strip(), LONG, request_id="q")
        texts.append(response.content)
        assert response.loops == 1
        assert (response.usage.accepted > 0) == speculates
    assert texts[0] == texts[1]


async def test_after_a_loop_the_cache_holds_what_the_next_question_can_use() -> None:
    world = World(goes_round("well ", UNIT, then=""))
    made = await engine(world)
    first = await made.infer("hello", LONG, request_id="q")
    history = [{"role": "user", "content": "hello"}, {"role": "assistant", "content": first.content}]
    second = await made.infer("and then", LONG, history, request_id="r")  # type: ignore[arg-type]
    whole = LETTERS.encode(LETTERS.render([*history, {"role": "user", "content": "and then"}]))  # type: ignore[list-item]
    assert second.usage.cached > len(first.content), f"of {len(whole)}"


async def test_a_stop_string_that_comes_with_the_loop_ends_the_answer_as_ever() -> None:
    world = World(goes_round("well ", UNIT, then=""))
    made = await engine(world)
    response = await made.infer("hello", LONG.model_copy(update={"stop": ["deep"]}), request_id="q")
    assert (response.content, response.finish_reason, response.loops) == ("well the sea is blue and ", "stop", 0)


async def test_a_stop_string_holds_after_the_cut_too() -> None:
    world = World(goes_round("well ", UNIT, then=" and the end is here"))
    made = await engine(world)
    response = await made.infer("hello", LONG.model_copy(update={"stop": ["end"]}), request_id="q")
    assert response.content.startswith(STANDS)
    assert response.content.endswith(" and the ")
    assert (response.finish_reason, response.loops) == ("stop", 1)
    assert shown(world, "q") == response.content


async def test_a_stop_button_pressed_after_the_cut_leaves_what_stands() -> None:
    world = World(goes_round("well ", UNIT))
    made = await engine(world)
    cancel = CancelToken()
    made.subscribe(lambda event: cancel.cancel() if isinstance(event, RevisionEvent) else None)
    with pytest.raises(Cancelled):
        await made.infer("hello", LONG, request_id="q", cancel=cancel)
    assert shown(world, "q") == STANDS


async def test_a_worker_that_dies_after_the_cut_is_replaced_and_the_loop_isnt_tried_a_third_time() -> None:
    world = World(goes_round("well ", UNIT))
    made = await engine(world)

    def kill(event: object) -> None:
        if isinstance(event, RevisionEvent) and event.again:
            world.runtime.failures["forward"] = [WorkerDied("gone")]

    made.subscribe(kill)
    response = await made.infer("hello", LONG, request_id="q")
    assert (response.finish_reason, response.loops) == ("loop", 2)
    assert shown(world, "q") == response.content


async def test_the_host_tells_a_cancelled_answer_as_it_stood_after_the_cut() -> None:
    world, sent = World(goes_round("well ", UNIT)), []
    host = EngineHost(world.ports, lambda text: sent.append(json.loads(text)))

    def send(**message: object) -> None:
        host.receive(json.dumps({"v": 1, **message}))

    async def ends(request: str) -> dict[str, object]:
        while True:
            for message in sent:
                if message["id"] == request and message["type"] in ("result", "cancelled", "error"):
                    return message  # type: ignore[no-any-return]
            await world.clock.sleep(0)

    send(id="i", type="initialize")
    await ends("i")
    send(id="q", type="infer", query="hello", options={"temperature": 0, "max_tokens": 180})
    while not any(message["type"] == "revision" for message in sent):
        await world.clock.sleep(0)
    send(id="c", type="cancel", request="q")
    assert (await ends("q"))["partial"] == STANDS


async def test_a_second_try_is_as_reproducible_as_the_first() -> None:
    answers = []
    for _ in range(2):
        made = await engine(World(goes_round("well ", UNIT, then="")))
        answers.append((await made.infer("hello", InferOptions(seed=7, max_tokens=180))).content)
    assert answers[0] == answers[1]


class Watched:
    """The sampler's settings of every answer that was begun."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from orion_py.answering import beginning

        self.seen: list[SamplingParams] = []

        def make(params: SamplingParams, seed: int, **more: Any) -> Sampler:
            self.seen.append(params)
            self.penalised = more["penalised"]
            return Sampler(params, seed, **more)

        monkeypatch.setattr(beginning, "Sampler", make)


@pytest.mark.parametrize(
    ("agent", "asked", "wanted"),
    [
        ({}, {}, (0.4, 0.8, 30, 1.2)),
        ({"temperature": 0.9}, {}, (0.9, 0.8, 30, 1.2)),
        ({"temperature": 0.9}, {"temperature": 0.0, "repetition_penalty": 1.0}, (0.0, 0.8, 30, 1.0)),
    ],
)
async def test_the_model_sets_how_it_is_sampled_the_agent_may_differ_and_the_caller_decides(
    monkeypatch: pytest.MonkeyPatch, agent: dict[str, float], asked: dict[str, float], wanted: tuple[float, ...]
) -> None:
    world, watched = World(says("ok")), Watched(monkeypatch)
    registry = json.loads(world.texts["models.json"])
    own = {"temperature": 0.4, "top_p": 0.8, "top_k": 30, "repetition_penalty": 1.2}
    registry["models"][0]["sampling"] = own
    registry["agents"][0] |= agent
    world.texts["models.json"] = json.dumps(registry)
    await (await engine(world)).infer("hello", InferOptions.model_validate(asked))
    params = watched.seen[0]
    assert (params.temperature, params.top_p, params.top_k, params.repetition_penalty) == wanted
    prompt = world.runtime.sessions[0].calls[0][0]
    assert watched.penalised == Penalised(len(prompt), frozenset({EOS}))
