"""The engine's speech is played without a gap, and its samples exist only while their message is heard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.bridge_in_node import bridge

SCRIPT = """
const started = [];
let now = 10, allowed = true;
globalThis.AudioBuffer = class {
  constructor({ length, sampleRate }) { this.duration = length / sampleRate; }
  copyToChannel(samples) { this.samples = samples; }
};
globalThis.AudioBufferSourceNode = class {
  constructor(context, { buffer }) { this.buffer = buffer; this.stopped = false; }
  connect() {}
  disconnect() {}
  start(at) { this.at = at; started.push(this); }
  stop() { this.stopped = true; }
};
globalThis.AudioContext = class {
  state = "suspended";
  get currentTime() { return now; }
  async resume() { if (allowed) this.state = "running"; else await new Promise(() => {}); }
  async suspend() { this.state = "suspended"; }
};
const real = globalThis.setTimeout;
globalThis.setTimeout = (call, ms) => (ms === 1500 && !allowed ? setImmediate(call) : real(() => {}, 0));
const turn = () => new Promise((resolve) => setImmediate(() => setImmediate(() => setImmediate(resolve))));

async function answer(steps) {
  started.length = 0;
  allowed = true;
  now = 10;
  const heard = [];
  const { openSounds } = await import(`./bridge/page/sounds.js?${Math.random()}`);
  const { withSamples } = await import("./bridge/page/samples.js");
  const sounds = openSounds((text) => heard.push(JSON.parse(text)));
  const seconds = [];
  for (const [what, ...rest] of steps) {
    const hold = () => seconds.push(sounds.hold(rest[0], 1000));
    if (what === "hold") withSamples(Float32Array.from({ length: rest[1] }, () => 0.5), hold);
    else if (what === "hold-alone") hold();
    else if (what === "play") sounds.play(rest[0]);
    else if (what === "stop") sounds.stop();
    else if (what === "clock") now = rest[0];
    else if (what === "forbid") allowed = false;
    else if (what === "ends") started[rest[0]].onended?.();
    await turn();
  }
  const row = ({ at, stopped, buffer }) => [at, buffer.duration, stopped, buffer.samples[0] ?? 0];
  return { heard, seconds, started: started.map(row) };
}
"""


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder: Path = tmp_path_factory.mktemp("sounds")
    with bridge(folder, SCRIPT) as running:
        yield running


def run(node: Any, *steps: list[Any]) -> dict[str, Any]:
    done: dict[str, Any] = node.ask(steps)
    return done


def test_each_piece_begins_where_the_one_before_ends(node: Any) -> None:
    done = run(node, ["hold", 0, 1500], ["hold", 1, 500], ["play", 0], ["play", 1], ["ends", 0])
    (first, length, *_), (second, *_) = done["started"]
    assert first == pytest.approx(10.03)
    assert (length, second) == (1.5, pytest.approx(first + 1.5))
    assert done["seconds"] == [pytest.approx(1.5, abs=1e-4), pytest.approx(0.5, abs=1e-4)]
    assert done["heard"] == [
        {"what": "began", "piece": 0},
        {"what": "began", "piece": 1},
        {"what": "ended", "piece": 0},
    ]


def test_after_a_pause_a_piece_begins_at_once(node: Any) -> None:
    done = run(node, ["hold", 0, 500], ["play", 0], ["clock", 30], ["hold", 1, 500], ["play", 1])
    assert done["started"][1][0] == pytest.approx(30.03)


def test_stopped_it_is_silent_and_tells_nothing(node: Any) -> None:
    done = run(node, ["hold", 0, 500], ["hold", 1, 500], ["play", 0], ["stop"], ["ends", 0], ["play", 1])
    assert [row[2] for row in done["started"]] == [True]
    assert done["heard"] == [{"what": "began", "piece": 0}]


def test_a_page_that_may_not_sound_yet_says_so(node: Any) -> None:
    done = run(node, ["forbid"], ["hold", 0, 500], ["play", 0], ["stop"])
    assert (done["started"], done["heard"]) == ([], [{"what": "failed", "why": "blocked"}])


def test_samples_are_there_only_while_their_message_is_heard(node: Any) -> None:
    done = run(node, ["hold", 0, 500], ["hold-alone", 1], ["play", 0], ["play", 1])
    assert [row[3] for row in done["started"]] == [0.5, 0]
