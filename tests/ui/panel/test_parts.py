"""The panel's tables: measurements, and what computes the answers."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ui.fake_dom import Element, dom
from tests.ui.speech import speak
from ui.chats.conversation import Conversation, Turn
from ui.engine import reducer
from ui.engine.view_state import ViewState
from ui.panel.compute import Compute, limit_rows, verdict_words
from ui.panel.measures import Measures
from ui.panel.model import MOST_FALLBACKS, PanelModel
from ui.panel.parts import Parts

GPU = {"webgpu": True, "webgpu_name": "intel gen-12", "webgpu_features": ["shader-f16"], "isolated": True}
STEP = {
    "kind": "backend",
    "from": "WebGPU",
    "to": "WASM, 2 threads",
    "reason_code": "device_lost",
    "reason": "It went.",
}


def known(**payload: Any) -> PanelModel:
    state = ViewState(Conversation("c"))
    reducer.status(state, payload, 0)
    model = PanelModel(state)
    model.know(payload)
    return model


def hears(model: PanelModel, message: dict[str, Any]) -> None:
    reducer.apply(model._state, message, 0)
    model.apply(message)


def measures(model: PanelModel, lang: str = "en") -> Element:
    document = dom("place")
    place: Element = document.by_id("place")
    Measures(document, speak(lang), model).draw(place)
    return place


def compute(model: PanelModel, lang: str = "en") -> Element:
    document = dom("place")
    place: Element = document.by_id("place")
    state = ViewState(Conversation("c"))
    state.model_titles = {"smol": "SmolLM2", "qwen": "Qwen"}
    Compute(document, speak(lang), state, model).draw(place)
    return place


def test_percentiles_come_with_the_status_and_move_with_each_metric() -> None:
    histograms = {"first_token": {"count": 4, "p50": 400.0, "p95": 2100.0}, "pace": {"count": 4, "p50": 1, "p95": 2}}
    model = known(
        metrics={"counters": {"slow_calls": 1}, "histograms": histograms}, config={"slow_call_s": 60.0}
    )  # fmt: skip
    place = measures(model)
    row = place.all("[data-measure=first_token]")[0]
    assert [cell.textContent for cell in row.children] == ["First word", "400\u202fms", "2.1\u202fs", "4"]
    assert "Slow answers: 1 of 4" in place.textContent
    model.take_dirty()
    metric = {
        "id": "q",
        "type": "metric",
        "name": "first_token",
        "value": 1,
        "unit": "ms",
        "count": 5,
        "p50": 3.0,
        "p95": 9.0,
    }
    hears(model, metric | {"slow": False})
    hears(model, metric | {"name": "pace", "slow": True})
    assert model.take_dirty() == {"measures"}
    place = measures(model, "fr")
    assert "3\u202fms" in place.textContent
    assert "Réponses lentes : 2 sur 5" in place.textContent


def test_speed_is_told_in_tokens_a_second() -> None:
    place = measures(known(metrics={"histograms": {"tokens_per_second": {"count": 1, "p50": 41.4, "p95": 52.0}}}))
    assert "41 tokens/s" in place.textContent


def test_before_the_first_answer_it_says_that_nothing_was_measured() -> None:
    assert "Nothing has been measured yet." in measures(known()).textContent


def test_a_breaker_that_opened_for_slowness_says_so() -> None:
    model = known()
    row = {"state": "open", "failures": 0, "retry_in_s": 30, "cause": "slow", "slow_rate": 0.9}
    hears(model, {"id": "engine", "type": "changed", "parts": {"breakers": {"model:smol": row}}})
    assert (model.breakers["model:smol"]["cause"], model.breakers["model:smol"]["slow_rate"]) == ("slow", 0.9)


@pytest.mark.parametrize(
    ("verdict", "device", "english"),
    [
        ({"state": "absent"}, {"webgpu_reason": "the browser offers no GPU adapter"}, "the browser offers no GPU."),
        ({"state": "absent"}, {"webgpu_reason": "driver says no"}, "driver says no"),
        ({"state": "slower", "speedup": 0.84}, GPU, "0.84 times the speed"),
        ({"state": "serves", "speedup": 3.1}, GPU, "3.10 times"),
        ({"state": "failed", "reason": "device_lost"}, GPU, "failed its trial"),
        ({"state": "wrong"}, GPU, "gives wrong results"),
        ({"state": "software"}, GPU, "emulated"),
        ({"state": "untried"}, GPU, "tried once"),
    ],
)
def test_the_verdict_says_why(verdict: dict[str, Any], device: dict[str, Any], english: str) -> None:
    assert english in verdict_words(verdict, device, speak("en"))
    assert verdict_words(verdict, device, speak("fr")) != verdict_words(verdict, device, speak("en"))


def test_every_state_that_the_engine_reports_has_words() -> None:
    from typing import get_args

    from orion_py.background.webgpu_report import GpuState

    for state in get_args(GpuState):
        assert verdict_words({"state": state}, {}, speak("en"))


def test_what_the_gpu_offers_and_each_step_down_with_its_reason_are_shown() -> None:
    device = GPU | {"webgpu_limits": {"maxBufferSize": 2_147_483_648, "maxComputeInvocationsPerWorkgroup": 256}}
    place = compute(
        known(
            device=device,
            loaded=[{"model": "smol", "backend": "WASM, 2 threads"}],
            webgpu=[{"model": "smol", "state": "slower", "speedup": 0.5, "reason": ""}],
            fallbacks=[STEP] * (MOST_FALLBACKS + 3),
        )
    )
    text = place.textContent
    assert "SmolLM2" in text
    assert "WebAssembly, 2 threads" in text
    assert "What intel gen-12 offers" in text
    assert "Features: shader-f16" in text
    assert "WebGPU → WASM, 2 threads: It went." in text
    assert len(place.all("[data-fallback=backend]")) == MOST_FALLBACKS
    assert limit_rows(device["webgpu_limits"], speak("en")) == [  # type: ignore[arg-type]
        ("maxBufferSize", "2.1\u202fGB"),
        ("maxComputeInvocationsPerWorkgroup", "256"),
    ]


def test_a_device_without_our_kernel_says_why() -> None:
    lacking = {"webgpu": False, "isolated": True, "webgpu_reason": "x", "kernel": "", "kernel_reason": "no SIMD"}
    assert "own kernel can’t run here (no SIMD)" in compute(known(device=lacking)).textContent
    poor = compute(known(device={**lacking, "simd": False})).textContent
    assert "no model can be computed here" in poor
    assert "onnxruntime is used instead" not in poor
    having = {**lacking, "kernel": "plain-1", "kernel_reason": ""}
    assert "kernel" not in compute(known(device=having)).textContent


def test_a_page_that_is_not_isolated_says_why_it_has_one_thread() -> None:
    assert "COOP" in compute(known(device={"webgpu": False, "isolated": False, "webgpu_reason": "x"})).textContent


def test_verdicts_of_several_models_name_them() -> None:
    rows = [{"model": "smol", "state": "none"}, {"model": "qwen", "state": "serves"}]
    text = compute(known(device=GPU, webgpu=rows)).textContent
    assert "SmolLM2: This model has no variant" in text
    assert "Qwen: WebGPU answers." in text


def test_what_each_session_of_a_graph_model_runs_on_is_shown() -> None:
    rows = [
        {"model": "eyes", "session": "detector", "state": "serves", "speedup": 2.5},
        {"model": "eyes", "session": "recognizer", "state": "wrong"},
        {"model": "eyes", "session": "own", "state": "none"},
        {"model": "smol", "session": "", "state": "none"},
    ]
    place = compute(known(device=GPU, webgpu=rows))
    (row,) = place.all("[data-computes=eyes]")
    assert row.textContent == "eyesfinder on WebGPU, reader on WebAssembly, own on WebAssembly"
    text = place.textContent
    assert "eyes (finder): WebGPU answers: 2.50 times" in text
    assert "eyes (reader): WebGPU gives wrong results" in text
    assert "eyes (own): It has operations for which WebGPU has no kernels" in text
    assert "SmolLM2: This model has no variant" in text


def test_models_that_share_a_verdict_share_a_line() -> None:
    rows = [{"model": "eyes", "session": name, "state": "absent"} for name in ("detector", "recognizer")]
    place = compute(known(device={"webgpu": False, "webgpu_reason": "x"}, webgpu=rows))
    assert len(place.all("[data-verdict=absent]")) == 1


def routing(model: PanelModel, lang: str = "en") -> str:
    document = dom("place")
    place: Element = document.by_id("place")
    Parts(document, speak(lang), ViewState(Conversation("c")), model, lambda: 0.0, lambda: None).draw_router(place)
    return place.all("p")[0].textContent


def test_how_far_the_trained_router_is_is_shown_while_it_loads() -> None:
    model = known(router={"name": "keyword", "loading": True, "corrections": 0})
    assert routing(model).endswith(", the trained one is loading")
    told = {"type": "router", "id": "engine", "name": "keyword", "corrections": 0, "loading": True}
    hears(model, told | {"loaded_bytes": 12_000_000, "total_bytes": 40_000_000})
    assert routing(model).endswith(", the trained one is loading (12\u202fMB of 40\u202fMB)")
    hears(model, told | {"name": "neural", "loading": False, "loaded_bytes": 0, "total_bytes": 0})
    assert "loading" not in routing(model)


def test_the_chart_is_brought_once_and_not_before_there_is_a_line_to_draw() -> None:
    document, brought = dom("place", "chart"), list[int]()
    state = ViewState(Conversation("c"))
    turns = state.conversation.turns
    parts = Parts(document, speak("en"), state, known(), lambda: 0.0, lambda: brought.append(len(turns)))
    for number in range(3):
        answer = Turn(f"a{number}", "assistant", "x")
        answer.state, answer.meta = "success", {"timings": {"total": 9.0}, "rate": 20.0}
        turns.append(answer)
        parts.draw_speed(document.by_id("place"))
    assert brought == [2]
