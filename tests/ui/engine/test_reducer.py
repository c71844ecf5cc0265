"""What the engine says becomes what the page shows."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ui.speech import TEXT
from ui.chats.conversation import Conversation, Turn
from ui.engine import reducer
from ui.engine.view_state import ViewState

RESPONSE = {
    "content": "Hello there",
    "agent": "conversation",
    "routing": {"agent": "conversation", "router": "keyword", "reason": "No keyword."},
    "finish_reason": "stop",
    "usage": {"prompt": 9, "cached": 0, "completion": 3},
    "timings": {"first_token": 412.0, "total": 900.0},
    "tokens_per_second": 41.5,
    "backend": "WASM, 2 threads",
    "model": "smol",
    "model_version": "1.0.0",
    "seed": 1,
}


class Page:
    """A page with one question under way, and the clock in its hands."""

    def __init__(self, state: str = "queued") -> None:
        self.answer = Turn("a", "assistant", "", state)
        self.answer.request = "a.1"
        self.answer.asked_at = 1000.0
        self.state = ViewState(Conversation("c", [Turn("q", "user", "Hi"), self.answer]))
        self.state.engine = "ready"
        self.now = 1000.0

    def hear(self, kind: str, message_id: str = "a.1", /, **fields: Any) -> None:
        reducer.apply(self.state, {"v": 1, "id": message_id, "type": kind, **fields}, self.now)

    def progress(self, phase: str, loaded: int = 0, **fields: Any) -> None:
        self.hear(
            "progress", "engine", model="smol", version="1", phase=phase, loaded_bytes=loaded, total_bytes=100, **fields
        )


@pytest.mark.parametrize(
    ("engine_state", "shown"),
    [
        ("validating", "routing"),
        ("routing", "routing"),
        ("loading_agent", "loading"),
        ("fallback", "loading"),
        ("inferencing", "streaming"),
    ],
)
def test_the_engines_states_become_the_turns(engine_state: str, shown: str) -> None:
    page = Page()
    page.hear("state", previous="idle", state=engine_state, agent="conversation", model="smol")
    assert page.answer.state == shown
    assert (page.answer.agent, page.answer.model) == ("conversation", "smol")
    assert "a" in page.state.take_dirty()


def test_tokens_append_and_the_first_one_is_timed() -> None:
    page = Page("streaming")
    page.now = 1350.0
    page.hear("token", text="Hel", index=0, tokens=1)
    page.now = 1400.0
    page.hear("token", text="lo", index=1, tokens=2, tokens_per_second=20.0)
    assert page.answer.text == "Hello"
    assert page.answer.first_token_ms == 350.0
    assert page.answer.meta["rate"] == 20.0


def test_a_result_is_the_last_word_with_its_figures() -> None:
    page = Page("streaming")
    page.hear("token", text="Hello", index=0, tokens=1)
    page.hear("result", payload=RESPONSE)
    assert page.answer.state == "success"
    assert page.answer.text == "Hello there"
    assert page.answer.meta["first_token_ms"] == 412.0
    assert page.answer.meta["rate"] == 41.5
    assert page.state.backend == "WASM, 2 threads"


@pytest.mark.parametrize("reason", ["length", "timeout"])
def test_an_answer_that_was_cut_says_so(reason: str) -> None:
    page = Page("streaming")
    page.hear("result", payload={**RESPONSE, "finish_reason": reason})
    assert page.answer.notes == [{"kind": reason}]


def test_a_loop_is_taken_back_and_the_answer_goes_on_from_there() -> None:
    page = Page("streaming")
    page.hear("token", text="One. Two. Two. Two. ", index=0, tokens=8)
    page.hear("revision", content="One. Two. ", reason="loop", again=True)
    assert page.answer.text == "One. Two. "
    assert page.answer.notes == [{"kind": "loop_again"}]
    page.hear("token", text="Three.", index=1, tokens=5)
    assert page.answer.text == "One. Two. Three."
    page.hear("result", payload={**RESPONSE, "content": "One. Two. Three.", "loops": 1})
    assert page.answer.notes == [{"kind": "loop_again"}]


def test_an_answer_that_loops_again_ends_there_and_says_so() -> None:
    page = Page("streaming")
    page.hear("revision", content="One. ", reason="loop", again=True)
    page.hear("revision", content="One. ", reason="loop", again=False)
    page.hear("result", payload={**RESPONSE, "content": "One. ", "finish_reason": "loop", "loops": 2})
    assert page.answer.text == "One. "
    assert page.answer.notes == [{"kind": "loop"}]


def test_a_loop_told_after_stop_changes_nothing() -> None:
    page = Page("streaming")
    page.hear("token", text="One", index=0, tokens=1)
    reducer.stop(page.state, page.answer)
    page.hear("revision", content="", reason="loop", again=True)
    assert (page.answer.text, page.answer.notes) == ("One", [])


def test_where_an_agents_code_failed_its_text_goes_and_nothing_is_said_of_a_loop() -> None:
    page = Page("streaming")
    page.hear("token", text="Five", index=0, tokens=0)
    page.hear("revision", content="", reason="code", again=True)
    assert (page.answer.text, page.answer.notes) == ("", [])


def test_an_error_keeps_what_had_streamed() -> None:
    page = Page("streaming")
    page.hear("token", text="Half a", index=0, tokens=1)
    page.hear("error", error={"code": "worker_died", "message": "m", "hint": "h", "retryable": True})
    assert page.answer.state == "error"
    assert page.answer.text == "Half a"
    assert page.answer.error["code"] == "worker_died"


def test_what_arrives_after_stop_changes_nothing() -> None:
    page = Page("streaming")
    page.hear("token", text="One", index=0, tokens=1)
    reducer.stop(page.state, page.answer)
    page.hear("token", text=" two", index=1, tokens=2)
    page.hear("state", previous="routing", state="inferencing")
    page.hear("result", payload=RESPONSE)
    page.hear("cancelled", partial="One two")
    assert page.answer.state == "cancelled"
    assert page.answer.text == "One"


def test_a_load_shows_bytes_speed_and_time_and_makes_the_waiting_turn_load() -> None:
    page = Page("routing")
    page.progress("downloading", 40, bytes_per_second=10.0, seconds_left=6.0, shards=[{"sha256": "x"}])
    load = page.state.load
    assert (load.loaded, load.total, load.speed, load.seconds_left) == (40, 100, 10.0, 6.0)
    assert page.answer.state == "loading"
    page.progress("ready", 100)
    assert load.phase == "ready"
    assert page.state.model == "smol"


def test_stop_while_loading_pauses_the_load_and_nothing_late_revives_it() -> None:
    page = Page("loading")
    page.progress("downloading", 40)
    reducer.stop(page.state, page.answer)
    page.progress("downloading", 45)
    assert page.state.load.phase == "paused"
    assert page.answer.state == "cancelled"
    reducer.revive(page.state)
    page.progress("downloading", 50)
    assert page.state.load.phase == "downloading"


def test_stop_while_streaming_leaves_the_load_alone() -> None:
    page = Page("streaming")
    page.progress("warming_up", 100)
    reducer.stop(page.state, page.answer)
    assert page.state.load.phase == "warming_up"


def test_a_second_copy_loaded_in_the_background_stays_in_the_background() -> None:
    page = Page("streaming")
    page.progress("downloading", 10)
    page.progress("ready", 100)
    page.progress("loading_shard", 10, from_storage=True)
    assert page.state.load.phase == "ready"


def test_loads_that_fail_say_so_on_the_card() -> None:
    page = Page("success")
    page.progress("downloading", 10)
    reducer.preloaded(page.state, {"type": "error", "error": {"code": "download_failed", "message": "HTTP 503"}})
    assert page.state.load.phase == "failed"
    assert page.state.load.error["code"] == "download_failed"


@pytest.mark.parametrize(("end", "phase"), [("result", "ready"), ("cancelled", "paused")])
def test_a_preload_that_ends_says_what_became_of_the_load(end: str, phase: str) -> None:
    page = Page("success")
    page.progress("downloading", 10)
    reducer.preloaded(page.state, {"type": end})
    assert page.state.load.phase == phase


def test_steps_down_are_noted_where_they_belong() -> None:
    page = Page("streaming")
    step = {"from": "a", "to": "b", "reason_code": "x", "reason": "words"}
    page.hear("fallback", kind="context", **step)
    page.hear("fallback", kind="context", **step)
    page.hear("fallback", "engine", kind="storage", **step)
    assert [note["step"] for note in page.answer.notes] == ["context"]
    assert [notice["step"] for notice in page.state.notices] == ["storage"]
    assert page.state.engine == "degraded"


def test_a_step_to_the_processor_is_no_limit() -> None:
    page = Page("streaming")
    page.hear("fallback", "engine", kind="backend", **{"from": "WebGPU", "to": "WASM, 2 threads"})
    assert page.state.engine == "ready"
    assert page.state.backend == "WASM, 2 threads"


def test_a_thread_that_is_lost_changes_what_the_page_says_computes() -> None:
    page = Page("success")
    steps = {"from": "Kernel, 2 threads", "to": "Kernel, 1 thread"}
    page.hear("fallback", "engine", kind="threads", reason_code="worker_died", **steps)
    assert page.state.backend == "Kernel, 1 thread"
    assert page.state.engine == "degraded"


def test_status_gives_names_and_what_is_loaded() -> None:
    page = Page("success")
    payload = {
        "models": [{"id": "smol", "title": "Smol", "languages": ["en"]}],
        "agents": [{"id": "code", "title": {"fr": "Code"}}],
        "loaded": [{"model": "smol", "backend": "WebGPU"}],
    }
    reducer.status(page.state, payload, 0)
    assert page.state.model_name("smol") == "Smol"
    assert (page.state.model, page.state.backend) == ("smol", "WebGPU")


def test_a_part_of_the_status_leaves_the_rest_as_it_is() -> None:
    page = Page("success")
    reducer.status(page.state, {"loaded": [{"model": "smol", "backend": "WebGPU"}], "config": {"threads": 2}}, 0)
    reducer.status(page.state, {"custom": []}, 0)
    assert (page.state.model, page.state.device["config"]) == ("smol", {"threads": 2})
    reducer.status(page.state, {"loaded": []}, 0)
    assert page.state.model is None


@pytest.mark.parametrize("kind", ["log", "metric", "something_new"])
def test_messages_that_the_page_does_not_know_do_no_harm(kind: str) -> None:
    page = Page()
    page.hear(kind, "engine", record={})
    assert page.state.take_dirty() == set()


@pytest.mark.parametrize(
    ("category", "kind"),
    [("injection", "guard_injection"), ("self_harm", "guard_self_harm"), ("weapons", "guard_harm")],
)
def test_a_note_of_the_guard_stands_under_the_answer_and_has_words(category: str, kind: str) -> None:
    page = Page()
    page.hear("guard", category=category, rules=["x"])
    assert [note["kind"] for note in page.answer.notes] == [kind]
    assert kind in TEXT


def test_a_model_that_is_seldom_right_is_told_once_with_the_better_one() -> None:
    page = Page()
    page.state.model_titles = {"small": "Small", "large": "Large"}
    page.hear("weak", agent="multilingual", model="small", better="large")
    page.hear("weak", agent="multilingual", model="small", better="large")
    page.hear("weak", agent="creative", model="small")
    assert page.answer.notes == [
        {"kind": "weak_better", "model": "Small", "better": "Large"},
        {"kind": "weak", "model": "Small"},
    ]
    assert {"weak", "weak_better"} <= set(TEXT)


def test_the_way_of_a_request_is_kept_with_its_times() -> None:
    page = Page()
    page.hear("state", previous="idle", state="validating", ms=0.0)
    page.hear("state", previous="validating", state="routing", ms=1.5)
    page.hear("state", previous="routing", state="loading_agent", ms=4.0)
    assert page.answer.path == [("validating", 1.5), ("routing", 4.0)]
    assert page.answer.at == "loading_agent"


def test_a_result_says_how_sure_the_router_was_and_who_came_second() -> None:
    page = Page("streaming")
    routing = {"agent": "code", "router": "neural", "reason": "why", "confidence": 0.4, "runner_up": "logical"}
    page.hear("result", payload={**RESPONSE, "routing": {**routing, "probabilities": {"code": 0.4}}})
    meta = page.answer.meta
    assert (meta["confidence"], meta["runner_up"], meta["router"]) == (0.4, "logical", "neural")
    assert meta["probabilities"] == {"code": 0.4}
    assert meta["timings"]["total"] == 900.0


def test_the_status_and_its_events_say_which_router_answers() -> None:
    page = Page("success")
    agents = [{"id": "code", "title": {}, "available": False}]
    reducer.status(page.state, {"router": {"name": "keyword"}, "agents": agents}, 0)
    assert (page.state.router, page.state.agents) == ("keyword", agents)
    page.hear("router", "engine", name="neural", corrections=0)
    assert page.state.router == "neural"


def test_a_requests_progress_is_kept_and_never_falls() -> None:
    page = Page()
    seen = []
    page.hear("state", previous="routing", state="loading_agent", ms=1, progress=10)
    for value in (24, 24, 17, 61):
        page.hear("advance", state="loading_agent", progress=value)
        seen.append(page.answer.progress)
    page.hear("advance", "stopped.1", state="inferencing", progress=99)
    assert seen == [24, 24, 24, 61]
    assert page.answer.progress == 61
    page.answer.reset()
    assert page.answer.progress == 0


def test_a_turn_looks_at_its_picture_once_what_sees_is_in_memory() -> None:
    page = Page()
    reducer.status(page.state, {"senses": [{"id": "eyes", "title": "Eyes", "download_bytes": 9}]}, 0)
    page.hear("state", previous="validating", state="routing", ms=1, progress=5)
    page.hear("progress", "engine", model="eyes", phase="downloading", loaded_bytes=1, total_bytes=9)
    assert (page.answer.state, page.answer.activity) == ("loading", "loading")
    page.hear("progress", "engine", model="eyes", phase="ready", loaded_bytes=9, total_bytes=9)
    assert page.state.model is None, "eyes answer nothing by themselves"
    page.hear("sense", sense="vision")
    assert (page.answer.state, page.answer.activity) == ("loading", "looking")
    page.hear("sense", "stopped.1", sense="vision")
    page.hear("state", previous="routing", state="inferencing", ms=1, progress=60)
    assert (page.answer.state, page.answer.activity) == ("streaming", "thinking")


def test_a_turn_says_how_much_of_its_recording_is_heard() -> None:
    page = Page()
    page.hear("state", previous="routing", state="loading_agent", ms=1, progress=10)
    page.hear("sense", sense="speech", done=0, total=90)
    assert (page.answer.state, page.answer.activity, page.answer.heard) == ("loading", "listening", (0, 90))
    page.hear("sense", sense="speech", done=28.5, total=90)
    assert page.answer.heard == (28.5, 90)
    page.hear("token", text="Good day", index=0, tokens=0)
    page.hear("sense", sense="speech", done=56.0, total=90)
    assert (page.answer.state, page.answer.activity) == ("streaming", "listening"), "its words are shown meanwhile"
    page.answer.reset()
    assert page.answer.heard is None


def test_what_was_heard_stays_with_the_answer() -> None:
    page = Page("streaming")
    heard = [{"text": "Good day", "segments": [], "seconds": 2.0}]
    page.hear("result", payload={**RESPONSE, "notes": {"recordings": heard, "scenes": []}})
    assert page.answer.meta["recordings"] == heard


def test_how_many_lines_of_a_picture_are_read_is_kept_while_it_is_looked_at() -> None:
    page = Page()
    page.hear("sense", sense="vision", picture=1, pictures=2, line=4, lines=12)
    assert page.answer.looked == (1, 2, 4, 12)
    page.hear("sense", sense="speech")
    assert page.answer.looked == (1, 2, 4, 12)
    page.answer.reset()
    assert page.answer.looked is None


def test_what_was_found_in_pictures_comes_with_the_answer() -> None:
    page = Page()
    box = [[0, 0], [9, 0], [9, 9], [0, 9]]
    scene = {"width": 300, "height": 200, "lines": [{"text": "TOTAL", "confidence": 0.9, "box": box}]}
    page.hear("result", payload={**RESPONSE, "notes": {"scenes": [scene]}})
    assert [each["what"] for each in page.answer.scenes[0]["found"]] == ["TOTAL"]
    other = Page()
    other.hear("result", payload=RESPONSE)
    assert other.answer.scenes == []
