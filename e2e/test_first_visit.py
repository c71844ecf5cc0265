"""Somebody opens the page for the first time and asks something."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from build_support.joined import ENTRIES
from e2e.support.database import stored
from e2e.support.person import Person
from e2e.support.waiting import PATIENCE_S, until
from e2e.support.web import Web

CONTROLLED = "Boolean(navigator.serviceWorker.controller)"


def test_the_page_can_be_read_before_any_script_runs(newcomer: Person, web: Web) -> None:
    app = web.faults.hold("app.js")
    newcomer.page.goto(newcomer.url, wait_until="commit")
    expect(newcomer.page.get_by_role("heading", level=1)).to_have_text("Orion")
    expect(newcomer.message).to_be_visible()
    expect(newcomer.send).to_be_visible()
    app.release()
    newcomer.listens()


def test_a_visit_asks_for_no_module_that_the_build_joined_with_others(newcomer: Person, web: Web) -> None:
    newcomer.opens()
    newcomer.waits_for_the_model()
    until(newcomer.page, "the shell is on the device", lambda: newcomer.page.evaluate(CONTROLLED))
    asked = {request.path for request in web.requests("bridge/*")}
    assert "bridge/page/markdown.js" in asked
    assert asked <= set(ENTRIES)


def test_the_model_downloads_in_sight_and_the_answer_streams(newcomer: Person, web: Web) -> None:
    site, person = web.site, newcomer
    web.is_slow(400)
    person.opens()
    answer = person.asks("Explain simply why the sky is blue.")
    texts = answer.is_watched()
    assert answer.state in ("queued", "routing", "loading")
    expect(person.stop).to_be_visible()
    until(person.page, "Python's files are here", lambda: web.requests("vendor/python/site.bin"))
    web.is_slow(8)  # the model comes while Python boots, and most of it should be left for the eye

    overall = person.page.get_by_role("progressbar", name="Model loading")
    expect(overall).to_be_visible()
    parts = person.page.get_by_role("progressbar", name=re.compile(r"^Part \d+ of \d+"))
    expect(parts).to_have_count(len(site.shards))
    value = "bars => bars.map(bar => bar.value)"
    expect(person.loading).to_be_visible()
    web.is_slow(100)
    before = until(person.page, "bytes arrive", lambda: (v := overall.evaluate("bar => bar.value")) > 0 and v)
    until(person.page, "more arrive", lambda: overall.evaluate("bar => bar.value") > before)
    until(person.page, "a part is complete", lambda: 100 in parts.evaluate_all(value))
    expect(person.loading).to_contain_text("Downloading the model")
    expect(person.loading).to_contain_text(re.compile(r"MB/s"))
    web.is_fast()

    whole = answer.succeeds()
    grown = texts.json_value()
    assert len(grown) > 3, "it is seen while it is written"
    assert whole.startswith(grown[0][: len(grown[0]) // 2]), "the text is appended to, not redrawn"
    expect(person.send).to_be_visible()
    expect(person.loading).to_be_hidden()

    assert answer.article.get_attribute("data-agent") == "conversation"
    assert answer.article.get_attribute("data-model") == "smollm2-135m-instruct"
    expect(answer.fact("agent")).to_have_text("Conversation")
    expect(answer.fact("model")).to_contain_text(re.compile("SmolLM2", re.I))
    expect(answer.fact("rate")).to_have_text(re.compile(r"^\d+([.,]\d+)?\s*tokens/s$"))
    assert answer.backend == "Kernel, 2 threads"
    assert person.engine == "ready"

    assert stored(person.page, site) == site.shards
    asked = [sha for sha, _, _ in web.shard_requests()]
    assert sorted(asked) == sorted(site.shards), "every shard once, and no other"


def test_the_first_answer_needs_no_onnxruntime(newcomer: Person, web: Web) -> None:
    runtime = web.faults.hold("vendor/ort/*")
    newcomer.opens()
    answer = newcomer.asks("Count from one to three in words.")
    answer.succeeds()
    assert answer.backend == "Kernel, 2 threads"
    runtime.release()


def test_what_the_router_computes_with_is_kept_from_the_visit_that_first_used_it(newcomer: Person, web: Web) -> None:
    newcomer.opens()
    newcomer.asks("Count from one to three in words.").succeeds()
    router = newcomer.page.locator('html[data-router="neural"]')
    router.wait_for(state="attached", timeout=PATIENCE_S * 1000)
    until(newcomer.page, "the shell is installed", lambda: newcomer.page.evaluate(CONTROLLED))
    web.goes_down()
    newcomer.reloads()
    newcomer.asks("What is the capital of France?").succeeds()
    router.wait_for(state="attached", timeout=PATIENCE_S * 1000)


def test_the_model_begins_to_arrive_before_what_computes_it_is_there(newcomer: Person, web: Web) -> None:
    newcomer.has_chosen("onnxruntime")
    runtime = web.faults.hold("vendor/ort/*.wasm")
    newcomer.opens()
    answer = newcomer.asks("Count from one to three in words.")
    until(newcomer.page, "a shard arrives", lambda: any(status == 200 for _, status, _ in web.shard_requests()))
    until(newcomer.page, "onnxruntime is asked for", runtime.reached.is_set)
    assert answer.state == "loading"
    runtime.release()
    answer.succeeds()
    assert answer.backend == "WASM, 2 threads"
    asked = [sha for sha, _, _ in web.shard_requests()]
    assert sorted(asked) == sorted({**web.site.shards, **web.site.graphs}), "every shard once, and no other"
    wasm = [request for request in web.requests("vendor/ort/*.wasm") if request.bytes]
    assert len(wasm) == 1, "the service worker's and the model's worker's request are one download"
