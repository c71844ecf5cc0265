"""Defines the seam to whatever looks at the pictures of a question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from orion_py.cancellation import CancelToken
from orion_py.senses.images.resampling import Picture
from orion_py.senses.scenes.labels import Name
from orion_py.senses.scenes.report import SceneReport


@dataclass(frozen=True, slots=True)
class Scenes:
    """What the pictures of one question show, in their order. ``known``: what the object detector tells apart, a person
    first."""

    reports: tuple[SceneReport, ...]
    known: tuple[Name, ...]


class Sight(Protocol):
    async def look(self, pictures: Sequence[Picture], cancel: CancelToken) -> Scenes:
        """Opens the models that see where they aren't in memory yet, and looks. Raises LoadError, RuntimeFailure or
        Cancelled."""

    async def close(self) -> None:
        """Gives the memory back. Safe to call twice."""
