"""Python's WebAssembly is compiled beside the start, and Pyodide is given it where it would fetch its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.bridge_in_node import Node, Refused, bridge

SCRIPT = """
const { RuntimeCode } = await import("./bridge/worker/python/runtime-code.js");
const EMPTY = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0);
const CODE = "https://site.test/vendor/pyodide/pyodide.asm.wasm";
const own = { fetch: globalThis.fetch, instantiateStreaming: WebAssembly.instantiateStreaming };
const { compile, compileStreaming } = WebAssembly;

async function answer({ type = "application/wasm", status = 200, scene }) {
  const fetched = [];
  const compiled = [];
  const network = async (input) => {
    fetched.push(String(input));
    return new Response(EMPTY, { status, headers: type ? { "Content-Type": type } : {} });
  };
  Object.assign(globalThis, { fetch: network });
  Object.assign(WebAssembly, {
    compile: (...all) => { compiled.push("bytes"); return compile.apply(WebAssembly, all); },
    compileStreaming: (...all) => { compiled.push("stream"); return compileStreaming.apply(WebAssembly, all); },
    instantiateStreaming: async (source) => (await source).status,
  });
  const browser = { fetch: globalThis.fetch, instantiateStreaming: WebAssembly.instantiateStreaming };
  const isBrowsers = () =>
    Object.entries(browser).every(([name, it]) => (globalThis[name] ?? WebAssembly[name]) === it);
  /** As Pyodide does it. */
  const start = async () => {
    const response = fetch(new URL(CODE), {});
    const { module, instance } = await WebAssembly.instantiateStreaming(response, { env: {} });
    return module instanceof WebAssembly.Module && instance instanceof WebAssembly.Instance;
  };
  try {
    const code = new RuntimeCode(new URL("https://site.test/vendor/"));
    const asked = [...fetched];
    let started;
    if (scene === "others") {
      const other = async () => WebAssembly.instantiateStreaming(fetch("https://site.test/other.wasm"), {});
      started = await code.during(other);
    } else if (scene === "overlap") {
      let giveUp;
      const first = code.during(async () => {
        await start();
        return new Promise((resolve) => (giveUp = resolve));
      });
      await new Promise((resolve) => setTimeout(resolve, 20));
      started = await new RuntimeCode(new URL("https://site.test/vendor/")).during(async () => {
        giveUp();
        await first;
        return start();
      });
    } else {
      if (scene === "ahead") await code.compile();
      started = await code.during(start);
    }
    return { asked, fetched, compiled, started, restored: isBrowsers() };
  } finally {
    Object.assign(globalThis, { fetch: own.fetch });
    Object.assign(WebAssembly, { compile, compileStreaming, instantiateStreaming: own.instantiateStreaming });
  }
}
"""
CODE = "https://site.test/vendor/pyodide/pyodide.asm.wasm"


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with bridge(tmp_path_factory.mktemp("bridge"), SCRIPT) as process:
        yield process


def ask(node: Node, **more: Any) -> Any:
    return node.ask(more)


def test_it_is_asked_for_at_once_and_once(node: Node) -> None:
    found = ask(node)
    assert found["asked"] == found["fetched"] == [CODE]
    assert found["started"]


@pytest.mark.parametrize("scene", ["", "ahead"])
def test_it_is_compiled_once_while_it_arrives(node: Node, scene: str) -> None:
    assert ask(node, scene=scene)["compiled"] == ["stream"]


@pytest.mark.parametrize("type", ["application/octet-stream", "application/wasm; charset=x", "text/plain", ""])
def test_a_host_that_says_another_type_of_it_is_put_up_with(node: Node, type: str) -> None:
    found = ask(node, type=type)
    assert found["compiled"] == ["bytes"]
    assert found["started"]


def test_a_file_that_is_missing_fails_the_start(node: Node) -> None:
    with pytest.raises(Refused, match="404"):
        ask(node, status=404)


def test_what_else_is_fetched_and_compiled_meanwhile_stays_as_it_is(node: Node) -> None:
    found = ask(node, scene="others")
    assert found["fetched"] == [CODE, "https://site.test/other.wasm"]
    assert found["started"] == 200, "the browser's own was asked"


def test_afterwards_the_browsers_own_are_back(node: Node) -> None:
    assert ask(node)["restored"]


def test_a_start_that_was_given_up_takes_nothing_from_the_next_one(node: Node) -> None:
    found = ask(node, scene="overlap")
    assert found["started"]
    assert found["compiled"] == ["stream", "stream"]
