"""Conversations that pages of an older version keep in localStorage, each whole under "orion.chat." and
its id. They are moved when this version first runs; an older page that is still open may write one again,
which is then merged (``chat_rows.take_over``). A copy is removed only when what it holds is committed, and
only as it was read. One that can't be understood stays where it is.
"""

from ui.base.json_text import read
from ui.chats import rows as chat_rows
from ui.chats.conversation import load

CHAT = "orion.chat."
TAKING = "orion.old-chats"


def take_over(database, backing, names, removes, then):
    """Calls ``then`` with the ids of the conversations that changed. ``removes``: the database lasts."""
    keys = list(copies(backing))
    if not keys:
        then([])
        return

    def work(release):
        def done(changed):
            release()
            then(changed)

        _Each(database, backing, keys, chat_rows.take_over, removes, done).go_on()

    names.alone(TAKING, work)


def copies(backing):
    """What older pages have written until now: key to text."""
    return {key: backing.get(key) for key in backing.keys() if key.startswith(CHAT)}


def bury(database, backing, texts, removes, then):
    """Deletes these ``copies``; what was written since is another matter."""
    for key, text in texts.items():
        if removes and _read(text) is None:
            backing.remove(key)
    _Each(database, backing, list(texts), chat_rows.bury, removes, then, texts).go_on()


class _Each:
    """Does ``step(copy)`` with each of the copies, one after the other. ``texts``: only with these."""

    def __init__(self, database, backing, keys, step, removes, then, texts=None):
        self._database, self._backing, self._keys, self._step = database, backing, keys, step
        self._removes, self._then, self._texts = removes, then, texts
        self._changed = []

    def go_on(self):
        copy = None
        while self._keys and copy is None:
            key = self._keys.pop()
            text = self._texts[key] if self._texts else self._backing.get(key)
            copy = _read(text)
            if copy is not None:
                copy.id = key[len(CHAT) :]
        if copy is None:
            self._then(self._changed)
        else:
            self._take(copy, key, text)

    def _take(self, copy, key, text):
        done = lambda changed: self._done(key, text, changed)  # noqa: E731
        self._database.run(self._step(copy), done, lambda why: self.go_on())

    def _done(self, key, text, changed):
        chat = key[len(CHAT) :]
        if changed and chat not in self._changed:
            self._changed.append(chat)
        if self._removes:
            if self._backing.get(key) == text:
                self._backing.remove(key)
            elif not self._texts:
                self._keys.append(key)  # written again meanwhile
        self.go_on()


def _read(text):
    try:
        copy = load(read(text or "null"))
    except ValueError:
        return None
    return copy
