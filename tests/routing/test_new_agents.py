"""An agent that the router can choose is its entry in models.json and its place in the head: no list of ids."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from orion_py.cancellation import CancelToken
from orion_py.errors import InvalidInput
from orion_py.fetching.loader import ProgressiveLoader
from orion_py.registry.load import parse_registry
from orion_py.registry.models import RouterEntry
from orion_py.routing.encoder import SentenceEncoder
from orion_py.routing.features import SIZE
from orion_py.routing.head import LinearHead
from orion_py.routing.keyword import KeywordRouter
from orion_py.routing.keyword_words import RULED
from orion_py.routing.service import RouterService
from orion_py.routing.subjects import subjects_of
from orion_py.runtime.scripted import ScriptedEncoder
from tests.tiny import REGISTRY, World, says

SOMMELIER: dict[str, Any] = REGISTRY["agents"][0] | {
    "id": "sommelier",
    "title": {"en": "Sommelier", "fr": "Sommelier"},
    "topic": {"en": "a question about wine", "fr": "une question sur le vin"},
    "keywords": ["wine", "vin rouge", "Château"],
}
ENTRY = RouterEntry(id="router", manifest="models/router/manifest.json", licence="MIT", download_bytes=1)


def agents(*more: dict[str, Any]) -> Any:
    return parse_registry(json.dumps(REGISTRY | {"agents": [*REGISTRY["agents"], *more]})).agents


def router(*more: dict[str, Any]) -> KeywordRouter:
    found = agents(*more)
    return KeywordRouter([entry.id for entry in found], subjects_of(found))


class Letters:
    def encode(self, text: str) -> list[int]:
        return [ord(c) for c in text]


def sure_of(label: str, labels: Sequence[str]) -> LinearHead:
    """A head that says ``label`` to everything."""
    weights = np.zeros((SIZE + 1, len(labels)))
    weights[-1, labels.index(label)] = 9.0
    return LinearHead(tuple(labels), weights)


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function that makes a service over a head, with the agents conversation and sommelier, and loads it."""

    async def made(head: LinearHead | None) -> RouterService:
        encoder = SentenceEncoder(Letters(), ScriptedEncoder(lambda tokens: np.zeros(512, np.float32)), 16)

        async def manifest(*rest: object) -> object:
            return object()

        async def load(*rest: object) -> object:
            return encoder, head

        monkeypatch.setattr("orion_py.routing.service.router_manifest", manifest)
        monkeypatch.setattr("orion_py.routing.service.load_router", load)
        found, ports = agents(SOMMELIER), World(says("a")).ports
        loader = ProgressiveLoader(
            ports.store, ports.runtime, clock=ports.clock, sleep=ports.sleep, uniform=ports.uniform
        )
        ids = [entry.id for entry in found]
        router = RouterService(ports, loader, ids, lambda event: None, subjects=subjects_of(found))
        if head is not None:
            await router.load(ENTRY, CancelToken())
        return router

    return made


@pytest.mark.parametrize(
    ("query", "word"),
    [("Which wine goes with trout?", "wine"), ("un VIN ROUGE du Jura", "vin rouge"), ("this chateau", "Château")],
)
def test_its_keywords_choose_it_before_any_router_is_trained_and_the_reason_says_its_topic(
    query: str, word: str
) -> None:
    decision = router(SOMMELIER).decide(query)
    assert (decision.agent, decision.reason) == ("sommelier", f'This looks like a question about wine ("{word}").')
    assert "une question sur le vin" in router(SOMMELIER).decide(query, "fr").reason


def test_a_part_of_a_word_is_no_keyword() -> None:
    assert router(SOMMELIER).decide("please twine the rope").agent == "conversation"


def test_without_keywords_it_waits_for_the_trained_router() -> None:
    plain = {name: value for name, value in SOMMELIER.items() if name not in ("topic", "keywords")}
    assert router(plain).decide("Which wine goes with trout?").agent == "conversation"


def test_keywords_of_others_leave_the_rules_decisions_as_they_are() -> None:
    for query in ("write a poem", "def f(x): return x", "3 + 4 = ?"):
        assert router(SOMMELIER).decide(query) == router().decide(query)


async def test_a_head_that_has_its_label_chooses_it_and_can_be_corrected_to_it(service: Any) -> None:
    made = await service(sure_of("sommelier", [*RULED, "sommelier"]))
    decision = await made.route("what goes with trout?", "en")
    assert (decision.agent, decision.router) == ("sommelier", "neural")
    assert decision.reason.startswith("This looks like a question about wine (")
    assert set(decision.probabilities) == {*RULED, "sommelier"}
    await made.correct("what goes with trout?", "sommelier")
    assert (await made.status()).agents == (*RULED, "sommelier")


async def test_an_older_head_with_fewer_labels_chooses_among_these(service: Any) -> None:
    made = await service(sure_of("conversation", ["conversation", "code"]))
    assert (await made.route("what goes with trout?", "en")).agent == "conversation"
    assert (await made.status()).agents == ("conversation", "code")
    with pytest.raises(InvalidInput, match="only conversation, code"):
        await made.correct("what goes with trout?", "sommelier")


async def test_a_label_without_an_agent_leaves_it_to_conversation(service: Any) -> None:
    made = await service(sure_of("gardener", ["conversation", "gardener"]))
    decision = await made.route("my roses have lice", "en")
    assert (decision.agent, decision.runner_up) == ("conversation", None)
    assert "no agent for that is enabled" in decision.reason


async def test_a_head_without_the_agent_that_answers_by_default_claims_no_confidence(service: Any) -> None:
    made = await service(sure_of("gardener", ["gardener", "code"]))
    decision = await made.route("my roses have lice", "en")
    assert (decision.agent, decision.confidence) == ("conversation", None)


async def test_corrections_to_a_label_that_a_head_lacks_are_kept_for_one_that_has_it(service: Any) -> None:
    made = await service(None)
    await made.correct("what goes with trout?", "sommelier")
    assert (await made.status()).corrections == 1
    older = await service(sure_of("conversation", ["conversation", "code"]))
    older._corrections._settings = made._corrections._settings
    assert (await older.status()).corrections == 0
    newer = await service(sure_of("conversation", [*RULED, "sommelier"]))
    newer._corrections._settings = made._corrections._settings
    assert (await newer.status()).corrections == 1
