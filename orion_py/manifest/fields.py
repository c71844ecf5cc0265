"""Field types, bounds and the strict base class that all parts of a manifest share."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Identifier = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,79}$")]
RelativeFile = Annotated[
    str, Field(pattern=r"^(?:[A-Za-z0-9_][A-Za-z0-9._-]{0,99}/){0,3}[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$")
]
"""A file below a folder. No component starts with a dot, so it can't climb."""
MAX_SHARD_BYTES = 2**31 - 1
"""One ArrayBuffer and one WASM heap copy have to hold a shard."""


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)  # until one is read


def is_none(value: object) -> bool:
    return value is None


def is_false(value: bool) -> bool:
    return not value


def is_empty(value: tuple[object, ...]) -> bool:
    return not value
