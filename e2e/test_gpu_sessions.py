"""Sessions of graph models on WebGPU, which is emulated here, for who asks for it: each one right there, or in WASM."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from e2e.support.browsers import Browsers
from e2e.support.engine import Engine
from e2e.support.person import Person
from e2e.support.site import MANIFEST, ROOT
from e2e.support.web import Web
from e2e.test_vision import coffee
from orion_py.manifest.graph_manifest import GraphManifest
from orion_py.registry.built import only_built
from orion_py.senses.scenes.eyes import MODELS

TINY = "tiny-graphs"
CLASSIFIER = "efficientnet-lite0"
ON_GPU = "bridge/worker/ort/gpu-graphs.js"
FORCED = {"use_neural_router": False, "backend": "webgpu", "enable_telemetry": False}


def begun(web: Web, browsers: Browsers, profile: Path, **config: Any) -> Engine:
    """An engine in a browser with an emulated GPU."""
    person = Person(browsers.start(profile, gpu=True), web.url)
    person.visits("models.json")
    return Engine(person.page, config={**FORCED, **config})


def states(engine: Engine) -> dict[tuple[str, str], str]:
    rows = engine.status()["webgpu"]
    return {(row["model"], row["session"]): row["state"] for row in rows}


def wrong(text: str, session: str) -> str:
    """``gpu-graphs.js`` with every number of that session one too large."""
    right = "data: data.slice() }"
    assert right in text
    return text.replace(right, f'data: name === "{session}" ? data.map((value) => value + 1) : data.slice() }}')


def test_a_session_that_is_wrong_there_goes_to_wasm_alone_and_stays_known(
    web: Web, browsers: Browsers, empty_profile: Path, tiny: GraphManifest
) -> None:
    web.faults.fail("sw.js", 404, times=None)  # it would refuse the altered file
    right = (web.site.folder / ON_GPU).read_text()
    with web.site.altered(ON_GPU, wrong(right, "reads")):
        engine = begun(web, browsers, empty_profile)
        loaded = engine.ask("preload", model=TINY)
        assert loaded["type"] == "result", loaded
        assert states(engine) == {(TINY, "doubles"): "serves", (TINY, "appends"): "serves", (TINY, "reads"): "wrong"}
        (step,) = engine.heard("fallback")
        assert (step["kind"], step["from"], step["reason_code"]) == (
            "session",
            "Tiny graphs, reads: WebGPU",
            "golden_mismatch",
        )


def test_who_asks_for_the_processor_gets_it(
    web: Web, browsers: Browsers, empty_profile: Path, tiny: GraphManifest
) -> None:
    engine = begun(web, browsers, empty_profile, backend="wasm")
    assert engine.ask("preload", model=TINY)["type"] == "result"
    assert set(states(engine).values()) == {"off"}
    assert web.requests("vendor/ort/ort.webgpu*") == []


def test_a_picture_is_answered_with_the_classifier_on_webgpu(web: Web, browsers: Browsers, empty_profile: Path) -> None:
    web.faults.fail("sw.js", 404, times=None)
    site = web.site
    patient = (site.folder / ON_GPU).read_text().replace("RUN_MS = 30_000", "RUN_MS = 400_000")
    with ExitStack() as stack:
        stack.enter_context(site.altered(ON_GPU, patient))  # an emulated GPU is slower than any other
        manifests = {f"models/{name}/manifest.json" for name in MODELS}
        listed = only_built((ROOT / "models.json").read_text("utf-8"), lambda name: name in {MANIFEST, *manifests})
        stack.enter_context(site.altered("models.json", listed))
        for name in set(MODELS) - {CLASSIFIER}:
            manifest = json.loads((site.folder / "models" / name / "manifest.json").read_text())
            for session in manifest["sessions"].values():
                session["unfit_for_gpu"] = ["Conv"]  # to spare the time
            stack.enter_context(site.altered(f"models/{name}/manifest.json", manifest))
        engine = begun(web, browsers, empty_profile, inference_timeout_s=400)
        ended = engine.ask_about(coffee(), query="What is in this picture?")
        assert ended["type"] == "result", ended
        assert "cup" in ended["payload"]["content"].lower() or "coffee" in ended["payload"]["content"].lower()
        found = states(engine)
        assert found[CLASSIFIER, "classifier"] == "serves"
        assert {state for (model, _), state in found.items() if model != CLASSIFIER} == {"none"}
        assert engine.heard("fallback") == []
