"""The neural router's decisions, from probabilities to an agent and a reason."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orion_py.routing.corrections import MOST, Corrections, refitted
from orion_py.routing.encoder import SentenceEncoder
from orion_py.routing.head import LinearHead
from orion_py.routing.head_file import UNSURE
from orion_py.routing.keyword_words import RULED as LABELS
from orion_py.routing.neural import NeuralRouter
from orion_py.runtime.scripted import ScriptedEncoder
from orion_py.storage.memory_settings import MemorySettings


class Letters:
    def encode(self, text: str) -> list[int]:
        return [ord(c) for c in text]


def router(enabled: tuple[str, ...] = LABELS) -> NeuralRouter:
    encoder = SentenceEncoder(Letters(), ScriptedEncoder(lambda tokens: np.zeros(512, np.float32)), 16)
    return NeuralRouter(encoder, LinearHead(LABELS, np.zeros((1, 1))), enabled)


def probabilities(**known: float) -> dict[str, float]:
    rest = (1 - sum(known.values())) / (len(LABELS) - len(known))
    return {label: known.get(label, rest) for label in LABELS}


def test_a_likely_agent_answers_and_the_reason_says_how_sure() -> None:
    decision = router().decide(probabilities(code=0.9), "en")
    assert (decision.agent, decision.router, decision.confidence) == ("code", "neural", 0.9)
    assert decision.reason == "This looks like a question about programming (90%)."


def test_an_unlikely_one_leaves_it_to_conversation_and_is_offered() -> None:
    decision = router().decide(probabilities(code=0.4, conversation=0.3), "fr")
    assert (decision.agent, decision.runner_up, decision.confidence) == ("conversation", "code", 0.3), (
        "the confidence is the answering agent's"
    )
    assert decision.reason == "Pas assez sûr : peut-être une question de programmation (40 %)."


def test_an_agent_that_is_turned_off_is_never_chosen_nor_offered() -> None:
    chooser = router(("conversation", "creative"))
    decision = chooser.decide(probabilities(vision=0.8, creative=0.15), "en")
    assert (decision.agent, decision.runner_up) == ("conversation", "creative")
    assert "no agent for that is enabled" in decision.reason
    chooser.enable(LABELS)
    assert chooser.decide(probabilities(vision=0.8), "en").agent == "vision"


@given(st.lists(st.floats(0.001, 1.0), min_size=7, max_size=7), st.sets(st.sampled_from(LABELS), min_size=1))
@settings(deadline=None)
def test_every_decision_is_among_the_enabled_and_sure_unless_it_is_the_default(
    weights: list[float], enabled: set[str]
) -> None:
    ids = tuple(label for label in LABELS if label in enabled)
    decision = router(ids).decide(dict(zip(LABELS, np.array(weights) / sum(weights), strict=True)), "en")
    assert decision.agent in ids
    assert decision.runner_up in (None, *ids)
    assert decision.runner_up != decision.agent
    default = "conversation" if "conversation" in ids else ids[0]
    assert decision.agent == default or (decision.confidence or 0) >= UNSURE - 1e-4


async def test_a_text_is_read_up_to_the_limit_with_its_marks() -> None:
    encoder = SentenceEncoder(Letters(), ScriptedEncoder(lambda tokens: np.zeros(512, np.float32)), 6)
    assert encoder.tokens("abcdefgh") == [1, *map(ord, "abcd"), 2]
    assert encoder.tokens("") == [1, 2]


def random_head(seed: int, width: int = 40) -> LinearHead:
    return LinearHead(LABELS, np.random.default_rng(seed).normal(0, 1, (width + 1, len(LABELS))), 0.7)


def test_one_correction_turns_its_own_query() -> None:
    head, point = random_head(1), np.random.default_rng(2).normal(0, 1, (1, 40)) * 1.5
    wanted = int(head.probabilities(point)[0].argmin())
    assert int(refitted(head, point, [wanted]).probabilities(point)[0].argmax()) == wanted


def test_what_is_unlike_the_corrections_stays_as_it_was() -> None:
    head, unit = random_head(3), np.eye(40)
    corrected, other = 9 * unit[:1], 9 * unit[1:2]
    moved = refitted(head, corrected, [2])
    assert np.allclose(moved.probabilities(other), head.probabilities(other), atol=1e-6)


def test_without_corrections_the_head_is_the_built_one() -> None:
    head = random_head(4)
    assert refitted(head, np.zeros((0, 40)), []) is head


def test_the_same_query_corrected_twice_over_is_no_trouble() -> None:
    head, point = random_head(5), np.random.default_rng(6).normal(0, 1, (1, 40))
    moved = refitted(head, np.vstack([point, point]), [1, 1])
    assert np.isfinite(moved.weights).all()
    assert int(moved.probabilities(point)[0].argmax()) == 1


async def test_corrections_are_kept_replaced_undone_and_forgotten() -> None:
    stored = MemorySettings()
    corrections = Corrections(stored, LABELS)
    await corrections.add("a", "code")
    await corrections.add("b", "creative")
    await corrections.add("a", "logical")
    again = Corrections(stored, LABELS)
    assert [(item.text, item.agent) for item in await again.all()] == [("b", "creative"), ("a", "logical")]
    undone = await again.undo()
    assert undone is not None
    assert undone.text == "a"
    await again.forget()
    assert await Corrections(stored, LABELS).all() == []
    assert await again.undo() is None
    with pytest.raises(ValueError, match="astrology"):
        await again.add("c", "astrology")


async def test_only_the_latest_are_kept_and_damaged_ones_count_as_none() -> None:
    stored = MemorySettings()
    corrections = Corrections(stored, LABELS)
    for number in range(MOST + 5):
        await corrections.add(f"query {number}", "code")
    kept = await Corrections(stored, LABELS).all()
    assert len(kept) == MOST
    assert kept[0].text == "query 5"
    for damaged in ("{", '{"a": 1}', "[1, 2]", '[["x"]]', "null"):
        await stored.set("router.corrections", damaged)
        assert await Corrections(stored, LABELS).all() == []
