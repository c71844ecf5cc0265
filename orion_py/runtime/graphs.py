"""Defines the seam to models that aren't decoders: named tensors in, named tensors out, session by session.

What recognizes, hears or speaks is written against ``GraphModel`` and ``Graph``. Below them a ``GraphRunner`` computes:
onnxruntime in this process (``native.graph_runner``), or a script (``runtime.scripted_graphs``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from orion_py.cancellation import CancelToken
from orion_py.errors import OrionError
from orion_py.manifest.graph_manifest import GraphManifest
from orion_py.runtime.base import BuiltOfShards

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from orion_py.runtime.bands import Given, Held

Tensor: TypeAlias = (
    "NDArray[np.float32] | NDArray[np.int64] | NDArray[np.int32] | NDArray[np.uint8] | NDArray[np.bool_]"
)

Backend: TypeAlias = Literal["wasm", "webgpu"]
"""What computes a session: the processor, or a GPU."""


class Graph(Protocol):
    """One session of a graph model."""

    async def run(self, inputs: Mapping[str, Given], want: Sequence[str] | None = None) -> dict[str, Tensor]:
        """The outputs ``want``, the caller's own; None: all but those that are kept or handed on. An input that a
        session keeps, or that another one hands on, needn't be given. Calls wait for each other.

        Raises InvalidInput for tensors that the session doesn't take, RuntimeFailure, OutOfMemory, WorkerDied, or
        Cancelled once the model is closed.
        """

    async def run_held(self, inputs: Mapping[str, Given]) -> Held:
        """As ``run``, for a session that tells one output of float32, which is too large to be taken whole."""

    async def reset(self) -> None:
        """Forgets the state that the session keeps; what others handed on stays."""


class GraphModel(Protocol):
    """A graph model in memory: its sessions by name, its small files."""

    @property
    def manifest(self) -> GraphManifest: ...

    @property
    def memory_bytes(self) -> int: ...

    def graph(self, session: str) -> Graph:
        """Raises InvalidInput for a session that the model doesn't have."""

    async def file(self, name: str) -> bytes:
        """Raises InvalidInput for a file that the model doesn't have."""

    async def close(self) -> None:
        """Gives the memory back. Safe to call twice, and while a run is under way."""


Lend: TypeAlias = Callable[[str, CancelToken], AbstractAsyncContextManager[GraphModel]]
"""Lends a graph model by its id, as ``residency.senses.Senses.lent`` does."""


class GraphRunner(BuiltOfShards, Protocol):
    """What computes all sessions of one model, fed with its graphs and weights. It is only asked for what its manifest
    has, one call at a time."""

    async def run(self, session: str, inputs: Mapping[str, Given], want: Sequence[str]) -> dict[str, Tensor]:
        """As ``Graph.run``, for inputs that were checked (``graph_inputs.checked``)."""

    async def run_held(self, session: str, inputs: Mapping[str, Given], output: str) -> Held:
        """As ``Graph.run_held``."""

    async def reset(self, session: str) -> None:
        """As ``Graph.reset``."""

    async def place(self, session: str, backend: Backend) -> None:
        """From its next run on the GPU computes the session, or the processor again, which does at first. State stays.
        Raises BackendUnavailable, DeviceLost, RuntimeFailure or OutOfMemory: then the processor computes it."""

    def fallen(self) -> dict[str, OrionError]:
        """The sessions that failed on the GPU since this was asked last, and why: the processor made that run in its
        place, from the same inputs and state, and computes them from then on."""

    async def memory_bytes(self) -> int:
        """That it takes now: more than when it was built where a run needed more, since WebAssembly's memory never
        shrinks. Raises WorkerDied or Cancelled."""
