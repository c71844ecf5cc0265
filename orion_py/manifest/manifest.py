"""Defines the manifest of one model version: what its shards are and how sessions use them.

A manifest is data from outside. It is parsed strictly (unknown keys are errors), every size is
bounded before anything is allocated, and a shard of ours has no path at all: its address is its
sha256, so nothing in a manifest can climb out of the models' folder. A folder of another layout
(``orion_py.external.folder``) becomes a manifest too; its shards have a ``path`` of plain names below that folder.

Layout on a server, relative to the folder of the manifest's model::

    <model>/manifest.json
    shards/<sha256>            (beside <model>/, shared by all models)

Weight shards are safetensors files (https://huggingface.co/docs/safetensors): 8 bytes of
little-endian header length, a JSON header, then the tensors. Graph shards are ONNX files whose
external data names a *location*: either ``<sha256>`` of a weight shard, with offset and length
pointing straight into that file, or ``<sha256>.int8`` or ``<sha256>.wide``, the expansion or the
widening of that shard (see ``Expansion`` and ``Widening``), which the loader computes once after
verification.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from orion_py.manifest.architecture import Architecture
from orion_py.manifest.derived import Expansion, Widening
from orion_py.manifest.fields import Identifier, Sha256, Strict, is_empty, is_none
from orion_py.manifest.shards import Shard, shard_named
from orion_py.manifest.sight import Sight
from orion_py.manifest.stored_names import is_stored
from orion_py.manifest.variants import Variant


class Golden(Strict):
    """An input with what the reference implementation answers.

    ``top``: the 64 highest logits after ``tokens``, as (id, logit), highest first. A backend is
    compared on the softmax over these ids alone. ``continuation``: greedy tokens that follow, and
    ``margins``: top-1 minus top-2 logit at each of them (a small margin is a near tie).
    """

    name: Identifier
    tokens: Annotated[tuple[int, ...], Field(min_length=1, max_length=512)]
    top: Annotated[tuple[tuple[int, float], ...], Field(min_length=2, max_length=64)]
    continuation: tuple[int, ...] = ()
    margins: tuple[float, ...] = ()


class Source(Strict):
    """Where the weights came from: enough to fetch and check the very same file."""

    name: str
    file: str
    sha256: Sha256
    revision: str
    url: str = ""


class ChatFormat(Strict):
    """What our tokenizer shards hold beside the tokenizer, for a tokenizer.json that comes alone."""

    chat_template: Annotated[str, Field(min_length=1, max_length=100_000)]
    bos_token: Annotated[str, Field(max_length=200)]
    eos_token: Annotated[str, Field(max_length=200)]


class Recipe(Strict):
    name: str
    tool: str
    options: dict[str, str | int | float | bool] = Field(default_factory=dict)


class Manifest(Strict):
    format: Literal[1]
    model: Identifier
    version: Identifier
    licence: Annotated[str, Field(min_length=1, max_length=80)]
    source: Source
    recipe: Recipe
    seed: int
    architecture: Architecture
    eos_tokens: Annotated[tuple[int, ...], Field(min_length=1, max_length=16)]
    tokenizer: Sha256
    """A shard of role "tokenizer": JSON {"tokenizer": <tokenizer.json>, "chat_template": str,
    "bos_token": str, "eos_token": str}."""
    shards: Annotated[tuple[Shard, ...], Field(min_length=1, max_length=256)]
    variants: Annotated[tuple[Variant, ...], Field(min_length=1, max_length=16)]
    golden: tuple[Golden, ...]
    chat: Annotated[ChatFormat | None, Field(exclude_if=is_none)] = None
    """Where it stands the tokenizer shard is a bare tokenizer.json."""
    stop_strings: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=200)], ...], Field(max_length=16, exclude_if=is_empty)
    ] = ()
    sight: Annotated[Sight | None, Field(exclude_if=is_none)] = None
    """How it takes pictures in, if it sees."""

    @model_validator(mode="after")
    def _everything_named_exists(self) -> Self:
        roles = {shard.sha256: shard for shard in self.shards}
        if len(roles) != len(self.shards):
            raise ValueError("two shards have one sha256")
        if self.tokenizer not in roles or roles[self.tokenizer].role != "tokenizer":
            raise ValueError("tokenizer isn't the sha256 of a shard of that role")
        sessions = [session for variant in self.variants for session in variant.sessions]
        foreign = bool(sessions) and all(session.io == "optimum" for session in sessions)
        for index, shard in enumerate(self.shards):
            if shard.path is not None and not foreign:
                raise ValueError(f"shards.{index}.path: our own shards are found by their hash alone")
        for variant in self.variants:
            for session in variant.sessions:
                for graph in session.graphs:
                    if graph not in roles or roles[graph].role != "graph":
                        raise ValueError(f"variant {variant.id}: graph {graph[:12]} isn't a graph shard")
                for named in (sha256 for stage in session.stages for sha256 in stage.shards):
                    if named not in roles or roles[named].role in ("graph", "tokenizer"):
                        raise ValueError(f"variant {variant.id}: shard {named[:12]} of a stage holds no weights")
            made_files: list[Expansion | Widening] = [*variant.expansions, *variant.widenings]
            for made in made_files:
                if made.shard not in roles:
                    raise ValueError(f"variant {variant.id}: expansion of an unknown shard")
                names = {tensor.name for tensor in roles[made.shard].tensors}
                for weight in made.weights:
                    if not is_stored(weight.source, names, blocks=isinstance(made, Widening)):
                        raise ValueError(f"variant {variant.id}: tensor {weight.source} is missing")
        return self

    def shard(self, sha256: str) -> Shard:
        """The shard with that hash. Raises KeyError."""
        return shard_named(self.shards, sha256)

    def variant(self, variant_id: str) -> Variant:
        """The variant of that id. Raises KeyError."""
        for variant in self.variants:
            if variant.id == variant_id:
                return variant
        raise KeyError(variant_id)

    def shards_for(self, variant: Variant) -> tuple[Shard, ...]:
        """What ``variant`` needs, in the order to fetch it: its graphs, tokenizer and all weights."""
        graphs = variant.graphs
        needed = [s for s in self.shards if s.role != "graph" or s.sha256 in graphs]
        return tuple(sorted(needed, key=lambda s: s.priority))
