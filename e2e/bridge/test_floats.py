"""A model of floats, or of floats and blocks, answers in Chromium as it does natively, on both backends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser

from build_support.server import StaticServer
from e2e.bridge.conftest import Lab, make_site
from orion_py.manifest.manifest import Manifest
from tests.model_foundry.built import built, imported
from tests.model_foundry.graphs.test_variants import opened
from tests.model_foundry.quantizing.test_floats import in_floats, random
from tests.model_foundry.tiny_gguf import TinyModel

PROMPT, NEXT = [7, 200, 33, 259, 5, 90, 91, 17], 140
ANSWER = """
    const manifest = await (await fetch("models/tiny/manifest.json")).json();
    await lab.store(manifest, variant);
    const client = new lab.InferenceClient(lab.workerUrl);
    await client.open(JSON.stringify({ manifest, variant, threads: 1, context: 48 }));
    await Promise.all(lab.shardsFor(manifest, variant).map(({ sha256 }) => client.feed(sha256)));
    await client.build();
    const answers = [await client.forward(prompt, 0), await client.forward([next], prompt.length)];
    return answers.map((logits) => Array.from(logits));
"""
SCHEMES = {"halves": ("f16",), "floats": ("f32",), "mixed": ("q4", "embedding=f16", "layers.1.*=f32")}


@pytest.fixture(scope="module", params=SCHEMES)
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Manifest]:
    """A site with a tiny model, whose layers are in two stages, and its manifest."""
    folder = tmp_path_factory.mktemp(request.param)
    original = random(imported(folder, TinyModel(tied=request.param != "floats")))
    site = make_site(folder / "site")
    manifest = built(site / "models", in_floats(original, *SCHEMES[request.param]))
    return site, manifest


@pytest.fixture(scope="module")
def server(model: tuple[Path, Manifest]) -> Iterator[StaticServer]:
    with StaticServer(model[0]) as server:
        yield server


def natively(site: Path, manifest: Manifest, variant: str) -> list[Any]:
    async def answers() -> list[Any]:
        session = await opened(site / "models", manifest, variant)
        return [await session.forward(PROMPT, 0), await session.forward([NEXT], len(PROMPT))]

    with ThreadPoolExecutor(1) as apart:  # playwright has an event loop in this thread
        return apart.submit(lambda: asyncio.run(answers())).result()


@pytest.mark.parametrize("variant", ["wasm-exact", "wasm-int8"])
def test_wasm_answers_as_a_native_session(
    chromium: Browser, server: StaticServer, model: tuple[Path, Manifest], variant: str
) -> None:
    assert_same(chromium, server, model, variant, {"wasm-exact": 2e-5, "wasm-int8": 1e-3}[variant])


def test_a_software_gpu_answers_as_a_native_session(
    gpu_chromium: Browser, server: StaticServer, model: tuple[Path, Manifest]
) -> None:
    assert_same(gpu_chromium, server, model, "webgpu-exact", 1e-4)


def assert_same(
    browser: Browser, server: StaticServer, model: tuple[Path, Manifest], variant: str, tolerance: float
) -> None:
    context = browser.new_context()
    found = Lab(context, server.url).run(ANSWER, variant=variant, prompt=PROMPT, next=NEXT)
    for ours, theirs in zip(found, natively(*model, variant), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=tolerance, err_msg=json.dumps([variant]))
    context.close()
