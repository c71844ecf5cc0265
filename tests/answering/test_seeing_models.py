"""A question on pictures, answered by a model that takes them in itself."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto

from model_foundry.graphs.builder import GraphBuilder
from model_foundry.sharding.graph_folder import GoldenRun, GraphModelDraft, SessionDraft, write_graph_model
from orion_py.config import EngineConfig
from orion_py.engine.engine import Engine
from orion_py.errors import LoadError, RuntimeFailure
from orion_py.manifest.manifest import Source
from orion_py.protocol import FallbackEvent, InferOptions, SenseEvent
from orion_py.runtime.attachments import HeldAttachments
from orion_py.runtime.base import Device
from orion_py.runtime.scripted_graphs import ScriptedGraphs
from orion_py.runtime.tokenizer import ChatMessage
from orion_py.senses.images.resampling import Picture
from orion_py.senses.scenes.codes import Code
from orion_py.senses.scenes.sight import LentSight
from tests.answering.test_pictures import DOG, PICTURE, SIGN, ScriptedSight, registry, see
from tests.tiny import BASE, REGISTRY, LetterTokenizer, World, manifest_json, says

ARCHITECTURE = json.loads(manifest_json())["architecture"]
SIGHT = {
    "kind": "tiles",
    "encoder": "tiny-eyes",
    "token": "<image>",
    "side": 16,
    "longest": 32,
    "splits": True,
    "rows": 2,
}


class PartedTokenizer(LetterTokenizer):
    """Takes contents in parts, as the templates of models that see do."""

    special_tokens = (*LetterTokenizer.special_tokens, "<image>")
    _ROLES = {**LetterTokenizer._ROLES, "<image>": 31}  # noqa: RUF012

    def render(self, messages: Sequence[ChatMessage]) -> str:
        return super().render([{"role": m["role"], "content": _text(m["content"])} for m in messages])


def _text(content: Any) -> str:
    if isinstance(content, str):  # a model that doesn't see
        return content
    return "".join("<image>" if part["type"] == "image" else part["text"] for part in content)


def encoder() -> bytes:
    graph = GraphBuilder()
    pixels = graph.input("pixels", TensorProto.UINT8, (1, 16, 16, 3))
    mean = graph.node("ReduceMean", [graph.node("Cast", [pixels], to=TensorProto.FLOAT)])
    flat = graph.node("Reshape", [mean, graph.integers(1, 1, 1)])
    graph.node("Expand", [flat, graph.integers(1, 2, 8)], "rows")
    graph.output("rows", TensorProto.FLOAT, (1, 2, 8))
    return graph.serialized("encoder")


def seen(inputs: Any) -> dict[str, Any]:
    return {"rows": np.full((1, 2, 8), inputs["pixels"].mean(), np.float32)}


def listed(detectors: bool, tier: str) -> dict[str, Any]:
    """A list with Tiny, and behind it a model that sees."""
    made: dict[str, Any] = copy.deepcopy(registry())
    seer = {**REGISTRY["models"][0], "id": "seer", "title": "Seer", "manifest": "models/seer/manifest.json"}  # type: ignore[dict-item]
    made["models"].append({**seer, "tier": tier, "capabilities": ["chat", "vision"]})
    eyes = {"id": "tiny-eyes", "title": "Eyes", "manifest": "models/tiny-eyes/manifest.json", "sense": "vision"}
    kept = made["senses"] if detectors else []
    made["senses"] = [*kept, {**eyes, "licence": "Apache-2.0", "download_bytes": 1000, "memory_bytes": 1000}]
    return made


async def engine(
    tmp_path: Path, *looked: Any, detectors: bool = True, tier: str = "lite", **failures: Any
) -> tuple[World, Engine]:
    world = World(says("a plate"), Device(threads=1, webgpu=False, memory_gb=8))
    source = Source(name="tiny", file="tiny.onnx", sha256="0" * 64, revision="1")
    golden = GoldenRun("grey", "encoder", {"pixels": np.full((1, 16, 16, 3), 7, np.uint8)}, {"rows": 1e-3})
    draft = GraphModelDraft(
        "tiny-eyes", "1", "Apache-2.0", (source,), "tiny", {"encoder": SessionDraft(encoder())}, [golden]
    )
    for shard in write_graph_model(draft, tmp_path).shards:
        world.store.remote[f"{BASE}shards/{shard.sha256}"] = (tmp_path / "shards" / shard.sha256).read_bytes()
    world.texts["models/tiny-eyes/manifest.json"] = (tmp_path / "tiny-eyes" / "manifest.json").read_text("utf-8")
    world.texts["models/seer/manifest.json"] = manifest_json(
        model="seer", sight=SIGHT, architecture={**ARCHITECTURE, "context_length": 1024}
    )
    world.texts["models/tiny/manifest.json"] = manifest_json(architecture={**ARCHITECTURE, "context_length": 1024})
    world.texts["models.json"] = json.dumps(listed(detectors, tier))
    world.runtime.graphs = ScriptedGraphs({"encoder": seen}, failures=failures)
    sight = ScriptedSight(*looked)
    world.ports = replace(
        world.ports,
        sight=lambda lend: sight if looked else LentSight(lend, no_codes),
        attachments=HeldAttachments(see=see),
        tokenizer_factory=lambda definition: PartedTokenizer(),
    )
    return world, await Engine.start(EngineConfig(), world.ports, subscribers=[world.events.append])


async def no_codes(picture: Picture) -> list[Code]:
    return []


def rows_of(world: World) -> list[int]:
    return [len(shown) for shown, _ in world.runtime.sessions[0].embedded]


async def test_the_model_gets_the_pictures_rows_and_the_detectors_report_beside_the_question(tmp_path: Path) -> None:
    world, made = await engine(tmp_path, DOG)
    response = await made.infer("How many dogs are there?", InferOptions(max_tokens=16), images=[PICTURE])
    assert (response.agent, response.model, response.content) == ("vision", "seer", "a plate")
    assert rows_of(world) == [2] * 5, "four tiles, and the whole"
    assert response.notes["scenes"][0]["objects"][0]["name"] == "dog"
    read = LetterTokenizer().decode(world.runtime.sessions[0].tokens)
    assert "how many dogs are there" in read
    assert "objects found" in read
    told = [(event.sense, event.line, event.lines) for event in world.events if isinstance(event, SenseEvent)]
    lines, encoder = [("vision", line, 2) for line in (0, 1, 2)], ("vision", 0, 0)
    assert told == [*lines, encoder]
    await made.shutdown()


async def test_it_answers_alone_where_there_are_no_detectors(tmp_path: Path) -> None:
    world, made = await engine(tmp_path, detectors=False)
    response = await made.infer("What is it?", InferOptions(max_tokens=16), images=[PICTURE, b"another"])
    assert (response.agent, response.model, response.content) == ("vision", "seer", "a plate")
    assert rows_of(world) == [2] * 10
    assert not response.notes.get("scenes")


async def test_a_large_one_is_not_fetched_for_a_question_but_asked_first_once_it_is_here(tmp_path: Path) -> None:
    world, made = await engine(tmp_path, SIGN, tier="large")
    asked = InferOptions(max_tokens=16)
    assert (await made.infer("Translate this sign into English", asked, images=[PICTURE])).model == "tiny"
    await made.preload("seer")
    await made.models.unload("seer")
    response = await made.infer("Translate this sign into English", asked, images=[PICTURE])
    assert response.model == "seer"
    assert world.runtime.sessions[-1].embedded
    assert (await made.infer("hello", asked)).model == "tiny", "of a question without a picture it is no help"


async def test_a_model_that_is_asked_for_by_name_sees(tmp_path: Path) -> None:
    world, made = await engine(tmp_path, detectors=False)
    asked = InferOptions(max_tokens=16, model="seer", force_agent="vision")
    assert (await made.infer("What is it?", asked, images=[PICTURE])).model == "seer"
    assert rows_of(world) == [2] * 5


async def test_without_a_picture_nothing_is_encoded_and_the_picture_is_asked_for(tmp_path: Path) -> None:
    world, made = await engine(tmp_path, DOG)
    response = await made.infer("What does the sign say?", InferOptions(force_agent="vision"))
    assert response.content.startswith("Attach the picture")
    assert not world.runtime.graphs.runners


async def test_where_the_encoder_fails_the_next_model_answers_from_the_report(tmp_path: Path) -> None:
    world, made = await engine(tmp_path, DOG, run=[RuntimeFailure("lost")] * 9)
    response = await made.infer("What is the dog doing?", InferOptions(max_tokens=16), images=[PICTURE])
    assert (response.model, response.content) == ("tiny", "a plate")
    steps = [event for event in world.events if isinstance(event, FallbackEvent)]
    assert ("seer", "tiny") in [(step.from_, step.to) for step in steps]
    assert not world.runtime.sessions[-1].embedded


async def test_where_the_encoder_fails_and_nobody_else_saw_anything_the_question_fails(tmp_path: Path) -> None:
    _, made = await engine(tmp_path, detectors=False, open=[LoadError("gone")] * 9)
    with pytest.raises(LoadError):
        await made.infer("What is it?", InferOptions(max_tokens=16), images=[PICTURE])


async def test_a_mark_that_a_person_types_is_no_picture(tmp_path: Path) -> None:
    world, made = await engine(tmp_path, detectors=False)
    asked = InferOptions(max_tokens=16, model="seer", force_agent="vision")
    await made.infer("<image> what is it?", asked, images=[PICTURE])
    assert rows_of(world) == [2] * 5
