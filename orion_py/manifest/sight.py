"""Describes how a model that sees takes a picture in: what of it an encoder gets, and what stands around its rows."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from orion_py.manifest.fields import Identifier, Strict


class Tiles(Strict):
    """A picture as tiles and as a whole, as Idefics3 and SmolVLM have it (https://arxiv.org/abs/2408.12637).

    ``encoder``: the graph model (``manifest.graph_manifest``) whose session "encoder" makes of ``pixels``, uint8
    [1, side, side, 3] in red, green and blue, ``rows`` float32 [1, rows, hidden]. A picture is scaled until its longer
    side has ``longest`` pixels, and where it ``splits``, both sides to multiples of ``side``; the whole, scaled to one
    tile, comes last. ``token``: how the chat template marks a picture.
    """

    kind: Literal["tiles"]
    encoder: Identifier
    token: Annotated[str, Field(min_length=1, max_length=80)]
    side: Annotated[int, Field(ge=16, le=1024)]
    longest: Annotated[int, Field(ge=16, le=4096)]
    splits: bool
    rows: Annotated[int, Field(ge=1, le=4096)]

    @model_validator(mode="after")
    def _is_at_least_a_tile(self) -> Self:
        if self.longest < self.side:
            raise ValueError(f"longest has to be at least side, {self.side}")
        return self
