"""What crosses the wire of an error."""

from __future__ import annotations

from typing import get_args

import pytest

from orion_py import errors
from orion_py.errors import OrionError
from orion_py.protocol import ErrorInfo

BRANCHES: dict[str, type[OrionError]] = {
    "engine": OrionError,
    "invalid_input": errors.InvalidInput,
    "invalid_config": errors.InvalidConfig,
    "invalid_model": errors.InvalidModel,
    "protocol": errors.ProtocolError,
    "load": errors.LoadError,
    "runtime": errors.RuntimeFailure,
    "unavailable": errors.Unavailable,
    "cancelled": errors.Cancelled,
}


def tree(root: type[OrionError]) -> list[type[OrionError]]:
    return [root, *(found for child in root.__subclasses__() for found in tree(child))]


@pytest.mark.parametrize("kind", tree(OrionError))
def test_an_error_is_of_the_family_of_the_nearest_branch_above_it(kind: type[OrionError]) -> None:
    nearest = next(base for base in kind.__mro__ if base in BRANCHES.values())
    assert BRANCHES[kind.family] is nearest


def test_every_family_is_a_branch() -> None:
    assert set(get_args(errors.Family)) == set(BRANCHES)


def test_an_error_crosses_with_its_family_hint_and_facts() -> None:
    info = ErrorInfo.of(errors.TooLarge("Too large.", needed_bytes=5))
    assert (info.code, info.family, info.message, info.detail) == (
        "too_large",
        "load",
        "Too large.",
        {"needed_bytes": 5},
    )
    assert info.hint == errors.TooLarge.hint
