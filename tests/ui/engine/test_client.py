"""The client keeps its word whatever the engine worker does."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from ui.engine.client import BOOT_SILENCE_MS, SNAPSHOT_SILENCE_MS, EngineClient


class Timers:
    """Time moves when told to."""

    def __init__(self) -> None:
        self.now, self._number = 0.0, 0
        self._calls: dict[int, tuple[float, Callable[[], None]]] = {}

    def later(self, ms: float, call: Callable[[], None]) -> int:
        self._number += 1
        self._calls[self._number] = (self.now + ms, call)
        return self._number

    def cancel(self, handle: int) -> None:
        self._calls.pop(handle, None)

    @property
    def waiting(self) -> int:
        return len(self._calls)

    def advance(self, ms: float) -> None:
        self.now += ms
        for handle, (due, call) in sorted(self._calls.items()):
            if due <= self.now and self._calls.pop(handle, None):
                call()


class Worker:
    def __init__(self, hear: Callable[[str], None], crash: Callable[[str], None]) -> None:
        self.hear, self.crash = hear, crash
        self.posted: list[dict[str, Any]] = []
        self.ended = False

    def post(self, text: str) -> None:
        self.posted.append(json.loads(text))

    def attach(self, request: str, ids: str) -> None:
        self.posted.append({"type": "attach", "id": request, "ids": json.loads(ids)})

    def feed(self, request: str, microphone: object) -> None:
        self.posted.append({"type": "feed", "id": request, "from": microphone})

    def end(self) -> None:
        self.ended = True

    def say(self, kind: str, message_id: str = "engine", **fields: Any) -> None:
        self.hear(json.dumps({"v": 1, "id": message_id, "type": kind, **fields}))

    def come_up(self) -> None:
        self.say("result", self.posted[0]["id"], payload={})


class Scene:
    def __init__(self) -> None:
        self.timers = Timers()
        self.workers: list[Worker] = []
        self.messages: list[dict[str, Any]] = []
        self.started: list[dict[str, Any]] = []
        self.statuses: list[dict[str, Any]] = []
        self.phases: list[tuple[str, str | None]] = []
        self.settings: dict[str, Any] = {"ahead": False}
        self.client = EngineClient(
            self._spawn,
            self.timers,
            self.messages.append,
            lambda phase, why: self.phases.append((phase, why)),
            lambda: dict(self.settings),
            self.started.append,
            self.statuses.append,
        )

    def _spawn(self, hear: Callable[[str], None], crash: Callable[[str], None]) -> Worker:
        self.workers.append(Worker(hear, crash))
        return self.workers[-1]

    @property
    def worker(self) -> Worker:
        return self.workers[-1]

    def ready(self) -> Scene:
        self.client.start()
        self.worker.come_up()
        return self

    def sent(self, kind: str) -> list[dict[str, Any]]:
        return [message for message in self.worker.posted if message["type"] == kind]

    def ends(self) -> list[tuple[str, str]]:
        return [(m["id"], m["error"]["code"]) for m in self.messages if m["type"] == "error"]


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_initialize_goes_first_with_the_settings(scene: Scene) -> None:
    scene.client.start()
    assert [(m["type"], m["ahead"]) for m in scene.worker.posted] == [("initialize", False)]


def test_requests_wait_until_the_engine_is_ready(scene: Scene) -> None:
    scene.client.start()
    scene.client.ask("preload")
    assert scene.sent("preload") == []
    scene.worker.come_up()
    assert len(scene.sent("preload")) == 1
    assert scene.phases == [("booting", None), ("ready", None)]


def test_an_engine_that_stays_silent_fails_with_a_plain_reason(scene: Scene) -> None:
    scene.client.start()
    scene.timers.advance(BOOT_SILENCE_MS)
    assert scene.phases[-1] == ("failed", "boot_timeout")
    assert scene.worker.ended


def test_an_engine_that_is_slow_but_talks_is_left_in_peace(scene: Scene) -> None:
    scene.client.start()
    for _ in range(4):
        scene.timers.advance(BOOT_SILENCE_MS - 1)
        scene.worker.say("boot", phase="python", ms=1)
    scene.worker.come_up()
    assert scene.client.phase == "ready"


def test_an_engine_that_hangs_in_a_snapshot_is_soon_replaced_by_one_that_begins_without(scene: Scene) -> None:
    scene.client.start()
    scene.worker.say("boot", phase="snapshot", ms=1)
    scene.timers.advance(SNAPSHOT_SILENCE_MS)
    assert [worker.ended for worker in scene.workers] == [True, False]
    scene.worker.come_up()
    assert scene.client.phase == "ready"


def test_an_engine_that_gives_a_snapshot_up_has_all_the_time_it_needs(scene: Scene) -> None:
    scene.client.start()
    scene.worker.say("boot", phase="snapshot", ms=1)
    scene.timers.advance(SNAPSHOT_SILENCE_MS - 1)
    scene.worker.say("boot", phase="bytecode", ms=1)
    scene.timers.advance(BOOT_SILENCE_MS - 1)
    assert len(scene.workers) == 1
    scene.worker.come_up()
    assert scene.client.phase == "ready"


def test_a_browser_without_module_workers_is_told_apart(scene: Scene) -> None:
    def refuse(*_: Any) -> Worker:
        raise RuntimeError("no module workers")

    scene.client._spawn = refuse
    scene.client.start()
    assert scene.phases[-1] == ("failed", "no_workers")


@pytest.mark.parametrize("sign", ["crash", "boot-failed"])
def test_a_boot_that_fails_is_tried_once_more(scene: Scene, sign: str) -> None:
    scene.client.start()
    for _ in range(2):
        if sign == "crash":
            scene.worker.crash("error")
        else:
            scene.worker.say("boot-failed", message="no wasm")
    assert len(scene.workers) == 2
    assert [phase for phase, _ in scene.phases] == ["booting", "restarting", "failed"]
    assert scene.phases[-1][1] == "boot_crashed"


def test_an_initialize_that_ends_in_an_error_is_final_and_says_what_it_answers(scene: Scene) -> None:
    scene.client.start()
    request = scene.worker.posted[0]["id"]
    scene.worker.say("error", message_id=request, error={"code": "invalid_registry", "message": ""})
    assert [message["type"] for message in scene.started] == ["error"]
    assert scene.phases[-1] == ("failed", "boot_failed")
    assert len(scene.workers) == 1


def test_a_dead_engine_is_started_again_and_its_requests_end(scene: Scene) -> None:
    scene.ready()
    scene.client.ask("infer", {"query": "x"}, message_id="a.1")
    scene.worker.crash("error")
    scene.timers.advance(5000)
    assert scene.ends() == [("a.1", "worker_died"), ("ping-3", "worker_died")]
    assert len(scene.workers) == 2
    assert scene.workers[0].ended
    scene.worker.come_up()
    assert scene.client.phase == "ready"


def test_an_error_event_of_a_living_engine_ends_nothing(scene: Scene) -> None:
    scene.ready()
    scene.client.ask("infer", {"query": "x"}, message_id="a.1")
    scene.worker.crash("a listener threw")
    scene.worker.say("result", scene.sent("ping")[0]["id"], payload={})
    scene.timers.advance(60_000)
    assert scene.ends() == []
    assert len(scene.workers) == 1


def test_an_engine_that_dies_again_and_again_is_given_up(scene: Scene) -> None:
    scene.ready()
    for _ in range(2):
        scene.worker.crash("error")
        scene.timers.advance(5000)
        if scene.client.phase == "restarting":
            scene.worker.come_up()
    assert scene.phases[-1] == ("failed", "engine_crashed")


def test_an_answer_in_between_earns_another_restart(scene: Scene) -> None:
    scene.ready()
    for number in range(3):
        scene.client.ask("infer", {"query": "x"}, message_id=f"a.{number}")
        scene.worker.say("result", f"a.{number}", payload={})
        scene.worker.crash("error")
        scene.timers.advance(5000)
        scene.worker.come_up()
    assert scene.client.phase == "ready"


def test_the_late_events_of_a_cancelled_request_are_dropped_but_not_its_end(scene: Scene) -> None:
    scene.ready()
    scene.client.ask("infer", {"query": "x"}, message_id="a.1")
    scene.client.cancel("a.1")
    scene.worker.say("token", "a.1", text="late", index=0, tokens=1)
    scene.worker.say("cancelled", "a.1", partial="")
    assert [m["type"] for m in scene.messages if m["id"] == "a.1"] == ["cancelled"]
    assert scene.sent("cancel")[0]["request"] == "a.1"


def test_an_engine_that_does_not_stop_is_replaced(scene: Scene) -> None:
    scene.ready()
    scene.client.ask("infer", {"query": "x"}, message_id="a.1")
    scene.client.cancel("a.1")
    scene.timers.advance(8000)
    scene.timers.advance(5000)
    assert len(scene.workers) == 2


def test_cancelling_everything_names_no_request(scene: Scene) -> None:
    scene.ready()
    scene.client.ask("preload")
    scene.client.cancel(None)
    assert "request" not in scene.sent("cancel")[0]


def test_a_request_cancelled_before_the_engine_is_up_is_never_sent(scene: Scene) -> None:
    scene.client.start()
    scene.client.ask("infer", {"query": "x"}, message_id="a.1")
    scene.client.cancel("a.1")
    scene.worker.come_up()
    assert scene.sent("infer") == []


def test_a_failed_engine_answers_every_request_at_once(scene: Scene) -> None:
    scene.client.start()
    scene.client.ask("infer", {"query": "x"}, message_id="a.1")
    scene.timers.advance(BOOT_SILENCE_MS)
    scene.client.ask("infer", {"query": "y"}, message_id="a.2")
    assert scene.ends() == [("a.1", "engine_closed"), ("a.2", "engine_closed")]


def test_a_person_may_start_a_failed_engine_again(scene: Scene) -> None:
    scene.client.start()
    scene.timers.advance(BOOT_SILENCE_MS)
    scene.client.restart()
    scene.worker.come_up()
    assert scene.client.phase == "ready"


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"v":2,"id":"x","type":"token"}', '{"v":1,"type":"token"}'])
def test_what_is_not_a_message_is_ignored(scene: Scene, text: str) -> None:
    scene.ready()
    before = list(scene.messages)
    scene.worker.hear(text)
    assert scene.messages == before


def test_a_replaced_worker_is_no_longer_listened_to(scene: Scene) -> None:
    scene.ready()
    old = scene.worker
    old.crash("error")
    scene.timers.advance(5000)
    scene.messages.clear()
    old.say("token", "a.1", text="ghost", index=0, tokens=1)
    assert scene.messages == []


def told(scene: Scene) -> list[dict[str, Any]]:
    """Requests after the first one, without what all have."""
    return [{k: v for k, v in m.items() if k not in ("v", "id")} for m in scene.worker.posted[1:]]


def test_settings_changed_while_the_engine_boots_are_told_before_anything_else(scene: Scene) -> None:
    scene.settings |= {"preset": None, "config": None}
    scene.client.start()
    scene.client.ask("preload")
    scene.settings |= {"config": {"enable_guardrails": False}}
    scene.client.settle()
    assert told(scene) == []
    scene.worker.come_up()
    assert told(scene) == [{"type": "configure", "config": {"enable_guardrails": False}}, {"type": "preload"}]


def test_a_profile_chosen_while_the_engine_boots_is_told_with_what_differs_from_it(scene: Scene) -> None:
    scene.settings |= {"preset": "low_end", "config": {"verbose_logging": True}}
    scene.client.start()
    scene.settings |= {"preset": None, "config": {"verbose_logging": True}}
    scene.worker.come_up()
    assert told(scene) == [{"type": "configure", "preset": "auto", "config": {"verbose_logging": True}}]


def test_a_setting_that_is_the_profiles_own_again_is_told(scene: Scene) -> None:
    scene.settings |= {"preset": "low_end", "config": {"verbose_logging": True}}
    scene.ready()
    scene.settings |= {"config": None}
    scene.client.settle()
    assert told(scene) == [{"type": "configure", "preset": "low_end"}]


def test_of_a_running_engine_only_what_changed_is_asked(scene: Scene) -> None:
    scene.settings |= {"preset": None, "config": {"verbose_logging": True}}
    scene.ready()
    scene.client.settle()
    assert told(scene) == []
    scene.settings |= {"config": {"verbose_logging": True, "use_neural_router": False}}
    scene.client.settle()
    scene.client.settle()
    assert told(scene) == [{"type": "configure", "config": {"use_neural_router": False}}]


def test_an_engine_that_starts_again_gets_the_settings_of_now(scene: Scene) -> None:
    scene.ready()
    scene.settings["preset"] = "low_end"
    scene.worker.crash("error")
    scene.timers.advance(5000)
    assert scene.worker.posted[0]["preset"] == "low_end"
    scene.worker.come_up()
    assert told(scene) == []


def test_whoever_asks_is_told_once_how_it_ended_and_so_is_the_page(scene: Scene) -> None:
    ends: list[str] = []
    request = scene.ready().client.ask("telemetry", {}, lambda message: ends.append(message["type"]))
    scene.worker.say("result", request, payload={})
    scene.worker.say("result", request, payload={})
    assert ends == ["result"]
    assert [m["type"] for m in scene.messages if m["id"] == request] == ["result", "result"]


def test_what_is_the_askers_own_affair_the_page_never_hears_of(scene: Scene) -> None:
    heard: list[str] = []
    ends: list[str] = []
    request = scene.ready().client.ask(
        "infer", {"query": "x"}, lambda m: ends.append(m["type"]), lambda m: heard.append(m["type"]), "own-1"
    )
    scene.worker.say("token", request, text="a")
    scene.worker.say("fallback", request, to="a new worker")
    scene.worker.say("result", request, payload={})
    assert (heard, ends) == (["token", "fallback"], ["result"])
    assert [m for m in scene.messages if m["id"] == request] == []


def test_a_dead_engine_ends_what_was_asked_of_it(scene: Scene) -> None:
    ends: list[dict[str, Any]] = []
    scene.ready().client.ask("preload", None, ends.append)
    scene.worker.crash("error")
    scene.timers.advance(5000)
    assert [(m["error"]["code"], m["error"]["family"]) for m in ends] == [("worker_died", "runtime")]


def test_a_request_that_is_called_off_before_it_was_sent_ends_too(scene: Scene) -> None:
    ends: list[dict[str, Any]] = []
    scene.client.start()
    scene.client.ask("preload", None, ends.append)
    scene.client.cancel()
    assert [m["type"] for m in ends] == ["cancelled"]


def test_a_failed_engine_ends_a_request_at_once(scene: Scene) -> None:
    ends: list[dict[str, Any]] = []
    scene.client.start()
    scene.timers.advance(60_000)
    scene.client.ask("storage", None, ends.append)
    assert [m["error"]["code"] for m in ends] == ["engine_closed"]
