"""The examples that a request gives become assertions, and nothing else does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orion_py.skills.examples import MOST, assertions_in, examples_in, function_in


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (">>> f(2)\n4\n>>> f([1, 2])\n    [2, 4]", ["assert f(2) == 4", "assert f([1, 2]) == [2, 4]"]),
        ("f(2) -> 4 and f(3) -> 9", ["assert f(2) == 4", "assert f(3) == 9"]),
        ("so that f('a, b') returns ['a', 'b'].", ["assert f('a, b') == ['a', 'b']"]),
        ("f(2) should return 4, f(0) must be 0", ["assert f(2) == 4", "assert f(0) == 0"]),
        ("f(2) == 4", ["assert f(2) == 4"]),
        ("Par exemple, `f(2)` renvoie `4`; f(5) donne 25", ["assert f(5) == 25"]),
        ("f(2) vaut 4", ["assert f(2) == 4"]),
        ("f(1) => 0.5", ["assert abs(f(1) - 0.5) < 1e-06"]),
        ("f('x') returns True and f('') returns None", ["assert f('x') is True", "assert f('') is None"]),
        ("assert f(1) == 2", ["assert f(1) == 2"]),
        ("f(a) returns 4", []),
        ("f(2) returns the square", []),
        ("call f(2)", []),
        (">>> f(2) # doctest\nanything", []),
        ("f(x=2) -> 4", ["assert f(x=2) == 4"]),
        ("f(2) -> __import__('os')", []),
    ],
)
def test_examples_become_assertions(text: str, wanted: list[str]) -> None:
    found = [one.replace("1e-6", "1e-06") for one in examples_in(text)]
    assert found == wanted


def test_repeats_and_floods_are_left_out() -> None:
    assert examples_in("f(1) -> 2, f(1) -> 2") == ["assert f(1) == 2"]
    assert len(examples_in(", ".join(f"f({n}) -> {n}" for n in range(40)))) == MOST


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("```python\ndef has_close(numbers):\n```", "has_close"),
        ("write a function called median(values)", "median"),
        ("une fonction nommée est_premier", "est_premier"),
        ("Write `slug(text)` please", "slug"),
        ("write me rev(s) that reverses", "rev"),
        ("write something that reverses a text", ""),
    ],
)
def test_the_function_that_is_asked_for_is_known_by_its_name(text: str, name: str) -> None:
    assert function_in(text) == name


def test_what_a_model_wrote_is_read_as_tests_of_that_function_alone() -> None:
    text = "assert f(1) == 2\nprint(f(1))\nassert g(1) == 2\nassert f(\nassert f(1) == 2; import os\nassert f(3) == 4"
    assert assertions_in(text, "f", 5) == ["assert f(1) == 2", "assert f(3) == 4"]
    assert assertions_in(text, "f", 1) == ["assert f(1) == 2"]


@given(st.text(max_size=200))
def test_any_text_is_read_without_a_fault(text: str) -> None:
    assert all(one.startswith("assert ") for one in examples_in(text))
    function_in(text)
