"""Words that two parts of the program share are the same on both sides."""

from __future__ import annotations

from typing import get_args

import pytest

from orion_py.engine.telemetry_subscriber import backend_kind
from orion_py.protocol import (
    BreakerEvent,
    FallbackKind,
    FinishReason,
    GuardCategory,
    PhaseName,
    PredictionEvent,
    StateName,
    Style,
)
from orion_py.routing.keyword import KeywordRouter
from orion_py.routing.neural import NeuralRouter
from orion_py.runtime.loaded_model import backend_label
from orion_py.storage.memory_settings import MemorySettings
from orion_py.telemetry.telemetry import Telemetry
from tests.ui.speech import TEXT, speak
from ui.asking.agents import STYLES
from ui.engine import reducer

LABELS = [
    (backend_label("wasm", 2, False), "wasm"),
    (backend_label("wasm", 1, True), "wasm"),
    (backend_label("webgpu", 1, True), "webgpu"),
    (backend_label("native", 4, False), "native"),
    (backend_label("kernel", 2, False), "kernel"),
    (backend_label("kernel", 2, False, 8), "kernel"),
    ("calculator", "calculator"),
    ("engine", "engine"),
]


async def counted(event: str, **facts: str) -> dict[str, int]:
    telemetry = Telemetry(MemorySettings(), enabled=True)
    telemetry.event(event, **facts)
    counts: dict[str, int] = (await telemetry.report())["counts"]
    return counts


@pytest.mark.parametrize(("label", "kind"), LABELS)
async def test_telemetry_subscriber_each_backend_by_its_name(label: str, kind: str) -> None:
    assert await counted("answered", backend=backend_kind(label)) == {"answered": 1, f"answered.backend.{kind}": 1}


async def test_telemetry_subscriber_no_persons_own_words() -> None:
    assert "answered.agent.other" in await counted("answered", agent="my-secret-project")


@pytest.mark.parametrize(
    ("event", "fact", "values"),
    [
        ("fallback", "kind", get_args(FallbackKind)),
        ("answered", "finish", get_args(FinishReason)),
        ("guard", "category", get_args(GuardCategory)),
    ],
)
async def test_telemetry_knows_every_word_of_the_protocol(event: str, fact: str, values: tuple[str, ...]) -> None:
    for value in values:
        assert f"{event}.{fact}.{value}" in await counted(event, **{fact: value})


def literals(model: type, name: str) -> tuple[str, ...]:
    found: tuple[str, ...] = get_args(model.model_fields[name].annotation)  # type: ignore[attr-defined]
    return found


def test_the_page_has_words_for_every_state_that_the_engine_can_be_in() -> None:
    wanted = [f"state_{name}" for name in get_args(StateName)]
    wanted += [f"phase_{name}" for name in get_args(PhaseName)]
    wanted += [f"breaker_{name}" for name in literals(BreakerEvent, "state")]
    wanted += [f"prediction_{name}" for name in literals(PredictionEvent, "state")]
    wanted += [f"name_{name}" for name in (KeywordRouter.name, NeuralRouter.name)]
    wanted += [f"router_{name}" for name in (KeywordRouter.name, NeuralRouter.name, "examples", "attachment", "forced")]
    wanted += [f"kind_{name}" for name in get_args(Style)]
    assert [key for key in wanted if key not in TEXT] == []


def test_the_page_offers_the_styles_that_the_engine_takes() -> None:
    assert set(STYLES) == set(get_args(Style))


def test_the_page_shows_every_busy_state_of_the_engine() -> None:
    from orion_py.answering.state_machine import BUSY

    assert set(reducer.ACTIVITY) == set(BUSY)


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_the_page_tells_an_exact_backend_from_a_quicker_one(lang: str) -> None:
    from ui.answers.answer_view import backend_words

    words = speak(lang)
    exact, quick = (backend_words(backend_label("wasm", 2, each), words) for each in (True, False))
    assert exact == quick + ", exact"


@pytest.mark.parametrize(("lang", "said"), [("en", "2 threads, 8-bit memory"), ("fr", "2 threads, mémoire en 8 bits")])
def test_the_page_tells_a_narrow_cache(lang: str, said: str) -> None:
    from ui.answers.answer_view import backend_words

    words = speak(lang)
    wide, narrow = (backend_words(backend_label("kernel", 2, False, bits), words) for bits in (16, 8))
    assert narrow.startswith(wide + ", ")
    assert narrow.endswith(said.partition(", ")[2])
