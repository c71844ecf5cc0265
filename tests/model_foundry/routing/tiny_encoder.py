"""A sentence encoder of random weights with few pieces, in the shapes of the published one."""

from __future__ import annotations

from typing import Any

import numpy as np

from model_foundry.routing.source import BRANCHES, DIMENSION, WIDTH, EncoderSource

PIECES = (
    *(("<unk>", 0.0), ("<s>", 0.0), ("</s>", 0.0)),
    *(
        (piece, -float(index))
        for index, piece in enumerate(["▁", "e", "a", "▁the", "▁code", "▁poème", "▁вода", "6"], 1)
    ),
)


def dense(draw: np.random.Generator) -> dict[str, Any]:
    """All weights but the table, by their names in the package's file."""

    def some(*shape: int) -> Any:
        return (draw.standard_normal(shape) / np.sqrt(shape[0])).astype(np.float32)

    features = DIMENSION + len(BRANCHES) * WIDTH
    arrays: dict[str, Any] = {"eps": np.float32(1e-6), "ln_g": 1 + some(features), "ln_b": some(features)}
    for n in BRANCHES:
        arrays |= {f"proj{n}": some(DIMENSION, WIDTH), f"proj_b{n}": some(WIDTH)}
        arrays |= {f"ln_g{n}": 1 + some(WIDTH), f"ln_b{n}": some(WIDTH)}
        arrays |= {f"w{step}_{n}": some(n * WIDTH, WIDTH) for step in (1, 2)}
        arrays |= {f"b{step}_{n}": some(WIDTH) for step in (1, 2)}
    arrays |= {"cnn_W": some(features, DIMENSION), "cnn_b": some(DIMENSION)}
    arrays |= {name: some(DIMENSION, DIMENSION) for name in ("d0", "p1", "d1", "d2", "p3", "d3")}
    return arrays


def encoder(seed: int = 0) -> EncoderSource:
    draw = np.random.default_rng(seed)
    rows = len(PIECES)
    return EncoderSource(
        table=draw.integers(0, 256, (rows, DIMENSION), np.uint8),
        scale=draw.uniform(0.001, 0.01, rows).astype(np.float32),
        minimum=draw.uniform(-1, 0, rows).astype(np.float32),
        dense=dense(draw),
        pieces=PIECES,
    )
