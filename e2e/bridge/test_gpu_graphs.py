"""Sessions of a graph model on WebGPU, which is emulated here: as in CPython, and in WASM as soon as one fails."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, BrowserContext

from build_support.server import StaticServer
from e2e.bridge.conftest import Lab, make_site
from e2e.bridge.test_graphs import OPEN, golden_runs_come_out, run
from orion_py.manifest.graph_manifest import GraphManifest
from tests.tiny_graphs import ONE, written

PLACE = "await globalThis.client.placeGraph(session, backend);"


@pytest.fixture
def context(gpu_chromium: Browser) -> Iterator[BrowserContext]:
    context = gpu_chromium.new_context()
    yield context
    context.close()


@pytest.fixture
def lab(context: BrowserContext, server: StaticServer) -> Lab:
    return Lab(context, server.url)


@pytest.fixture
def tiny(site: Path) -> GraphManifest:
    return written(site / "models")


@pytest.fixture
def opened(lab: Lab, tiny: GraphManifest) -> Iterator[Lab]:
    lab.run(OPEN, manifest=json.loads(tiny.model_dump_json()))
    yield lab
    lab.run("globalThis.client.close();")


def place(lab: Lab, backend: str, *sessions: str) -> None:
    for session in sessions:
        lab.run(PLACE, session=session, backend=backend)


@pytest.mark.parametrize("on_gpu", [("doubles", "reads"), ("doubles",), ("reads",), ("appends",)])
def test_the_golden_runs_come_out_whatever_is_on_the_gpu_state_and_what_is_handed_on_included(
    opened: Lab, tiny: GraphManifest, site: Path, on_gpu: tuple[str, ...]
) -> None:
    before = opened.run("return globalThis.client.memoryBytes();")
    place(opened, "webgpu", *on_gpu)
    golden_runs_come_out(opened, tiny, site)
    assert opened.run("return globalThis.fell;") == [None] * len(tiny.golden)
    assert opened.run("return globalThis.client.memoryBytes();") > before, "what the GPU takes counts"


@pytest.fixture(scope="module")
def losing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StaticServer]:
    """A site on which the GPU goes away amid the third run that it makes."""
    site = make_site(tmp_path_factory.mktemp("losing"))
    file = site / "bridge" / "worker" / "ort" / "gpu-graphs.js"
    right = file.read_text()
    line = "    const { Tensor } = this.ort;\n"
    lost = "    if (++made === 3) (await this.ort.env.webgpu.device).destroy();\n"
    assert line in right
    file.unlink()
    file.write_text(right.replace(line, line + lost) + "let made = 0;\n")
    written(site / "models")
    with StaticServer(site) as server:
        yield server


def test_a_gpu_that_is_lost_amid_a_run_leaves_its_state_and_wasm_makes_this_run_and_the_next(
    context: BrowserContext, losing: StaticServer, tiny: GraphManifest
) -> None:
    lab = Lab(context, losing.url)
    lab.run(OPEN, manifest=json.loads(tiny.model_dump_json()))
    place(lab, "webgpu", "appends", "doubles")
    for token, expected in ((4, [4]), (5, [4, 5]), (6, [4, 5, 6]), (7, [4, 5, 6, 7])):
        ((_, _, _, values),) = run(lab, "appends", ["all"], token=np.array([[token]], np.int64))
        assert values == expected
    ((_, _, _, values),) = run(lab, "doubles", ["y"], x=ONE)
    assert values == [3, 3, 3]
    codes = lab.run("return globalThis.fell.map((fell) => fell?.code ?? null);")
    assert codes == [None, None, "device_lost", None, "device_lost"], "each session steps back at its next run"
    refused = lab.run("return (await lab.attempt(globalThis.client.placeGraph('reads', 'webgpu'))).code ?? null;")
    assert refused == "device_lost"
    lab.run("globalThis.client.close();")
