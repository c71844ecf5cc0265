"""The engine's settings: what is kept, what is said to the engine, what is said to people."""

from __future__ import annotations

from typing import Any, get_args

from orion_py.config import PRESETS as ENGINES_PRESETS
from orion_py.config import EngineConfig, shown
from orion_py.protocol import Configure, InferOptions, Initialize, Style
from tests.ui.speech import TEXT, speak
from ui.asking.agents import STYLES
from ui.base.store import DEFAULTS
from ui.chats.conversation import Conversation
from ui.engine.view_state import ViewState
from ui.settings.engine_settings import PRESETS, corrections_words, initial, preset_note

EN, FR = speak("en"), speak("fr")
SETTINGS = {name: tuple(setting.options) for name, setting in shown().items()}
"""What the page finds in its document."""


def test_the_page_and_the_engine_know_the_same_names() -> None:
    assert PRESETS[1:] == ENGINES_PRESETS
    for name, setting in shown().items():
        values = tuple(setting.options)
        field = EngineConfig.model_fields[name]
        assert get_args(field.annotation) == values if values else field.annotation is bool
        assert not values or field.default == values[0]
        assert all(f"{name}_{value}" in TEXT for value in values)
    assert get_args(Style) == STYLES
    for name in (*shown(), *(f"preset_{preset}" for preset in PRESETS), *(f"kind_{style}" for style in STYLES)):
        assert name in TEXT


def test_a_new_page_leaves_everything_to_the_engine() -> None:
    assert initial(DEFAULTS, SETTINGS) == {"preset": None, "config": None}
    assert not EngineConfig().enable_telemetry


def test_what_the_person_chose_is_what_the_engine_is_told() -> None:
    chosen: dict[str, Any] = {"preset": "low_end", "engine": {"enable_guardrails": True, "gone": 1}}
    fields = initial(chosen, SETTINGS)
    assert fields == {"preset": "low_end", "config": {"enable_guardrails": True}}
    Initialize(id="i", **fields)
    Configure(id="c", preset="auto", config=fields["config"])
    InferOptions(force_agent="creative", style="poem")


def test_what_an_older_page_kept_cannot_keep_the_engine_from_starting() -> None:
    assert initial({"preset": "turbo", "engine": None}, SETTINGS) == {"preset": None, "config": None}
    assert initial({"preset": "auto", "engine": {"runner": "steam"}}, SETTINGS) == {"preset": None, "config": None}


def test_the_runner_that_was_chosen_is_told_to_the_engine() -> None:
    fields = initial({"preset": "auto", "engine": {"runner": "onnxruntime"}}, SETTINGS)
    assert fields == {"preset": None, "config": {"runner": "onnxruntime"}}
    Initialize(id="i", **fields)


def test_the_width_of_the_cache_that_was_chosen_is_told_to_the_engine() -> None:
    fields = initial({"preset": "auto", "engine": {"cache_bits": "8"}}, SETTINGS)
    assert fields == {"preset": None, "config": {"cache_bits": "8"}}
    Initialize(id="i", **fields)


def test_the_profile_says_what_it_allows() -> None:
    state = ViewState(Conversation("c"))
    assert preset_note(state, "auto", EN) == ""
    state.device = {"preset": "low_end", "config": {"max_memory_mb": 2000}}
    assert preset_note(state, "auto", EN) == "Now: “Small device”, 2.0\u202fGB for models."
    assert preset_note(state, "low_end", FR).startswith("2,0\u202fGo pour les modèles, un agent")


def test_corrections_are_counted_in_words() -> None:
    assert corrections_words(0, EN) == "You haven’t corrected the router."
    assert corrections_words(1, FR) == "Le routeur a retenu une de vos corrections."
    assert "3 corrections" in corrections_words(3, EN)
