"""Dates in chat templates: English, in C's codes, the same on every system."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orion_py.errors import UnsupportedModel
from orion_py.generation.template_clock import formatted


@given(now=st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)))
def test_codes_mean_what_they_mean_in_cs_locale(now: datetime) -> None:
    pattern = "%a %A %b %B %c %d %D %e %f %F %h %H %I %j %m %M %n %p %R %S %t %T %u %w %x %X %y %Y %%"
    assert formatted(now, pattern) == now.strftime(pattern)


def test_a_minus_takes_leading_zeros_away() -> None:
    assert formatted(datetime(2026, 3, 5, 0, 7), "%-d %-m %-H %-M %-e") == "5 3 0 7 5"


@pytest.mark.parametrize("pattern", ["%Q", "%", "%-", "x%Gx"])
def test_a_code_that_is_not_known_is_named(pattern: str) -> None:
    with pytest.raises(UnsupportedModel, match="asks for a date"):
        formatted(datetime(2026, 1, 1), pattern)
