"""The voices that models.json offers are those that the engine can speak with."""

from __future__ import annotations

from pathlib import Path

from orion_py.registry.load import parse_registry
from orion_py.senses.speaking.catalogue import VOICES

REGISTRY = parse_registry((Path(__file__).parents[2] / "models.json").read_text("utf-8"))


def test_each_voice_is_offered_in_the_order_in_which_the_engine_takes_them() -> None:
    offered = [(voice.id, sense.id, voice.language) for sense in REGISTRY.senses for voice in sense.voices]
    assert offered == [(voice.id, voice.model, voice.language) for voice in VOICES]


def test_what_speaks_has_voices_and_nothing_else_does() -> None:
    assert all(bool(sense.voices) == (sense.sense == "voice") for sense in REGISTRY.senses)
