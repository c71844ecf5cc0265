"""Describes a QR code or a bar code that a host's library has read in a picture."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from orion_py.senses.images.resampling import Picture


@dataclass(frozen=True, slots=True)
class Code:
    """``kind``: what the standard is called, such as "QR Code" or "EAN-13". ``box``: its corners in pixels, clockwise
    from the code's own top left."""

    kind: str
    text: str
    box: tuple[tuple[float, float], ...]


CodeReader: TypeAlias = "Callable[[Picture], Awaitable[Sequence[Code]]]"
"""Finds all codes in a picture."""
