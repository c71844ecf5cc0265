"""Whatever computes a model is behind one seam: each session and each runner that exists keeps its contract."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from orion_py.errors import EmbeddingsUnsupported
from orion_py.native.external_runner import ExternalRunner
from orion_py.native.kernel_runner import KernelRunner
from orion_py.native.onnx_runner import OnnxRunner
from orion_py.native.runtime import NativeSession
from orion_py.runtime.base import BuildReport, ModelSession
from orion_py.runtime.runner import KeepsRows, Runner
from orion_py.runtime.scripted import ScriptedSession
from orion_py.runtime.segments import Embeddings
from tests.external.layout import write_folder
from tests.kernel.test_kernel_runner import RECIPE, session_of
from tests.model_foundry.built import built, imported
from tests.model_foundry.tiny_gguf import TinyModel
from tests.native import test_external_runner, test_runtime
from tests.played_pyodide import played

PACKAGE = Path(__file__).parents[2] / "orion_py"
TOKENS = [9, 1, 33, 7, 8, 21, 60]
REPORT = BuildReport("scripted", 1, 0.0, 0.0, 0)


def scripted() -> ScriptedSession:
    return ScriptedSession(lambda tokens: sum(tokens) % 60, 64, REPORT)


class Values:
    """A JavaScript array of floats, as Pyodide hands it over."""

    def __init__(self, values: Any) -> None:
        self._values = values

    def assign_to(self, target: Any) -> None:
        target[:] = self._values


class Client:
    """An InferenceClient (web/bridge/worker/inference/client.js) over a script. The runners behind the real one are
    the bridge's: our kernel, onnxruntime on WASM and on WebGPU, and graphs from outside."""

    threads = 1

    def __init__(self) -> None:
        self.session = scripted()
        self.got: list[tuple[int, int]] = []

    async def build(self) -> str:
        return '{"backend": "kernel", "threads": 1, "create_ms": 1, "warmup_ms": 1, "memory_bytes": 5}'

    async def forward(self, tokens: Sequence[int], position: int) -> Values:
        return Values(await self.session.forward(tokens, position))

    async def forwardEmbeddings(self, values: Any, width: int, position: int, places: Any) -> Values:
        self.got.append((len(values) // width, position))
        return Values(await self.session.forward(Embeddings.of(values.reshape(-1, width)), position))

    def close(self) -> None:
        pass


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """``orion_py.browser.runtime``, with what it uses of Pyodide played."""
    with played(monkeypatch, "runtime", lambda value: value) as module:
        yield module


async def nothing(memory_bytes: int) -> None:
    pass


KINDS = ("our kernel", "onnxruntime", "a graph from outside", "scripted", "the bridge")


@pytest.fixture(params=KINDS)
async def session(request: pytest.FixtureRequest, tmp_path: Path) -> ModelSession:
    made: ModelSession
    if request.param == "our kernel":
        return await session_of(RECIPE, tmp_path)
    if request.param == "onnxruntime":
        manifest = built(tmp_path, imported(tmp_path, TinyModel()))
        made = await test_runtime.opened(tmp_path / "shards", manifest, "wasm-exact")
    elif request.param == "a graph from outside":
        made = await test_external_runner.opened(write_folder(tmp_path / "folder", "llama"), tmp_path / "store")
    elif request.param == "scripted":
        made = scripted()
    else:
        made = request.getfixturevalue("browser").BrowserSession(Client(), None, 64, 8, nothing)
    await made.build()
    return made


def width_of(session: ModelSession) -> int:
    return session._manifest.architecture.hidden_size if isinstance(session, NativeSession) else 8


def lacks(kind: type, protocol: type) -> list[str]:
    """What of ``protocol`` ``kind`` doesn't have, or takes otherwise."""
    wanted = {name for name in vars(protocol) if not name.startswith("_")}
    missing = []
    for name in sorted(wanted):
        asked, given = getattr(protocol, name, None), getattr(kind, name, None)
        if given is None:
            missing.append(name)
        elif inspect.isfunction(asked):
            same = inspect.signature(asked).parameters.keys() == inspect.signature(given).parameters.keys()
            if not same or inspect.iscoroutinefunction(asked) != inspect.iscoroutinefunction(given):
                missing.append(name)
    return missing


async def test_each_session_has_what_the_seam_asks_for(session: ModelSession) -> None:
    assert lacks(type(session), ModelSession) == []
    assert session.threads >= 1


@pytest.mark.parametrize("kind", [KernelRunner, OnnxRunner, ExternalRunner])
def test_each_runner_has_what_the_seam_asks_for(kind: type) -> None:
    attributes = set(Runner.__annotations__)
    source = inspect.getsource(kind)
    assert set(lacks(kind, Runner)) <= {"threads", "memory_bytes"}, "these may be plain attributes"
    assert all(hasattr(kind, name) or f"self.{name} =" in source for name in (*attributes, "threads", "memory_bytes"))


def test_rows_can_be_kept_of_our_kernel_alone() -> None:
    assert lacks(KernelRunner, KeepsRows) == []
    assert lacks(OnnxRunner, KeepsRows) == lacks(ExternalRunner, KeepsRows) == ["copy_rows", "put_rows", "rows_bytes"]


def classes_with(*methods: str) -> set[str]:
    """The classes of the engine that define all of these, protocols aside."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef) and "Protocol" not in {ast.unparse(base) for base in node.bases}:
                names = {each.name for each in node.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)}
                if names >= set(methods):
                    found.add(node.name)
    return found


def test_these_are_all_that_exist() -> None:
    assert classes_with("prefill", "step", "warm_up") == {"KernelRunner", "OnnxRunner", "ExternalRunner"}
    sessions = {"NativeSession", "ScriptedSession", "BrowserSession"}
    assert classes_with("feed", "build", "forward", "restore_rows") == sessions


async def test_rows_behind_a_position_are_dropped_and_what_was_before_it_stays(session: ModelSession) -> None:
    whole = np.array(await session.forward(TOKENS, 0))
    assert whole.ndim == 1
    await session.forward([5, 6, 7], 3)
    # Of onnxruntime rows of a past that is reused were rounded alone and not together: equal up to rounding.
    np.testing.assert_allclose(await session.forward(TOKENS[3:], 3), whole, atol=1e-4)


async def test_embeddings_are_computed_or_refused_by_name_and_tokens_go_on(
    session: ModelSession, request: pytest.FixtureRequest
) -> None:
    kind = request.node.callspec.params["session"]
    whole = np.array(await session.forward(TOKENS, 0))
    rows = Embeddings.of(np.linspace(-1, 1, 3 * width_of(session), dtype=np.float32).reshape(3, -1))
    if kind in ("onnxruntime", "a graph from outside"):
        with pytest.raises(EmbeddingsUnsupported):
            await session.forward(rows, 3)
    else:
        assert (await session.forward(rows, 3)).shape == whole.shape
    np.testing.assert_allclose(await session.forward(TOKENS[3:], 3), whole, atol=1e-4)


async def test_the_bridge_gets_rows_with_their_width(browser: Any) -> None:
    client = Client()
    made = browser.BrowserSession(client, None, 64, 8, nothing)
    await made.forward(TOKENS, 0)
    await made.forward(Embeddings.of(np.zeros((3, 8), np.float32)), 7)
    assert client.got == [(3, 7)]


async def test_a_session_is_closed_as_often_as_one_likes(session: ModelSession) -> None:
    await session.close()
    await session.close()
