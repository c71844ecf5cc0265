"""Encodes pictures for a model that sees, with its encoder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orion_py.cancellation import CancelToken
from orion_py.errors import RuntimeFailure
from orion_py.manifest.sight import Tiles
from orion_py.runtime.graphs import GraphModel
from orion_py.runtime.segments import Embeddings, Marked
from orion_py.senses.sight.tiles import cut, marked, within

if TYPE_CHECKING:
    from orion_py.senses.images.resampling import Picture

SESSION, PIXELS, ROWS = "encoder", "pixels", "rows"


async def encoded(encoder: GraphModel, form: Tiles, picture: Picture, places: int, cancel: CancelToken) -> Marked:
    """``picture`` as the model takes it in, one tile after the other, in at most so many ``places`` of its prompt, as
    far as a tile takes fewer. Raises Cancelled, InvalidInput for an encoder of
    another form, RuntimeFailure, OutOfMemory or WorkerDied."""
    graph, form = encoder.graph(SESSION), within(form, picture.shape[0], picture.shape[1], places)
    found = cut(picture, form)
    rows = []
    for tile in found.tiles:
        cancel.raise_if_cancelled()
        made = (await graph.run({PIXELS: tile[None]}))[ROWS]
        if made.ndim != 3 or made.shape[:2] != (1, form.rows) or not np.isfinite(made).all():
            raise RuntimeFailure(f"The encoder {form.encoder} gave {made.shape}, or numbers that aren't finite.")
        rows.append(Embeddings.of(made[0].astype(np.float32)))
    return marked(rows, found.grid)
