"""Looks at the pictures of a question, with models that are lent for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from orion_py.cancellation import CancelToken
from orion_py.runtime.graphs import Lend

if TYPE_CHECKING:
    from orion_py.senses.images.resampling import Picture
    from orion_py.senses.scenes.codes import CodeReader
    from orion_py.senses.scenes.labels import Name
    from orion_py.senses.scenes.report import SceneReport


@dataclass(frozen=True, slots=True)
class Scenes:
    """What the pictures of one question show, in their order. ``known``: what the object detector tells apart, a person
    first."""

    reports: tuple[SceneReport, ...]
    known: tuple[Name, ...]


class Sight(Protocol):
    async def look(
        self, pictures: Sequence[Picture], cancel: CancelToken, on_open: Callable[[], None] = lambda: None
    ) -> Scenes:
        """Opens the models that see where they aren't in memory yet, and looks. ``on_open`` is called between the two.
        Raises LoadError, RuntimeFailure or Cancelled."""


class LentSight:
    """A ``Sight`` that borrows its models for each question, from whoever owns all models in memory. ``codes`` is the
    host's reader of QR codes and bar codes."""

    def __init__(self, lend: Lend, codes: CodeReader) -> None:
        self._lend, self._codes = lend, codes

    async def look(
        self, pictures: Sequence[Picture], cancel: CancelToken, on_open: Callable[[], None] = lambda: None
    ) -> Scenes:
        """Raises as ``Sight.look``, and as ``Lend``."""
        from orion_py.senses.scenes.eyes import MODELS, Eyes  # a start needn't wait for it

        async with AsyncExitStack() as lent:
            eyes = await Eyes.of(
                [await lent.enter_async_context(self._lend(name, cancel)) for name in MODELS], self._codes
            )
            on_open()
            return Scenes(tuple([await eyes.look(picture, cancel) for picture in pictures]), eyes.kinds)
