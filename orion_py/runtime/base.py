"""Defines the seam to whatever computes: one loaded model, and what makes one.

Three implementations: inference workers through the bridge (``browser.runtime``), threads of this process
(``native.runtime``) and a scripted one for tests (``runtime.scripted``). In the first two a variant's ``engine``
says what computes: our own kernel, or onnxruntime.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeAlias

from orion_py.errors import SimdMissing
from orion_py.manifest.graph_manifest import GraphManifest
from orion_py.manifest.manifest import Manifest
from orion_py.manifest.shards import Shard
from orion_py.manifest.variants import Variant
from orion_py.runtime.prefixes import Prefix
from orion_py.runtime.segments import Inputs

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from orion_py.runtime.graphs import GraphRunner

Logits: TypeAlias = "NDArray[np.float32]"
"""Shape [vocab], or [s, vocab] where it says so: unnormalised log-probabilities of the next token."""


Embedding: TypeAlias = "NDArray[np.float32]"
"""Shape [d]: where a text lies among all others."""


@dataclass(frozen=True, slots=True)
class Device:
    """What the machine offers, as detected. ``webgpu_reason`` says why there is no WebGPU. ``webgpu_limits``
    in bytes and counts, by their WebGPU names. ``onnxruntime``: the version that computes on a GPU. ``kernel``: the
    build of our own kernel that runs here, by name and hash; "": none does, and ``kernel_reason`` says why. ``simd``:
    whether WebAssembly has SIMD, without which neither our kernel nor onnxruntime runs in a browser."""

    threads: int
    webgpu: bool
    webgpu_reason: str = ""
    webgpu_name: str = ""
    webgpu_software: bool = False
    webgpu_features: Sequence[str] = ()
    webgpu_limits: Mapping[str, int] = field(default_factory=dict)
    onnxruntime: str = ""
    memory_gb: float | None = None
    isolated: bool = True
    kernel: str = ""
    kernel_reason: str = ""
    simd: bool = True

    def require_simd(self) -> None:
        """Raises SimdMissing: before anything is downloaded that nothing here could compute."""
        if not self.simd:
            raise SimdMissing("WebAssembly has no SIMD here, which every model needs.")


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What building the sessions took, in ms, and what runs them."""

    backend: str
    threads: int
    create_ms: float
    warmup_ms: float
    memory_bytes: int


class BuiltOfShards(Protocol):
    """What computes: a decoder's session, or a graph model's runner (``runtime.graphs``)."""

    async def feed(self, shard: Shard) -> None:
        """Reads a stored shard, verifies its sha256 and readies its tensors.

        Raises ShardMissing, ShardCorrupt (the caller fetches it again) or OutOfMemory.
        """

    async def build(self) -> BuildReport:
        """Creates the sessions from what was fed, and warms them up. Raises RuntimeFailure."""

    async def ping(self) -> None:
        """Returns as soon as the worker answers at all. Raises WorkerDied where it is gone."""

    async def close(self) -> None:
        """Gives the memory back. Safe to call twice, and while another call is under way."""


class ModelSession(BuiltOfShards, Protocol):
    """One model in memory, with one KV cache. Not re-entrant: one call at a time."""

    @property
    def threads(self) -> int:
        """That compute now: fewer than the report said, once one was lost."""

    async def forward(self, inputs: Inputs, position: int) -> Logits:
        """Runs ``inputs`` as positions position, position+1, … and returns the last one's logits.

        What the KV cache held from ``position`` on is dropped, so that a common prefix is kept
        and a rejected tail can be taken back. Raises RuntimeFailure or ContextOverflow, and for embeddings
        EmbeddingsUnsupported where only tokens are taken, InvalidInput where the model's rows have another length.
        """

    async def verify(self, tokens: Sequence[int], position: int) -> Logits:
        """Runs at most ``variant.max_draft_tokens`` tokens and returns logits [s, vocab] after each:
        bit for bit what ``forward`` gives for them one by one, in logits and in the cache.

        Otherwise as ``forward``; the array may be overwritten by the next call.
        """

    async def keep_rows(self, prefix: Prefix, budget: int) -> int:
        """Keeps the first ``prefix.rows`` rows of the cache, on the device where that is possible; what was used
        longest ago goes, so that all that is kept is within ``budget`` bytes. The bytes that are kept of it, 0 where
        they can't be. They are copied before this first waits: a forward may follow at once."""

    async def restore_rows(self, key: str, rows: int) -> bool:
        """Kept rows take the place of those that are here, bit for bit what was kept. False where they aren't
        there or aren't whole: what was here still is."""

    async def interrupt(self) -> None:
        """Ends a call under way early, which then raises Cancelled: on our kernel before its next layer, where the
        page has memory that threads share; else between two parts of a prompt."""

    async def memory_bytes(self) -> int:
        """What it takes now: more than when it was built, as the conversation grows. Raises WorkerDied."""


class EncoderSession(Protocol):
    """A sentence encoder in memory. Not re-entrant: one call at a time."""

    async def encode(self, tokens: Sequence[int]) -> Embedding:
        """The embedding of ``tokens``, of length 1. Raises RuntimeFailure."""

    async def close(self) -> None:
        """Gives the memory back. Safe to call twice."""


class InferenceRuntime(Protocol):
    async def device(self) -> Device:
        """Detects once, then answers from memory."""

    async def open(self, manifest: Manifest, variant: Variant, threads: int, context: int) -> ModelSession:
        """A new session without weights. ``context`` caps the KV cache, in tokens.

        Raises BackendUnavailable.
        """

    async def open_graphs(self, manifest: GraphManifest, threads: int) -> GraphRunner:
        """A graph model's runner without sessions, which use at most ``threads``. Raises BackendUnavailable."""

    async def open_encoder(self, graph: Shard) -> EncoderSession:
        """A session over a stored graph: ``ids`` I64 [n] in, ``embedding`` F32 [1, d] out, one thread.

        Raises ShardMissing, ShardCorrupt, BackendUnavailable or RuntimeFailure.
        """
