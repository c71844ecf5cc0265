"""The page's parts are put together right: a question goes out and comes back, and a setting reaches everybody."""

from __future__ import annotations

import itertools
import json
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

from tests.ui.engine.test_client import Timers, Worker
from tests.ui.fake_dom import NodeList
from tests.ui.speech import catalogue, plural
from ui.app import App
from ui.base.dom import Dom
from ui.base.store import MemoryBacking
from ui.chats.conversation import Conversation, Turn


class Then:
    """A promise that was kept before anybody asked."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def then(self, call: Any, _refused: Any = None) -> None:
        call(self._value)


class Bridge:
    """bridge/page/ as far as a visit without storage needs it."""

    def __init__(self) -> None:
        numbers = itertools.count(1)
        self.workers: list[Worker] = []
        self.newId = lambda: f"id{next(numbers)}"
        self.timestamp, self.now, self.resumed = (lambda: "now"), (lambda: 0.0), (lambda: False)
        self.wellFormed = self.answerOf = lambda text: text
        self.markdown = Then(SimpleNamespace(renderMarkdown=MagicMock(return_value=1.0)))
        self.wordLanguages = lambda: json.dumps(["en", "fr"])
        self.wordsIn = lambda language: json.dumps(catalogue(language))
        self.pluralOf = plural
        self.watchUpdates, self.saved = MagicMock(), MagicMock()
        self.saveFile = self.saved

    def __getattr__(self, name: str) -> Any:
        return MagicMock()

    def abilities(self) -> str:
        return json.dumps({"languages": ["en-GB"], "saveData": False, "moduleWorkers": True})

    def settle(self, _progress: Any, _reloading: Any) -> Then:
        return Then(SimpleNamespace(isolated=True, installed=True))

    def databaseWorks(self) -> Then:
        return Then(True)

    def storageEstimate(self) -> Then:
        return Then(json.dumps({"usage": None, "quota": None, "persisted": False}))

    def taken(self) -> None:
        return None

    def has(self, _group: str) -> bool:
        return True

    def messageLength(self, _box: Any, _most: int) -> int:
        return 1

    def spawnEngine(self, hear: Any, crash: Any) -> Worker:
        self.workers.append(Worker(hear, crash))
        return self.workers[-1]


class Visit:
    def __init__(self) -> None:
        self.nodes: dict[str, MagicMock] = {}
        self.bridge, self.frames = Bridge(), list[Any]()
        document = MagicMock()
        document.getElementById = self.node
        document.querySelectorAll = lambda _selector: NodeList()
        window = MagicMock(visualViewport=None)
        platform = SimpleNamespace(
            bridge=self.bridge,
            window=window,
            dom=Dom(document, self.bridge),
            timers=Timers(),
            clock=lambda: 0.0,
            request_frame=self.frames.append,
            backing=MemoryBacking(),
            session=MemoryBacking(),
        )
        self.app = App(platform)
        self.app.speak()
        self.app.start()
        self.app.keeping = MagicMock(loaded=True)
        self.frame()
        self.worker.come_up()

    def node(self, name: str) -> MagicMock:
        if name not in self.nodes:
            made = self.nodes[name] = MagicMock(value="", textContent="", textLength=0)
            made.querySelectorAll = lambda _selector: NodeList()
            made.open = name == "settings"
        return self.nodes[name]

    @property
    def worker(self) -> Worker:
        return self.bridge.workers[-1]

    def asked(self, kind: str) -> list[dict[str, Any]]:
        return [message for message in self.worker.posted if message["type"] == kind]

    def frame(self) -> None:
        calls, self.frames[:] = list(self.frames), []
        for call in calls:
            call(0.0)


def test_a_question_goes_to_the_engine_and_its_answer_into_the_conversation() -> None:
    visit = Visit()
    visit.app.ask("Why?")
    (asked,) = visit.asked("infer")
    assert asked["query"] == "Why?"
    visit.worker.say("token", asked["id"], text="Bec")
    visit.frame()
    visit.worker.say("result", asked["id"], payload={"content": "Because."})
    visit.frame()
    answer = visit.app.state.conversation.turns[-1]
    assert (answer.state, answer.text) == ("success", "Because.")
    assert visit.node("announcer").textContent == "Answer: Because."
    visit.app.keeping.save.assert_called_with(answer)


def test_another_language_reaches_the_words_and_the_engine() -> None:
    visit = Visit()
    visit.app.settings.change("language", "fr")
    visit.frame()
    assert visit.app.words("send") == "Envoyer"
    visit.app.ask("Pourquoi ?")
    assert visit.asked("infer")[-1]["locale"] == "fr"


def test_a_log_that_was_asked_for_goes_into_a_file() -> None:
    visit = Visit()
    visit.app.settings.act("logs")
    (asked,) = visit.asked("logs")
    visit.worker.say("result", asked["id"], payload={"records": []})
    visit.bridge.saved.assert_called_once_with("orion-log.json", '{"records": []}')


def test_pausing_a_model_stops_everything_and_resuming_asks_for_it_again() -> None:
    visit = Visit()
    before = len(visit.asked("preload"))
    visit.app.model.load("pause")
    assert visit.asked("cancel")[-1].get("request") is None
    visit.app.model.load("resume")
    assert len(visit.asked("preload")) == before + 1


def test_a_load_that_was_taken_up_again_is_not_paused_by_the_late_end_of_the_one_before() -> None:
    visit = Visit()
    visit.app.model.load("resume")
    visit.app.model.load("pause")
    visit.app.model.load("resume")
    before, now = visit.asked("preload")[-2:]
    visit.worker.say("progress", "engine", model="tiny", phase="downloading")
    visit.worker.say("cancelled", before["id"], partial="")
    assert visit.app.state.load.phase == "downloading"
    visit.worker.say("cancelled", now["id"], partial="")
    assert visit.app.state.load.phase == "paused"


def test_a_correction_is_taught_and_the_question_asked_again() -> None:
    visit = Visit()
    visit.app.ask("Why?")
    (asked,) = visit.asked("infer")
    visit.worker.say("result", asked["id"], payload={"content": "So.", "agent": "code"})
    visit.app.state.device["router"] = {"agents": ["code", "math"]}
    visit.app.corrections.correct(visit.app.state.conversation.turns[-1], "math")
    assert visit.asked("teach")[0]["agent"] == "math"
    assert visit.asked("infer")[-1]["options"]["force_agent"] == "math"


def test_a_boot_that_ended_in_an_error_is_said_in_words() -> None:
    visit = Visit()
    visit.app.client.restart()
    visit.worker.say("error", visit.worker.posted[0]["id"], error={"code": "invalid_registry", "message": "x"})
    kinds = [notice["kind"] for notice in visit.app.state.notices]
    assert "boot_failed" in kinds
    assert visit.app.state.engine == "failed"


def test_the_log_is_busy_until_it_has_an_article_for_each_turn() -> None:
    visit = Visit()
    log, keeping = visit.node("log"), visit.app.keeping
    conversation = Conversation("kept", [Turn("q", "user", "Why is the sky blue?"), Turn("a", "assistant", "Air.")])
    counted: list[int] = []
    keeping.drawn.side_effect = lambda: counted.append(log.appendChild.call_count)
    visit.app.shown.show(conversation)
    assert not counted, "nothing is drawn yet"
    before = log.appendChild.call_count
    visit.frame()
    assert counted == [before + 2]


def test_after_the_snapshot_the_status_is_never_asked_for_again() -> None:
    """Not by an answer with the panel open, an edited agent, the settings, a correction, a worker that is suspected."""
    visit = Visit()
    app, worker = visit.app, visit.worker
    app.extras._panel_came()
    for parts in ({"breakers": {}, "predictive": {}}, {"agents": [], "custom": []}, {"config": {"runner": "auto"}}):
        app.ask("Why?")
        worker.say("result", visit.asked("infer")[-1]["id"], payload={"content": "So.", "agent": "code"})
        worker.say("agent", agent="mine", change="replaced")
        worker.say("site", models=[], coming=[])
        worker.say("changed", parts=parts)
        visit.frame()
        assert {**parts, **app.state.device} == app.state.device
    app.settings.open()
    app.settings.act("forget")
    worker.say("result", visit.asked("unload")[-1]["id"], payload={})
    app.corrections.forget()
    worker.say("result", visit.asked("teach")[-1]["id"], payload={})
    worker.crash("a listener threw")
    assert [message["type"] for message in worker.posted if message["type"] in ("status", "ping", "storage")] == [
        "storage",
        "storage",
        "ping",
    ]


def test_a_new_engine_begins_with_a_snapshot_of_its_own() -> None:
    visit = Visit()
    visit.worker.say("changed", parts={"loaded": [{"model": "smol", "backend": "WebGPU"}]})
    assert visit.app.state.model == "smol"
    first = visit.worker
    first.crash("died")
    visit.app.timers.advance(5000)
    assert visit.worker is not first
    visit.worker.say("result", visit.worker.posted[0]["id"], payload={"loaded": [], "custom": [], "agents": []})
    assert (visit.app.state.model, visit.app.state.engine) == (None, "ready")
    assert "status" not in [message["type"] for message in visit.worker.posted]


def test_settings_that_are_open_show_what_another_tab_changed() -> None:
    visit = Visit()
    visit.app.settings.open()
    visit.worker.say("changed", parts={"router": {"name": "neural", "corrections": 2}})
    assert visit.node("forget-router").disabled is False
    visit.worker.say("changed", parts={"router": {"name": "neural", "corrections": 0}})
    assert visit.node("forget-router").disabled is True
