"""A graph model of the site's list comes up in the real engine: fetched, stored, checked, counted, ended, kept."""

from __future__ import annotations

import json
from pathlib import Path

from e2e.support.browsers import Browsers
from e2e.support.engine import Engine
from e2e.support.memory import renderer_memory, settled_memory
from e2e.support.person import Person
from e2e.support.waiting import until
from e2e.support.web import Web
from orion_py.manifest.graph_manifest import GraphManifest

MODEL = "tiny-graphs"


def test_it_computes_as_in_cpython_stays_for_the_next_visit_and_goes_when_it_is_told(
    web: Web, browsers: Browsers, empty_profile: Path, tiny: GraphManifest
) -> None:
    person = Person(browsers.start(empty_profile), web.url)
    person.visits("models.json")
    engine = Engine(person.page, config={"use_neural_router": False})
    # Its golden runs are computed here and compared with what CPython computed: else this is a golden_mismatch.
    loaded = engine.ask("preload", model=MODEL)
    assert loaded["type"] == "result", loaded
    phases = [event["phase"] for event in engine.heard("progress") if event["model"] == MODEL]
    assert (phases[0], phases[-1]) == ("initializing", "ready")
    assert {"downloading", "warming_up"} <= set(phases)
    (held,) = [row for row in engine.heard("memory")[-1]["models"] if row["model"] == MODEL]
    assert held["bytes"] > 1e6
    stored = {request.path.rpartition("/")[2] for request in web.requests("models/shards/*")}
    assert stored == {shard.sha256 for shard in tiny.shards}
    assert engine.ask("unload", model=MODEL)["type"] == "result"
    assert [row["model"] for row in engine.heard("memory")[-1]["models"]] == []

    web.forgets()
    person.visits("models.json")
    again = Engine(person.page, config={"use_neural_router": False})
    assert again.ask("preload", model=MODEL)["type"] == "result"
    assert web.requests("models/shards/*") == []
    assert again.ask("unload", model=MODEL, forget=True)["type"] == "result"
    assert again.ask("preload", model=MODEL)["type"] == "result"
    fetched = {request.path.rpartition("/")[2] for request in web.requests("models/shards/*")}
    computing = {shard.sha256 for shard in tiny.shards if shard.role != "golden"}
    assert fetched == computing, "it was forgotten, so it is fetched again; that it computes right is still known"


def test_its_memory_comes_back_however_often_it_is_loaded(
    web: Web, browsers: Browsers, empty_profile: Path, tiny: GraphManifest
) -> None:
    """onnxruntime's memory never shrinks: it goes with its worker."""
    person = Person(browsers.start(empty_profile), web.url)
    person.visits("models.json")
    engine = Engine(person.page, config={"use_neural_router": False})

    def comes_and_goes() -> None:
        assert engine.ask("preload", model=MODEL)["type"] == "result"
        assert engine.ask("unload", model=MODEL)["type"] == "result"

    comes_and_goes()  # what the first one leaves: numpy, compiled code
    before = settled_memory()
    for _ in range(10):
        comes_and_goes()
    until(person.page, "the memory is back", lambda: renderer_memory() < 1.1 * before)


def test_one_that_computes_otherwise_than_in_cpython_is_not_used(
    web: Web, browsers: Browsers, empty_profile: Path, tiny: GraphManifest
) -> None:
    file = web.site.folder / "models" / MODEL / "manifest.json"
    lying = json.loads(file.read_text())
    first, second = [golden for golden in lying["golden"] if golden["session"] == "appends"]
    first["tensors"], second["tensors"] = second["tensors"], first["tensors"]
    with web.site.altered(f"models/{MODEL}/manifest.json", lying):
        person = Person(browsers.start(empty_profile), web.url)
        person.visits("models.json")
        engine = Engine(person.page, config={"use_neural_router": False})
        ended = engine.ask("preload", model=MODEL)
        assert (ended["type"], ended["error"]["code"]) == ("error", "golden_mismatch")
        assert "appends" in ended["error"]["message"]
