"""Describes one version of the neural router: encoder graph, tokenizer and head, by content.

Data from outside, parsed strictly as a model's manifest is (``manifest.manifest``); it lies at
``models/<model>/manifest.json`` with its shards in ``models/shards/``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from orion_py.errors import InvalidManifest
from orion_py.faults import first_fault
from orion_py.lenient import read_leniently
from orion_py.manifest.fields import Identifier, Sha256
from orion_py.manifest.manifest import Recipe, Source
from orion_py.manifest.shards import Shard, shard_named


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class GoldenRoute(_Strict):
    """A query with the tokens and the decision that the build found on native onnxruntime."""

    text: Annotated[str, Field(min_length=1, max_length=500)]
    tokens: Annotated[tuple[int, ...], Field(min_length=2, max_length=512)]
    agent: Identifier
    confidence: Annotated[float, Field(ge=0, le=1)]


class RouterManifest(_Strict):
    """``max_tokens`` bounds what is read of a query, marks included. ``sources``: weights, vocabulary."""

    format: Literal[1]
    model: Identifier
    version: Identifier
    licence: Annotated[str, Field(min_length=1, max_length=80)]
    sources: Annotated[tuple[Source, ...], Field(min_length=1, max_length=4)]
    recipe: Recipe
    graph: Sha256
    tokenizer: Sha256
    head: Sha256
    vocabulary: Annotated[int, Field(gt=2, le=2**20)]
    max_tokens: Annotated[int, Field(ge=8, le=4096)]
    shards: Annotated[tuple[Shard, ...], Field(min_length=3, max_length=3)]
    golden: Annotated[tuple[GoldenRoute, ...], Field(min_length=1, max_length=16)]

    @model_validator(mode="after")
    def _every_part_is_a_shard(self) -> Self:
        roles = {shard.sha256: shard.role for shard in self.shards}
        for name, role in (("graph", "graph"), ("tokenizer", "tokenizer"), ("head", "head")):
            if roles.get(getattr(self, name)) != role:
                raise ValueError(f"{name} isn't the sha256 of a shard of that role")
        return self

    def shard(self, sha256: str) -> Shard:
        """The shard of that hash, which has to be one of ``graph``, ``tokenizer`` and ``head``."""
        return shard_named(self.shards, sha256)


def parse_router_manifest(text: str | bytes, note: Callable[[str], None] = lambda what: None) -> RouterManifest:
    """Unknown fields are ignored: the manifest may be newer than the engine; ``note`` is called with each.
    Raises InvalidManifest, which names the path and the fault."""
    try:
        return read_leniently(RouterManifest, text, lambda place: None, note)
    except ValidationError as error:
        path, fault = first_fault(error)
        raise InvalidManifest(f"router manifest: {path or '(top)'}: {fault}", path=path or "(top)") from error
