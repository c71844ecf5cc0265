"""Names the tensors in which a weight shard stores a matrix."""

from __future__ import annotations

from collections.abc import Container

WIDTHS = (2, 3, 4, 5, 6, 8)
"""Bits that a stored weight may have."""

FLOATS = "weight"
"""A matrix ``s`` that isn't in blocks is the tensor ``s.weight``, F16 or F32 [n, k]."""


def bits_of(source: str, names: Container[str]) -> int | None:
    """The bits with which the matrix ``source`` is stored among tensors of these names, if it is."""
    return next((bits for bits in WIDTHS if f"{source}.q{bits}" in names), None)


def is_stored(source: str, names: Container[str], blocks: bool) -> bool:
    """Whether the matrix ``source`` is among tensors of these names, in blocks or, unless these are
    asked for, as floats."""
    in_blocks = bits_of(source, names) is not None and f"{source}.scale" in names
    return in_blocks or (not blocks and f"{source}.{FLOATS}" in names)
