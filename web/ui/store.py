"""Conversations, the draft and the preferences, kept on the device.

``backing`` has get(key) -> text or None, set(key, text) -> whether it was kept, remove(key),
keys() -> list. In the browser that is localStorage; where the browser refuses it, memory.
"""

import json

from ui.conversation import load
from ui.json_text import read

CHAT = "orion.chat."
LAST = "orion.last"
DRAFT = "orion.draft"
PREFERENCES = "orion.preferences"
MOST_CHATS = 30
DEFAULTS = {
    "language": None,
    "theme": "auto",
    "style": "auto",
    "stream": "token",
    "typing": "0",
    "preload": True,
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
    def __init__(self, backing):
        self._backing = backing

    def _read(self, key):
        text = self._backing.get(key)
        if text is None:
            return None
        try:
            return read(text)
        except ValueError:
            return None

    # preferences and draft

    def preferences(self):
        kept = self._read(PREFERENCES)
        kept = kept if isinstance(kept, dict) else {}
        return {key: kept.get(key, value) for key, value in DEFAULTS.items()}

    def set_preferences(self, preferences):
        self._backing.set(PREFERENCES, json.dumps(preferences))

    @property
    def draft(self):
        return self._backing.get(DRAFT) or ""

    @draft.setter
    def draft(self, text):
        if text:
            self._backing.set(DRAFT, text)
        else:
            self._backing.remove(DRAFT)

    # conversations

    def save(self, conversation):
        """Keeps it; when there is no room the oldest ones make way. False: nothing can be kept."""
        if not conversation.turns:
            return True
        text = json.dumps(conversation.dump())
        while not self._backing.set(CHAT + conversation.id, text):
            older = [row for row in self.chats() if row[0] != conversation.id]
            if not older:
                return False
            self.delete(older[-1][0])
        self._backing.set(LAST, conversation.id)
        return True

    def open(self, conversation_id, resume=False):
        return load(self._read(CHAT + conversation_id), resume)

    def last(self, resume=False):
        """The conversation that was on the page last, or None."""
        conversation_id = self._backing.get(LAST)
        return self.open(conversation_id, resume) if conversation_id else None

    def leave(self):
        """The next page starts with an empty conversation."""
        self._backing.remove(LAST)

    def chats(self):
        """(id, title, number of turns, updated) of what is kept, newest first."""
        rows = []
        for key in self._backing.keys():
            if key.startswith(CHAT):
                chat = self.open(key[len(CHAT) :])
                if chat:
                    rows.append((chat.id, chat.title, len(chat.turns), chat.updated))
        rows.sort(key=lambda row: row[3], reverse=True)
        return rows

    def prune(self):
        """Keeps the newest conversations only."""
        for row in self.chats()[MOST_CHATS:]:
            self.delete(row[0])

    def delete(self, conversation_id):
        self._backing.remove(CHAT + conversation_id)
        if self._backing.get(LAST) == conversation_id:
            self.leave()

    def delete_all(self):
        for key in self._backing.keys():
            if key.startswith(CHAT):
                self._backing.remove(key)
        self.leave()
