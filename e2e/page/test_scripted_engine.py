"""The engine that the page's tests speak to keeps to the protocol: every message it sends is one of the schema's."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from e2e.page import assembled
from e2e.page.conftest import Visit
from orion_py.protocol import Response
from orion_py.protocol.schema import SCHEMA_FILE, messages, schema_text

MESSAGES: TypeAdapter[Any] = TypeAdapter(messages())
CONVERSE = """(requests) => new Promise((resolve) => {
  const worker = new Worker("workers/engine.js", { type: "module" });
  const heard = [], open = new Set(requests.map(({ id }) => id));
  worker.onmessage = ({ data }) => {
    heard.push(data);
    const { id, type } = JSON.parse(data);
    if (["result", "error", "cancelled"].includes(type) && open.delete(id)) next();
    if (type === "boot-failed") resolve(heard);
  };
  const left = [...requests];
  setTimeout(() => resolve(heard), 20_000);
  const next = () => {
    const request = left.shift();
    if (!request) return setTimeout(() => { worker.terminate(); resolve(heard); }, 50);
    worker.postMessage(JSON.stringify({ v: 1, ...request }));
  };
  next();
})"""
QUESTIONS = (
    "Why is the sky blue?",
    "I am sure about this",
    "I am unsure",
    "explode",
    "trip the breaker",
    "a sluggish answer",
    "what about older messages",
    "x" * 12_001,
)
SETTINGS = {"force_agent": "code", "granularity": "word", "delay_ms": 20}


def requests() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = [
        {"type": "initialize", "config": {"verbose_logging": True}},
        {"type": "preload"},
        *({"type": "infer", "query": query, "history": [], "options": {}} for query in QUESTIONS),
        {"type": "infer", "query": "Write it", "history": [], "options": SETTINGS},
        {"type": "status"},
        {"type": "logs", "most": 5, "follow": True},
        {"type": "teach", "action": "correct", "query": "hello", "agent": "code"},
        {"type": "configure", "preset": "development"},
        {"type": "telemetry", "action": "export"},
        {"type": "cancel"},
        {"type": "unload", "forget": True},
        {"type": "preload"},
    ]
    return [{"id": f"r{number}", **row} for number, row in enumerate(rows)]


def faults(heard: list[str]) -> list[str]:
    found = []
    for text in heard:
        try:
            message = MESSAGES.validate_json(text, strict=True)
            if message.type == "result" and "content" in message.payload:
                Response.model_validate(message.payload)
        except ValidationError as error:
            found.append(f"{text[:120]}: {error.errors()[0]['loc']} {error.errors()[0]['msg']}")
    return found


def heard_on(page: Visit) -> list[str]:
    heard: list[str] = page.page.evaluate(CONVERSE, requests())
    return heard


def test_the_schema_that_pages_are_given_is_the_one_that_is_checked_here() -> None:
    assert SCHEMA_FILE.read_text("utf-8") == schema_text()


@pytest.mark.parametrize("stored", [True, False])
def test_every_message_that_it_sends_is_one_of_the_protocols(
    visit: Callable[..., Visit], folder: Path, stored: bool
) -> None:
    fallback = {"kind": "threads", "from": "2 threads", "to": "1 thread", "reason_code": "x", "reason": "No isolation."}
    assembled.scenario(folder, stored=stored, bytesPerSecond=900e6, tokensPerSecond=400, fallback=fallback)
    heard = heard_on(visit().open(until="degraded"))  # by one thread
    assert faults(heard) == []
    kinds = {json.loads(text)["type"] for text in heard}
    wanted = {
        "boot",
        "state",
        "advance",
        "progress",
        "token",
        "fallback",
        "metric",
        "breaker",
        "log",
        "result",
        "error",
    }
    assert wanted <= kinds


def test_a_boot_that_fails_is_one_too(visit: Callable[..., Visit], folder: Path) -> None:
    page = visit().open()
    assembled.scenario(folder, boot="failed")
    heard = heard_on(page)
    assert faults(heard) == []
    assert json.loads(heard[-1])["type"] == "boot-failed"
