"""Binds the app to the browser. The one module that imports ``js``."""

import json

import js

from ui.app import App
from ui.base.dom import Dom
from ui.base.store import MemoryBacking


class Timers:
    def later(self, ms, call):
        return js.setTimeout(lambda *_: call(), ms)

    def cancel(self, handle):
        js.clearTimeout(handle)


class StorageBacking:
    """localStorage or sessionStorage through the bridge; null and undefined both become None."""

    def __init__(self, storage):
        self._storage = storage

    def get(self, key):
        text = self._storage.get(key)
        return text if isinstance(text, str) else None

    def set(self, key, text):
        return bool(self._storage.set(key, text))

    def remove(self, key):
        self._storage.remove(key)

    def keys(self):
        return json.loads(self._storage.keys())


def backing(storage):
    return StorageBacking(storage) if storage else MemoryBacking()


class Platform:
    def __init__(self, bridge):
        self.bridge = bridge
        self.window = js.window
        self.dom = Dom(js.document, bridge)
        self.timers = Timers()
        self.clock = bridge.now
        self.request_frame = js.requestAnimationFrame
        self.backing = backing(bridge.localBacking())
        self.session = backing(bridge.sessionBacking())


app = None


def make(bridge):
    """First of app.js's three steps: each is short enough for one frame. The app is kept here so
    that nothing of it is collected."""
    global app
    app = App(Platform(bridge))


def speak():
    """Second step."""
    app.speak()


def start():
    """Third step."""
    app.start()
