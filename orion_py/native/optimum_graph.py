"""Runs a decoder graph as Optimum exports it, over the cache, on native onnxruntime."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orion_py.errors import InvalidModelFolder, UnsupportedModel
from orion_py.external.optimum import check_edges, logits_rows, past_names, present_names
from orion_py.manifest.architecture import Architecture
from orion_py.native.kv_cache import KvCache
from orion_py.runtime.base import Logits


class OptimumGraph:
    """``session`` is an onnxruntime.InferenceSession. Raises UnsupportedModel where its graph wants an unknown
    input."""

    def __init__(self, session: Any, cache: KvCache, architecture: Architecture) -> None:
        self._session, self._cache, self._vocab = session, cache, architecture.vocab_size
        inputs = {value.name: value.type for value in session.get_inputs()}
        outputs = {value.name: value.type for value in session.get_outputs()}
        check_edges(inputs, outputs, architecture)
        self._asked = frozenset(inputs)
        self._past, presents = past_names(architecture.layers), present_names(architecture.layers)
        self._outputs = ["logits", *presents]
        for name, kind in (inputs | outputs).items():
            wanted = "tensor(float)" if name in {*self._past, *self._outputs} else "tensor(int64)"
            if kind != wanted and name in {*inputs, *self._outputs}:
                raise UnsupportedModel(f"The graph's {name[:80]!r} is {kind} and should be {wanted}.")
        self.chunk = logits_rows(self._vocab)

    def forward(self, tokens: Sequence[int]) -> Logits:
        """Logits [vocab] after ``tokens``, which follow the cache's rows. Raises InvalidModelFolder where
        what comes out has another shape than config.json says."""
        rows, total = self._cache.rows, self._cache.rows + len(tokens)
        given: dict[str, NDArray[Any]] = {
            "input_ids": np.array([tokens], np.int64),
            "attention_mask": np.ones((1, total), np.int64),
            "position_ids": np.arange(rows, total, dtype=np.int64)[None],
            "num_logits_to_keep": np.array(1, np.int64),
        }
        inputs = {name: value for name, value in given.items() if name in self._asked}
        past = dict(zip(self._past, self._cache.past().values(), strict=True))
        logits, *presents = self._session.run(self._outputs, {**inputs, **past})
        if logits.ndim != 3 or logits.shape[0] != 1 or logits.shape[2] != self._vocab or not logits.shape[1]:
            raise InvalidModelFolder(f"logits are {list(logits.shape)}; config.json says {self._vocab} columns")
        for present in presents:
            if present.shape != self._cache.shape(total):
                raise InvalidModelFolder(f"keys are {list(present.shape)} and not {list(self._cache.shape(total))}")
        self._cache.append(presents)
        return np.array(logits[0, -1])
