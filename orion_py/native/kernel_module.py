"""Runs the kernel's WebAssembly module (kernel/built/) under wasmtime, with one memory and its threads."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import wasmtime
import wasmtime._ffi as ffi
from numpy.typing import NDArray

from orion_py.errors import BackendUnavailable, Cancelled, ContextOverflow, InvalidInput, OutOfMemory, RuntimeFailure
from orion_py.manifest.shards import Shard
from orion_py.native.kernel_layout import DECODER_WORDS, MAX_ROWS, MOST_LOGITS, Layout, rotary_table

PAGE = 65536
MOST_PAGES = 65535
_PLAN_BYTES = 1 << 16
"""Room for what ``orion_plan`` reads, beyond the tables."""

WORKSPACE_NEEDED, CACHE_NEEDED, LOGITS_STRIDE, VALUES, LAYER_STRIDE, HEAD_STRIDE, ROW_BYTES, LOGITS = range(28, 36)
"""Words of the description that the kernel writes."""

STATUS = (
    "done",
    "its build is another version's",
    "the model has a size that it doesn't take",
    "it doesn't compute this model",
    "something reaches outside the memory",
    "a tensor isn't what the model needs",
    "a part of the model is missing",
    "a tensor holds a number that isn't finite",
    "no model is open",
    "a tensor wasn't readied",
    "a tensor was readied twice",
    "a count doesn't fit",
    "a token isn't in the vocabulary",
    "a position is past the rotary table",
    "the context is full",
    "the pass was cancelled",
    "a thread was lost",
)
"""enum orion_status in words."""

_OUTSIDE = 4
_UNSUPPORTED = frozenset({1, 2, 3, 5, 6})

Float32 = NDArray[np.float32]


@cache
def _engine() -> wasmtime.Engine:
    config = wasmtime.Config()
    config.wasm_threads = True
    config.shared_memory = True
    config.wasm_relaxed_simd = True
    return wasmtime.Engine(config)


@cache
def compiled(path: Path) -> wasmtime.Module:
    """The module of that file, once. Raises BackendUnavailable."""
    try:
        return wasmtime.Module.from_file(_engine(), str(path))
    except (wasmtime.WasmtimeError, OSError) as error:
        raise BackendUnavailable(f"the kernel {path.name} can't be compiled: {error}") from error


class _SharedMemory(wasmtime.SharedMemory):
    """wasmtime 50 hands an instance a pointer too many to its shared memory (a TypeError of ctypes)."""

    def _as_extern(self) -> ffi.wasmtime_extern_t:
        union = ffi.wasmtime_extern_union(sharedmemory=self.ptr())
        return ffi.wasmtime_extern_t(ffi.WASMTIME_EXTERN_SHAREDMEMORY, union)


class _Instance:
    """One thread's instance of a module over a shared memory, or over one of its own."""

    def __init__(self, path: Path, memory: wasmtime.SharedMemory | int) -> None:
        self.store = wasmtime.Store(_engine())
        if isinstance(memory, int):
            try:
                self.memory: wasmtime.Memory | wasmtime.SharedMemory = wasmtime.Memory(
                    self.store, wasmtime.MemoryType(wasmtime.Limits(memory, None))
                )
            except wasmtime.WasmtimeError as error:
                raise OutOfMemory(f"{memory * PAGE} bytes can't be allocated: {error}") from error
        else:
            self.memory = memory
        stopping = wasmtime.Instance(self.store, _stopping(), []).exports(self.store)
        word = stopping["word"]
        assert isinstance(word, wasmtime.Memory)
        self.stop = _bytes_at(word.data_ptr(self.store), 4).view(np.uint32)
        """U32 [1], to be set from any thread: 1 ends a pass before its next layer."""
        module = compiled(path)
        given = {"memory": self.memory, "orion_stop": stopping["orion_stop"]}
        imports = [given[each.name or ""] for each in module.imports]
        self.exports = wasmtime.Instance(self.store, module, imports).exports(self.store)

    def call(self, name: str, *arguments: int) -> int:
        function = self.exports[name]
        assert isinstance(function, wasmtime.Func)
        given = [value - 2**32 if value >= 2**31 else value for value in arguments]
        return int(function(self.store, *given) or 0) & 0xFFFFFFFF

    def set_stack(self, top: int) -> None:
        pointer = self.exports["__stack_pointer"]
        assert isinstance(pointer, wasmtime.Global)
        pointer.set_value(self.store, wasmtime.Val.i32(top))

    @property
    def heap_base(self) -> int:
        base = self.exports["__heap_base"]
        assert isinstance(base, wasmtime.Global)
        return int(base.value(self.store))

    def bytes(self) -> NDArray[np.uint8]:
        """A view of the whole memory, for as long as the instance lives."""
        if isinstance(self.memory, wasmtime.SharedMemory):
            return _bytes_at(self.memory.data_ptr(), self.memory.data_len())
        return _bytes_at(self.memory.data_ptr(self.store), self.memory.data_len(self.store))


class KernelModel:
    """A model in one memory of the kernel's. Not re-entrant.

    ``path``: a module of kernel/built; one whose name ends with "-threads" runs ``threads`` of them.
    Raises BackendUnavailable for a model that it doesn't compute, and OutOfMemory.
    """

    def __init__(self, path: Path, layout_of: Callable[[int], Layout], threads: int = 1) -> None:
        shared = path.stem.endswith("-threads")
        first = _instance(path, 1 + (1 << 20) // PAGE, shared)
        layout = layout_of(first.heap_base)
        planning = _instance(path, -(-(layout.planned_end + _PLAN_BYTES) // PAGE), shared)
        self.layout = layout
        self._instance = planning
        self._describe()
        status = planning.call("orion_plan", layout.decoder)
        if status == _OUTSIDE and planning.call("orion_detail") == WORKSPACE_NEEDED:
            raise OutOfMemory("the cache is larger than WebAssembly can address")
        self._checked(status)
        words = self.description()
        size = layout.planned(int(words[WORKSPACE_NEEDED]), int(words[CACHE_NEEDED]))
        if size > MOST_PAGES * PAGE:
            raise OutOfMemory(f"the model takes {size} bytes, more than WebAssembly can address")
        self._instance = _instance(path, -(-size // PAGE), shared)
        self.memory = self._instance.bytes()
        self._describe()
        for rotation, at in layout.ropes.items():
            self._write(at, rotary_table(layout.architecture, layout.rope_rows, rotation))
        self._checked(self._instance.call("orion_open", layout.decoder))
        self._workers: list[threading.Thread] = []
        self.threads = 1
        if threads > 1 and shared:
            self._start(path, threads)

    @property
    def memory_bytes(self) -> int:
        return len(self.memory)

    def description(self) -> NDArray[np.uint32]:
        """A copy of the description's words, with what the kernel wrote there."""
        at = self.layout.decoder
        return self._instance.bytes()[at : at + 4 * DECODER_WORDS].view(np.uint32).copy()

    def feed(self, shard: Shard, data: bytes) -> None:
        """Copies a verified shard to its place and readies its tensors. Raises RuntimeFailure."""
        at = self.layout.shard_at.get(shard.sha256)
        if at is None:
            return
        if len(data) != shard.size:
            raise RuntimeFailure(f"shard {shard.sha256[:12]} has {len(data)} bytes, and not {shard.size}")
        self.memory[at : at + len(data)] = np.frombuffer(data, np.uint8)
        for index, tensor in enumerate(self.layout.tensors):
            if tensor.shard == shard.sha256:
                self._checked(self._instance.call("orion_prepare", index))

    def forward(
        self,
        tokens: Sequence[int],
        position: int,
        logit_rows: int = 1,
        positions: Sequence[int] | None = None,
        embeddings: Float32 | None = None,
    ) -> Float32:
        """Runs at most ``MAX_ROWS`` tokens; logits [logit_rows, vocab] after the last of them, the caller's own.

        ``positions``: rows of the rotary table, where they aren't the cache's. ``embeddings`` F32 [s, hidden] take
        the tokens' place. Raises RuntimeFailure, ContextOverflow, InvalidInput or Cancelled.
        """
        layout, count = self.layout, len(tokens) if embeddings is None else len(embeddings)
        if count > MAX_ROWS or logit_rows > MOST_LOGITS:
            raise RuntimeFailure(f"{count} tokens with {logit_rows} rows of logits are too many for one call")
        at_tokens = at_positions = at_embeddings = 0
        if embeddings is None:
            at_tokens = layout.tokens
            self._write(at_tokens, np.array(tokens, np.uint32))
        else:
            at_embeddings = layout.embeddings
            self._write(at_embeddings, np.ascontiguousarray(embeddings, np.float32))
        if positions is not None:
            at_positions = layout.positions
            self._write(at_positions, np.array(positions, np.uint32))
        call = (at_tokens, at_embeddings, at_positions, count, position, logit_rows)
        self._checked(self._instance.call("orion_forward", *call))
        words = self.description()
        start, stride = int(words[LOGITS]), int(words[LOGITS_STRIDE])
        rows = self.memory[start : start + 4 * stride * logit_rows].view(np.float32).reshape(logit_rows, stride)
        return rows[:, : layout.architecture.vocab_size].copy()

    def turn(self, row: int, table: Float32) -> None:
        """Replaces rows of the rotary table from ``row`` on."""
        self._write(self.layout.rope + 4 * table.shape[1] * row, table)

    def cancel(self, wanted: bool = True) -> None:
        """Ends the forward under way before its next layer, and those after it, until it isn't wanted any more. From
        any thread: it writes a word, and calls nothing."""
        self._instance.stop[0] = int(wanted)

    def use_threads(self, count: int) -> None:
        """How many of the threads compute. Raises RuntimeFailure for more than there are."""
        self._checked(self._instance.call("orion_use_threads", count))
        self.threads = count

    def go_alone(self) -> None:
        """Goes on with the calling thread: another one was lost, and those that live end."""
        self._instance.call("orion_dismiss")
        self.use_threads(1)

    def call(self, name: str, *arguments: int) -> int:
        """The kernel's function ``name`` as it is."""
        return self._instance.call(name, *arguments)

    def close(self) -> None:
        """Ends the threads and gives the memory back."""
        self._instance.call("orion_dismiss")
        for worker in self._workers:
            worker.join()
        self._workers = []

    def _start(self, path: Path, threads: int) -> None:
        memory = self._instance.memory
        assert isinstance(memory, wasmtime.SharedMemory)
        for number in range(1, threads):
            stack = self._instance.call("orion_stack", number)
            worker = threading.Thread(target=_work, args=(path, memory, number, stack), daemon=True)
            worker.start()
            self._workers.append(worker)
        here = self._instance.call("orion_await_threads", threads, 10_000)
        self.use_threads(min(here, threads))

    def _describe(self) -> None:
        layout = self.layout
        self._write(layout.decoder, layout.description())
        self._write(layout.table, layout.tensor_table())
        if layout.windows:
            self._write(layout.window_words, np.array(layout.windows, np.uint32))
        if layout.rope_words:
            self._write(layout.rope_words, np.array(layout.layer_ropes, np.uint32))

    def _write(self, at: int, values: NDArray[np.uint32] | Float32) -> None:
        raw = np.ascontiguousarray(values).reshape(-1).view(np.uint8)
        self._instance.bytes()[at : at + len(raw)] = raw

    def _checked(self, status: int) -> None:
        if status == 0:
            return
        detail = self._instance.call("orion_detail")
        what = STATUS[status] if status < len(STATUS) else f"status {status}"
        tensors = self.layout.tensors
        about = tensors[detail].name if what.startswith("a tensor") and detail < len(tensors) else str(detail)
        raise _error_of(status)(f"the kernel: {what} ({about})", status=status, detail=detail)


_ERRORS: Mapping[int, type[RuntimeFailure | InvalidInput | Cancelled]] = {
    12: InvalidInput,
    14: ContextOverflow,
    15: Cancelled,
}
THREAD_LOST = 16


def _error_of(status: int) -> type[RuntimeFailure | InvalidInput | Cancelled]:
    return BackendUnavailable if status in _UNSUPPORTED else _ERRORS.get(status, RuntimeFailure)


_STOPPING = """(module
  (memory (export "word") 1 1)
  (func (export "orion_stop") (result i32) (i32.load (i32.const 0))))"""


@cache
def _stopping() -> wasmtime.Module:
    """A module whose word says whether to stop: a function of Python's would take microseconds in every layer."""
    return wasmtime.Module(_engine(), _STOPPING)


def _bytes_at(start: Any, size: int) -> NDArray[np.uint8]:
    """A view of ``size`` bytes from the pointer ``start`` on."""
    address = ctypes.addressof(start.contents)
    return np.frombuffer(memoryview((ctypes.c_ubyte * size).from_address(address)), np.uint8)


def _instance(path: Path, pages: int, shared: bool) -> _Instance:
    if not shared:
        return _Instance(path, pages)
    try:
        memory = _SharedMemory(_engine(), wasmtime.MemoryType(wasmtime.Limits(pages, pages), shared=True))
    except wasmtime.WasmtimeError as error:
        raise OutOfMemory(f"{pages * PAGE} bytes can't be allocated: {error}") from error
    return _Instance(path, memory)


def _work(path: Path, memory: wasmtime.SharedMemory, number: int, stack: int) -> None:
    worker = _Instance(path, memory)
    worker.set_stack(stack)
    worker.call("orion_worker", number)
