"""A model added by its address: shown first, then kept, used, and removed without a trace."""

from __future__ import annotations

import json

import pytest

from orion_py.errors import DownloadFailed, InvalidConfig, InvalidManifest, UnknownModel, UnsupportedModel
from orion_py.protocol import InferOptions
from tests.lite_and_full import BIG_WEIGHTS, LiteAndFull, with_weights
from tests.tiny import GRAPH, TOKENIZER, WEIGHTS, sha
from tests.two_models import engine

MINE = "https://example.org/mine/"
WITH_MINE = InferOptions(temperature=0, model="mine")


class Elsewhere(LiteAndFull):
    """A server with a folder "mine", its shards inside or beside it."""

    def __init__(self, inside: bool = True) -> None:
        super().__init__()
        base = MINE if inside else "https://example.org/"
        self.texts[f"{MINE}manifest.json"] = with_weights(BIG_WEIGHTS, model="mine")
        files = [GRAPH, TOKENIZER, *BIG_WEIGHTS]
        self.store.remote = {**self.store.remote, **{f"{base}shards/{sha(data)}": data for data in files}}
        self.there = {*self.store.remote, *self.texts}

        async def exists(path: str) -> bool:
            return path in self.there

        async def fetch_text(path: str) -> str:
            if path not in self.texts:
                raise DownloadFailed("404", status=404)
            return self.texts[path]

        object.__setattr__(self.ports, "exists", exists)
        object.__setattr__(self.ports, "fetch_text", fetch_text)


async def test_size_and_licence_are_shown_before_a_byte_of_it_moves() -> None:
    world = Elsewhere()
    entry = await (await engine(world)).inspect_model(MINE)
    assert (entry.id, entry.licence, entry.family) == ("mine", "Apache-2.0", "llama")
    assert entry.download_bytes == sum(len(data) for data in (GRAPH, TOKENIZER, *BIG_WEIGHTS))
    assert entry.memory_bytes > entry.download_bytes
    assert world.store.requests == []


@pytest.mark.parametrize("inside", [True, False])
async def test_an_added_model_answers_when_it_is_chosen_wherever_its_shards_lie(inside: bool) -> None:
    world = Elsewhere(inside)
    made = await engine(world)
    await made.add_model(MINE)
    assert world.store.requests == []
    assert (await made.infer("hello", WITH_MINE)).model == "mine"
    assert (await made.infer("hello", InferOptions(temperature=0))).model == "tiny", "nobody else prefers it"


async def test_it_is_kept_across_visits_and_removed_without_a_trace() -> None:
    world = Elsewhere()
    made = await engine(world)
    await made.add_model(MINE)
    await made.infer("hello", WITH_MINE)
    await made.infer("hello", InferOptions(temperature=0))
    await made.shutdown()
    again = await engine(world)
    assert [m.id for m in again.registry.added] == ["mine"]
    await again.remove_model("mine")
    names = set(await world.store.names())
    assert not {sha(data) for data in BIG_WEIGHTS} & names
    assert {sha(data) for data in WEIGHTS} <= names
    with pytest.raises(UnknownModel):
        await again.infer("hello", WITH_MINE)
    with pytest.raises(UnknownModel):
        await again.remove_model("tiny")


async def test_an_id_that_is_taken_is_refused() -> None:
    world = Elsewhere()
    world.texts[f"{MINE}manifest.json"] = with_weights(BIG_WEIGHTS, model="tiny")
    with pytest.raises(InvalidConfig, match="another model's id"):
        await (await engine(world)).add_model(MINE)


async def test_another_layout_is_named_and_a_hostile_manifest_refused() -> None:
    world = Elsewhere()
    made = await engine(world)
    world.texts[f"{MINE}manifest.json"] = json.dumps({"format": 1, "shards": [{"sha256": "../../x"}]})
    with pytest.raises(InvalidManifest):
        await made.inspect_model(MINE)
    del world.texts[f"{MINE}manifest.json"]
    with pytest.raises(DownloadFailed):
        await made.inspect_model(MINE)
    world.there.add(f"{MINE}config.json")
    with pytest.raises(UnsupportedModel):
        await made.inspect_model(MINE)


@pytest.mark.parametrize("kept", ["nonsense", "{}", '[{"id": "x"}]', "[3]"])
async def test_what_was_kept_and_is_damaged_is_left_out(kept: str) -> None:
    world = Elsewhere()
    await world.settings.set("models.added", kept)
    assert (await engine(world)).registry.added == ()
