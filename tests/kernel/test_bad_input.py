"""What the kernel says to what it can't do: a status for each, and nothing touched."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import wasmtime

from orion_py.errors import BackendUnavailable, ContextOverflow, InvalidInput, OutOfMemory, RuntimeFailure
from orion_py.native.kernel_layout import Layout
from orion_py.native.kernel_module import KernelModel, _work
from tests.kernel.models import BUILT, Form, Recipe, Stored

RECIPE = Recipe()


@pytest.fixture(scope="module")
def stored() -> Stored:
    return Stored.of(RECIPE.model())


@pytest.fixture
def kernel(stored: Stored) -> KernelModel:
    return stored.opened("plain")


def status_of(raised: pytest.ExceptionInfo[Any]) -> int:
    return int(raised.value.detail["status"])


def unopened(stored: Stored, change: Callable[[Any], None]) -> None:
    """Opens the model with its description changed by ``change``, which gets its words."""

    class Changed(Layout):
        def description(self) -> Any:
            words = super().description()
            change(words)
            return words

    KernelModel(BUILT / "plain.wasm", lambda base: Changed(stored.architecture, stored.shards, 64, 1, base))


WORDS = {
    "another version": (0, 1, 1),
    "no layers": (1, 0, 2),
    "a hidden size that isn't whole blocks": (2, 48, 2),
    "heads that don't share key heads evenly": (3, 5, 2),
    "no key heads": (4, 0, 2),
    "a head that isn't whole vectors": (5, 12, 2),
    "a feed-forward that isn't whole blocks": (6, 100, 2),
    "no vocabulary": (7, 0, 2),
    "a context of nothing": (8, 0, 2),
    "more rotated than there is": (9, 24, 2),
    "an activation that nobody knows": (10, 7, 3),
    "too many rows": (11, 257, 2),
    "no threads": (12, 0, 2),
    "an epsilon that is no number": (13, 0x7FC00000, 2),
    "a table outside the memory": (18, 0xFFFFFF00, 4),
    "a table below the heap": (18, 64, 4),
    "too many tensors": (19, 1 << 20, 2),
    "a rotary table shorter than the context": (21, 63, 2),
    "a cache of four bits": (36, 4, 2),
}


@pytest.mark.parametrize("what", WORDS)
def test_a_description_that_is_wrong_is_refused(what: str, stored: Stored) -> None:
    word, value, status = WORDS[what]

    def change(words: Any) -> None:
        words[word] = value

    with pytest.raises(RuntimeFailure) as raised:
        unopened(stored, change)
    assert status_of(raised) == status


@pytest.mark.parametrize("word", [20, 23, 24, 26])
@pytest.mark.parametrize("at", [64, 0xFFFFFFC0, 1 << 30])
def test_what_lies_outside_the_memory_is_refused(word: int, at: int, stored: Stored) -> None:
    def change(words: Any) -> None:
        if words[24]:  # the second time, when offsets are known
            words[word] = at

    with pytest.raises(RuntimeFailure) as raised:
        unopened(stored, change)
    assert status_of(raised) == 4


TENSOR_WORDS = {
    "an unknown role": (0, 20, 5),
    "a layer too many": (1, 2, 5),
    "an unknown form": (2, 4, 5),
    "seven bits": (3, 7, 5),
    "too few rows": (4, 8, 5),
    "too few columns": (5, 32, 5),
    "data outside": (6, 0xFFFFFF00, 4),
    "scales outside": (7, 0xFFFFFF00, 4),
    "scales below the heap": (7, 2, 4),
    "minima outside": (8, 0xFFFFFF00, 4),
    "scales at an odd place": (7, 300_001, 4),
    "three blocks to a scale": (9, 3, 5),
}


@pytest.mark.parametrize("what", TENSOR_WORDS)
def test_a_tensor_that_is_wrong_is_refused(what: str, stored: Stored) -> None:
    word, value, status = TENSOR_WORDS[what]

    class Changed(Layout):
        def tensor_table(self) -> Any:
            table = super().tensor_table()
            index = next(i for i, tensor in enumerate(self.tensors) if tensor.name.endswith("attention.qkv"))
            table[index, word] = value
            return table

    with pytest.raises(RuntimeFailure) as raised:
        KernelModel(BUILT / "plain.wasm", lambda base: Changed(stored.architecture, stored.shards, 64, 1, base))
    assert status_of(raised) == status


def test_a_cache_that_no_memory_can_hold_is_a_matter_of_memory_and_not_of_the_model(stored: Stored) -> None:
    deep = stored.architecture.model_copy(update={"layers": 512})
    with pytest.raises(OutOfMemory):
        KernelModel(BUILT / "plain.wasm", lambda base: Layout(deep, stored.shards, 1 << 20, 1, base))


def test_a_tensor_that_is_missing_is_refused(stored: Stored) -> None:
    without = replace(stored, shards=stored.shards[:-1])
    with pytest.raises(BackendUnavailable) as raised:
        without.opened("plain")
    assert status_of(raised) == 6


def test_a_tensor_in_the_workspace_is_refused(stored: Stored) -> None:
    class Changed(Layout):
        def tensor_table(self) -> Any:
            table = super().tensor_table()
            if self.workspace_bytes:
                table[0, 6] = self.workspace
            return table

    with pytest.raises(RuntimeFailure) as raised:
        KernelModel(BUILT / "plain.wasm", lambda base: Changed(stored.architecture, stored.shards, 64, 1, base))
    assert status_of(raised) == 4


@pytest.mark.parametrize("part", ["scale", "min"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_scale_that_is_no_number_is_found(part: str, bad: float, stored: Stored) -> None:
    shard = stored.shards[1]
    data = bytearray(stored.data[shard.sha256])
    tensor = next(t for t in shard.tensors if t.name == f"layers.0.mlp.down.{part}")
    data[tensor.offset + 10 : tensor.offset + 12] = np.float16(bad).tobytes()
    damaged = replace(stored, data={**stored.data, shard.sha256: bytes(data)})
    with pytest.raises(RuntimeFailure, match=r"isn't finite \(layers\.0\.mlp\.down\)") as raised:
        damaged.opened("plain")
    assert status_of(raised) == 7


@pytest.mark.parametrize("dtype", ["F16", "F32"])
def test_a_float_that_is_no_number_is_found(dtype: str) -> None:
    stored = Stored.of(Recipe(Form(None, dtype=dtype), Form(None, dtype=dtype)).model())
    shard = stored.shards[0]
    data = bytearray(stored.data[shard.sha256])
    tensor = shard.tensors[0]
    width = 2 if dtype == "F16" else 4
    infinite = np.array(np.inf, f"f{width}").tobytes()
    data[tensor.offset + tensor.length - width : tensor.offset + tensor.length] = infinite
    with pytest.raises(RuntimeFailure) as raised:
        replace(stored, data={**stored.data, shard.sha256: bytes(data)}).opened("plain")
    assert status_of(raised) == 7


def test_a_shard_of_another_size_is_refused(kernel: KernelModel, stored: Stored) -> None:
    shard = stored.shards[0]
    with pytest.raises(RuntimeFailure, match="bytes, and not"):
        kernel.feed(shard, stored.data[shard.sha256][:-1])


def test_a_tensor_is_readied_once(kernel: KernelModel) -> None:
    assert kernel.call("orion_prepare", 0) == 10
    assert kernel.call("orion_prepare", 1 << 20) == 11


def test_nothing_runs_before_all_tensors_are_there(stored: Stored) -> None:
    kernel = KernelModel(BUILT / "plain.wasm", lambda base: Layout(stored.architecture, stored.shards, 64, 1, base))
    for shard in stored.shards[:-1]:
        kernel.feed(shard, stored.data[shard.sha256])
    with pytest.raises(RuntimeFailure) as raised:
        kernel.forward([1], 0)
    assert status_of(raised) == 9


def test_nothing_runs_before_a_model_is_open(kernel: KernelModel) -> None:
    assert kernel.call("orion_open", 0) == 4
    for name, arguments in (("orion_forward", (0,) * 6), ("orion_prepare", (0,)), ("orion_use_cache", (0,))):
        assert kernel.call(name, *arguments) == 8


CALLS = {
    "no tokens": ((0, 0, 1), 11),
    "too many tokens": ((129, 0, 1), 11),
    "more logits than tokens": ((2, 0, 3), 11),
    "too many logits": ((20, 0, 9), 11),
    "a position past the context": ((1, 300, 1), 14),
    "tokens past the context": ((10, 291, 1), 14),
    "a position that would overflow": ((2, 0xFFFFFFFF, 1), 14),
}


@pytest.mark.parametrize("what", CALLS)
def test_a_call_that_is_wrong_is_refused(what: str, kernel: KernelModel) -> None:
    (count, position, rows), status = CALLS[what]
    kernel.forward([1, 2, 3], 0)
    before = kernel.memory.copy()
    assert kernel.call("orion_forward", kernel.layout.tokens, 0, 0, count, position, rows) == status
    changed = np.flatnonzero(before != kernel.memory)
    assert len(changed) <= 8  # what orion_detail gives


@pytest.mark.parametrize("at", [0, 3, 64, 0xFFFFFFF0])
def test_tokens_outside_the_memory_are_refused(at: int, kernel: KernelModel) -> None:
    assert kernel.call("orion_forward", at, 0, 0, 2, 0, 1) == (11 if at == 0 else 4)
    assert kernel.call("orion_forward", 0, at, 0, 2, 0, 1) == (11 if at == 0 else 4)
    if at:
        assert kernel.call("orion_forward", kernel.layout.tokens, 0, at, 2, 0, 1) == 4


def test_tokens_and_embeddings_at_once_are_refused(kernel: KernelModel) -> None:
    layout = kernel.layout
    assert kernel.call("orion_forward", layout.tokens, layout.embeddings, 0, 2, 0, 1) == 11


@pytest.mark.parametrize("token", [101, 2**31, 2**32 - 1])
def test_a_token_outside_the_vocabulary_is_named(token: int, kernel: KernelModel) -> None:
    with pytest.raises(InvalidInput) as raised:
        kernel.forward([1, token, 2], 0)
    assert (status_of(raised), raised.value.detail["detail"]) == (12, 1)


def test_a_position_without_a_row_of_the_rotary_table_is_named(kernel: KernelModel) -> None:
    with pytest.raises(RuntimeFailure) as raised:
        kernel.forward([1, 2], 0, positions=[0, 300])
    assert (status_of(raised), raised.value.detail["detail"]) == (13, 1)


def test_the_end_of_the_context_is_an_error_of_its_own(kernel: KernelModel) -> None:
    with pytest.raises(ContextOverflow):
        kernel.forward([1], 300)


def test_more_threads_than_came_are_refused(stored: Stored) -> None:
    kernel = stored.opened("plain-threads", 2)
    assert kernel.call("orion_use_threads", 3) == 11
    assert kernel.call("orion_use_threads", 0) == 11
    assert kernel.call("orion_stack", 99) == 0
    kernel.close()


def test_a_thread_that_never_comes_is_not_waited_for(stored: Stored) -> None:
    kernel = stored.opened("plain-threads", 1)
    assert kernel.call("orion_await_threads", 2, 20) == 1
    assert np.isfinite(kernel.forward([1, 2, 3], 0)).all()


def test_a_plain_read_stays_in_the_memory(kernel: KernelModel) -> None:
    layout = kernel.layout
    assert kernel.call("orion_read", layout.rope, 6400) != 0
    assert kernel.call("orion_read", 0, 64) == 0
    assert kernel.call("orion_read", layout.rope, 0xFFFFFFFF) == 0


def room_for_two(stored: Stored) -> KernelModel:
    """Fed, with one thread and a workspace for two."""
    kernel = KernelModel(
        BUILT / "relaxed-threads.wasm", lambda base: Layout(stored.architecture, stored.shards, 64, 2, base)
    )
    for shard in stored.shards:
        kernel.feed(shard, stored.data[shard.sha256])
    return kernel


def test_more_threads_than_the_workspace_is_for_are_refused(stored: Stored) -> None:
    other = KernelModel(
        BUILT / "relaxed-threads.wasm", lambda base: Layout(stored.architecture, stored.shards, 64, 1, base)
    )
    memory = other._instance.memory
    assert isinstance(memory, wasmtime.SharedMemory)
    stack = other.call("orion_stack", 1)
    thread = threading.Thread(target=_work, args=(BUILT / "relaxed-threads.wasm", memory, 1, stack), daemon=True)
    thread.start()
    assert other.call("orion_await_threads", 2, 10_000) == 2
    other.use_threads(2)
    assert other.call("orion_prepare", 0) == 11
    other.call("orion_dismiss")
    thread.join(10)


def _forward_until_it_fails(kernel: KernelModel) -> None:
    """A thread claims a piece of the work only where it comes in time."""
    for _ in range(10_000):
        kernel.forward([1, 2, 3], 0)


def test_a_thread_that_dies_in_a_pass_is_not_waited_for_for_ever(stored: Stored) -> None:
    kernel = room_for_two(stored)
    expected = kernel.forward([1, 2, 3], 0)
    memory = kernel._instance.memory
    assert isinstance(memory, wasmtime.SharedMemory)
    died: list[Exception] = []

    def worker() -> None:
        try:
            _work(
                BUILT / "relaxed-threads.wasm", memory, 1, 32
            )  # a stack that ends at once: it traps when it has a product to compute
        except (wasmtime.WasmtimeError, wasmtime.Trap) as error:
            died.append(error)

    thread = threading.Thread(target=worker, daemon=True)
    thread.start()
    assert kernel.call("orion_await_threads", 2, 10_000) == 2
    kernel.use_threads(2)
    kernel.call("orion_patience", 100)
    with pytest.raises(RuntimeFailure, match="a thread was lost") as raised:
        _forward_until_it_fails(kernel)
    thread.join(10)
    assert (status_of(raised), len(died)) == (16, 1)
    with pytest.raises(RuntimeFailure, match="a thread was lost"):
        kernel.forward([1, 2, 3], 0)  # until the others are sent away
    kernel.call("orion_dismiss")
    assert np.array_equal(kernel.forward([1, 2, 3], 0), expected)
