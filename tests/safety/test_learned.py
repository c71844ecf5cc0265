"""What a message is about is noticed by its meaning, and only noted."""

from __future__ import annotations

import numpy as np

from orion_py.safety.learned import KINDS, Classifier, leading, shipped

TWO = Classifier(("injection", "harm"), np.array([[1, 0], [0, 2]], np.float32), (0.0, -1.0), (0.5, 0.5))


def test_the_kinds_over_their_thresholds_are_noticed_the_surest_first() -> None:
    assert TWO.noticed(np.array([3.0, 0.0], np.float32)) == ["injection"]
    assert TWO.noticed(np.array([0.1, 1.0], np.float32)) == ["harm"]
    assert TWO.noticed(np.array([0.6, 0.8], np.float32)) == ["injection", "harm"]
    assert TWO.noticed(np.array([-1.0, -1.0], np.float32)) == []


def test_the_length_of_an_embedding_says_nothing() -> None:
    assert TWO.logits(np.array([3.0, 4.0], np.float32)) == TWO.logits(np.array([0.3, 0.4], np.float32))
    assert TWO.noticed(np.zeros(2, np.float32)) == []


def test_an_encoder_that_the_weights_are_not_for_notices_nothing() -> None:
    assert TWO.noticed(np.ones(3, np.float32)) == []


def test_what_ships_has_weights_for_every_kind_and_this_encoder() -> None:
    classifier = shipped()
    assert classifier.kinds == tuple(KINDS)
    assert classifier.weights.shape == (len(KINDS), 512)
    assert np.abs(classifier.weights).max(axis=1).min() > 0


def test_care_comes_first() -> None:
    assert leading(["injection", "distress"]) == "distress"
    assert leading(["harm", "injection"]) == "harm"
