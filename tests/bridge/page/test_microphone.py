"""The page's microphone: opened, heard, closed, and why it can't be. Under Node, with a browser that does what a test
says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.bridge_in_node import Node, bridge

SCRIPT = """
const { openMicrophone } = await import("./bridge/page/microphone.js");
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function answer({ fault, has = true, steps = [] }) {
  const heard = [], posted = [], log = [];
  const track = { stop: () => log.push("track stopped"), onended: null };
  const stream = { getTracks: () => [track], getAudioTracks: () => [track] };
  let allow = () => {};
  const asked = new Promise((resolve) => { allow = () => resolve(stream); });
  const getUserMedia = () => (fault ? Promise.reject(Object.assign(new Error(), { name: fault })) : asked);
  const value = { mediaDevices: has ? { getUserMedia } : undefined };
  Object.defineProperty(globalThis, "navigator", { value, configurable: true });
  let port;
  globalThis.AudioWorkletNode = class {
    constructor() { port = this.port = { postMessage: (text) => log.push(text), onmessage: null }; }
    connect() { return this; }
  };
  globalThis.AudioContext = class {
    state = "running";
    audioWorklet = { addModule: async (url) => log.push(url.href.split("/").at(-1)) };
    createMediaStreamSource() { return { connect: (node) => node }; }
    async resume() {}
    async close() { this.state = "closed"; log.push("context closed"); }
  };
  const microphone = openMicrophone((text) => heard.push(JSON.parse(text)));
  const calls = {
    allow: () => allow(),
    flow: () => microphone.flow((samples) => posted.push(samples.length)),
    block: () => port.onmessage({ data: new Float32Array(1600).fill(0.1) }),
    silence: () => port.onmessage({ data: new Float32Array(1600) }),
    rest: () => { port.onmessage({ data: new Float32Array(40) }); port.onmessage({ data: null }); },
    stop: () => microphone.stop(),
    unplug: () => track.onended(),
    wait: () => sleep(600),
  };
  void microphone.start();
  await sleep(1);
  for (const step of steps) {
    await calls[step]();
    await sleep(1);
  }
  return { heard, posted, log };
}
"""


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with bridge(tmp_path_factory.mktemp("node"), SCRIPT) as running:
        yield running


def kinds(said: dict[str, Any]) -> list[str]:
    return [message["what"] + (":" + message["why"] if "why" in message else "") for message in said["heard"]]


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ("NotAllowedError", "denied"),
        ("SecurityError", "denied"),
        ("NotFoundError", "missing"),
        ("OverconstrainedError", "missing"),
        ("NotReadableError", "busy"),
        ("TypeError", "unsupported"),
    ],
)
def test_why_there_is_no_sound_is_told(node: Node, fault: str, why: str) -> None:
    assert kinds(node.ask({"fault": fault})) == [f"closed:{why}"]


def test_a_browser_that_offers_no_microphone_says_so(node: Node) -> None:
    assert kinds(node.ask({"has": False})) == ["closed:unsupported"]


def test_what_is_recorded_before_anybody_takes_it_is_not_lost(node: Node) -> None:
    said = node.ask({"steps": ["allow", "block", "block", "flow", "block"]})
    assert said["posted"] == [1600, 1600, 1600]
    assert kinds(said) == ["live", "open", "level", "level", "level"]
    assert [round(message["seconds"], 1) for message in said["heard"][2:]] == [0.1, 0.2, 0.3]
    assert said["log"] == ["microphone-worklet.js"]


def test_the_level_is_none_in_silence_and_grows_with_the_sound(node: Node) -> None:
    levels = [message.get("level") for message in node.ask({"steps": ["allow", "silence", "block"]})["heard"][2:]]
    assert levels[0] == 0
    assert 0.6 < levels[1] < 0.7


def test_stopped_it_hands_over_the_rest_before_it_says_that_it_is_closed(node: Node) -> None:
    said = node.ask({"steps": ["allow", "flow", "block", "stop", "rest"]})
    assert said["posted"] == [1600, 40]
    assert kinds(said) == ["live", "open", "level", "level", "closed:"]
    assert said["log"][:3] == ["microphone-worklet.js", "track stopped", "end"]
    assert "context closed" in said["log"]


def test_an_audio_thread_that_says_nothing_holds_nothing_up(node: Node) -> None:
    assert kinds(node.ask({"steps": ["allow", "stop", "wait"]}))[-1] == "closed:"


def test_a_microphone_that_nobody_wants_any_more_when_it_is_allowed_is_closed_at_once(node: Node) -> None:
    said = node.ask({"steps": ["stop", "allow"]})
    assert kinds(said) == ["closed:"]
    assert said["log"] == ["track stopped"]


def test_an_unplugged_one_is_told_once_and_says_nothing_after_it(node: Node) -> None:
    said = node.ask({"steps": ["allow", "flow", "block", "unplug", "block", "stop"]})
    assert kinds(said) == ["live", "open", "level", "closed:unplugged"]
    assert said["posted"] == [1600]
