"""Describes how a model that sees takes a picture in: what of it an encoder gets, and what stands around its rows."""

from __future__ import annotations

from typing import Annotated, Literal, Self, TypeAlias

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


class Grid(Strict):
    """A picture of any size as one grid of patches, as Qwen2-VL has it (https://arxiv.org/abs/2409.12191).

    ``encoder``, ``token``: as in ``Tiles``. Of each square of ``merge`` times ``merge`` patches of ``patch`` pixels the
    session makes one row: ``pixels``, uint8 [1, height, width, 3], and ``cosine`` and ``sine``, float32
    [patches, head / 2], give ``rows`` float32 [1, n, hidden]. Both sides are scaled to multiples of such a square, with
    ``least`` to ``most`` pixels in all. ``head``: numbers of a head of the encoder.
    """

    kind: Literal["grid"]
    encoder: Identifier
    token: Annotated[str, Field(min_length=1, max_length=80)]
    patch: Annotated[int, Field(ge=2, le=64)]
    merge: Annotated[int, Field(ge=1, le=8)]
    least: Annotated[int, Field(ge=4, le=2**26)]
    most: Annotated[int, Field(ge=4, le=2**26)]
    head: Annotated[int, Field(ge=4, le=512, multiple_of=4)]

    @model_validator(mode="after")
    def _least_is_no_more_than_most(self) -> Self:
        if self.least > self.most or self.most < (self.patch * self.merge) ** 2:
            raise ValueError("most has to be at least least, and one square")
        return self


Sight: TypeAlias = Annotated[Tiles | Grid, Field(discriminator="kind")]
