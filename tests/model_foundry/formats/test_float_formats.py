"""Narrow floats round as the field's own libraries round them."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from model_foundry.formats.float_formats import NAMED, STORED_AS, WIDTHS, decoded, encoded, rounded


def test_bfloat16_is_rounded_to_nearest_even() -> None:
    values = np.array([1 + 2**-8, 1 + 3 * 2**-8, -np.inf, np.nan, 3e38, 0], np.float32)
    back = decoded(encoded(values, "BF16"), "BF16")
    np.testing.assert_array_equal(back[:3], [1, 1 + 2**-6, -np.inf])
    assert np.isnan(back[3])
    assert abs(back[4] / 3e38 - 1) < 2**-8


@given(st.lists(st.floats(width=32, allow_nan=False), min_size=1), st.sampled_from(sorted(WIDTHS)))
def test_every_type_is_encoded_as_ml_dtypes_does_and_comes_back_rounded_once(numbers: list[float], kind: str) -> None:
    import ml_dtypes

    types: dict[str, Any] = {"F32": np.float32, "F16": np.float16, "BF16": ml_dtypes.bfloat16}
    values = np.array(numbers, np.float32)
    with np.errstate(over="ignore"):
        expected = values.astype(types[kind])
        data = encoded(values, kind)
        once = rounded(values, kind)
    assert data == expected.tobytes()
    assert len(data) == len(values) * WIDTHS[kind]
    np.testing.assert_array_equal(decoded(data, kind), expected.astype(np.float32))
    np.testing.assert_array_equal(once, expected.astype(np.float32))
    np.testing.assert_array_equal(rounded(once, kind), once)


def test_every_type_that_is_written_can_be_read_and_has_one_name() -> None:
    assert set(STORED_AS.values()) == set(WIDTHS)
    assert {NAMED[stored] for stored in WIDTHS} == set(STORED_AS)
