"""The sentence encoder's graph against the same layers written out in numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime as ort
import pytest

from model_foundry.routing.graph import LEFT, encoder_graph, packed
from model_foundry.routing.source import BRANCHES, DIMENSION, WIDTH, EncoderSource
from tests.model_foundry.routing.tiny_encoder import PIECES, encoder


def half(value: Any) -> Any:
    """As a dense weight travels."""
    return np.asarray(value, np.float32).astype(np.float16).astype(np.float32)


def normal(rows: Any, gain: Any, bias: Any, epsilon: float) -> Any:
    middle = rows.mean(axis=1, keepdims=True)
    spread = ((rows - middle) ** 2).mean(axis=1, keepdims=True)
    return (rows - middle) / np.sqrt(spread + epsilon) * half(gain) + half(bias)


def convolved(rows: Any, kernel: Any, bias: Any, n: int) -> Any:
    """``kernel`` [n * WIDTH, WIDTH] over windows of ``n`` tokens."""
    padded = np.pad(rows, ((LEFT[n], n - 1 - LEFT[n]), (0, 0)))
    windows = np.stack([padded[index : index + n].reshape(-1) for index in range(len(rows))])
    return windows @ half(kernel) + half(bias)


def reference(source: EncoderSource, table: Any, ids: list[int]) -> Any:
    """Yang et al. 2019: the embedding of ``ids`` by the rows of ``table`` [pieces, DIMENSION]."""
    weights = source.dense
    embedded = table[ids]
    joined = np.concatenate([embedded @ half(weights[f"proj{n}"]) + half(weights[f"proj_b{n}"]) for n in BRANCHES], 1)
    gain, bias = (np.concatenate([weights[f"{name}{n}"] for n in BRANCHES]) for name in ("ln_g", "ln_b"))
    projected = normal(joined, gain, bias, float(weights["eps"]))
    branches = []
    for index, n in enumerate(BRANCHES):
        rows = projected[:, index * WIDTH : (index + 1) * WIDTH]
        for step in (1, 2):
            rows = np.maximum(convolved(rows, weights[f"w{step}_{n}"], weights[f"b{step}_{n}"], n), 0) + rows
        branches.append(rows)
    mixed = normal(np.concatenate([embedded, *branches], 1), weights["ln_g"], weights["ln_b"], float(weights["eps"]))
    count = len(ids)
    mean = (mixed.sum(axis=0) @ half(weights["cnn_W"]) + count * half(weights["cnn_b"])) / np.sqrt(count)
    first = np.maximum(mean @ half(weights["d0"]), 0)
    second = np.maximum(mean @ half(weights["p1"]) + first @ half(weights["d1"]), 0)
    third = np.maximum(second @ half(weights["d2"]), 0)
    last = np.tanh(second @ half(weights["p3"]) + third @ half(weights["d3"]))
    return last / np.linalg.norm(last)


def unpacked(codes: Any, steps: Any, starts: Any) -> Any:
    levels = np.concatenate([codes & 15, codes >> 4], axis=1).astype(np.float32)
    return levels * steps.astype(np.float32) + starts.astype(np.float32)


@pytest.mark.parametrize("ids", [[1, 2], [1, 3, 4, 5, 2], list(range(len(PIECES))), [1, *[6] * 40, 2]])
def test_the_graph_embeds_as_the_layers_written_out_do(ids: list[int]) -> None:
    source = encoder()
    graph = encoder_graph(source, range(len(PIECES)))
    session = ort.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    (embedding,) = session.run(None, {"ids": np.array(ids, np.int64)})
    wanted = reference(source, unpacked(*packed(source.table, source.scale, source.minimum)), ids)
    assert embedding.shape == (1, DIMENSION)
    assert np.abs(embedding[0] - wanted).max() < 1e-4


def test_chosen_pieces_are_renumbered_from_zero() -> None:
    source = encoder()
    ids = [0, 1, 2, 6, 7]
    graph = encoder_graph(source, ids)
    session = ort.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    whole = ort.InferenceSession(
        encoder_graph(source, range(len(PIECES))).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    few = session.run(None, {"ids": np.array([1, 3, 4, 2], np.int64)})[0]
    same = whole.run(None, {"ids": np.array([1, 6, 7, 2], np.int64)})[0]
    assert np.abs(few - same).max() < 1e-6


def test_a_row_in_four_bits_stays_near_itself_and_clips_no_more_than_pays() -> None:
    source = encoder(1)
    values = source.table.astype(np.float32) * source.scale[:, None] + source.minimum[:, None]
    error = np.abs(unpacked(*packed(source.table, source.scale, source.minimum)) - values)
    step = (values.max(axis=1) - values.min(axis=1)) / 15
    assert (np.sqrt((error**2).mean(axis=1)) <= step / np.sqrt(12) * 1.05).all()


def test_a_row_of_one_value_is_kept() -> None:
    codes, steps, starts = packed(np.full((1, DIMENSION), 7, np.uint8), np.float32([0.5]), np.float32([1]))
    assert np.allclose(unpacked(codes, steps, starts), 4.5, atol=1e-2)
