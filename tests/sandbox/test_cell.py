"""web/sandbox/cell.js in Node, its browser played by fakes: a Stop while Python is still compiled."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from build_support import node

CELL = Path(__file__).resolve().parents[2] / "web" / "sandbox" / "cell.js"
WORLD = """
const { readFileSync } = require("node:fs");
const vm = require("node:vm");
let listener, compiled;
const workers = [], sent = [], parent = {};
const compiling = new Promise((resolve) => { compiled = resolve; });
const port = { postMessage: (message) => sent.push(message) };
class Worker {
  constructor() { workers.push(this); this.runs = true; }
  postMessage() {}
  terminate() { this.runs = false; }
}
vm.runInNewContext(readFileSync(process.argv[2], "utf8"), {
  addEventListener: (name, heard) => { listener = heard; }, parent, Worker, Blob: class {},
  URL: { createObjectURL: () => "blob:" }, WebAssembly: { compile: () => compiling },
  performance, setTimeout, clearTimeout,
});
listener({ source: parent, ports: [port] });
const tell = (message) => port.onmessage({ data: message });
const run = (id) => tell({ type: "run", id, code: "", data: "", seconds: 10, total: 10, output: 100 });
const settled = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
tell({ type: "parts", worker: "", wasm: 0 });
(async () => {
  STEPS
  await settled();
  const ends = sent.filter((message) => message.type === "end").map(({ id, why }) => [id, why]);
  console.log(JSON.stringify({ started: workers.length, running: workers.filter((each) => each.runs).length, ends }));
  process.exit();
})();
"""


def after(steps: str, tmp_path: Path) -> dict[str, Any]:
    script = tmp_path / "steps.cjs"
    script.write_text(WORLD.replace("STEPS", steps))
    told = subprocess.run(
        [node.find().program, script, CELL], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    found: dict[str, Any] = json.loads(told)
    return found


@pytest.mark.parametrize("late", ["", "await settled();"])
def test_a_stop_while_python_is_compiled_ends_the_run_before_it_begins(tmp_path: Path, late: str) -> None:
    seen = after(f'run("1"); {late} tell({{ type: "stop" }}); compiled({{}});', tmp_path)
    assert seen == {"started": 0, "running": 0, "ends": [["1", "stopped"]]}


def test_of_two_runs_that_wait_only_the_later_begins(tmp_path: Path) -> None:
    seen = after('run("1"); run("2"); compiled({});', tmp_path)
    assert seen == {"started": 1, "running": 1, "ends": [["1", "stopped"]]}


def test_after_a_stop_another_run_begins(tmp_path: Path) -> None:
    seen = after('run("1"); tell({ type: "stop" }); run("2"); compiled({});', tmp_path)
    assert seen == {"started": 1, "running": 1, "ends": [["1", "stopped"]]}


def test_a_run_under_way_is_stopped(tmp_path: Path) -> None:
    seen = after('compiled({}); run("1"); await settled(); tell({ type: "stop" });', tmp_path)
    assert seen == {"started": 1, "running": 0, "ends": [["1", "stopped"]]}


def test_what_cannot_be_compiled_ends_the_run_that_waits_for_it(tmp_path: Path) -> None:
    seen = after('run("1"); compiled(Promise.reject(new Error("no room")));', tmp_path)
    assert seen == {"started": 0, "running": 0, "ends": [["1", "crash"]]}
