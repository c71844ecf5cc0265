"""An engine from the cache reads a list or a manifest that is newer than it is."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from orion_py.errors import InvalidManifest, InvalidRegistry, NewerRegistry
from orion_py.manifest.reading import parse_manifest, read_manifest
from orion_py.protocol import InferOptions
from orion_py.registry.load import parse_registry, read_registry
from orion_py.routing.manifest import parse_router_manifest
from tests.lite_and_full import LiteAndFull, lite_and_full
from tests.tiny import GRAPH, manifest_json, sha
from tests.two_models import engine

GREEDY = InferOptions(temperature=0)


def newer(**changes: Any) -> dict[str, Any]:
    """The list of "tiny" and "big" as a later version might write it."""
    made = copy.deepcopy(lite_and_full())
    made["recommendations"] = {"low_end": "tiny"}
    for place, value in changes.items():
        target: Any = made
        *way, last = place.split("__")
        for part in way:
            target = target[int(part) if part.isdigit() else part]
        target[last] = value
    return made


@pytest.mark.parametrize(
    "place",
    ["surprise", "models__0__surprise", "models__1__surprise", "agents__0__surprise", "agents__0__title__de"],
)
def test_an_unknown_field_is_ignored_and_said_and_a_build_refuses_it(place: str) -> None:
    text, notes = json.dumps(newer(**{place: {"x": 1}})), list[str]()
    registry = read_registry(text, notes.append)
    assert registry == parse_registry(json.dumps(newer()))
    assert notes == [f"{place.replace('__', '.')}: unknown field, ignored"]
    with pytest.raises(InvalidRegistry):
        parse_registry(text)


def test_a_model_of_an_unknown_tier_is_skipped_with_all_that_names_it() -> None:
    made = newer(models__1__tier="huge", recommendations={"low_end": "tiny", "development": "big"})
    made["agents"].append(made["agents"][0] | {"id": "scribe", "models": ["big"]})
    made["groups"] = {"all": ["conversation", "scribe"]}
    notes: list[str] = []
    registry = read_registry(json.dumps(made), notes.append)
    assert [m.id for m in registry.models] == ["tiny"]
    assert [(a.id, a.models) for a in registry.agents] == [("conversation", ("tiny",))]
    assert registry.groups == {"all": ("conversation",)}
    assert registry.recommendations == {"low_end": "tiny"}
    assert any("models.1: skipped, since models.1.tier is 'huge'" in note for note in notes)
    assert any("'scribe' skipped" in note for note in notes)


def test_a_recommendation_for_an_unknown_device_class_is_skipped() -> None:
    notes: list[str] = []
    registry = read_registry(json.dumps(newer(recommendations={"watch": "tiny", "low_end": "tiny"})), notes.append)
    assert registry.recommendations == {"low_end": "tiny"}
    assert len(notes) == 1
    assert "recommendations.watch" in notes[0]


def test_what_is_wrong_and_not_merely_newer_is_as_wrong_as_ever() -> None:
    for place, value in [("models__0__download_bytes", "x"), ("agents__0__models", ["nobody"]), ("models", [])]:
        made = newer(surprise=1, **{place: value})
        with pytest.raises(InvalidRegistry):
            read_registry(json.dumps(made))
    with pytest.raises(InvalidRegistry):
        read_registry("{")
    with pytest.raises(InvalidRegistry):
        read_registry(json.dumps(newer(models__0__tier="x", models__1__tier="y")))


def test_a_breaking_change_is_told_by_the_version() -> None:
    for read in (read_registry, parse_registry):
        with pytest.raises(NewerRegistry, match="version"):
            read(json.dumps(newer(version=2)))
    with pytest.raises(NewerRegistry):
        read_registry('{"version": 2, "everything": "is otherwise"}')


async def test_the_engine_answers_with_a_newer_list_and_its_log_says_what_it_left_out() -> None:
    world = LiteAndFull()
    world.texts["models.json"] = json.dumps(newer(surprise=1, models__1__tier="huge"))
    made = await engine(world)
    assert (await made.infer("hello", GREEDY)).model == "tiny"
    said = json.dumps(made.log.records(), ensure_ascii=False)
    assert "models.1.tier is 'huge'" in said
    assert "surprise: unknown field" in said


@pytest.mark.parametrize("own", ["in the shell", "from an earlier visit"])
async def test_of_a_list_with_a_newer_version_the_engine_keeps_its_own(own: str) -> None:
    world = LiteAndFull()
    if own == "in the shell":
        world.texts["own-models.json"] = world.texts["models.json"]
    else:
        await (await engine(world)).shutdown()
    world.texts["models.json"] = json.dumps(newer(version=2, models=7))
    made = await engine(world)
    assert (await made.infer("hello", GREEDY)).model == "tiny"
    assert "newer_registry" in json.dumps(made.log.records())


async def test_without_one_of_its_own_it_says_that_the_page_is_too_old() -> None:
    world = LiteAndFull()
    world.texts["models.json"] = json.dumps(newer(version=2))
    with pytest.raises(NewerRegistry):
        await engine(world)


# manifests


def test_a_manifests_unknown_fields_are_ignored_and_unknown_variants_and_shards_skipped() -> None:
    made = json.loads(manifest_json())
    known = parse_manifest(json.dumps(made))
    made["surprise"] = made["shards"][2]["surprise"] = made["architecture"]["surprise"] = 1
    made["variants"].insert(0, made["variants"][0] | {"id": "npu", "backend": "webnn"})
    made["variants"].append({"id": "steam", "engine": "steam", "backend": "wasm", "exact": True, "tolerance_kl": 1})
    made["shards"].append({"sha256": "ab" * 32, "size": 5, "role": "adapter"})
    prefill = made["variants"][1]["prefill"]
    made["variants"].append(made["variants"][1] | {"id": "tuned", "prefill": prefill | {"graph": "ab" * 32}})
    notes: list[str] = []
    read = read_manifest(json.dumps(made), notes.append)
    assert [v.id for v in read.variants] == ["wasm", "webgpu"]
    assert read == known
    assert any("variants.0: skipped, since variants.0.backend is 'webnn'" in note for note in notes)
    assert any("skipped, since variants.3.engine is 'steam'" in note for note in notes)
    with pytest.raises(InvalidManifest):
        parse_manifest(json.dumps(made))


@pytest.mark.parametrize(
    "changes",
    [
        {"format": 2},
        {"architecture": json.loads(manifest_json())["architecture"] | {"family": "mamba"}},
        {"shards": [s | {"size": "x"} for s in json.loads(manifest_json())["shards"]]},
        {"variants": [json.loads(manifest_json())["variants"][0] | {"backend": "webnn"}]},
    ],
    ids=["format", "family", "sizes", "no variant left"],
)
def test_a_manifest_that_cannot_be_run_here_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidManifest):
        read_manifest(manifest_json(**changes))


def test_a_shard_with_tensors_of_an_unknown_form_is_not_skipped_since_others_may_need_it() -> None:
    made = json.loads(manifest_json())
    made["shards"][3]["tensors"] = [{"name": "x", "dtype": "F8", "shape": [8], "offset": 8, "length": 8}]
    with pytest.raises(InvalidManifest):
        read_manifest(json.dumps(made))


async def test_the_engine_loads_by_a_newer_manifest() -> None:
    world = LiteAndFull()
    made = json.loads(manifest_json())
    world.texts["models/tiny/manifest.json"] = json.dumps(made | {"surprise": [1, 2]})
    running = await engine(world)
    assert (await running.infer("hello", GREEDY)).content == "good day"
    assert "surprise: unknown field" in json.dumps(running.log.records())
    assert sha(GRAPH) in world.store.shards


def test_the_routers_manifest_is_read_alike() -> None:
    parts = [{"sha256": c * 64, "size": 9, "role": r} for c, r in (("a", "graph"), ("b", "tokenizer"), ("c", "head"))]
    made = {
        "format": 1,
        "model": "router",
        "version": "1",
        "licence": "MIT",
        "sources": [{"name": "x", "file": "x", "sha256": "0" * 64, "revision": ""}],
        "recipe": {"name": "x", "tool": "x"},
        "graph": "a" * 64,
        "tokenizer": "b" * 64,
        "head": "c" * 64,
        "vocabulary": 9,
        "max_tokens": 9,
        "shards": parts,
        "golden": [{"text": "x", "tokens": [1, 2], "agent": "code", "confidence": 1}],
    }
    notes: list[str] = []
    assert parse_router_manifest(json.dumps(made | {"surprise": 1}), notes.append).model == "router"
    assert notes == ["surprise: unknown field, ignored"]
    with pytest.raises(InvalidManifest):
        parse_router_manifest(json.dumps(made | {"format": 2}))
