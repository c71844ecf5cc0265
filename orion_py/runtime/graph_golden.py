"""Compares what the sessions of a graph model compute with what the reference computed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

import numpy as np

from orion_py.errors import GoldenMismatch, InvalidInput, InvalidManifest
from orion_py.manifest.graph_manifest import GraphGolden, GraphManifest
from orion_py.manifest.tensor_file import read_tensors
from orion_py.runtime.bands import NUMBERS
from orion_py.runtime.graphs import Graph, Tensor


class Sessions(Protocol):
    """As of a ``GraphModel``: what is checked may not be one yet."""

    @property
    def manifest(self) -> GraphManifest: ...

    def graph(self, session: str) -> Graph: ...


async def check_graphs(model: Sessions, read: Callable[[str], Awaitable[bytes]]) -> dict[str, GoldenMismatch | None]:
    """Makes the golden runs. ``read`` gives a golden shard by its sha256. By session, None or how it is wrong: where
    one isn't right, the others may be.

    Raises InvalidManifest where a golden shard isn't what its session takes, and what ``read`` and a run raise.
    """
    verdicts: dict[str, GoldenMismatch | None] = dict.fromkeys(model.manifest.sessions)
    for name in verdicts:
        await model.graph(name).reset()
    for golden in model.manifest.golden:
        inputs, expected = golden_tensors(golden, await read(golden.tensors))
        try:
            got = await model.graph(golden.session).run(inputs, tuple(expected))
        except InvalidInput as error:
            raise InvalidManifest(f"golden {golden.name}: {error.message}", path=f"golden.{golden.name}") from error
        verdicts[golden.session] = verdicts[golden.session] or mismatch(model.manifest.model, golden, expected, got)
    for name in verdicts:
        await model.graph(name).reset()
    return verdicts


def golden_tensors(golden: GraphGolden, data: bytes) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The inputs and the expected outputs of a golden run. Raises InvalidManifest where an output of its tolerances
    is missing."""
    tensors = read_tensors(data, f"the golden {golden.name}")
    parts: dict[str, dict[str, Tensor]] = {"input": {}, "output": {}}
    for name, value in tensors.items():
        part, _, rest = name.partition(".")
        if part in parts:
            parts[part][rest] = value
    if parts["output"].keys() != golden.tolerance.keys():
        raise InvalidManifest(f"golden {golden.name}: its outputs aren't those of its tolerances", path="golden")
    return parts["input"], parts["output"]


def mismatch(
    model: str, golden: GraphGolden, expected: Mapping[str, Tensor], got: Mapping[str, Tensor]
) -> GoldenMismatch | None:
    """None where each output is within its tolerance."""
    for name, most in golden.tolerance.items():
        largest, typical = _distances(expected[name], got[name])
        most_typical = golden.tolerance_rms.get(name, most)
        if not (largest <= most and typical <= most_typical):
            off, tolerance = (typical, most_typical) if largest <= most else (largest, most)
            return GoldenMismatch(
                f"{model}, {golden.session}: {name} of golden run {golden.name} is {off:.3g} off, and at most "
                f"{tolerance:.3g} is allowed.",
                session=golden.session,
                output=name,
                off=off if np.isfinite(off) else None,
            )
    return None


def _distances(expected: Tensor, got: Tensor) -> tuple[float, float]:
    """The largest absolute difference, and the root mean square of all; infinity for another shape or a number that
    isn't finite."""
    if expected.shape != got.shape or expected.dtype != got.dtype:
        return float("inf"), float("inf")
    if not expected.size:
        return 0.0, 0.0
    largest, squares = 0.0, 0.0
    one, other = expected.reshape(-1), got.reshape(-1)
    for start in range(0, one.size, NUMBERS):
        part = slice(start, start + NUMBERS)
        difference = np.abs(one[part].astype(np.float64) - other[part].astype(np.float64))
        if not np.isfinite(difference).all():
            return float("inf"), float("inf")
        largest, squares = max(largest, float(difference.max())), squares + float(np.square(difference).sum())
    return largest, float(np.sqrt(squares / one.size))
