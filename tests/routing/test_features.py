"""Features of a query: bounded, deterministic, and the same wherever they are computed."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from orion_py.routing.encoder import HEAD, TAIL, normalised, shortened
from orion_py.routing.features import EMBEDDING, GRAMS, SHAPE, SIZE, WORDS, features

NOTHING = np.zeros(EMBEDDING, np.float32)


@given(st.text(max_size=3000))
@settings(max_examples=150, deadline=None)
def test_any_text_has_finite_features_of_bounded_length(text: str) -> None:
    found = features(text, NOTHING)
    assert found.shape == (SIZE,)
    assert np.isfinite(found).all()
    assert np.linalg.norm(found[EMBEDDING + SHAPE :]) < 9.0


def test_the_same_text_has_the_same_features() -> None:
    text = "Écris un poème sur Python"
    assert np.array_equal(features(text, NOTHING), features(text, NOTHING))


def test_case_and_accents_dont_change_the_words() -> None:
    words = slice(EMBEDDING + SHAPE, SIZE)
    assert np.array_equal(features("ÉCRIS un poème", NOTHING)[words], features("ecris un poeme", NOTHING)[words])


def test_word_order_changes_pairs_and_grams_but_hardly_words() -> None:
    first, second = features("dog bites man", NOTHING), features("man bites dog", NOTHING)
    assert not np.array_equal(first, second)


def test_hashes_never_change_since_the_head_was_fitted_on_them() -> None:
    found = features("how do I sort a list?", NOTHING)
    words = found[EMBEDDING + SHAPE : EMBEDDING + SHAPE + WORDS]
    grams = found[-GRAMS:]
    assert np.flatnonzero(words).sum() == 29834
    assert np.flatnonzero(grams).sum() == 269083


def test_of_a_long_text_the_start_and_the_end_are_read() -> None:
    text = "a" * 5000 + "the end"
    assert shortened(text).startswith("a" * HEAD)
    assert shortened(text).endswith("the end")
    assert len(shortened(text)) == HEAD + TAIL + 1


@given(st.text(max_size=500))
@settings(max_examples=200, deadline=None)
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = normalised(text)
    assert normalised(once) == once


def test_normalising_is_what_the_encoder_was_trained_on() -> None:
    assert normalised("  \uff28\u00e9llo\u200b \u2460\n\ufb01n\u2026 ") == "Héllo 1 fin..."
