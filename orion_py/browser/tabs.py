"""Connects the tabs of this site, through ``web/bridge/worker/engine/tabs.js``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from js import AbortController
from pyodide.ffi import create_proxy

from orion_py.browser.errors import translated
from orion_py.cancellation import CancelToken
from orion_py.storage.tabs import Release


class BrowserTabs:
    """``tabs`` is the bridge's Tabs."""

    def __init__(self, tabs: Any) -> None:
        self._tabs = tabs
        self._listeners: list[Callable[[str], None]] = []
        tabs.listen(create_proxy(self._heard))

    async def acquire(self, name: str, cancel: CancelToken) -> Release:
        controller = AbortController.new()
        unsubscribe = cancel.subscribe(lambda: controller.abort())
        try:
            with translated():
                release: Release = await self._tabs.hold(name, controller.signal)
        finally:
            unsubscribe()
        return release

    async def alone(self) -> bool:
        return bool(await self._tabs.alone())

    def post(self, note: str) -> None:
        self._tabs.post(note)

    def listen(self, listener: Callable[[str], None]) -> Release:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def leave(self) -> None:
        self._tabs.leave()

    def _heard(self, note: str) -> None:
        for listener in list(self._listeners):
            listener(str(note))
