"""Routing by examples: by meaning where there are embeddings, else by words."""

from __future__ import annotations

import numpy as np

from orion_py.routing.examples import SIMILAR, Examples, decision
from orion_py.runtime.base import Embedding

ANGLES = {"mojito?": 0.0, "gin?": 0.3, "report": 1.5}


def vector(angle: float) -> Embedding:
    return np.array([3 * np.cos(angle), 3 * np.sin(angle)], dtype=np.float32)


class Encoder:
    def __init__(self) -> None:
        self.asked: list[str] = []

    async def embed(self, text: str) -> Embedding:
        self.asked.append(text)
        return vector(ANGLES[text])


def two_agents() -> Examples:
    examples = Examples()
    examples.replace({"barman": ["mojito?", "gin?"], "clerk": ["report"]})
    return examples


async def test_the_nearest_example_decides_if_it_is_near_enough() -> None:
    examples, encoder = two_agents(), Encoder()
    match = await examples.nearest(vector(0.25), encoder.embed)
    assert match is not None
    assert (match.agent, match.example) == ("barman", "gin?")
    just_too_far = -float(np.arccos(SIMILAR)) - 0.01
    assert await examples.nearest(vector(just_too_far), encoder.embed) is None


async def test_an_example_is_embedded_once_and_forgotten_with_its_agent() -> None:
    examples, encoder = two_agents(), Encoder()
    await examples.nearest(vector(0), encoder.embed)
    await examples.nearest(vector(1), encoder.embed)
    assert encoder.asked == ["mojito?", "gin?", "report"]
    examples.replace({"clerk": ["report"]})
    match = await examples.nearest(vector(0), encoder.embed)
    assert match is None
    assert len(encoder.asked) == 3


def test_without_embeddings_nearly_the_same_words_count() -> None:
    examples = Examples()
    examples.replace({"barman": ["Comment préparer un mojito ?"]})
    match = examples.by_words("COMMENT preparer un mojito")
    assert match is not None
    assert match.agent == "barman"
    assert examples.by_words("Comment préparer un gâteau ?") is None
    assert Examples().by_words("anything") is None
    assert not Examples()


def test_the_reason_quotes_the_example_in_the_pages_language() -> None:
    examples = Examples()
    examples.replace({"barman": ["mojito " * 20]})
    match = examples.by_words("mojito")
    assert match is not None
    said = decision(match, "fr-FR", "conversation")
    assert (said.agent, said.router, said.confidence, said.runner_up) == ("barman", "examples", None, "conversation")
    assert said.reason.startswith("Cela ressemble à l’exemple « mojito mojito")
    assert len(said.reason) < 130
    assert decision(match, "en", None).reason.startswith("This is like the example “mojito")
