"""Modules of web/bridge under Node, beside the libraries that the page has them with.

One process answers many questions, a line of JSON each way, so that a property test can ask thousands.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from build_support.node import find

ROOT = Path(__file__).parents[1]
LIBRARIES = {
    "jinja/index.js": "@huggingface/jinja/dist/index.js",
    "tokenizers/tokenizers.mjs": "@huggingface/tokenizers/dist/tokenizers.min.mjs",
}
_LOOP = """
import { createInterface } from "node:readline";
for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  let said;
  try {
    said = { value: await answer(JSON.parse(line)) };
  } catch (cause) {
    said = { error: String(cause?.message ?? cause) };
  }
  process.stdout.write(JSON.stringify(said) + "\\n");
}
"""


class Refused(Exception):
    """What the module threw."""


class Node:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, question: object) -> Any:
        """What ``answer`` makes of ``question``. Raises Refused where it throws."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "Node ended"
        said = json.loads(line)
        if "error" in said:
            raise Refused(said["error"])
        return said.get("value")


@contextmanager
def bridge(folder: Path, script: str) -> Iterator[Node]:
    """A process that answers by ``script``'s function ``answer``; it imports from ``./bridge/…``."""
    vendor = folder / "vendor"
    for name, source in LIBRARIES.items():
        (vendor / name).parent.mkdir(parents=True, exist_ok=True)
        (vendor / name).write_bytes((ROOT / "node_modules" / source).read_bytes())
    shutil.copytree(ROOT / "web" / "bridge", folder / "bridge", ignore=shutil.ignore_patterns("*.ts"))
    (folder / "package.json").write_text('{"type": "module"}')
    main = folder / "main.js"
    main.write_text(script + _LOOP, "utf-8")
    program = find().program
    process = subprocess.Popen(
        [str(program), str(main)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    )
    try:
        yield Node(process)
    finally:
        if process.stdin:
            process.stdin.close()
        process.wait(10)
        if process.stdout:
            process.stdout.close()
