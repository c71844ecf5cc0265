"""Real Chromium, real workers and real IndexedDB for web/bridge, without the page and the engine.

The site is web/bridge and web/workers as they are, onnxruntime-web, the built models and a lab page
under the page's own Content-Security-Policy, whose script holds what several tests do in a browser.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright

from build_support import paths, vendor
from build_support.browser import ARGUMENTS, find
from build_support.server import StaticServer
from e2e.support.browsers import SOFTWARE_GPU
from orion_py.manifest.kernel_variant import kernel_variant
from orion_py.manifest.reading import parse_manifest

ROOT = Path(__file__).resolve().parents[2]
MODEL = "smollm2-135m-instruct"
MODELS = Path(os.environ.get("LAB_MODELS", ROOT / "public" / "models"))
ORT = ROOT / "node_modules" / "onnxruntime-web" / "dist"
ORT_FILES = (
    "ort-wasm-simd-threaded.mjs",
    "ort-wasm-simd-threaded.wasm",
    "ort.webgpu.min.mjs",
    "ort-wasm-simd-threaded.asyncify.mjs",
    "ort-wasm-simd-threaded.asyncify.wasm",
)
FIRST_GOLDEN = """
    const { client, manifest } = globalThis.model;
    return (await lab.checkGolden(client, manifest.golden[0], 2)).kl;
"""
"""The divergence from the first golden vector, of a model that was loaded."""
LOAD = "globalThis.model = await lab.load(variant, { threads, context: limit })"


def link(source: Path, target: Path) -> None:
    """The file at a second place, copied only where it can't be linked."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def make_site(folder: Path) -> Path:
    """Lays the site out in ``folder``."""
    for name in ("bridge", "workers"):
        shutil.copytree(ROOT / "web" / name, folder / name)
    for build in paths.KERNEL_BUILDS.glob("*.wasm"):
        link(build, folder / "kernel" / build.name)
    for name in ORT_FILES:
        link(ORT / name, folder / "vendor" / "ort" / name)
    for vendored in vendor.files():
        if vendored.target.startswith("noble/"):
            link(vendored.path, folder / "vendor" / vendored.target)
    if MODELS.is_dir():
        for file in MODELS.rglob("*"):
            if file.is_file():
                link(file, folder / "models" / file.relative_to(MODELS))
    lite = MODELS / MODEL / "manifest.json"
    variant = kernel_variant(parse_manifest(lite.read_bytes())) if lite.is_file() else None
    if variant is not None:
        (folder / "models" / MODEL / "kernel.json").write_text(variant.model_dump_json())
    policy = re.search(r'<meta http-equiv="Content-Security-Policy"[^>]*>', (ROOT / "web" / "index.html").read_text())
    assert policy, "web/index.html has no Content-Security-Policy"
    (folder / "index.html").write_text(f"<!doctype html>{policy[0]}<title>lab</title>")
    shutil.copyfile(Path(__file__).with_name("lab.js"), folder / "lab.js")
    return folder


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_site(tmp_path_factory.mktemp("site"))


@pytest.fixture
def server(site: Path) -> Iterator[StaticServer]:
    """Isolated, with ranges, and with faults to order."""
    with StaticServer(site) as server:
        yield server


@pytest.fixture
def plain_server(site: Path) -> Iterator[StaticServer]:
    """Like ``python -m http.server``: no isolation, no ranges."""
    with StaticServer(site, plain=True) as server:
        yield server


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=find(), args=ARGUMENTS)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def gpu_chromium(playwright: Playwright) -> Iterator[Browser]:
    """With WebGPU, computed by the processor."""
    arguments = [argument for argument in ARGUMENTS if argument != "--disable-gpu"]
    browser = playwright.chromium.launch(executable_path=find(), args=arguments + SOFTWARE_GPU)
    yield browser
    browser.close()


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    """A profile without any data."""
    context = chromium.new_context()
    yield context
    context.close()


class Lab:
    """A page that can call what lab.js exports."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.page: Page = context.new_page()
        self.page.goto(url)

    def run(self, body: str, **arguments: Any) -> Any:
        """Runs the body of an async function that has ``lab`` and the named arguments."""
        names = ", ".join(arguments)
        wrapped = f"async ({{{names}}}) => {{ const lab = await import('./lab.js'); {body} }}"
        return self.page.evaluate(wrapped, arguments)

    def start(self, body: str, **arguments: Any) -> None:
        """Like ``run``, but does not wait."""
        started = f"globalThis.started = (async () => {{ {body} }})(); globalThis.started.catch(() => {{}});"
        self.run(started, **arguments)

    def result(self) -> Any:
        """What the started body answers."""
        return self.page.evaluate("globalThis.started")


class Loaded:
    """A page with a model of one variant in ``globalThis.model``."""

    def __init__(self, context: BrowserContext, url: str, variant: str, *, threads: int = 2, limit: int = 1024) -> None:
        self.lab = Lab(context, url)
        self.variant = variant
        self.lab.run(LOAD, variant=variant, threads=threads, limit=limit)

    @property
    def report(self) -> dict[str, Any]:
        report: dict[str, Any] = self.lab.page.evaluate("globalThis.model.report")
        return report


@pytest.fixture(scope="module")
def profile(chromium: Browser) -> Iterator[BrowserContext]:
    """One profile for all, so that shards are stored once."""
    context = chromium.new_context()
    yield context
    context.close()


@pytest.fixture(scope="module")
def model_server(site: Path) -> Iterator[StaticServer]:
    with StaticServer(site) as server:
        yield server


@pytest.fixture
def lab(context: BrowserContext, server: StaticServer) -> Lab:
    return Lab(context, server.url)


@pytest.fixture(scope="session")
def manifest() -> dict[str, Any]:
    """The Lite model's."""
    file = MODELS / MODEL / "manifest.json"
    if not file.is_file():
        pytest.skip("needs the Lite model: python3 build.py models lite")
    loaded: dict[str, Any] = json.loads(file.read_text())
    return loaded
