"""models.json: what is accepted, and what an error says about the rest."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orion_py.errors import InvalidRegistry, UnknownModel
from orion_py.registry.load import parse_registry
from orion_py.registry.models import Registry

MODEL: dict[str, Any] = {
    "id": "tiny",
    "title": "Tiny",
    "manifest": "models/tiny/manifest.json",
    "tier": "lite",
    "family": "llama",
    "licence": "Apache-2.0",
    "download_bytes": 1000,
    "memory_bytes": 2000,
    "languages": ["en"],
}
AGENT: dict[str, Any] = {
    "id": "conversation",
    "title": {"en": "Talk", "fr": "Discuter"},
    "description": {"en": "Talks.", "fr": "Discute."},
    "models": ["tiny"],
    "system": {"en": "Be brief.", "fr": "Sois bref."},
}
ABSENT: dict[str, Any] = {
    "id": "eyes",
    "title": "Eyes",
    "reason": {"en": "I can't see.", "fr": "Je ne vois pas."},
}
GOOD: dict[str, Any] = {
    "version": 1,
    "models": [MODEL],
    "agents": [AGENT],
    "groups": {"text": ["conversation"]},
    "recommendations": {"low_end": "tiny"},
}


def changed(path: str, value: Any) -> str:
    """GOOD as JSON with ``value`` at ``path`` (dots; "-" as value removes the field)."""
    registry = copy.deepcopy(GOOD)
    *way, last = path.split(".")
    place: Any = registry
    for step in way:
        place = place[int(step)] if step.isdigit() else place[step]
    key: Any = int(last) if last.isdigit() else last
    if value == "-":
        del place[key]
    else:
        place[key] = value
    return json.dumps(registry)


def refused(text: str | bytes) -> InvalidRegistry:
    with pytest.raises(InvalidRegistry) as caught:
        parse_registry(text)
    return caught.value


def test_a_good_registry_is_read() -> None:
    registry = parse_registry(json.dumps(GOOD))
    assert isinstance(registry, Registry)
    assert registry.model("tiny").manifest == "models/tiny/manifest.json"
    assert registry.agents[0].temperature is None


def test_an_unknown_model_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UnknownModel, match="'huge' is none of tiny"):
        parse_registry(json.dumps(GOOD)).model("huge")


def test_an_agent_may_name_a_model_that_is_not_to_be_had_here() -> None:
    registry = parse_registry(json.dumps(GOOD | {"absent": [ABSENT], "agents": [AGENT | {"models": ["eyes", "tiny"]}]}))
    models = registry.agents[0].models
    assert registry.usable(models) == ("tiny",)
    assert [entry.id for entry in registry.missing(models)] == ["eyes"]
    with pytest.raises(UnknownModel, match="I can't see"):
        registry.model("eyes")


def test_a_text_is_in_the_readers_language_and_else_in_english() -> None:
    title = parse_registry(json.dumps(GOOD)).agents[0].title
    assert [title.in_language(locale) for locale in ("fr", "fr-CA", "FR", "en", "de", "")] == [
        "Discuter",
        "Discuter",
        "Discuter",
        "Talk",
        "Talk",
        "Talk",
    ]


@pytest.mark.parametrize(
    "path",
    [
        "../x/manifest.json",
        "models/../../x.json",
        "models/..",
        "models/./x.json",
        "/models/x.json",
        "//host/x.json",
        "https://example.org/a/b.json",
        "javascript:a/b",
        "models\\x\\manifest.json",
        "models/%2e%2e/x.json",
        "models//x.json",
        "models/x/",
        ".hidden/x.json",
        "manifest.json",
        "models/x.json?y",
        "models/x y.json",
        "models/x.json\n",
        "",
    ],
)
def test_a_manifest_cannot_lie_outside_the_pages_folder(path: str) -> None:
    error = refused(changed("models.0.manifest", path))
    assert error.detail["path"] == "models.0.manifest"
    assert "below the page's folder" in error.message


@pytest.mark.parametrize(
    ("path", "value", "named", "fix"),
    [
        ("version", "-", "version", "add it"),
        ("version", 0, "version", "see models.schema.json"),
        ("models", [], "models", "see models.schema.json"),
        ("agents", [], "agents", "see models.schema.json"),
        ("models.0.id", "Tiny Model", "models.0.id", "see models.schema.json"),
        ("models.0.tier", "medium", "models.0.tier", "use one of the values named"),
        ("models.0.download_bytes", -5, "models.0.download_bytes", "see models.schema.json"),
        ("models.0.memory_bytes", 0, "models.0.memory_bytes", "see models.schema.json"),
        ("models.0.licence", "-", "models.0.licence", "add it"),
        ("models.0.languages", [], "models.0.languages", "see models.schema.json"),
        ("models.0.url", "x", "models.0.url", "take it out, or correct its name"),
        ("agents.0.system", {"en": "x"}, "agents.0.system.fr", "add it"),
        ("agents.0.temperature", 9, "agents.0.temperature", "see models.schema.json"),
        ("agents.0.models", [], "agents.0.models", "see models.schema.json"),
        ("agents.0.models", ["tiny", "huge"], "agents.0.models.1", "use one of tiny, or add it"),
        ("groups", {"text": ["nobody"]}, "groups.text.0", "use one of conversation, or add it"),
        ("recommendations", {"low_end": "huge"}, "recommendations.low_end", "use one of tiny, or add it"),
        ("recommendations", {"phone": "tiny"}, "recommendations.phone", "use one of the values named"),
        ("models", [MODEL, MODEL], "models.1.id", "rename one"),
        ("agents", [AGENT, AGENT], "agents.1.id", "rename one"),
        ("absent", [ABSENT, ABSENT], "absent.1.id", "rename one"),
        ("absent", [ABSENT | {"id": "tiny"}], "absent.0.id", "take it out here"),
        ("absent", [{"id": "eyes", "title": "Eyes"}], "absent.0.reason", "add it"),
    ],
)
def test_a_fault_is_named_with_its_path_and_its_fix(path: str, value: Any, named: str, fix: str) -> None:
    error = refused(changed(path, value))
    assert (error.detail["path"], error.detail["fix"]) == (named, fix)
    assert error.message.startswith(f"models.json: {named}: ")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"models"', "\x00", "{}"])
def test_what_isnt_a_registry_at_all_is_refused(text: str) -> None:
    refused(text)


@settings(deadline=None)
@given(st.text(max_size=30) | st.binary(max_size=30))
def test_any_other_text_is_refused_with_the_same_type(text: str | bytes) -> None:
    refused(text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text)
