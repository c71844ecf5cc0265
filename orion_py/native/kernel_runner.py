"""Computes a model on our own kernel in CPython: the very module that browsers run, under wasmtime.

A shared library from the same source would need a build for each system, and wasmtime's code for the module is about
as fast as V8's (docs/kernel.md has figures). So there is one kernel, and tests run what browsers run.
"""

from __future__ import annotations

import hashlib
import weakref
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from orion_py.errors import BackendUnavailable, RuntimeFailure
from orion_py.manifest.kernel_variant import MOST_THREADS
from orion_py.manifest.manifest import Manifest
from orion_py.manifest.shards import Shard
from orion_py.native.kernel_layout import MAX_ROWS, Layout, turned
from orion_py.native.kernel_module import THREAD_LOST, KernelModel, compiled
from orion_py.native.kernel_rows import copy_rows, put_rows, rows_bytes
from orion_py.runtime.base import Logits
from orion_py.runtime.rotary_places import RotaryPlaces
from orion_py.runtime.segments import Embeddings, Inputs

BUILT = Path(__file__).parents[2] / "kernel" / "built"


def build_for(threads: int, plain: bool = False) -> Path:
    """The module for so many threads: relaxed SIMD, which wasmtime has on every processor that it compiles for,
    unless the plain one is wanted."""
    return BUILT / f"{'plain' if plain else 'relaxed'}{'-threads' if threads > 1 else ''}.wasm"


@cache
def kernel_here() -> tuple[str, str]:
    """The build that runs here, by name and the beginning of its hash, and why there is none where that is ""."""
    path = build_for(2)
    try:
        compiled(path)
        return f"{path.stem}-{hashlib.sha256(path.read_bytes()).hexdigest()[:16]}", ""
    except (BackendUnavailable, OSError) as error:
        return "", str(error)


class KernelRunner:
    """One model with one cache of ``context`` tokens, of ``cache_bits`` a number. Not re-entrant
    (``runtime.runner.KeepsRows``)."""

    backend = "kernel"
    engine = "the kernel"
    chunk = MAX_ROWS

    def __init__(
        self, manifest: Manifest, threads: int, context: int, cache_bits: int = 16, plain: bool = False
    ) -> None:
        self._manifest, self._context, self._cache_bits, self._plain = manifest, context, cache_bits, plain
        self._wanted = min(max(1, threads), MOST_THREADS)
        self._model: KernelModel | None = None
        self._rows = 0
        self._places = RotaryPlaces()

    @property
    def rows(self) -> int:
        return self._rows

    @property
    def threads(self) -> int:
        return self._opened.threads

    @property
    def memory_bytes(self) -> int:
        return self._opened.memory_bytes

    def feed(self, shard: Shard, data: bytes) -> None:
        """Raises BackendUnavailable for a model that the kernel doesn't compute, OutOfMemory or RuntimeFailure."""
        if not shard.tensors:
            return
        if self._model is None:
            self._model = self._open()
        self._model.feed(shard, data)

    def build(self) -> None:
        """There is nothing to compile for a model: that all of it was fed is what ``warm_up`` finds out."""
        if self._model is None:
            raise RuntimeFailure("no weights of this model were fed")

    def warm_up(self) -> None:
        self._opened.forward([0], 0)
        self._rows = 0

    def prefill(self, inputs: Inputs, position: int) -> Logits:
        logits: Logits = self._run(inputs, position, 1)[0]
        return logits

    def step(self, token: int, position: int) -> Logits:
        return self.prefill([token], position)

    def verify(self, tokens: Sequence[int], position: int) -> Logits:
        return self._run(tokens, position, len(tokens))

    def rows_bytes(self, rows: int) -> int:
        """Bytes that so many rows of the cache take."""
        return rows_bytes(self._opened, rows)

    def copy_rows(self, rows: int) -> bytes:
        """The first rows of the cache, at most those that are here."""
        return copy_rows(self._opened, rows)

    def put_rows(self, data: bytes, rows: int) -> None:
        """Replaces the cache's rows by those that ``copy_rows`` gave."""
        put_rows(self._opened, data, rows)
        self._places.cut(0)  # what is kept are rows of tokens
        self._rows = rows

    def cancel(self, wanted: bool) -> None:
        if self._model is not None:
            self._model.cancel(wanted)

    def _run(self, inputs: Inputs, position: int, logit_rows: int) -> Logits:
        self._rows = min(self._rows, position)  # a pass that fails leaves those before it
        model = self._opened
        embeddings = inputs.rows if isinstance(inputs, Embeddings) else None
        tokens: Sequence[int] = () if isinstance(inputs, Embeddings) else inputs
        places = self._places_of(inputs, position)
        try:
            logits = model.forward(tokens, position, logit_rows, places, embeddings)
        except RuntimeFailure as error:
            if error.detail.get("status") != THREAD_LOST:
                raise
            model.go_alone()  # as in a browser it costs a wait, and no token
            logits = model.forward(tokens, position, logit_rows, places, embeddings)
        self._rows = position + len(inputs)
        return logits

    def _places_of(self, inputs: Inputs, position: int) -> list[int] | None:
        """Rows of the rotary table; None where they are those of the cache."""
        if self._manifest.architecture.rope_sections is None:
            return None
        self._places.cut(position)
        if not isinstance(inputs, Embeddings):
            found: list[int] = self._places.of_tokens(position, len(inputs)).tolist()
            return found
        row = self._context + position
        table = turned(self._manifest.architecture, self._places.of_embeddings(position, inputs))
        self._opened.turn(row, table)
        return list(range(row, row + len(inputs)))

    @property
    def _opened(self) -> KernelModel:
        if self._model is None:
            raise RuntimeFailure("no weights of this model were fed")
        return self._model

    def _open(self) -> KernelModel:
        manifest, threads = self._manifest, self._wanted
        shards = [shard for shard in manifest.shards if shard.tensors]

        def layout(base: int) -> Layout:
            return Layout(manifest.architecture, shards, self._context, threads, base, cache_bits=self._cache_bits)

        model = KernelModel(build_for(threads, self._plain), layout, threads)
        # The threads hold the memory and wait for work: they end with this runner, which alone gives them any.
        weakref.finalize(self, model.close)
        return model
