"""The live panel: what it shows, and that closed it asks, hears and draws nothing."""

from __future__ import annotations

from typing import Any
from unittest.mock import MagicMock

from tests.ui.speech import speak
from tests.ui.wire import Wire
from ui.chats.conversation import Conversation, Turn
from ui.engine import reducer
from ui.engine.view_state import ViewState
from ui.panel import model as panel_model
from ui.panel.log import is_shown, record_words
from ui.panel.model import PanelModel
from ui.panel.panel import PARTS, Panel

STATUS: dict[str, Any] = {
    "breakers": {"model:smol": {"state": "open", "retry_in_s": 12.0, "failures": 3}},
    "queue": {"running": 1, "waiting": ["b"], "limit": 16},
    "predictive": {"next": [{"agent": "code", "probability": 0.66}], "hit_rate": None, "wasted_bytes": 0},
    "memory": {"used_bytes": 4, "budget_bytes": 10, "models": []},
    "router": {"name": "keyword", "loading": True, "corrections": 0},
    "loaded": [{"model": "smol", "backend": "WebGPU"}],
}


def message(kind: str, **fields: Any) -> dict[str, Any]:
    return {"v": 1, "id": "engine", "type": kind, **fields}


def turn(state: str = "success", **meta: Any) -> Turn:
    made = Turn("a", "assistant", "text", state)
    made.meta = meta
    return made


# the model


class Known:
    """A panel's model, and the page's state that the reducer keeps."""

    def __init__(self, now: float = 0.0) -> None:
        self.state = ViewState(Conversation("c"))
        reducer.status(self.state, STATUS, now)
        self.model = PanelModel(self.state)
        self.model.know(STATUS)

    def hears(self, kind: str, now: float = 0.0, **fields: Any) -> set[str]:
        """What has to be drawn again after an event."""
        self.model.take_dirty()
        reducer.apply(self.state, message(kind, **fields), now)
        if kind == "changed":
            self.model.know(fields["parts"])
        self.model.apply(message(kind, **fields))
        return self.model.take_dirty()


def test_a_status_is_the_whole_picture() -> None:
    known = Known(now=1000.0)
    assert known.model.breakers["model:smol"]["until"] == 13_000.0
    assert known.model.backends == {"smol": "WebGPU"}
    assert known.model.take_dirty() == {"breakers", "queue", "predictive", "memory", "router", "compute"}
    assert known.model.take_dirty() == set()


def test_events_change_their_own_part_only() -> None:
    known = Known()
    model = known.model
    row = {"state": "open", "failures": 3, "retry_in_s": 30}
    assert known.hears("changed", 500.0, parts={"breakers": {"backend:WebGPU": row}}) == {"breakers"}
    assert model.breakers["backend:WebGPU"]["until"] == 30_500.0
    assert known.hears("queue", running=0, waiting=[], limit=16) == {"queue"}
    rows = [{"model": "smol", "bytes": 6, "busy": True}]
    drawn = known.hears("memory", used_bytes=6, budget_bytes=10, models=rows, evicted=["big"])
    assert (model.memory["used_bytes"], model.evicted, drawn) == (6, ["big"], {"memory"})
    router = {"name": "neural", "loading": False, "corrections": 2}
    assert known.hears("changed", parts={"router": router}) == {"router"}
    assert model.router == router
    assert known.hears("prediction", model="smol", agent="code", probability=0.7, state="hit") == {"predictive"}
    assert model.prediction is not None


def test_messages_that_concern_no_part_change_nothing() -> None:
    known = Known()
    for kind in ("token", "state", "progress", "guard", "something_new"):
        assert known.hears(kind) == set()


def test_the_log_keeps_a_limited_number_of_records() -> None:
    model = PanelModel(ViewState(Conversation("c")))
    for number in range(3 * panel_model.MOST_RECORDS):
        model.apply(message("log", record={"event": str(number)}))
    assert len(model.records) <= 2 * panel_model.MOST_RECORDS
    assert model.records[-1]["event"] == str(3 * panel_model.MOST_RECORDS - 1)


def test_the_machine_is_where_the_request_is() -> None:
    assert panel_model.machine(None) == ("idle", [])
    busy = turn("loading")
    busy.path, busy.at = [("validating", 1.0), ("routing", 4.0)], "loading_agent"
    assert panel_model.machine(busy) == ("loading_agent", [("validating", 1.0), ("routing", 4.0)])
    busy.state = "cancelled"
    assert panel_model.machine(busy)[0] == "cancelled"


def test_an_answer_of_an_earlier_visit_shows_its_timings_as_its_way() -> None:
    timings = {"validating": 1.0, "routing": 2.0, "loading": 3.0, "prefill": 4.0, "decode": 5.0}
    lit, path = panel_model.machine(turn(timings=timings))
    assert lit == "success"
    assert path == [("validating", 1.0), ("routing", 2.0), ("loading_agent", 3.0), ("inferencing", 9.0)]


def test_a_state_that_was_entered_twice_is_summed() -> None:
    path = [("loading_agent", 100.0), ("fallback", 1.0), ("loading_agent", 50.0)]
    assert panel_model.summed(path) == {"loading_agent": 150.0, "fallback": 1.0}


def test_answers_keep_their_number_in_the_conversation() -> None:
    failed, good = turn("error"), turn(timings={"routing": 2.0, "loading": 0, "decode": 9.0}, router="neural")
    conversation = Conversation("c", [Turn("q", "user", "1"), failed, Turn("r", "user", "2"), good])
    assert panel_model.answers(conversation) == [(2, good)]
    assert panel_model.decided(conversation) is good
    assert panel_model.phases(good.meta["timings"]) == [("routing", 2.0), ("decode", 9.0)]


def test_probabilities_are_ranked() -> None:
    assert panel_model.ranked({"a": 0.2, "b": 0.7, "c": 0.1}) == [("b", 0.7), ("a", 0.2), ("c", 0.1)]
    assert panel_model.ranked(None) == []


def test_records_are_one_line_and_filtered_by_level() -> None:
    record = {"time": 1, "level": "WARN", "event": "fallback", "to": "x", "kind": "model", "request": "0123456789ab"}
    assert record_words(record) == "fallback 01234567 kind=model to=x"
    assert is_shown(record, "WARN")
    assert not is_shown(record, "ERROR")
    assert is_shown({"level": "NEW"}, "ERROR")


# open and closed


class Bench:
    """A panel over a page of mocks; ``sent`` is what it asks of the engine."""

    def __init__(self) -> None:
        self.wire = Wire()
        self.platform = MagicMock()
        self.platform.dom.all.return_value = []
        self.platform.clock.return_value = 0.0
        self.frames = MagicMock()
        self.state = ViewState(Conversation("c"))
        self.panel = Panel(self.platform, speak("en"), self.state, self.wire.ask, self.frames, MagicMock())

    def changes(self, parts: dict[str, Any]) -> None:
        """The engine says that these are others now."""
        reducer.status(self.state, parts, 0.0)
        if self.panel.is_open:
            self.panel.know(parts)

    @property
    def sent(self) -> list[tuple[str, dict[str, Any] | None]]:
        return [(kind, fields) for kind, fields, _ in self.wire.sent]


def test_opening_shows_what_the_page_knows_and_follows_the_log() -> None:
    bench = Bench()
    bench.changes(STATUS)
    assert bench.sent == []
    bench.panel.open()
    assert bench.panel._model.backends == {"smol": "WebGPU"}
    assert bench.sent == [("logs", {"most": 200, "follow": True})]
    bench.panel.open()
    assert len(bench.sent) == 1


def test_closing_stops_following_and_leaves_nothing_behind() -> None:
    bench = Bench()
    bench.panel.open()
    bench.changes(STATUS)
    bench.panel.draw({"turns"}, lambda: False)
    assert bench.panel._timer is not None  # an open breaker counts down
    bench.panel.close()
    assert bench.sent[-1] == ("logs", {"most": 1, "follow": False})
    assert not bench.panel.is_open
    assert bench.panel._model is bench.panel._parts is bench.panel._timer is None
    bench.platform.timers.cancel.assert_called_once()
    bench.frames.reset_mock()
    bench.panel.redraw()
    bench.panel.engine_ready()
    bench.panel.close()
    assert len(bench.sent) == 2
    bench.frames.assert_not_called()


def test_a_restarted_engines_log_is_followed_again_while_the_panel_is_open() -> None:
    bench = Bench()
    bench.panel.engine_ready()
    assert bench.sent == []
    bench.panel.open()
    bench.panel.engine_ready()
    assert [kind for kind, _ in bench.sent] == ["logs", "logs"]


def test_an_answer_that_ends_asks_nothing_and_what_it_changed_comes_by_itself() -> None:
    bench = Bench()
    bench.changes(STATUS)
    bench.panel.open()
    queue = bench.panel._model.queue
    bench.panel.answered()
    bench.changes({"breakers": {}, "loaded": []})
    assert (bench.panel._model.breakers, bench.panel._model.queue) == ({}, queue)
    assert [kind for kind, _ in bench.sent] == ["logs"]


def test_the_log_that_was_asked_for_is_shown_unless_the_panel_was_closed_meanwhile() -> None:
    bench = Bench()
    bench.panel.open()
    first = bench.wire.sent[-1][2]
    bench.panel.close()
    bench.wire.says("result", first, payload={"records": [{"level": "INFO", "event": "late"}]})
    bench.panel.open()
    bench.wire.says("result", payload={"records": [{"level": "INFO", "event": "now"}]})
    assert [record["event"] for record in bench.panel._model.records] == ["now"]


def test_parts_that_do_not_fit_a_frame_wait_for_the_next() -> None:
    bench = Bench()
    bench.panel.open()
    assert bench.panel.draw(set(), lambda: True)
    assert len(bench.panel._left) == len(PARTS)
    assert not bench.panel.draw(set(), lambda: False)
