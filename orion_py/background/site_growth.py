"""Finds models that the site has gained, while the page is open or since the last visit.

``build.py serve`` makes the larger model after the page opened. Its server marks the model in models.json as one that
is being made (``AbsentModel.coming``); as long as a list says so it is asked for again. So it is, once, where the
service worker gave the list that it had: an engine's start doesn't wait for a slow line to say that nothing is new.
"""

from __future__ import annotations

from collections.abc import Callable

from orion_py.background.site_registry import site_registry
from orion_py.errors import OrionError
from orion_py.ports import Ports
from orion_py.registry.models import Registry

FIRST_LOOK_S = 15.0
SLOWER = 1.25
"""Each wait to the one before it: what takes long is looked for less often."""
LONGEST_WAIT_S = 120.0
LOOKS = 300
"""Nearly ten hours. A server that was ended in the middle never tells."""


class SiteGrowth:
    """``registry`` grows in place; ``changed`` gets the new models, if any, whenever what is there or
    what is being made differs from before."""

    def __init__(
        self,
        ports: Ports,
        registry: Registry,
        path: str,
        note: Callable[[str], None],
        changed: Callable[[tuple[str, ...]], None],
    ) -> None:
        self._ports, self._registry, self._path = ports, registry, path
        self._note, self._changed = note, changed
        self._looking = False

    async def watch(self) -> None:
        """Looks again and again until nothing is being made any more, and once where the list may be an older one.
        Raises nothing."""
        wait, older = FIRST_LOOK_S, self._ports.list_is_kept()
        for _ in range(LOOKS):
            if not self._registry.coming and not older:
                return
            await self._ports.sleep(wait)
            wait = min(wait * SLOWER, LONGEST_WAIT_S)
            await self.check(older=older)
            older = False

    async def check(self, *, older: bool = False) -> None:
        """Takes in what the site has by now, where something was being made, or where the list is perhaps an ``older``
        one. A list that can't be read changes nothing: the running engine keeps its own."""
        if self._looking or not (self._registry.coming or older):
            return
        self._looking = True
        try:
            later = await site_registry(self._ports, self._path, self._note)
        except OrionError:
            return
        finally:
            self._looking = False
        before = self._registry.coming
        new = self._registry.grow(later)
        if new or self._registry.coming != before:
            self._changed(new)
