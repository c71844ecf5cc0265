"""Checks the tensors that go into a session against what its manifest says that it takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from orion_py.errors import InvalidInput
from orion_py.manifest.graph_manifest import GraphManifest, TensorSpec
from orion_py.runtime.bands import InBands

if TYPE_CHECKING:
    from orion_py.runtime.bands import Given

MAX_RUN_BYTES = 512_000_000
"""Of all inputs of one run."""


def filled_elsewhere(manifest: GraphManifest, session: str) -> frozenset[str]:
    """The inputs of ``session`` that needn't be given: state that it keeps, and what other sessions hand on."""
    given = [into for giver in manifest.sessions.values() for into in giver.hands_on.values()]
    handed = {into.input for into in given if into.session == session}
    return frozenset(manifest.sessions[session].keeps.values()) | handed


def checked(manifest: GraphManifest, session: str, inputs: Mapping[str, Given]) -> dict[str, Given]:
    """``inputs``, arrays as contiguous ones. Raises InvalidInput, which names the session and the input, for one that
    is missing or not known, and for another type, rank or size than the manifest says."""
    spec, place = manifest.sessions[session], f"{manifest.model}, {session}"
    if unknown := inputs.keys() - spec.inputs.keys():
        raise InvalidInput(f"{place}: there is no input {min(unknown)}")
    if missing := spec.inputs.keys() - inputs.keys() - filled_elsewhere(manifest, session):
        raise InvalidInput(f"{place}: the input {min(missing)} is missing")
    sizes: dict[str, int] = {}
    for name, value in inputs.items():
        _check(f"{place}: the input {name}", value, spec.inputs[name], sizes)
    if sum(value.nbytes for value in inputs.values()) > MAX_RUN_BYTES:
        raise InvalidInput(f"{place}: the inputs take more than {MAX_RUN_BYTES / 1e6:.0f} MB")
    return {name: _contiguous(value) for name, value in inputs.items()}


def told_alone(manifest: GraphManifest, session: str) -> str:
    """The one output that ``session`` tells. Raises InvalidInput where it isn't one, of float32."""
    spec = manifest.sessions[session]
    if len(spec.told) != 1 or spec.outputs[spec.told[0]].dtype != "float32":
        raise InvalidInput(f"{manifest.model}, {session}: it doesn't tell one output of float32")
    return spec.told[0]


def _contiguous(value: Given) -> Given:
    return value if isinstance(value, InBands) or value.flags.c_contiguous else value.copy()


def wanted(manifest: GraphManifest, session: str, want: Sequence[str] | None) -> tuple[str, ...]:
    """The outputs to ask for. Raises InvalidInput for one that the session doesn't have."""
    spec = manifest.sessions[session]
    if want is None:
        return spec.told
    if unknown := set(want) - spec.outputs.keys():
        raise InvalidInput(f"{manifest.model}, {session}: there is no output {min(unknown)}")
    return tuple(dict.fromkeys(want))


def _check(what: str, value: Given, spec: TensorSpec, sizes: dict[str, int]) -> None:
    dtype = "float32" if isinstance(value, InBands) else value.dtype.name
    if dtype != spec.dtype:
        raise InvalidInput(f"{what} is {dtype}, and has to be {spec.dtype}")
    fits = len(value.shape) == len(spec.shape)
    for mine, size in zip(spec.shape, value.shape, strict=False):
        fits = fits and size == (sizes.setdefault(mine, size) if isinstance(mine, str) else mine)
    if not fits:
        asked = [sizes.get(size, size) if isinstance(size, str) else size for size in spec.shape]
        raise InvalidInput(f"{what} has the shape {list(value.shape)}, and has to have {asked}")
