"""Defines what a prompt is made of: tokens, and embeddings of what isn't text.

A prompt is a sequence of segments: a token's id, or the rows of one image or sound. Each row of embeddings takes one
place of the context, as a token does. One key for each place identifies what is in a cache: the token's id, or the
content's hash with the row's number, so that other content of the same length is never taken for it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from orion_py.errors import EmbeddingsUnsupported, InvalidInput

if TYPE_CHECKING:
    from numpy.typing import NDArray

NO_TOKEN = -1
"""Stands for a row of embeddings where token ids are wanted: no vocabulary has it."""


@dataclass(frozen=True, slots=True, eq=False)
class Axes:
    """The places of all rows of one content. ``places``: int32 [n, 3], time, row and column, counted from where the
    content begins. ``span``: how many places it takes up; what follows it begins there."""

    places: NDArray[np.int32]
    span: int


@dataclass(frozen=True, slots=True, eq=False)
class Embeddings:
    """What an encoder made of one image or sound, as a model takes it in.

    ``rows``: float32 [n, hidden], which take the place of tokens' rows, after whatever scale the model puts on those;
    finite. ``hash``: of the content; whatever has the same hash has the same rows. ``first``: how many rows of
    the content come before these. ``axes``: where they are, for a model that counts places in three axes. Raises
    InvalidInput for rows that aren't so.
    """

    rows: NDArray[np.float32]
    hash: str
    first: int = 0
    axes: Axes | None = None

    def __post_init__(self) -> None:
        if self.rows.ndim != 2 or not self.rows.size or self.rows.dtype != np.float32:
            raise InvalidInput(f"embeddings are float32 [n, hidden], and not {self.rows.dtype} {self.rows.shape}")
        if not np.isfinite(self.rows).all():
            raise InvalidInput("embeddings hold a number that isn't finite")
        if not self.hash:
            raise InvalidInput("embeddings have no hash of their content")
        if self.axes is not None and len(self.axes.places) < self.first + len(self.rows):
            raise InvalidInput("embeddings have more rows than places")

    @classmethod
    def of(cls, rows: NDArray[np.float32], axes: Axes | None = None) -> Embeddings:
        """Embeddings whose content are the rows themselves, copied: they can't change under their hash."""
        rows = rows.copy()
        rows.setflags(write=False)
        digest = hashlib.sha256(repr(rows.shape).encode() + rows.tobytes())
        if axes is not None:
            digest.update(repr(axes.span).encode() + axes.places.tobytes())
        return cls(rows, digest.hexdigest(), axes=axes)

    def __len__(self) -> int:
        return len(self.rows)

    def part(self, start: int, end: int | None = None) -> Embeddings:
        """Rows ``start`` to ``end`` of these."""
        return Embeddings(self.rows[start:end], self.hash, self.first + start, self.axes)

    @property
    def width(self) -> int:
        """Numbers of a row."""
        return int(self.rows.shape[1])

    @property
    def keys(self) -> list[Key]:
        return [f"{self.hash}:{row}" for row in range(self.first, self.first + len(self.rows))]


@dataclass(frozen=True, slots=True)
class Marked:
    """What stands for one image or sound in a prompt: rows, and the marks that the model expects around them, which are
    text with control tokens, in their order."""

    parts: tuple[str | Embeddings, ...]


Segment: TypeAlias = int | Embeddings
Inputs: TypeAlias = Sequence[int] | Embeddings
"""What one call of a model takes: tokens that follow each other, or embeddings."""
Key: TypeAlias = int | str
"""What is at one place: a token's id, or which row of which content."""


def part_of(inputs: Inputs, start: int, end: int) -> Inputs:
    """Places ``start`` to ``end`` of ``inputs``."""
    return inputs.part(start, end) if isinstance(inputs, Embeddings) else inputs[start:end]


def tokens_alone(inputs: Inputs) -> Sequence[int]:
    """``inputs``, for what takes no embeddings. Raises EmbeddingsUnsupported."""
    if isinstance(inputs, Embeddings):
        raise EmbeddingsUnsupported("What computes this model takes tokens alone, no embeddings of images or sounds.")
    return inputs


def keys_of(prompt: Iterable[Segment]) -> list[Key]:
    """One for each place of ``prompt``."""
    keys: list[Key] = []
    for segment in prompt:
        if isinstance(segment, Embeddings):
            keys += segment.keys
        else:
            keys.append(segment)
    return keys


def tokens_of(prompt: Iterable[Segment]) -> list[int]:
    """The token id at each place of ``prompt``, NO_TOKEN where there is none."""
    tokens: list[int] = []
    for segment in prompt:
        if isinstance(segment, Embeddings):
            tokens += [NO_TOKEN] * len(segment)
        else:
            tokens.append(segment)
    return tokens


def leading_tokens(prompt: Iterable[Segment]) -> list[int]:
    """The tokens before the first embeddings."""
    tokens: list[int] = []
    for segment in prompt:
        if isinstance(segment, Embeddings):
            break
        tokens.append(segment)
    return tokens


def calls_of(prompt: Iterable[Segment], start: int = 0) -> list[Inputs]:
    """The calls that read ``prompt`` from its place ``start`` on, in their order: of tokens alone it is one."""
    calls: list[Inputs] = []
    run: list[int] = []
    place = 0
    for segment in prompt:
        if isinstance(segment, Embeddings):
            if run:
                calls.append(run)
                run = []
            if place + len(segment) > start:
                calls.append(segment.part(max(0, start - place)))
            place += len(segment)
        else:
            if place >= start:
                run.append(segment)
            place += 1
    return [*calls, run] if run or not calls else calls
