"""The one number that a picture shows."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from orion_py.senses.reading.lines import Line
from orion_py.senses.scenes.single_number import single_number


def line(text: str, height: float = 20) -> Line:
    return Line(text, np.array([[0, 0], [100, 0], [100, height], [0, height]], np.float64), 0.98, 0.9)


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("04521 kWh", "4521", "kWh"),
        ("21 °C", "21", "°C"),
        ("-3,5 °C", "-3.5", "°C"),
        ("1 234,5 kg", "1234.5", "kg"),
        ("1,234 m", "1234", "m"),
        ("1.234.567", "1234567", ""),
        ("1,234.50", "1234.50", ""),
        ("0,125 l", "0.125", "l"),
        ("98%", "98", "%"),
        ("Population: 12’500", "12500", ""),
        ("Speed 90 km/h", "90", "km/h"),
        ("Room 27", "27", ""),
    ],
)
def test_it_is_read_as_it_is_written_in_either_language(text: str, value: str, unit: str) -> None:
    found = single_number([line("Meter"), line(text)])
    assert found is not None
    assert (found.value, found.unit, found.text) == (Decimal(value), unit, text)


@pytest.mark.parametrize("text", ["no number", "B42", "AF1680", "9" * 40, ""])
def test_what_is_no_number_is_none(text: str) -> None:
    assert single_number([line(text)]) is None


def test_of_several_the_one_in_far_larger_letters_is_meant_or_none() -> None:
    assert single_number([line("12 kg"), line("13 kg")]) is None
    found = single_number([line("serial 998877"), line("13 kg", 60)])
    assert found is not None
    assert found.value == 13
