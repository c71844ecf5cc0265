"""General models from the hub: what is written of one, and who prefers it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from orion_py.errors import InvalidRegistry
from orion_py.registry.general import read_offer, with_general
from orion_py.registry.load import parse_registry, read_registry
from tests.registry.test_load import AGENT, GOOD, MODEL

TEXT = json.dumps(
    GOOD
    | {
        "agents": [
            AGENT | {"capabilities": ["chat"]},
            AGENT | {"id": "code", "capabilities": ["chat", "code"]},
            AGENT | {"id": "eyes", "capabilities": ["vision"]},
        ]
    }
)


def entry(name: str, size: int = 1000) -> Any:
    text = json.dumps(MODEL | {"id": name, "manifest": f"models/{name}/manifest.json", "download_bytes": size})
    return read_offer(text)


def test_agents_that_talk_and_arent_for_code_prefer_the_largest_that_was_brought() -> None:
    registry = parse_registry(with_general(TEXT, [entry("small"), entry("large", 9000)]))
    assert {agent.id: agent.models for agent in registry.agents} == {
        "conversation": ("large", "small", "tiny"),
        "code": ("tiny",),
        "eyes": ("tiny",),
    }
    assert registry.model("large").download_bytes == 9000


def test_without_one_or_with_one_that_is_listed_the_registry_stays_as_it_is() -> None:
    assert with_general(TEXT, []) == TEXT
    assert with_general(TEXT, [entry("tiny")]) == TEXT


def test_a_text_that_is_no_registry_is_left_to_its_parser() -> None:
    for faulty in ("no json", "[]", '{"models": 3}', '{"models": []}', '{"models": [], "agents": [3]}'):
        assert with_general(faulty, [entry("small")]) == faulty


@pytest.mark.parametrize("text", ["", "{}", json.dumps(MODEL | {"manifest": "https://a/b"}), json.dumps(MODEL)[:-1]])
def test_an_entry_that_cant_be_read_says_to_build_the_model_again(text: str) -> None:
    with pytest.raises(InvalidRegistry, match=r"offer\.json: .*build the model again"):
        read_offer(text)


GENERAL = {
    "id": "big",
    "title": "Big",
    "hub": "Someone/Big",
    "revision": "a" * 40,
    "licence": "MIT",
    "languages": ["en"],
    "parameters": 10**9,
}


def test_a_model_on_the_hub_is_named_by_id_commit_and_licence_and_not_claimed_to_have_run() -> None:
    registry = parse_registry(json.dumps(GOOD | {"general": [GENERAL]}))
    assert not registry.general[0].run
    assert registry.usable(("big",)) == ()


@pytest.mark.parametrize("change", [{"hub": "../x/y"}, {"revision": "main"}, {"licence": "GPL-3.0"}, {"hub": "Big"}])
def test_a_listed_model_without_a_commit_or_a_free_licence_is_refused(change: dict[str, str]) -> None:
    with pytest.raises(InvalidRegistry, match=r"general\.0\."):
        parse_registry(json.dumps(GOOD | {"general": [GENERAL | change]}))


def test_an_engine_skips_a_newer_entry_and_reads_the_rest() -> None:
    newer = GENERAL | {"id": "newer", "licence": "CC-BY-4.0"}
    registry = read_registry(json.dumps(GOOD | {"general": [newer, GENERAL]}))
    assert [model.id for model in registry.general] == ["big"]
