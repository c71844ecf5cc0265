"""Keeps the manifests of what isn't a model, such as the router's, so that its files are found offline and survive a
sweep."""

from __future__ import annotations

import json

from orion_py.errors import InvalidManifest
from orion_py.storage.settings import Settings

OTHERS: tuple[str, ...] = ("router",)
"""The names under which they are kept, as ``manifest:<name>``: no model has one of them."""


async def kept_manifest(settings: Settings, name: str) -> str | None:
    """As the server sent it last."""
    return await settings.get(_key(name))


async def keep_manifest(settings: Settings, name: str, text: str) -> None:
    if await kept_manifest(settings, name) != text:
        await settings.set(_key(name), text)


async def other_shards(settings: Settings) -> set[str]:
    """The sha256 of every shard that a kept one of these manifests names. Raises InvalidManifest where one can't be
    read: what it names may still be wanted."""
    found: set[str] = set()
    for name in OTHERS:
        text = await kept_manifest(settings, name)
        if text is None:
            continue
        try:
            found.update(str(shard["sha256"]) for shard in json.loads(text)["shards"])
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidManifest(f"the kept manifest of the {name} can't be read", path="shards") from error
    return found


def _key(name: str) -> str:
    assert name in OTHERS, "a sweep has to know it"
    return f"manifest:{name}"
