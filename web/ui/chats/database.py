"""Runs steps (see rows.py) one after the other, in the browser's database or in memory.

``run(step, then, otherwise)`` calls ``then(result)`` once the step is committed, or ``otherwise(why)``,
"quota" or "unavailable", when nothing of it was written.
"""

import json

from ui.base.json_text import read


class BrowserDatabase:
    """``open_chats`` is the bridge's ``openChats``. MicroPython's functions are handed to it once: each
    one that crosses over would be kept for good."""

    def __init__(self, open_chats):
        self._calls = {}
        self._number = 0
        self.heard = lambda text: None
        self._chats = open_chats(self._decide, self._done, self._failed, lambda text: self.heard(text))

    def run(self, step, then, otherwise):
        self._number += 1
        self._calls[self._number] = [step.decide, None, then, otherwise, step.decide]
        self._chats.run(self._number, json.dumps(step.reads), step.writes)

    def tell(self, text):
        self._chats.tell(text)

    def _decide(self, call, phase, found):
        row = self._calls[call]
        plan = (row[0] if phase else row[4])(read(found))
        row[0], row[1] = plan.get("then"), plan.get("result")
        return json.dumps({"reads": plan.get("reads") or [], "writes": plan.get("writes") or []})

    def _done(self, call):
        row = self._calls.pop(call)
        row[2](row[1])

    def _failed(self, call, why):
        self._calls.pop(call)[3](why)


class MemoryDatabase:
    """For windows that can't keep anything. ``later(call)`` calls soon, never at once."""

    def __init__(self, later):
        self._later = later
        self._stores = {"chats": {}, "turns": {}, "gone": {}, "attachments": {}}
        self.heard = lambda text: None

    def run(self, step, then, otherwise):
        self._later(lambda: then(self.transact(step)))

    def tell(self, text):
        pass

    def transact(self, step):
        """The whole step at once; its result."""
        reads, decide = step.reads, step.decide
        while True:
            plan = decide([self._read(*read) for read in json.loads(json.dumps(reads))])
            if not plan.get("reads"):
                break
            reads, decide = plan["reads"], plan["then"]
        for write in json.loads(json.dumps(plan.get("writes") or [])):
            self._write(*write)
        return plan.get("result")

    def _rows(self, store, chat):
        return {key: text for key, text in self._stores[store].items() if key[0] == chat}

    def _read(self, kind, name, key=None):
        if kind == "newest":
            rows = [json.loads(text) for text in self._stores["chats"].values()]
            rows = [row for row in rows if not key or [row["updated"], row["id"]] < key]
            return sorted(rows, key=lambda row: (row["updated"], row["id"]), reverse=True)[:name]
        if kind == "get":
            text = self._stores[name].get(_key(key))
            return None if text is None else json.loads(text)
        if kind == "keys":
            return list(self._stores[name])
        if kind == "users":
            turns = [json.loads(text) for text in self._stores["turns"].values()]
            return [[row["chat"], row["id"]] for row in turns if name in (row.get("files") or [])]
        if kind == "keys-under":
            return [list(each) for each in self._rows(name, key)]
        rows = self._rows(name, key) if kind == "under" else self._stores[name]
        return [json.loads(text) for text in rows.values()]

    def _write(self, kind, name, key=None, row=None):
        store = self._stores[name]
        if kind == "clear":
            store.clear()
        elif kind == "delete-under":
            for each in self._rows(name, key):
                del store[each]
        elif kind == "delete":
            store.pop(_key(key), None)
        else:
            store[_key(key)] = json.dumps(row)


def _key(key):
    return tuple(key) if isinstance(key, list) else key
