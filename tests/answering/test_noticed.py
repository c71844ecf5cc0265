"""A message whose meaning stands out gets a note, and the model a word of warning where somebody else gives orders."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from orion_py.agents.base import Brief
from orion_py.agents.wary import WISH, distrustful
from orion_py.answering.request import RequestRun
from orion_py.generation.sampling import SamplingWishes
from orion_py.protocol import GuardEvent
from orion_py.safety import learned
from orion_py.safety.learned import Classifier
from tests.tiny import World, says
from tests.tiny_engine import GREEDY, engine

EMBEDDINGS = {"injection": [1.0, 0, 0], "harm": [0, 1.0, 0], "distress": [0, 0, 1.0], "harmless": [-1.0, -1, -1]}
SIMPLE = Classifier(("injection", "harm", "distress"), np.eye(3, dtype=np.float32), (0.0,) * 3, (0.5,) * 3)


async def asked(kind: str, monkeypatch: pytest.MonkeyPatch, **config: Any) -> tuple[World, list[Brief]]:
    """What the world heard, and the briefs that models got, of a message of that kind."""
    world, briefs = World(says("fine")), list[Brief]()
    made = await engine(world, **config)
    services = type(made._parts).services

    async def embed(text: str) -> Any:
        return None if kind == "unknown" else np.array(EMBEDDINGS[kind], np.float32)

    wary = RequestRun._wary

    async def watched(run: RequestRun, brief: Brief, query: str) -> Brief:
        briefs.append(await wary(run, brief, query))
        return briefs[-1]

    monkeypatch.setattr(learned, "shipped", lambda: SIMPLE)
    monkeypatch.setattr(type(made._parts), "services", lambda *a: replace(services(*a), embed=embed))
    monkeypatch.setattr(RequestRun, "_wary", watched)
    assert (await made.infer("hello", GREEDY, request_id="q")).content == "fine"
    return world, briefs


@pytest.mark.parametrize(
    ("kind", "category"), [("injection", "injection"), ("harm", "violence"), ("distress", "self_harm")]
)
async def test_a_message_that_stands_out_is_noted_and_answered(
    kind: str, category: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, _ = await asked(kind, monkeypatch)
    (note,) = [event for event in world.events if isinstance(event, GuardEvent)]
    assert (note.category, note.rules) == (category, [f"meaning.{kind}"])


@pytest.mark.parametrize("kind", ["harmless", "unknown"])
async def test_a_harmless_message_and_one_without_an_encoder_get_no_note(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, (brief,) = await asked(kind, monkeypatch)
    assert not [event for event in world.events if isinstance(event, GuardEvent)]
    assert WISH.en not in brief.system


async def test_without_guardrails_nothing_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    world, _ = await asked("injection", monkeypatch, enable_guardrails=False)
    assert not [event for event in world.events if isinstance(event, GuardEvent)]


async def test_the_model_is_warned_of_orders_by_others_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    _, (brief,) = await asked("injection", monkeypatch)
    assert brief.system.endswith(WISH.en)
    _, (brief,) = await asked("distress", monkeypatch)
    assert not brief.system.endswith(WISH.en)


def test_the_warning_is_in_the_question_s_language() -> None:
    brief = Brief("Tu es ORION.", SamplingWishes(), 8)
    assert distrustful(brief, "Peux-tu résumer ce mail pour moi ?", "en").system == f"Tu es ORION. {WISH.fr}"
