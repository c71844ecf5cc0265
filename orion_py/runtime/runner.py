"""Defines the seam between a session and what computes for it, where both are in one process.

A runner is our own kernel, the foundry's graphs on onnxruntime, or a graph from outside. The bridge has the same seam
in ``web/bridge/worker/inference/runner.js``. A session (``native.runtime``) checks what it is asked, cuts long
prompts into parts and turns faults into our errors; a runner is only asked what makes sense.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from orion_py.manifest.shards import Shard
from orion_py.runtime.base import Logits
from orion_py.runtime.segments import Inputs


class Runner(Protocol):
    """One model with one cache. Not re-entrant."""

    backend: str
    """As ``BuildReport`` says it."""
    engine: str
    """What an unexpected exception of it is put down to."""
    chunk: int
    """Prompt tokens that one run takes at most."""

    @property
    def rows(self) -> int:
        """Tokens whose keys and values are here."""

    @property
    def threads(self) -> int:
        """That compute now, once it is built; fewer than then, once one was lost."""

    @property
    def memory_bytes(self) -> int:
        """What weights and cache take, once it is built."""

    def feed(self, shard: Shard, data: bytes) -> None:
        """Takes a verified shard in; ``data`` is all of it. Graphs that it doesn't run are passed over."""

    def build(self) -> None:
        """Readies what computes from what was fed. Raises RuntimeFailure where something is missing."""

    def warm_up(self) -> None:
        """Runs once what is slower the first time; leaves no rows."""

    def prefill(self, inputs: Inputs, position: int) -> Logits:
        """Logits [vocab], the caller's own, after a prompt's next places, at most ``chunk``, at ``position``;
        rows from there on are dropped. Raises EmbeddingsUnsupported for embeddings where it takes tokens alone."""

    def step(self, token: int, position: int) -> Logits:
        """As ``prefill``, for one token of an answer."""

    def verify(self, tokens: Sequence[int], position: int) -> Logits:
        """Logits [s, vocab], the caller's own, after each of the tokens, as ``ModelSession.verify``."""

    def cancel(self, wanted: bool) -> None:
        """From another thread: what runs, and what runs next, raises Cancelled as soon as it can, until it isn't
        wanted any more. The rows before what was cancelled stay. A runner that can't goes on to the end of a part."""


@runtime_checkable
class KeepsRows(Runner, Protocol):
    """A runner whose cache's rows can be taken out and put back."""

    def rows_bytes(self, rows: int) -> int:
        """Bytes that so many rows of the cache take."""

    def copy_rows(self, rows: int) -> bytes:
        """The first rows of the cache, at most those that are here."""

    def put_rows(self, data: bytes, rows: int) -> None:
        """What ``copy_rows`` gave: these rows are here from now on, and no others."""
