"""A folder in the usual ONNX layout, added by its address: shown, pinned on arrival, used, and removed."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orion_py.config import EngineConfig
from orion_py.errors import DownloadFailed, InvalidConfig, ShardCorrupt, TooLarge, UnknownModel, UnsupportedModel
from orion_py.external.added_models import folder_memory
from orion_py.manifest.fields import MAX_SHARD_BYTES
from orion_py.ports import FileFacts
from orion_py.protocol import InferOptions, ProgressEvent, Response
from tests.external.ports import ADDRESS, described, ports_over
from tests.lite_and_full import LiteAndFull
from tests.model_foundry.folders import FAMILIES
from tests.tiny import EOS
from tests.two_models import engine

TINY = InferOptions(temperature=0, model="tiny-onnx")
FOLDER = "https://example.org/tiny-onnx/"


class Elsewhere(LiteAndFull):
    """A server with a folder whose files are real in size and hash; the session is scripted."""

    def __init__(self, root: Path, hashes: bool = False) -> None:
        super().__init__()
        self.root = root / "served"
        if not self.root.exists():
            (self.root / "onnx").mkdir(parents=True)
            for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
                (self.root / name).write_bytes((FAMILIES / "llama" / name).read_bytes())
            config = json.loads((FAMILIES / "llama" / "config.json").read_text())
            (self.root / "config.json").write_text(json.dumps(config | {"vocab_size": 64, "eos_token_id": EOS}))
            (self.root / "generation_config.json").write_text('{"stop_strings": ["day"]}')
            (self.root / "README.md").write_text("---\nlicense: mit\n---\n")
            (self.root / "onnx/model_q4.onnx").write_bytes(b"graph" * 20)
            (self.root / "onnx/model_q4.onnx_data").write_bytes(b"weights" * 50)
        self.serve(hashes)

    def serve(self, hashes: bool = False) -> None:
        served = ports_over(self.root, hashes=hashes, address=FOLDER)
        own = super()._fetch_text

        async def fetch_text(path: str) -> str:
            return await (served.fetch_text if path.startswith(FOLDER) else own)(path)

        self.ports = replace(self.ports, fetch_text=fetch_text, facts=served.facts, exists=served.exists)
        files = {FOLDER + name: (self.root / name).read_bytes() for name in self.large}
        self.store.remote = {**self.store.remote, **files}
        self.store.chunk = 100_000

    @property
    def large(self) -> tuple[str, ...]:
        return ("onnx/model_q4.onnx", "onnx/model_q4.onnx_data", "tokenizer.json")

    @property
    def hashes(self) -> set[str]:
        return {hashlib.sha256((self.root / name).read_bytes()).hexdigest() for name in self.large}

    async def in_time(self, work: Coroutine[Any, Any, Response]) -> Response:
        """The end of what tries again after a while."""
        task = asyncio.ensure_future(work)
        while not task.done():
            await self.time.passes(1)
        return task.result()

    def asked(self, name: str) -> list[int]:
        """From which byte on this file was asked for, each time."""
        return [at for url, at in self.store.requests if url == FOLDER + name]


async def test_size_licence_and_file_are_shown_before_a_byte_of_weights_moves(tmp_path: Path) -> None:
    world = Elsewhere(tmp_path)
    entry = await (await engine(world)).inspect_model(FOLDER)
    assert (entry.id, entry.title, entry.family, entry.licence) == ("tiny-onnx", "tiny-onnx", "llama", "mit")
    facts = entry.model_dump()
    assert (facts["file"], facts["source"], facts["layout"]) == ("onnx/model_q4.onnx", FOLDER, "onnx")
    assert entry.download_bytes == sum((world.root / name).stat().st_size for name in world.large)
    assert entry.memory_bytes > entry.download_bytes
    assert world.store.requests == []


@pytest.mark.parametrize("hashes", [True, False])
async def test_it_answers_when_it_is_chosen_and_is_fetched_once(tmp_path: Path, hashes: bool) -> None:
    world = Elsewhere(tmp_path, hashes)
    made = await engine(world)
    await made.add_model(FOLDER)
    assert world.store.requests == []
    answer = await made.infer("hello", TINY)
    assert (answer.model, answer.content, answer.finish_reason) == ("tiny-onnx", "good ", "stop"), "its stop string"
    assert (await made.infer("hello", InferOptions(temperature=0))).model == "tiny", "nobody else prefers it"
    await made.shutdown()
    world.root.joinpath("config.json").unlink()
    again = await engine(world)
    assert (await again.infer("hello", TINY)).model == "tiny-onnx", "and without the server"
    assert [len(world.asked(name)) for name in world.large] == [1, 1, 1]
    assert world.hashes <= set(await world.store.sizes())


async def test_what_was_shown_is_what_is_added_and_nothing_comes_unasked(tmp_path: Path) -> None:
    world = Elsewhere(tmp_path)
    made = await engine(world)
    shown = await made.inspect_model(FOLDER)
    (world.root / "README.md").write_text("---\nlicense: proprietary\n---\n")
    assert await made.add_model(FOLDER) == shown
    await made.infer("hello", InferOptions(temperature=0))
    await world.rests()
    assert [url for url, _ in world.store.requests if url.startswith(FOLDER)] == []


async def test_its_download_is_progress_like_any_other(tmp_path: Path) -> None:
    world = Elsewhere(tmp_path)
    made = await engine(world)
    entry = await made.add_model(FOLDER)
    await made.infer("hello", TINY)
    events = [event for event in world.of(ProgressEvent) if event.model == "tiny-onnx"]
    assert max(event.loaded_bytes for event in events if event.phase == "downloading") == entry.download_bytes
    assert events[-1].phase == "ready"


async def test_a_download_that_breaks_off_goes_on_where_it_was(tmp_path: Path) -> None:
    world = Elsewhere(tmp_path)
    made = await engine(world)
    await made.add_model(FOLDER)
    url = FOLDER + "onnx/model_q4.onnx_data"
    data = world.store.remote[url]
    world.store.chunk = 100
    world.store.remote = {**world.store.remote, url: data[:150]}
    with pytest.raises(DownloadFailed):
        await world.in_time(made.infer("hello", TINY))
    await made.shutdown()
    world.store.remote = {**world.store.remote, url: data}
    again = await engine(world)
    await again.models.opener.source.versions.needed(["tiny-onnx"])
    assert (await again.infer("hello", TINY)).model == "tiny-onnx"
    assert len(world.asked("onnx/model_q4.onnx")) == 1, "what was pinned isn't fetched again"


async def test_what_is_half_here_is_not_swept(tmp_path: Path) -> None:
    world = Elsewhere(tmp_path)
    made = await engine(world)
    await made.add_model(FOLDER)
    record = await made.models.opener.source.versions.folders.kept("tiny-onnx")
    assert record is not None
    names = [record.name_of(file) for file in record.files]
    world.store.partial = {names[0]: b"half", "e" * 64: b"nobody's"}
    await made.forget("big")
    assert set(world.store.partial) == {names[0]}


async def test_a_hash_that_the_host_named_is_checked(tmp_path: Path) -> None:
    world = Elsewhere(tmp_path, hashes=True)
    made = await engine(world)
    await made.add_model(FOLDER)
    url = FOLDER + "onnx/model_q4.onnx_data"
    world.store.remote = {**world.store.remote, url: b"WEIGHTS" * 50}
    with pytest.raises(ShardCorrupt):
        await world.in_time(made.infer("hello", TINY))


async def test_what_was_pinned_stays_whatever_the_server_has_by_then(tmp_path: Path) -> None:
    world = Elsewhere(tmp_path)
    made = await engine(world)
    await made.add_model(FOLDER)
    await made.infer("hello", TINY)
    pinned = hashlib.sha256((world.root / "onnx/model_q4.onnx_data").read_bytes()).hexdigest()
    await made.models.unload()
    del world.store.shards[pinned]  # the browser evicted it
    url = FOLDER + "onnx/model_q4.onnx_data"
    before = world.store.remote[url]
    world.store.remote = {**world.store.remote, url: b"WEIGHTS" * 50}
    with pytest.raises(ShardCorrupt):
        await world.in_time(made.infer("hello", TINY))
    world.store.remote = {**world.store.remote, url: before}
    assert (await made.infer("hello", TINY)).model == "tiny-onnx"


async def test_it_is_removed_without_a_trace(tmp_path: Path) -> None:
    world = Elsewhere(tmp_path)
    made = await engine(world)
    await made.add_model(FOLDER)
    await made.infer("hello", TINY)
    await made.remove_model("tiny-onnx")
    assert not world.hashes & set(await world.store.names())
    assert await world.settings.get("folder:tiny-onnx") is None
    assert await world.settings.get("manifest:tiny-onnx") is None
    with pytest.raises(UnknownModel):
        await made.infer("hello", TINY)


async def test_removed_and_added_again_it_is_what_the_folder_holds_by_then(tmp_path: Path) -> None:
    world = Elsewhere(tmp_path)
    made = await engine(world)
    await made.inspect_model(FOLDER)
    await made.add_model(FOLDER)
    await made.infer("hello", TINY)
    before = world.hashes
    await made.remove_model("tiny-onnx")
    changed = b"other weights" * 70
    (world.root / "onnx/model_q4.onnx_data").write_bytes(changed)
    world.store.remote = {**world.store.remote, FOLDER + "onnx/model_q4.onnx_data": changed}
    await made.add_model(FOLDER)
    assert (await world.in_time(made.infer("hello", TINY))).model == "tiny-onnx"
    assert world.hashes <= set(await world.store.names())
    assert not (before - world.hashes) & set(await world.store.names())


async def test_one_too_many_is_refused_and_leaves_no_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orion_py.external.added_models.MOST", 0)
    world = Elsewhere(tmp_path)
    made = await engine(world)
    with pytest.raises(InvalidConfig, match="0 added ones are the most"):
        await made.add_model(FOLDER)
    assert await world.settings.get("folder:tiny-onnx") is None


async def test_an_id_that_is_taken_gets_a_mark(tmp_path: Path) -> None:
    world = Elsewhere(tmp_path)
    made = await engine(world)
    first = await made.add_model(FOLDER)
    other = first.model_copy(update={"manifest": "https://example.org/other/config.json"})
    made.registry.add(other)
    assert (await made.inspect_model(FOLDER)).id.startswith("tiny-onnx-")


async def test_one_that_memory_can_never_hold_is_refused_when_it_is_looked_at(tmp_path: Path) -> None:
    world = Elsewhere(tmp_path)
    facts = world.ports.facts

    async def huge(url: str) -> FileFacts | None:
        return FileFacts(MAX_SHARD_BYTES) if url.endswith(".onnx") else await facts(url)

    world.ports = replace(world.ports, facts=huge)
    with pytest.raises(TooLarge, match="WASM ends at"):
        await (await engine(world)).inspect_model(FOLDER)


async def test_one_beyond_the_memory_budget_is_refused_before_it_is_loaded(tmp_path: Path) -> None:
    world = Elsewhere(tmp_path)
    made = await engine(world)
    await made.add_model(FOLDER)
    made.configure(EngineConfig(max_memory_mb=128))
    with pytest.raises(TooLarge):
        await made.infer("hello", TINY)
    assert world.store.requests == []


async def test_another_architecture_is_refused_with_the_list(tmp_path: Path) -> None:
    world = Elsewhere(tmp_path)
    (world.root / "config.json").write_text('{"model_type": "phi3"}')
    with pytest.raises(UnsupportedModel, match="llama, qwen2, mistral, gemma"):
        await (await engine(world)).add_model(FOLDER)


async def test_the_estimate_counts_what_a_graph_holds_itself_three_times(tmp_path: Path) -> None:
    world = Elsewhere(tmp_path)
    record = await described_at(world)
    graph, data, tokenizer = record.files
    larger = record.model_copy(update={"files": (graph.model_copy(update={"size": 10**8}), data, tokenizer)})
    beside = record.model_copy(update={"files": (graph, data.model_copy(update={"size": 10**8}), tokenizer)})
    assert folder_memory(larger) - folder_memory(record) == 3 * (10**8 - graph.size)
    assert folder_memory(beside) - folder_memory(record) < 1.3 * 10**8


async def described_at(world: Elsewhere):
    assert ADDRESS != FOLDER
    return await described(world.root)
