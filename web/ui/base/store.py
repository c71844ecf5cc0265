"""Keeps the preferences, and which conversation a tab shows, on the device.

``backing`` has get(key) -> text or None, set(key, text) -> whether it was kept, remove(key),
keys() -> list. In the browser that is localStorage, which all tabs share; ``session`` is the tab's own
sessionStorage. Where the browser refuses them, memory. Conversations are in chats/chats.py, what is being
typed in chats/drafts.py.
"""

import json

from ui.base.json_text import read

LAST = "orion.last"
PREFERENCES = "orion.preferences"
AHEAD = "orion.ahead"
DEFAULTS = {
    "language": None,
    "theme": "auto",
    "style": "auto",
    "stream": "token",
    "typing": "0",
    "preload": True,
    "enter": "auto",
    "send_spoken": False,
    "aloud": False,
    "voice": "",
    "speed": "1",
    "preset": "auto",
    "engine": {},
    "model": "",
}


class MemoryBacking:
    """For windows that can't keep anything."""

    def __init__(self):
        self._rows = {}

    def get(self, key):
        return self._rows.get(key)

    def set(self, key, text):
        self._rows[key] = text
        return True

    def remove(self, key):
        self._rows.pop(key, None)

    def keys(self):
        return list(self._rows)


class Store:
    def __init__(self, backing, session):
        self._backing, self._session = backing, session

    # preferences: another tab may have changed others since they were read

    def _kept(self):
        try:
            kept = read(self._backing.get(PREFERENCES) or "{}")
        except ValueError:
            return {}
        return kept if isinstance(kept, dict) else {}

    def preferences(self):
        kept = self._kept()
        return {key: kept.get(key, value) for key, value in DEFAULTS.items()}

    def change(self, values):
        """Changes these preferences only."""
        kept = self._kept()
        kept.update(values)
        self._backing.set(PREFERENCES, json.dumps(kept))

    def change_engine(self, values):
        """Changes these of the engine's single settings only."""
        own = self._kept().get("engine")
        own = dict(own) if isinstance(own, dict) else {}
        own.update(values)
        self.change({"engine": own})

    def note_ahead(self, allowed):
        """Whether the next page may begin with the last visit's model before this program is there to say so:
        app.js reads it."""
        self._backing.set(AHEAD, "yes" if allowed else "no")

    # which conversation is on the page: the tab's own, or of a new tab the one that any tab showed last

    @property
    def last(self):
        own = self._session.get(LAST)
        return (self._backing.get(LAST) if own is None else own) or None

    def show(self, chat):
        self._session.set(LAST, chat)
        self._backing.set(LAST, chat)

    def leave(self):
        """The next page starts with an empty conversation."""
        self._session.set(LAST, "")
        self._backing.remove(LAST)
