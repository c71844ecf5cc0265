"""Defines the manifest of one version of a graph model: what recognizes text, objects, speech, or speaks.

Such a model isn't a decoder. It is one or more sessions, each an ONNX graph with named tensors, and small files beside
them. The manifest is data from outside, parsed strictly as a decoder's is (``manifest.manifest``): unknown keys are
errors, every size is bounded, and a shard's address is its sha256. The layout on a server is the same, too:
``<model>/manifest.json``, and ``shards/<sha256>`` beside the model's folder.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, model_validator

from orion_py.errors import InvalidManifest
from orion_py.faults import first_fault
from orion_py.lenient import read_leniently
from orion_py.manifest.fields import Identifier, Sha256, Strict, is_empty
from orion_py.manifest.manifest import Recipe, Source
from orion_py.manifest.shards import Shard, shard_named

MAX_FILE_BYTES = 32 * 2**20
"""Of a file or of a golden vector: these are read into Python's memory whole."""

TensorName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_./:-]{0,199}$")]
Size = Annotated[int, Field(strict=True, ge=1, le=2**24)]
FreeSize = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
"""A size that each run chooses; where a name stands several times among a session's inputs it is one size."""
Tolerance = Annotated[float, Field(ge=0, le=1e6)]
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,79}$")]
Dtype = Literal["float32", "int64", "int32", "uint8", "bool"]
Operator = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,79}$")]


class TensorSpec(Strict):
    """A session's input or output."""

    dtype: Dtype
    shape: Annotated[tuple[Size | FreeSize, ...], Field(max_length=8)]

    def takes(self, other: TensorSpec) -> bool:
        """Whether a value of ``other`` can be one of this: the same type and rank, no fixed size against another."""
        pairs = zip(self.shape, other.shape, strict=False)
        fits = all(mine == theirs or isinstance(mine, str) or isinstance(theirs, str) for mine, theirs in pairs)
        return self.dtype == other.dtype and len(self.shape) == len(other.shape) and fits


class Destination(Strict):
    """An input of another session."""

    session: Identifier
    input: TensorName


class GraphSession(Strict):
    """One graph. Weights lie inside it, or in shards of role "weights", which its external data names by their sha256.

    ``keeps``, output to input: state that stays beside the session, such as a decoder's keys and values. Each run's
    output is the input of the next. After a reset such an input is zeros, and its free sizes are 0: [1, 8, "p", 64]
    begins as [1, 8, 0, 64]. ``hands_on``: outputs that become an input of another session, and stay there until the
    next run replaces them. Neither crosses to Python unless it is asked for.
    """

    graph: Sha256
    inputs: Annotated[dict[TensorName, TensorSpec], Field(min_length=1, max_length=256)]
    outputs: Annotated[dict[TensorName, TensorSpec], Field(min_length=1, max_length=256)]
    keeps: Annotated[dict[TensorName, TensorName], Field(max_length=256, default_factory=dict)]
    hands_on: Annotated[dict[TensorName, Destination], Field(max_length=256, default_factory=dict)]
    threads: Annotated[int, Field(ge=1, le=64)] = 1
    """The most from which it gains."""
    unfit_for_gpu: Annotated[tuple[Operator, ...], Field(max_length=32, exclude_if=is_empty)] = ()
    """Its operators for which WebGPU has no kernel, such as products of 8-bit integers: they would be computed by the
    processor, with copies to and from the GPU around each. With any of them the session isn't tried there."""

    @property
    def told(self) -> tuple[str, ...]:
        """The outputs that a run gives unless it is asked for others."""
        return tuple(name for name in self.outputs if name not in self.keeps and name not in self.hands_on)


class GraphGolden(Strict):
    """A run with what the reference computed, on this machine's own backend once before it is trusted.

    ``tensors``: a shard of role "golden", a safetensors file with ``input.<name>`` for each input that isn't kept or
    handed on, and ``output.<name>`` for each output that is compared. ``tolerance``: by output, the largest absolute
    difference of a number. Golden runs are made in their order, after one reset: each sees the state of those before.
    """

    name: Identifier
    session: Identifier
    tensors: Sha256
    tolerance: Annotated[dict[TensorName, Tolerance], Field(min_length=1, max_length=256)]
    tolerance_rms: Annotated[dict[TensorName, Tolerance], Field(max_length=256, default_factory=dict)]
    """By output, the largest root mean square of the differences. Where activations are quantized as they come, single
    numbers are far off after the least change of an input, and all together they aren't."""


class GraphManifest(Strict):
    """``files``: small files by name, such as a list of labels. Each session has at least one golden run."""

    kind: Literal["graphs"]
    format: Literal[1]
    model: Identifier
    version: Identifier
    licence: Annotated[str, Field(min_length=1, max_length=80)]
    sources: Annotated[tuple[Source, ...], Field(min_length=1, max_length=16)]
    recipe: Recipe
    shards: Annotated[tuple[Shard, ...], Field(min_length=1, max_length=256)]
    sessions: Annotated[dict[Identifier, GraphSession], Field(min_length=1, max_length=16)]
    files: Annotated[dict[FileName, Sha256], Field(max_length=32, default_factory=dict)]
    golden: Annotated[tuple[GraphGolden, ...], Field(min_length=1, max_length=64)]

    @model_validator(mode="after")
    def _everything_named_exists(self) -> Self:
        fault = next(_faults(self), None)
        if fault is not None:
            raise ValueError(fault)
        return self

    def shard(self, sha256: str) -> Shard:
        """The shard with that hash. Raises KeyError."""
        return shard_named(self.shards, sha256)

    @property
    def in_order(self) -> tuple[Shard, ...]:
        """Its shards, in the order to fetch them."""
        return tuple(sorted(self.shards, key=lambda shard: shard.priority))


def parse_graph_manifest(text: str | bytes) -> GraphManifest:
    """A manifest from JSON text. Raises InvalidManifest, which names the path and the fault."""
    try:
        return GraphManifest.model_validate_json(text)
    except ValidationError as error:
        raise _invalid(error) from error


def read_graph_manifest(text: str | bytes, note: Callable[[str], None] = lambda what: None) -> GraphManifest:
    """As ``parse_graph_manifest``, of one that a newer foundry may have written: unknown fields are ignored, and
    ``note`` is called with each."""
    try:
        return read_leniently(GraphManifest, text, lambda place: None, note)
    except ValidationError as error:
        raise _invalid(error) from error


def _invalid(error: ValidationError) -> InvalidManifest:
    path, fault = first_fault(error)
    if not path:  # of what doesn't fit together the fault itself begins with the path
        path, _, fault = fault.partition(": ")
    return InvalidManifest(f"manifest of a graph model: {path}: {fault}", path=path)


def _faults(manifest: GraphManifest) -> Iterator[str]:
    """What is wrong between the parts, each with the path of its place."""
    roles = {shard.sha256: shard.role for shard in manifest.shards}
    if len(roles) != len(manifest.shards):
        yield "shards: two have one sha256; name each file once"
    named = {(session.graph, "graph") for session in manifest.sessions.values()}
    named |= {(sha256, "file") for sha256 in manifest.files.values()}
    named |= {(golden.tensors, "golden") for golden in manifest.golden}
    for name, session in manifest.sessions.items():
        if roles.get(session.graph) != "graph":
            yield f"sessions.{name}.graph: isn't the sha256 of a shard of role graph"
        yield from _state_faults(manifest.sessions, name, session)
    for file, sha256 in manifest.files.items():
        if roles.get(sha256) != "file":
            yield f"files.{file}: isn't the sha256 of a shard of role file"
    for index, golden in enumerate(manifest.golden):
        yield from _golden_faults(f"golden.{index}", golden, manifest.sessions, roles)
    for index, shard in enumerate(manifest.shards):
        yield from _shard_faults(f"shards.{index}", shard, named)
    for name in manifest.sessions.keys() - {golden.session for golden in manifest.golden}:
        yield f"golden: the session {name} has none; compute one when the model is built"


def _shard_faults(place: str, shard: Shard, named: set[tuple[str, str]]) -> Iterator[str]:
    if shard.role not in ("graph", "weights", "file", "golden"):
        yield f"{place}.role: a graph model has no shards of role {shard.role}"
    elif shard.role != "weights" and (shard.sha256, shard.role) not in named:
        yield f"{place}: nothing uses this {shard.role}; leave it out"
    if shard.role in ("file", "golden") and shard.size > MAX_FILE_BYTES:
        yield f"{place}.size: a {shard.role} has at most {MAX_FILE_BYTES} bytes"
    if shard.path is not None:
        yield f"{place}.path: our own shards are found by their hash alone"


def _state_faults(sessions: Mapping[str, GraphSession], name: str, session: GraphSession) -> Iterator[str]:
    place = f"sessions.{name}"
    going = [(f"{place}.keeps.{output}", output, name, into) for output, into in session.keeps.items()]
    going += [
        (f"{place}.hands_on.{output}", output, into.session, into.input) for output, into in session.hands_on.items()
    ]
    for path, output, target, into in going:
        if output not in session.outputs:
            yield f"{path}: the session has no such output"
        elif target not in sessions:
            yield f"{path}: there is no session {target}"
        elif into not in sessions[target].inputs:
            yield f"{path}: the session {target} has no input {into}"
        elif not sessions[target].inputs[into].takes(session.outputs[output]):
            yield f"{path}: has another type or shape than the input {into}"
    if session.keeps.keys() & session.hands_on.keys():
        yield f"{place}.hands_on: an output is kept and handed on; it can be one of both"
    if any(into.session == name for into in session.hands_on.values()):
        yield f"{place}.hands_on: an output goes to the session itself; put it into keeps"
    filled = Counter(session.keeps.values())
    for giver in sessions.values():
        filled.update(into.input for into in giver.hands_on.values() if into.session == name)
    for into, count in filled.items():
        if count > 1:
            yield f"{place}.inputs.{into}: is filled by {count} outputs"


def _golden_faults(
    place: str, golden: GraphGolden, sessions: Mapping[str, GraphSession], roles: Mapping[str, str]
) -> Iterator[str]:
    if golden.session not in sessions:
        yield f"{place}.session: there is no session {golden.session}"
    elif unknown := golden.tolerance.keys() - sessions[golden.session].outputs.keys():
        yield f"{place}.tolerance.{min(unknown)}: the session has no such output"
    if stray := golden.tolerance_rms.keys() - golden.tolerance.keys():
        yield f"{place}.tolerance_rms.{min(stray)}: tolerance doesn't name this output"
    if roles.get(golden.tensors) != "golden":
        yield f"{place}.tensors: isn't the sha256 of a shard of role golden"
