"""Collects a variant's graphs and weights as they are fed, and makes onnxruntime's sessions of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from orion_py.errors import InvalidModelFolder, RuntimeFailure
from orion_py.external.onnx_outline import external_files
from orion_py.manifest.derived import Expansion, Widening
from orion_py.manifest.expansion import expand, widen
from orion_py.manifest.shards import Shard, location_of


class FedGraphs:
    """What was fed of one model; ``drop`` it once its sessions are made. ``threads`` for each session."""

    def __init__(self, threads: int, expansions: Sequence[Expansion] = (), widenings: Sequence[Widening] = ()) -> None:
        self._threads, self._expansions, self._widenings = threads, expansions, widenings
        self._graphs: dict[str, bytes] = {}
        self._files: dict[str, NDArray[np.uint8]] = {}

    @property
    def nbytes(self) -> int:
        """Of the weights, with what was expanded of them."""
        return sum(file.nbytes for file in self._files.values())

    def feed(self, shard: Shard, data: bytes) -> None:
        if shard.role == "graph":
            self._graphs[shard.sha256] = data
            return
        raw = np.frombuffer(data, np.uint8)
        self._files[location_of(shard)] = raw
        for expansion in self._expansions:
            if expansion.shard == shard.sha256:
                self._files[f"{shard.sha256}.int8"] = expand(expansion, shard, raw)
        for widening in self._widenings:
            if widening.shard == shard.sha256:
                self._files[f"{shard.sha256}.wide"] = widen(widening, shard, raw)

    def session(self, graph: str, most: int | None = None) -> Any:
        """An onnxruntime.InferenceSession over the graph with that hash, with ``most`` threads or fewer. Raises
        RuntimeFailure where it wasn't fed."""
        options = ort.SessionOptions()
        options.intra_op_num_threads = self._threads if most is None else min(most, self._threads)
        options.log_severity_level = 3
        # Processors without VNNI saturate products of U8 and I8; this takes the exact path instead.
        options.add_session_config_entry("session.x64quantprecision", "1")
        names, files = list(self._files), list(self._files.values())
        options.add_external_initializers_from_files_in_memory(names, files, [file.nbytes for file in files])
        return ort.InferenceSession(self._bytes(graph), options, providers=["CPUExecutionProvider"])

    def check_names(self, graph: str, path: str) -> None:
        """Given no path, onnxruntime would look for other files in the working folder. Raises
        InvalidModelFolder for a graph that points elsewhere than into what was fed, or is none."""
        for location in sorted(external_files(self._bytes(graph), path) - set(self._files)):
            raise InvalidModelFolder(f"The graph points into {location[:80]!r}, which isn't beside it.")

    def drop(self) -> None:
        """The sessions have what they need."""
        self._graphs, self._files = {}, {}

    def _bytes(self, graph: str) -> bytes:
        if graph not in self._graphs:
            raise RuntimeFailure("a graph of this model wasn't fed", graph=graph)
        return self._graphs[graph]
