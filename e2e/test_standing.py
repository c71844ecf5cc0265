"""What keeps the engine standing: breakers, eviction, the queue, prediction, presets, and silence."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from e2e.support import workers
from e2e.support.database import settings
from e2e.support.engine import Engine
from e2e.support.person import Person
from e2e.support.site import MODEL, REGISTRY, Site
from e2e.support.web import Web

SECOND = "second-model"
RESET_S = 30
LATER = "ms => { const now = performance.now.bind(performance); performance.now = () => now() + ms; }"
"""The engine's clock."""
BARE = "protocol.schema.json"


@contextmanager
def a_second_model_for_code(site: Site) -> Iterator[str]:
    """The code agent prefers a model of its own, with the weights of the first: its manifest's path."""
    registry: dict[str, Any] = json.loads(json.dumps(site.registry))
    path = f"models/{SECOND}/manifest.json"
    first = registry["models"][0]
    registry["models"].append({**first, "id": SECOND, "title": "Second", "manifest": path})
    next(agent for agent in registry["agents"] if agent["id"] == "code")["models"] = [SECOND, MODEL]
    file = site.folder / path
    file.parent.mkdir()
    file.write_text(json.dumps({**site.manifest, "model": SECOND}))
    try:
        with site.altered(REGISTRY, registry):
            yield path
    finally:
        file.unlink()
        file.parent.rmdir()


@pytest.fixture
def bare(regular: Person) -> Person:
    """A regular visitor who opened a file of the site, so that no page starts an engine of its own."""
    regular.visits(BARE)
    return regular


def in_memory(engine: Engine) -> list[str]:
    return [model["model"] for model in engine.status()["memory"]["models"]]


def test_three_failures_open_the_breaker_the_fallback_answers_and_a_probe_closes_it(bare: Person, web: Web) -> None:
    with a_second_model_for_code(web.site) as manifest:
        fault = web.faults.fail(manifest, 503, times=None)
        engine = Engine(bare.page)
        for _ in range(3):
            assert engine.answer("code")["model"] == MODEL, "the fallback answers"
        engine.waits_for("breaker", name=f"model:{SECOND}", state="open")
        web.forgets()
        assert engine.answer("code")["model"] == MODEL
        assert web.requests(manifest) == [], "while it is open, nothing is tried"

        fault.release()
        workers.named(bare.page, "workers/engine.js").evaluate(LATER, RESET_S * 1000)
        assert engine.answer("code")["model"] == SECOND
        engine.waits_for("breaker", name=f"model:{SECOND}", state="half_open")
        engine.waits_for("breaker", name=f"model:{SECOND}", state="closed")
        assert web.shard_requests() == [], "both models are the same shards"


def test_on_a_small_device_the_idle_model_makes_room_and_the_router_stays_simple(bare: Person, web: Web) -> None:
    with a_second_model_for_code(web.site):
        engine = Engine(bare.page, preset="low_end")
        assert engine.answer("conversation")["model"] == MODEL
        assert in_memory(engine) == [MODEL]
        assert engine.answer("code")["model"] == SECOND
        assert in_memory(engine) == [SECOND]
        assert engine.ask("route", query="Why do cats purr?")["payload"]["router"] == "keyword"

        assert engine.ask("configure", preset="production")["type"] == "result"
        engine.waits_for("router", name="neural")
        assert engine.ask("route", query="Why do cats purr?")["payload"]["router"] == "neural"
        assert engine.answer("conversation")["model"] == MODEL
        assert sorted(in_memory(engine)) == sorted([MODEL, SECOND]), "now there is room for both"


def test_the_likely_next_model_comes_in_while_nothing_is_asked(bare: Person, web: Web) -> None:
    with a_second_model_for_code(web.site):
        engine = Engine(bare.page)
        for agent in ("conversation", "code", "conversation", "code"):
            engine.answer(agent)
        assert engine.ask("unload", model=SECOND)["type"] == "result"
        engine.answer("conversation")
        engine.waits_for("prediction", model=SECOND, state="done")
        assert SECOND in in_memory(engine)
        engine.answer("code")
        engine.waits_for("prediction", model=SECOND, state="hit")
        predictive = engine.status()["predictive"]
        assert (predictive["hit_rate"], predictive["wasted_bytes"]) == (1.0, 0)


def test_questions_wait_for_each_other_the_urgent_one_goes_first_and_one_is_called_off(bare: Person) -> None:
    engine = Engine(bare.page)
    engine.answer("conversation")
    options = {"force_agent": "conversation", "max_tokens": 30}
    first, dropped, later, urgent = (
        engine.send("infer", query="Tell me about the sea.", priority=priority, options=options)
        for priority in (0, 0, 0, 5)
    )
    engine.waits_for("queue", waiting=[urgent, dropped, later])
    engine.send("cancel", request=dropped)
    assert engine.end_of(dropped)["type"] == "cancelled"
    for request in (first, urgent, later):
        assert engine.end_of(request)["type"] == "result"
    ends = [m["id"] for m in engine.heard("result", "cancelled") if m["id"] in (first, dropped, later, urgent)]
    assert ends == [dropped, first, urgent, later]
    assert not [m for m in engine.heard("token") if m["id"] == dropped], "it never began"


def test_nothing_is_counted_until_somebody_allows_it(bare: Person) -> None:
    engine = Engine(bare.page)
    engine.answer("conversation")
    off = engine.ask("telemetry")["payload"]
    assert (off["enabled"], off["counts"]) == (False, {})
    assert "telemetry" not in settings(bare.page)

    engine.ask("configure", config={"enable_telemetry": True})
    engine.answer("conversation", "My name is Zoe and I live in Lyon.")
    on = engine.ask("telemetry")["payload"]
    assert on["enabled"]
    assert on["counts"]
    assert "Zoe" not in json.dumps(settings(bare.page).get("telemetry"))

    engine.ask("configure", config={"enable_telemetry": False})
    assert engine.ask("telemetry")["payload"]["counts"] == {}
    assert "telemetry" not in settings(bare.page), "what was counted is erased"
