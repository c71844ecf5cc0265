"""Encodes pictures for a model that sees, with its encoder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orion_py.cancellation import CancelToken
from orion_py.errors import RuntimeFailure
from orion_py.manifest.sight import Grid, Sight, Tiles
from orion_py.runtime.graphs import GraphModel, Tensor
from orion_py.runtime.segments import Embeddings, Marked
from orion_py.senses.sight.grid import fitted, places_of, turns_of
from orion_py.senses.sight.tiles import cut, marked, within

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from orion_py.senses.images.resampling import Picture

SESSION, PIXELS, COSINE, SINE, ROWS = "encoder", "pixels", "cosine", "sine", "rows"


async def encoded(encoder: GraphModel, form: Sight, picture: Picture, places: int, cancel: CancelToken) -> Marked:
    """``picture`` as the model takes it in, in at most so many ``places`` of its prompt, as far as one tile or one
    square takes fewer. Raises Cancelled, InvalidInput for an encoder of another form, RuntimeFailure, OutOfMemory or
    WorkerDied."""
    if isinstance(form, Grid):
        return await _of_grid(encoder, form, picture, places)
    return await _of_tiles(encoder, form, picture, places, cancel)


async def _of_tiles(encoder: GraphModel, form: Tiles, picture: Picture, places: int, cancel: CancelToken) -> Marked:
    """One tile after the other."""
    graph, form = encoder.graph(SESSION), within(form, picture.shape[0], picture.shape[1], places)
    found = cut(picture, form)
    rows = []
    for tile in found.tiles:
        cancel.raise_if_cancelled()
        rows.append(Embeddings.of(_checked(form, (await graph.run({PIXELS: tile[None]}))[ROWS], form.rows)))
    return marked(rows, found.grid)


async def _of_grid(encoder: GraphModel, form: Grid, picture: Picture, places: int) -> Marked:
    """The marks around a picture come from the model's template."""
    pixels = fitted(picture, form, places)
    height, width = pixels.shape[0] // form.patch, pixels.shape[1] // form.patch
    cosine, sine = turns_of(height, width, form.head)
    made = (await encoder.graph(SESSION).run({PIXELS: pixels[None], COSINE: cosine, SINE: sine}))[ROWS]
    axes = places_of(height // form.merge, width // form.merge)
    return Marked((Embeddings.of(_checked(form, made, len(axes.places)), axes),))


def _checked(form: Sight, made: Tensor, rows: int) -> NDArray[np.float32]:
    """float32 [rows, hidden]. Raises RuntimeFailure."""
    if made.ndim != 3 or made.shape[:2] != (1, rows) or not np.isfinite(made).all():
        raise RuntimeFailure(f"The encoder {form.encoder} gave {made.shape}, or numbers that aren't finite.")
    found: NDArray[np.float32] = made[0].astype(np.float32)
    return found
