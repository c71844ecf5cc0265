"""Reads the site's list of models, as far as this engine's version can."""

from __future__ import annotations

from collections.abc import Callable

from orion_py.errors import InvalidRegistry, NewerRegistry, OrionError
from orion_py.ports import Ports
from orion_py.registry.load import read_registry
from orion_py.registry.models import Registry

OWN = "own-models.json"
"""The list that was built with this engine, which the service worker holds with the shell of its version, whatever
the site has by now."""
KEPT = "registry"
"""The setting with the last list that could be read here."""


async def site_registry(ports: Ports, path: str, note: Callable[[str], None]) -> Registry:
    """The list at ``path``; ``note`` gets what isn't known here. Where it is of a newer form than this
    engine reads, the list of the engine's own version. One that the device had kept and that can't be read is asked
    for again: the site may have a better one by now. Raises InvalidRegistry or DownloadFailed."""
    text = await ports.fetch_text(path)
    try:
        registry = read_registry(text, note)
    except NewerRegistry as newer:
        note(f"{newer.code}: {newer.message}")
        return await _own(ports, newer, note)
    except InvalidRegistry:
        again = await ports.fetch_text(path) if ports.list_is_kept() else text
        if again == text:
            raise
        registry, text = read_registry(again, note), again
    if await ports.settings.get(KEPT) != text:  # a start waits longer for a write than for a read
        await ports.settings.set(KEPT, text)
    return registry


async def _own(ports: Ports, newer: NewerRegistry, note: Callable[[str], None]) -> Registry:
    for source in (lambda: ports.fetch_text(OWN), lambda: ports.settings.get(KEPT)):
        try:
            text = await source()
            if text is not None:
                return read_registry(text, note)
        except OrionError:
            continue
    raise newer
