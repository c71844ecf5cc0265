"""A model that sees answers about a picture in the browser: tiny random ones, as they answer in CPython."""

from __future__ import annotations

import asyncio
import io
import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from e2e.support.browsers import Browsers
from e2e.support.engine import Engine
from e2e.support.person import Person
from e2e.support.site import ROOT
from e2e.support.web import Web
from e2e.test_vision import asks_about
from model_foundry.cli import main as foundry
from orion_py.config import EngineConfig
from orion_py.engine.engine import Engine as NativeEngine
from orion_py.native.built_models import with_built_models
from orion_py.native.ports import native_ports
from orion_py.protocol import InferOptions, Response
from tests.model_foundry.seeing.folder import PICTURES, QWEN2VL, SMOLVLM, picture

QUESTION = "what is on the plate?"
GREEDY: dict[str, Any] = {
    "model": "seer",
    "force_agent": "vision",
    "temperature": 0,
    "repetition_penalty": 1,
    "max_tokens": 12,
    "cut_loops": False,
}


@pytest.fixture(scope="module", params=[SMOLVLM, QWEN2VL], ids=lambda folder: folder.name)
def seer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout in which the model is built."""
    root = tmp_path_factory.mktemp("seer")
    shutil.copy(ROOT / "models.json", root)
    built = ["optimize", str(request.param), "--name", "seer", "--licence", "Apache-2.0", "--no-quality"]
    assert foundry([*built, "--out", str(root / "public" / "models")]) == 0
    return root


@pytest.fixture
def offered(web: Web, seer: Path) -> Iterator[Web]:
    """The site has it, and its agent for pictures begins with it."""
    models = seer / "public" / "models"
    shutil.copytree(models, web.site.folder / "models", dirs_exist_ok=True)
    listed = json.loads(with_built_models(json.dumps({**web.site.registry, "senses": []}), models))
    for entry in listed["models"]:
        entry["tier"] = "lite"
    for agent in listed["agents"]:
        if agent["id"] == "vision":
            agent["models"] = ["seer", *agent["models"]]
    with web.site.altered("models.json", listed):
        yield web
    for name in ("seer", "seer-eyes"):
        shutil.rmtree(web.site.folder / "models" / name)
    for shard in (models / "shards").iterdir():
        (web.site.folder / "models" / "shards" / shard.name).unlink()


def png(name: str) -> bytes:
    out = io.BytesIO()
    Image.fromarray(picture(name)).save(out, "PNG")
    return out.getvalue()


async def natively(root: Path, shown: bytes) -> Response:
    engine = await NativeEngine.start(EngineConfig(use_neural_router=False), native_ports(root))
    try:
        return await engine.infer(QUESTION, InferOptions(**GREEDY), images=[shown])
    finally:
        await engine.shutdown()


def test_its_answers_are_those_of_cpython(offered: Web, seer: Path, browsers: Browsers, empty_profile: Path) -> None:
    person = Person(browsers.start(empty_profile), offered.url)
    person.visits("models.json")
    engine = Engine(person.page, config={"use_neural_router": False})
    for name in PICTURES:
        with ThreadPoolExecutor(1) as pool:  # Playwright has a loop of its own here
            wanted = pool.submit(asyncio.run, natively(seer, png(name))).result()
        ended = engine.ask_about(png(name), query=QUESTION, options=GREEDY)
        assert ended["type"] == "result", ended
        found = ended["payload"]
        assert (found["agent"], found["model"]) == ("vision", "seer")
        assert found["usage"]["prompt"] == wanted.usage.prompt
        assert found["content"] == wanted.content
    fetched = {request.path.rpartition("/")[2] for request in offered.requests("models/shards/*")}
    encoder = json.loads((seer / "public/models/seer-eyes/manifest.json").read_text("utf-8"))
    assert fetched >= {shard["sha256"] for shard in encoder["shards"]}


def test_a_person_asks_it_about_a_picture(offered: Web, regular: Person) -> None:
    regular.opens()
    regular.waits_for_the_model()
    answer = asks_about(regular, png("wide"), QUESTION)
    answer.succeeds()
    assert answer.article.get_attribute("data-agent") == "vision"
    assert "seer" in answer.article.inner_text()
