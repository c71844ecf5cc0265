"""Keeps the message box's text as it is typed: one row a tab, so that two tabs don't overwrite
each other's. A tab finds its own again after a reload; one that opens takes up what a closed tab left.

    text   what is in the box
    aside  the draft that gave way to an earlier question (*Edit*) and comes back after it
    sent   what was sent and isn't in the database yet: {text, chat, turn, files} of each, chat and turn are ""
           while the page still opens
    files, aside_files   what is attached to the one and the other, as a turn's ``attached``

``backing`` and ``session`` are localStorage's and sessionStorage's (base/store.py): both are written at once,
also while the page goes away.
"""

import json

from ui.base.json_text import read

ROW = "orion.draft."
OLD = "orion.draft"
OWN = "orion.draft"
MOST_CHARS = 100000
"""Eight times what the engine reads at once; a longer draft lasts as long as its tab."""
PATIENCE_MS = 1500


def all_sent(backing):
    """[chat, turn] of what any tab sent and doesn't know yet to be in the database."""
    rows = [_row(backing, key) for key in backing.keys() if key.startswith(ROW)]
    sent = [each for row in rows if row for each in _sent(row)]
    return [[each["chat"], each["turn"]] for each in sent if each.get("turn")]


def all_files(backing):
    """Ids of the files that any tab's draft names, or what it sent."""
    rows = [_row(backing, key) for key in backing.keys() if key.startswith(ROW)]
    lists = [row.get(name) for row in rows if row for name in ("files", "aside_files")]
    lists += [each.get("files") for row in rows if row for each in _sent(row)]
    return [each["id"] for files in lists for each in _files(files)]


def _files(rows):
    return [each for each in rows if isinstance(each, dict) and each.get("id")] if isinstance(rows, list) else []


def _row(backing, key):
    """None for what isn't a row of this form."""
    try:
        row = read(backing.get(key) or "null")
    except ValueError:
        return None
    texts = ("text", "aside", "at")
    if not isinstance(row, dict) or not all([isinstance(row.get(key), str) for key in texts]):
        return None
    return row


def _sent(row):
    return [each for each in row.get("sent") or [] if isinstance(each, dict)]


class Drafts:
    def __init__(self, backing, session, names, new_id, timestamp):
        self._backing, self._session, self._names = backing, session, names
        self._new_id, self._timestamp = new_id, timestamp
        self.text = self.aside = ""
        self.files, self.aside_files, self.sent = [], [], []
        self._name = session.get(OWN)
        if self._name:
            self._take(self._read(self._name))

    @property
    def empty(self):
        return not (self.text or self.aside or self.sent or self.files or self.aside_files)

    # which of the kept rows is this tab's

    def start(self, then):
        """Finds this tab's row. ``then`` is called with True where it took up what a closed tab left."""
        old = self._backing.get(OLD)  # of an earlier version of the page, which had one for all tabs
        if self.empty and old:
            self.text = old
            self._backing.remove(OLD)
            self._own(self._name or self._new_id())
            self.write()
            then(True)
        elif self._name:
            # A duplicated tab has the same name: the row is the first one's, and this gets a copy.
            self._names.holdName(ROW + self._name, PATIENCE_MS, lambda held: self._held_own(bool(held), then))
        else:
            self._adopt(self._left(), then)

    def _held_own(self, held, then):
        if not held:
            self._own(self._new_id())
            self.write()
        then(False)

    def _own(self, name):
        self._name = name
        self._session.set(OWN, name)
        self._names.holdName(ROW + name, 0, lambda *_: None)

    def _left(self):
        """Names of the rows that there are, the one last written last."""
        rows = []
        for key in self._backing.keys():
            row = self._read(key[len(ROW) :]) if key.startswith(ROW) else None
            if row:
                rows.append((row["at"], key[len(ROW) :]))
        return [name for _, name in sorted(rows)]

    def _adopt(self, names, then):
        if self._name or not names:
            if not self._name:
                self._own(self._new_id())
            then(False)
            return
        name = names.pop()
        self._names.holdName(ROW + name, 0, lambda held: self._adopted(bool(held), name, names, then))

    def _adopted(self, held, name, names, then):
        row = self._read(name) if held and not self._name else None
        if row is None:
            self._adopt(names, then)
            return
        self._name = name
        self._session.set(OWN, name)
        self._take(row)
        then(True)

    # the row

    def _read(self, name):
        return _row(self._backing, ROW + name)

    def _take(self, row):
        if row:
            self.text, self.aside = row["text"], row["aside"]
            self.files, self.aside_files = _files(row.get("files")), _files(row.get("aside_files"))
            self.sent = _sent(row)

    def write(self):
        """False: the browser refuses to keep it."""
        if self.empty:
            if self._name:
                self._backing.remove(ROW + self._name)
            return True
        if self._name is None:
            self._own(self._new_id())
        row = {"text": self.text, "aside": self.aside, "sent": self.sent, "at": self._timestamp()}
        row.update({"files": self.files, "aside_files": self.aside_files})
        return self._backing.set(ROW + self._name, json.dumps(row))

    # what happens to it

    def typed(self, text):
        self.text = text
        return self.write()

    def attached(self, files):
        self.files = list(files)
        return self.write()

    def put(self, text, files):
        """They are what is in the box now."""
        self.text, self.files = text, list(files)
        return self.write()

    def put_aside(self, text, files=()):
        """``text`` and ``files`` give way to an earlier question."""
        if text.strip():
            self.aside = self.aside + "\n\n" + text if self.aside else text
        self.aside_files = self.aside_files + [each for each in files if each not in self.aside_files]

    def take_back(self):
        """What was put aside is the draft again."""
        self.text, self.files, self.aside, self.aside_files = self.aside, self.aside_files, "", []

    @property
    def waits(self):
        """Something was put aside."""
        return bool(self.aside or self.aside_files)

    def sending(self, text, chat="", turn="", files=()):
        """Until ``kept`` the message is here, too."""
        self.sent.append({"text": text, "chat": chat, "turn": turn, "files": list(files)})
        return self.write()

    def kept(self, turn):
        left = [each for each in self.sent if each["turn"] != turn]
        if len(left) < len(self.sent):
            self.sent = left
            self.write()

    def moved(self, turn, chat):
        """It goes into another conversation than it was meant for."""
        for each in self.sent:
            if each["turn"] == turn:
                each["chat"] = chat
        self.write()

    def unsend(self, messages):
        """What never arrived is in the box again, and what stood there waits."""
        self.put_aside(self.text, self.files)
        files = [file for each in messages for file in _files(each.get("files"))]
        self.put("\n\n".join([each["text"] for each in messages]), files)
