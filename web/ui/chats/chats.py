"""Keeps the person's conversations in a database that all tabs share.

Each change is one transaction that reads what is there first (rows.py). A page holds a name for as
long as it lives; an answer says which page makes it, and is taken for interrupted only when that name is
free. Changes of other tabs are notified, and read again.

``names`` has holdName, whenFree and alone of bridge/page/locks.js; ``backing`` is localStorage's (base/store.py).
``view`` hears what happens:

    chat_changed(conversation, turns, moved)   read anew: turns that differ, and whether others came or went
    chat_gone(conversation, new)               another tab deleted it: in its place is ``new``, with what was
                                               asked here meanwhile
    chat_taken(turn)                           another tab began to answer it again
    chat_kept(turn)                            it is in the database now
    chats_changed()                            the list isn't what it was
    files_gone(ids)                            no turn and no draft names these files any more
    chats_trouble(why)                         "quota", or "unavailable": kept as long as the page lives
"""

import json

from ui.chats import rows as chat_rows
from ui.chats.conversation import Conversation, is_turn, load_turn
from ui.chats.database import MemoryDatabase
from ui.chats.drafts import all_files, all_sent
from ui.chats.files import orphans, sweep
from ui.chats.old_chats import bury, copies, take_over

PAGE = "orion.page."
REST = "orion.rest."
RETRY_MS = 5000
LONGEST_RETRY_MS = 300000


class Chats:
    def __init__(self, database, backing, names, timers, new_id, view, shown):
        self._new_id = new_id
        self.page_id = new_id()
        self._database, self._backing, self._names, self._timers = database, backing, names, timers
        self._view, self._shown = view, shown
        self._watched = set()
        self._unsaved = []  # conversations that have something to write
        self._opening = []  # [conversation's id, what other tabs changed in it since it began to be read]
        self._retry_ms = RETRY_MS
        self._taking = False
        database.heard = self._heard

    # start

    def start(self, then):
        """Calls ``then`` when conversations can be opened."""
        self._names.holdName(PAGE + self.page_id, 0, lambda *_: self._look(then))

    def _look(self, then):
        """Whether the database can be used at all."""
        go_on = lambda *_: self.take_over_old(then)  # noqa: E731
        self._database.run(chat_rows.newest(1), go_on, lambda why: self._do_without(go_on))

    def _do_without(self, then):
        self._database = MemoryDatabase(lambda call: self._timers.later(0, call))
        self._view.chats_trouble("unavailable")
        then()

    @property
    def keeps(self):
        return not isinstance(self._database, MemoryDatabase)

    def take_over_old(self, then=None):
        """Brings in what a page of an older version keeps in localStorage, now or still."""
        if self._taking:
            self._taking.append(then)
            return
        self._taking = [then]
        take_over(self._database, self._backing, self._names, self.keeps, self._taken_over)

    def _taken_over(self, chats):
        waiting, self._taking = self._taking, False
        for chat in chats:
            self._tell({"chat": chat})
            if chat == self._shown().id:
                self.refresh(self._shown())
        if chats:
            self._view.chats_changed()
        for then in waiting:
            if then:
                then()

    # reading

    def open(self, chat, then):
        """Calls ``then`` with the Conversation, or with None. One that still has something to write is the
        one that there is."""
        for conversation in self._unsaved:
            if conversation.id == chat:
                then(conversation)
                self.refresh(conversation)
                return
        opening = [chat, []]
        self._opening.append(opening)

        def done(found):
            self._opening.remove(opening)
            conversation = self._opened(found)
            if conversation is None and opening[1]:  # it came into the database meanwhile
                self.open(chat, then)
                return
            then(conversation)
            for turns in opening[1]:
                if conversation is self._shown():
                    self.refresh(conversation, turns)

        def failed(why):
            self._opening.remove(opening)
            then(None)

        self._database.run(chat_rows.read(chat), done, failed)

    def _opened(self, found):
        row, rows = found
        if row is None:
            return None
        conversation = Conversation(row["id"], [], row["updated"])
        conversation.kept = True
        self._merge(conversation, rows)
        return conversation

    def newest(self, count, before, then):
        """Calls ``then`` with rows {id, title, count, updated}, the newest first."""
        self._database.run(chat_rows.newest(count, before), then, lambda why: then([]))

    def arrived(self, chat, turn, then):
        """Calls ``then`` with whether the turn ever came into the database, deleted since or not."""
        self._database.run(chat_rows.arrived(chat, turn), then, lambda why: then(False))

    def refresh(self, conversation, turns=None):
        """Reads again what another tab changed: these turns, or all."""
        if conversation.late is not None:  # it is being read
            conversation.late.append(turns)
            return
        conversation.late = []
        done = lambda found: self._read_again(conversation, found, turns is None)  # noqa: E731
        self._database.run(chat_rows.read(conversation.id, turns), done, lambda why: self._late(conversation))

    def _late(self, conversation):
        late, conversation.late = conversation.late, None
        return late

    def _read_again(self, conversation, found, all_turns):
        late = self._late(conversation)
        row, rows = found
        if row is None and conversation.kept:
            self._gone(conversation)
            return
        if row is not None:
            conversation.updated = max(conversation.updated, row["updated"])
        differ, moved = self._merge(conversation, rows)
        if all_turns and self._forget(conversation, [each["id"] for each in rows]):
            moved = True
        if differ or moved:
            self._view.chat_changed(conversation, differ, moved)
        if late:
            self.refresh(conversation, None if None in late else [turn for turns in late for turn in turns])

    def _merge(self, conversation, rows):
        """(turns that differ now, whether turns came or moved)"""
        differ, came = [], False
        for row in rows:
            if not is_turn(row):
                continue
            turn = conversation.turn(row["id"])
            if turn is None:
                turn = load_turn(row)
                conversation.turns.append(turn)
                came = True
                if turn.owner == self.page_id:
                    row["owner"] = None  # this page would know of an answer that it makes
            elif turn.unsaved or (turn.busy and not turn.remote and turn.run == row.get("run")):
                continue  # what this page knows of it is newer
            else:
                if turn.busy and not turn.remote:
                    self._view.chat_taken(turn)
                if turn.take(row):
                    differ.append(turn)
            turn.kept, turn.seq = True, row["seq"]
            turn.remote = turn.busy and row.get("owner") != self.page_id
            if turn.remote:
                self._watch(row)
        return differ, conversation.sort() or came

    def _forget(self, conversation, there):
        """Takes out the turns that were deleted. False: there are none."""
        lost = [turn for turn in conversation.turns if turn.kept and turn.id not in there]
        for turn in lost:
            if turn.busy and not turn.remote:
                self._view.chat_taken(turn)
        conversation.turns = [turn for turn in conversation.turns if turn not in lost]
        return bool(lost)

    # an answer that another page makes

    def _watch(self, row):
        key = row["id"] + " " + (row.get("run") or "")
        if key in self._watched:
            return
        self._watched.add(key)
        if row.get("owner"):
            self._names.whenFree(PAGE + row["owner"], lambda *_: self._settle(row, key))
        else:
            self._settle(row, key)

    def _settle(self, row, key):
        rest = REST + (row.get("run") or row["id"])
        said = self._backing.get(rest) or ""
        done = lambda changed: self._settled(row, key, rest)  # noqa: E731
        self._database.run(chat_rows.settle(row, said), done, lambda why: self._watched.discard(key))

    def _settled(self, row, key, rest):
        self._watched.discard(key)
        self._backing.remove(rest)
        self._tell({"chat": row["chat"], "turns": [row["id"]]})
        if row["chat"] == self._shown().id:
            self.refresh(self._shown(), [row["id"]])

    def leaving(self, conversation):
        """The page goes away, and nothing that takes time is done any more: the last words of the answer
        that is under way are put where they are kept at once."""
        answer = conversation.current
        if answer and answer.run and not answer.silent:
            self._backing.set(REST + answer.run, answer.text)

    # writing

    def save(self, conversation, *turns):
        """Keeps these turns as they are when their transaction comes."""
        if conversation.deleted:
            return
        for turn in turns:
            turn.unsaved = True
            if turn not in conversation.waiting:
                conversation.waiting.append(turn)
        self._flush(conversation)

    def _flush(self, conversation):
        if conversation.saving or not conversation.waiting:
            return
        if conversation not in self._unsaved:
            self._unsaved.append(conversation)
        turns = [turn for turn in conversation.turns if turn in conversation.waiting]
        conversation.waiting = []
        if not turns:
            return
        conversation.saving = True
        self._database.run(
            chat_rows.save(conversation, turns),
            lambda result: self._saved(conversation, turns, result),
            lambda why: self._refused(conversation, turns, why),
        )

    def _saved(self, conversation, turns, result):
        conversation.saving = False
        self._retry_ms = RETRY_MS
        if result["gone"]:
            self._gone(conversation)
            return
        conversation.kept = True
        for turn in turns:
            turn.unsaved = turn in conversation.waiting
            if turn.id in result["kept"]:
                turn.seq, run = result["kept"][turn.id]
                turn.fresh = turn.fresh and turn.run != run
                new, turn.kept = not turn.kept, True
                if new:
                    self._view.chat_kept(turn)
                if turn.run and not turn.busy:
                    self._backing.remove(REST + turn.run)
        if conversation.sort():
            self._view.chat_changed(conversation, [], True)
        if len(result["kept"]) + len(result["other"]) < len(turns):
            self.refresh(conversation)
        if result["other"]:
            for turn in turns:
                if turn.id in result["other"] and turn.busy and not turn.remote:
                    self._view.chat_taken(turn)
                    turn.remote = True
            self.refresh(conversation, result["other"])
        self._tell({"chat": conversation.id, "turns": list(result["kept"])})
        self._view.chats_changed()
        if not conversation.waiting and conversation in self._unsaved:
            self._unsaved.remove(conversation)
        self._flush(conversation)

    def _refused(self, conversation, turns, why):
        """It stays in memory and is tried again."""
        conversation.saving = False
        if conversation.deleted:
            return
        conversation.waiting = turns + [turn for turn in conversation.waiting if turn not in turns]
        self._again(lambda: self._flush(conversation), why)

    def _again(self, work, why):
        self._timers.later(self._retry_ms, work)
        self._retry_ms = min(2 * self._retry_ms, LONGEST_RETRY_MS)
        self._view.chats_trouble(why)

    def _gone(self, conversation):
        """Another tab deleted it. What was asked here meanwhile becomes a conversation of its own."""
        self._drop(conversation)
        turns = conversation.turns
        self._forget_rests([turn.run for turn in turns if turn.kept and turn.run])
        new = Conversation(self._new_id(), [turn for turn in turns if not turn.kept], conversation.updated)
        conversation.turns = [turn for turn in turns if turn.kept]
        self._view.chat_gone(conversation, new)
        if new.turns:
            self.save(new, *new.turns)

    def _drop(self, conversation):
        """Nothing more of it is written."""
        conversation.deleted = True
        conversation.waiting = []
        if conversation in self._unsaved:
            self._unsaved.remove(conversation)

    def _forget_rests(self, runs):
        for run in runs:
            self._backing.remove(REST + run)

    def _sent(self):
        return all_sent(self._backing)

    def _orphans(self, chat=None):
        return lambda ids, users: orphans(ids, users, all_files(self._backing), chat)

    def sweep(self, ids=None):
        """Deletes the files that nothing names, of these or of all: nobody waits for it."""
        named = lambda: all_files(self._backing)  # noqa: E731
        self._database.run(sweep(named, ids), self._view.files_gone, lambda why: None)

    def delete(self, chat, then):
        def done(result):
            runs, files = result
            self._forget_rests(runs)
            self._view.files_gone(files)
            for conversation in [each for each in self._unsaved if each.id == chat]:
                self._drop(conversation)
            self._tell({"gone": chat})
            then()

        failed = lambda why: self._again(lambda: self.delete(chat, then), why)  # noqa: E731
        self._database.run(chat_rows.delete(chat, self._sent, self._orphans(chat)), done, failed)

    def delete_all(self, then):
        """All that there is now. Where it fails nothing is deleted later: there may be new ones by then."""
        unsaved = list(self._unsaved)

        def done(_):
            for conversation in unsaved:
                self._drop(conversation)
            for key in self._backing.keys():
                if key.startswith(REST):
                    self._backing.remove(key)
            self._tell({"gone": None})
            then()

        old = copies(self._backing)

        def then_old(files):
            self._view.files_gone(files)
            bury(self._database, self._backing, old, self.keeps, done)

        self._database.run(chat_rows.delete_all(self._sent, self._orphans()), then_old, self._view.chats_trouble)

    # other tabs

    def _tell(self, change):
        self._database.tell(json.dumps(change))

    def _heard(self, text):
        change, shown = json.loads(text), self._shown()
        for chat, changes in self._opening:
            if change.get("chat") == chat:
                changes.append(change.get("turns"))
            elif "gone" in change and change["gone"] in (None, chat):
                changes.append(None)
        if "gone" in change:
            if change["gone"] in (None, shown.id):
                self.refresh(shown)
        elif change.get("chat") == shown.id:
            self.refresh(shown, change.get("turns"))
        self._view.chats_changed()
