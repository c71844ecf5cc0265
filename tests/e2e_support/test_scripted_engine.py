"""The engine that the page's tests speak to keeps to the protocol: every message it posts is one that the real engine
could have sent, field by field. Under Node, with time that doesn't pass."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import TypeAdapter, ValidationError

from orion_py.protocol import Status
from orion_py.protocol.schema import REQUESTS, messages, reply_model
from orion_py.protocol.vocabulary import Section
from tests.bridge_in_node import ROOT, bridge

MESSAGES: TypeAdapter[Any] = TypeAdapter(messages())
SCRIPT = """
globalThis.navigator ??= {}; // of Node 20
globalThis.setTimeout = (done) => setImmediate(done);
const ENDS = ["result", "error", "cancelled", "boot-failed"];

/** What an engine of its own says to `requests`: each is sent when the one before has ended, or heard of `after`;
 * behind one that is "sent" it goes at once. */
async function answer({ scenario, requests }) {
  const heard = [], left = requests.map(({ after = null, ...request }) => ({ after, request }));
  let whole;
  const all = new Promise((resolve) => { whole = resolve; });
  const open = new Set();
  const send = () => {
    const { request } = left.shift();
    if (request.samples) self.onmessage({ data: { ...request, samples: new Float32Array(request.samples) } });
    else {
      open.add(request.id);
      self.onmessage({ data: JSON.stringify({ v: 1, ...request }) });
    }
    if (left[0]?.after === "sent") send();
  };
  globalThis.fetch = async () => new Response(JSON.stringify(scenario));
  globalThis.self = {
    name: "engine", crossOriginIsolated: true,
    postMessage: (text) => {
      heard.push(text);
      const { id, type } = JSON.parse(text);
      if (ENDS.includes(type)) open.delete(id);
      if (type === "boot-failed") open.clear();
      if (left.length && (left[0].after ? left[0].after === type : !open.size)) queueMicrotask(send);
      else if (!left.length && !open.size) setImmediate(() => setImmediate(whole));
    },
  };
  await import(`./workers/engine.js?${performance.now()}`);
  send();
  await all;
  return heard;
}
"""
QUESTIONS = (
    "Why is the sky blue?",
    "I am sure about this",
    "I am unsure",
    "show something hostile",
    "which reverses a word",
    "explode",
    "trip the breaker",
    "a sluggish answer",
    "what about older messages",
    "walk in circles",
    "go on for ever",
    "x" * 12_001,
)
CHOSEN = {"force_agent": "code", "granularity": "word", "delay_ms": 20}
CONVERSATION: tuple[dict[str, Any], ...] = (
    {"type": "initialize", "config": {"verbose_logging": True}},
    {"type": "preload"},
    *({"type": "infer", "query": query, "history": [], "options": {}} for query in QUESTIONS),
    {"type": "infer", "query": "Write it", "history": [], "options": CHOSEN},
    {"type": "status"},
    {"type": "storage"},
    {"type": "ping"},
    {"type": "anticipate", "draft": "Why"},
    {"type": "logs", "most": 5, "follow": True},
    {"type": "teach", "action": "correct", "query": "hello", "agent": "code"},
    {"type": "infer", "query": "hello", "history": [], "options": {}},
    {"type": "configure", "preset": "development"},
    {"type": "telemetry", "action": "export"},
    {"type": "cancel"},
    {"type": "unload", "forget": True},
    {"type": "preload"},
)
STOPPED: tuple[dict[str, Any], ...] = (
    {"type": "initialize"},
    {"type": "infer", "query": "flood", "history": [], "options": {}},
    {"type": "cancel", "request": "r1", "after": "token"},
)
DEAF = {
    "code": "download_failed",
    "family": "load",
    "message": "HTTP 503",
    "hint": "",
    "retryable": True,
    "detail": {},
}
LISTENED: tuple[dict[str, Any], ...] = (
    {"type": "initialize"},
    {"type": "listen", "language": "en"},
    {"type": "samples", "id": "r1", "samples": 24_000, "after": "sent"},
    {"type": "heard_all", "request": "r1", "after": "sent"},
    {"type": "listen"},
    {"type": "cancel", "request": "r4", "after": "sent"},
)
STEP = {"kind": "threads", "from": "2 threads", "to": "1 thread", "reason_code": "x", "reason": "No isolation."}
TABLE: dict[str, tuple[dict[str, Any], tuple[dict[str, Any], ...], set[str]]] = {
    "a model that is stored": (
        {"stored": True, "fallback": STEP},
        CONVERSATION,
        {
            "boot",
            "state",
            "advance",
            "progress",
            "token",
            "revision",
            "fallback",
            "metric",
            "breaker",
            "log",
            "changed",
            "memory",
        },
    ),
    "a model that is downloaded": ({"bytesPerSecond": 900e6}, CONVERSATION, {"progress", "result", "error"}),
    "somebody who speaks": ({}, LISTENED, {"speech_start", "partial", "final", "turn_end", "cancelled"}),
    "what can't be heard": (
        {"hearError": DEAF},
        LISTENED[:2],
        {"error"},
    ),
    "an answer that is stopped": ({"stored": True, "pauseAt": 0.5}, STOPPED, {"cancelled"}),
    "a download that fails": ({"loadError": True}, CONVERSATION[:2], {"error"}),
    "a start that fails": ({"boot": "failed"}, CONVERSATION[:1], {"boot-failed"}),
}


def faults(text: str, asked: dict[str, str]) -> list[str]:
    """What tells ``text`` from a message that the engine would send: what it isn't, and the fields that it lacks.
    ``asked``: the type of each request, by its id."""
    said = json.loads(text)
    try:
        message = MESSAGES.validate_json(text, strict=True)
    except ValidationError as error:
        return [f"{said.get('type')}: {each['loc']} {each['msg']}" for each in error.errors()]
    sent = message.model_dump(mode="json")
    if said["type"] == "changed":
        sent["parts"] = message.model_dump(mode="json", exclude_unset=True)["parts"]
    found = [f"{said['type']}: {fault}" for fault in lacking(sent, said)]
    return found + (reply_faults(said["payload"], asked[said["id"]]) if said["type"] == "result" else [])


def reply_faults(payload: dict[str, Any], asked: str) -> list[str]:
    """A status has all of its parts."""
    reply = REQUESTS[asked].reply
    adapter: TypeAdapter[Any] = TypeAdapter(reply_model(reply))
    try:
        whole = adapter.validate_json(json.dumps(payload), strict=True)
    except ValidationError as error:
        return [f"{asked}: {each['loc']} {each['msg']}" for each in error.errors()]
    if reply is Status:
        return [f"{asked}: {part} is missing" for part in get_args(Section) if part not in payload]
    return [f"{asked}: {fault}" for fault in lacking(adapter.dump_python(whole, mode="json"), payload)]


def lacking(sent: Any, said: Any, at: str = "") -> list[str]:
    """Paths at which ``said`` has less than ``sent``."""
    if isinstance(sent, dict) and isinstance(said, dict):
        return [
            fault
            for name, value in sent.items()
            for fault in (lacking(value, said[name], f"{at}.{name}") if name in said else [f"{at}.{name} is missing"])
        ]
    if isinstance(sent, list) and isinstance(said, list):
        return [fault for one, other in zip(sent, said, strict=True) for fault in lacking(one, other, f"{at}[]")]
    return []


@pytest.mark.parametrize("case", TABLE)
def test_every_message_is_one_that_the_real_engine_could_have_sent(tmp_path: Path, case: str) -> None:
    scenario, requests, wanted = TABLE[case]
    with bridge(tmp_path, SCRIPT) as node:
        (tmp_path / "workers").mkdir()
        source = ROOT / "e2e" / "page" / "scripted_engine.js"
        (tmp_path / "workers" / "engine.js").write_bytes(source.read_bytes())
        for part in source.parent.glob("scripted-*.js"):
            (tmp_path / "workers" / part.name).write_bytes(part.read_bytes())
        numbered = [{"id": f"r{number}", **request} for number, request in enumerate(requests)]
        heard = node.ask({"scenario": scenario, "requests": numbered})
    asked = {request["id"]: request["type"] for request in numbered if request["type"] != "samples"}
    assert sorted({fault for text in heard for fault in faults(text, asked)}) == []
    assert wanted <= {json.loads(text)["type"] for text in heard}
