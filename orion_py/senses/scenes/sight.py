"""Looks at the pictures of a question, with models that are lent for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

from orion_py.cancellation import CancelToken
from orion_py.errors import OutOfMemory
from orion_py.runtime.graphs import Lend

if TYPE_CHECKING:
    from orion_py.senses.images.resampling import Picture
    from orion_py.senses.scenes.codes import CodeReader
    from orion_py.senses.scenes.eyes import Eyes
    from orion_py.senses.scenes.labels import Name
    from orion_py.senses.scenes.report import SceneReport


@dataclass(frozen=True, slots=True)
class Scenes:
    """What the pictures of one question show, in their order. ``known``: what the object detector tells apart, a person
    first."""

    reports: tuple[SceneReport, ...]
    known: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class Looked:
    """How far looking is: at which of the ``pictures``, counted from 1, and how many of the ``lines`` of text that were
    found in it are read. No line is found before the picture's text is."""

    picture: int
    pictures: int
    line: int = 0
    lines: int = 0

    @property
    def fraction(self) -> float:
        """Of all pictures, 0 to 1."""
        return (self.picture - 1 + (self.line / self.lines if self.lines else 0.0)) / self.pictures


Watch = Callable[[Looked], None]
Shown: TypeAlias = "Callable[[], Awaitable[Picture]]"
"""Decodes a picture when its turn comes, so that of several only one is in memory."""


def unseen(_looked: Looked) -> None:
    """For looking that nobody waits for."""


class Sight(Protocol):
    async def look(
        self, pictures: Sequence[Shown], cancel: CancelToken, watch: Watch = unseen, shrink: int = 1
    ) -> Scenes:
        """Opens the models that see where they aren't in memory yet, and looks. ``watch`` hears how far it is, first
        when they are open. ``shrink``: how many times smaller than usual the sides of a picture are in which text is
        looked for; that takes its square less memory, and small print isn't found. Raises LoadError, RuntimeFailure or
        Cancelled, and as ``pictures``."""


async def all_seen(eyes: Eyes, pictures: Sequence[Shown], cancel: CancelToken, watch: Watch, shrink: int) -> Scenes:
    """What ``eyes`` see in each of ``pictures``, one after the other. Raises as ``Eyes.look`` and ``pictures``."""
    reports = []
    for number, shown in enumerate(pictures, 1):
        watch(Looked(number, len(pictures)))
        on_line = _lines_of(number, len(pictures), watch)
        try:
            reports.append(await eyes.look(await shown(), cancel, on_line, shrink))
        except MemoryError as error:  # of Python's own memory
            raise OutOfMemory("Memory ran out while the picture was looked at.") from error
    return Scenes(tuple(reports), eyes.kinds)


def _lines_of(number: int, pictures: int, watch: Watch) -> Callable[[int, int], None]:
    return lambda line, lines: watch(Looked(number, pictures, line, lines))


class LentSight:
    """A ``Sight`` that borrows its models for each question, from whoever owns all models in memory. ``codes`` is the
    host's reader of QR codes and bar codes."""

    def __init__(self, lend: Lend, codes: CodeReader) -> None:
        self._lend, self._codes = lend, codes

    async def look(
        self, pictures: Sequence[Shown], cancel: CancelToken, watch: Watch = unseen, shrink: int = 1
    ) -> Scenes:
        """Raises as ``Sight.look``, and as ``Lend``."""
        from orion_py.senses.scenes.eyes import MODELS, Eyes  # a start needn't wait for it

        async with AsyncExitStack() as lent:
            eyes = await Eyes.of(
                [await lent.enter_async_context(self._lend(name, cancel)) for name in MODELS], self._codes
            )
            return await all_seen(eyes, pictures, cancel, watch, shrink)
