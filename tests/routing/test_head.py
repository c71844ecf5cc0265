"""The linear head: it learns, and it is written and read without a loss that matters."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orion_py.errors import InvalidManifest
from orion_py.routing.features import SIZE
from orion_py.routing.head import LinearHead, fit, softmax
from orion_py.routing.head_file import read_card, read_head, write_head
from orion_py.routing.keyword_words import RULED as LABELS


def clouds(seed: int, spread: float, count: int = 300) -> tuple[np.ndarray, list[int]]:
    """Three clouds of points around the corners of a triangle."""
    random = np.random.default_rng(seed)
    corners = np.array([[0.0, 2.0], [2.0, -1.0], [-2.0, -1.0]])
    targets = random.integers(0, 3, count)
    return corners[targets] + random.normal(0, spread, (count, 2)), targets.tolist()


def test_it_tells_apart_what_a_line_can_tell_apart() -> None:
    inputs, targets = clouds(1, 0.3)
    head = fit(inputs, targets, ("a", "b", "c"), l2=1e-3)
    assert (head.probabilities(inputs).argmax(axis=1) == targets).mean() > 0.99


def test_the_gradient_is_zero_where_it_stops() -> None:
    inputs, targets = clouds(2, 1.0)
    best = fit(inputs, targets, ("a", "b", "c"), l2=1e-2, iterations=500)
    wanted = np.eye(3)[targets]
    padded = np.hstack([inputs, np.ones((len(inputs), 1))])
    residual = padded.T @ (best.probabilities(inputs) - wanted) / len(inputs)
    penalty = np.array([[1e-2], [1e-2], [1e-4]]) * best.weights
    assert np.abs(residual + penalty).max() < 1e-5


def test_offsets_are_what_it_starts_from() -> None:
    inputs, targets = clouds(3, 0.5)
    known = 8.0 * np.eye(3)[targets]
    assert np.abs(fit(inputs, targets, ("a", "b", "c"), l2=1.0, offsets=known).weights).max() < 0.1


@given(st.lists(st.lists(st.floats(-1e3, 1e3), min_size=3, max_size=3), min_size=1, max_size=5))
@settings(max_examples=50, deadline=None)
def test_probabilities_sum_to_one(rows: list[list[float]]) -> None:
    found = softmax(np.array(rows))
    assert np.allclose(found.sum(axis=1), 1)
    assert (found >= 0).all()


def head_of(seed: int) -> LinearHead:
    return LinearHead(LABELS, np.random.default_rng(seed).normal(0, 1, (SIZE + 1, len(LABELS))), 0.7)


def test_a_head_survives_its_file_at_half_precision() -> None:
    head = head_of(5)
    found = read_head(write_head(head))
    assert found.labels == LABELS
    assert found.temperature == pytest.approx(0.7)
    assert np.allclose(found.weights, head.weights, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-2],
        lambda data: data[:4],
        lambda data: b"\xff" * 8 + data[8:],
        lambda data: data.replace(b"creative", b"creat/ve"),
        lambda data: data.replace(b"vision", b"speech"),
        lambda data: data.replace(b"vision,speech", b"vision-speech"),
        lambda data: data.replace(b'"F16"', b'"F32"'),
        lambda data: data.replace(b"0.700000", b"0.000000"),
        lambda data: data[:-2] + b"\x00\x7c",
    ],
    ids=[
        "short",
        "headless",
        "huge header",
        "no id",
        "a label twice",
        "too few labels",
        "other type",
        "no temperature",
        "infinite",
    ],
)
def test_a_damaged_head_is_refused(damage: object) -> None:
    with pytest.raises(InvalidManifest, match="router head"):
        read_head(damage(write_head(head_of(6))))  # type: ignore[operator]


def test_a_head_says_which_agents_can_be_chosen_be_they_fewer_or_more() -> None:
    for labels in (("conversation", "code"), (*LABELS, "sommelier", "code-logic")):
        made = LinearHead(labels, np.zeros((SIZE + 1, len(labels))), 1.0)
        assert read_head(write_head(made)).labels == labels


def test_a_card_is_found_again_and_what_ships_has_none() -> None:
    head = head_of(7)
    kept = write_head(head, "# Card\n\n| a | b |\n" * 100)
    assert read_card(kept).startswith("# Card\n\n| a | b |")
    assert write_head(read_head(kept)) == write_head(head)
    assert read_card(write_head(head)) == ""
