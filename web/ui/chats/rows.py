"""Defines what each change of the stored conversations reads and writes: one transaction each. Pure.

A ``Step`` names what to read; ``decide(found)`` is called inside the transaction with what was found, in
the same order (None for what isn't there), and answers with a plan:

    {"writes": [["put", store, key, row], ["delete", store, key], ["delete-under", store, chat],
                ["clear", store]], "result": …}          done with this
    {"reads": […], "then": decide}                       read more first: ``then`` is asked with what they find

A step may be begun anew where the connection was lost, so what decides keeps nothing between two calls.

The stores are those of bridge/page/chats.js. Since every change reads what is there first, tabs may
interleave in any order: a turn is added to what others added, only its own attempt writes an answer, and
nothing is written into a conversation that was deleted.
"""

from ui.chats.conversation import BUSY, title_of

FIELDS = (
    "id",
    "role",
    "text",
    "state",
    "agent",
    "model",
    "options",
    "meta",
    "notes",
    "error",
    "run",
    "owner",
    "attached",
    "files",
    "scenes",
)
MARKS = ("presumed", "old")


class Step:
    def __init__(self, reads, decide, writes=True):
        self.reads, self.decide, self.writes = reads, decide, writes


def _chat_row(chat):
    return {"id": chat, "title": "", "count": 0, "updated": "", "next": 0}


def _add(chat, row):
    """Puts a turn's row behind the others of its conversation."""
    row["chat"], row["seq"] = chat["id"], chat["next"]
    chat["next"] += 1
    chat["count"] += 1
    if not chat["title"] and row["role"] == "user":
        chat["title"] = _title(row)


def _title(row):
    return title_of(row["text"], row.get("attached") or ())


def _put_turn(row):
    return ["put", "turns", [row["chat"], row["id"]], row]


def save(conversation, turns):
    """Adds or changes ``turns``. The result: ``gone`` (the conversation was deleted elsewhere, nothing
    is written), ``kept`` (id to [seq, run] of what is in the database now) and ``other`` (ids of turns
    that another tab has begun to answer again). What is in neither was deleted."""
    reads = [["get", "chats", conversation.id]] + [["get", "turns", [conversation.id, turn.id]] for turn in turns]

    def decide(found):
        chat, rows = found[0], found[1:]
        if chat is None and conversation.kept:
            return {"result": {"gone": True, "kept": {}, "other": []}}
        chat = chat or _chat_row(conversation.id)
        writes, kept, other = [], {}, []
        for place, turn in enumerate(turns):
            row = rows[place]
            if row is not None and row.get("run") != turn.run and not turn.fresh:
                other.append(turn.id)
                continue
            if row is None and turn.kept:
                continue  # deleted, and its conversation has come back with what is new in an old copy
            if row is None:
                row = turn.dump()
                _add(chat, row)
            else:
                row = {key: value for key, value in row.items() if key not in FIELDS and key not in MARKS}
                row.update(turn.dump())
            writes.append(_put_turn(row))
            kept[turn.id] = [row["seq"], turn.run]
        chat["updated"] = max(chat["updated"], conversation.updated)
        writes.append(["put", "chats", chat["id"], chat])
        return {"writes": writes, "result": {"gone": False, "kept": kept, "other": other}}

    return Step(reads, decide)


def settle(row, said):
    """The page that answered ``row`` is gone: the turn is cancelled with what it had said, at most
    ``said``. Should the page be alive after all, what it writes still counts."""
    key = [row["chat"], row["id"]]

    def decide(found):
        now = found[0]
        if not now or now.get("run") != row.get("run") or now["state"] not in BUSY:
            return {"result": False}
        now["state"], now["presumed"] = "cancelled", True
        now["notes"] = (now.get("notes") or []) + [{"kind": "interrupted"}]
        if len(said) > len(now["text"]):
            now["text"] = said
        return {"writes": [_put_turn(now)], "result": True}

    return Step([["get", "turns", key]], decide)


def read(chat, turns=None):
    """The result: (row of the conversation or None, rows of its turns in order). Only the ``turns``
    named, or all."""
    if turns is None:
        reads = [["get", "chats", chat], ["under", "turns", chat]]
    else:
        reads = [["get", "chats", chat]] + [["get", "turns", [chat, turn]] for turn in turns]

    def decide(found):
        rows = found[1] if turns is None else [row for row in found[1:] if row]
        return {"result": (found[0], sorted(rows, key=lambda row: row["seq"]))}

    return Step(reads, decide, writes=False)


def newest(count, before=None):
    """The result: rows of conversations, the newest first; those after the row ``before``."""
    after = [before["updated"], before["id"]] if before else None
    return Step([["newest", count, after]], lambda found: {"result": found[0]}, writes=False)


def arrived(chat, turn):
    """The result: whether the turn is in the database, or was and has been deleted since."""

    def decide(found):
        row, gone = found
        return {"result": row is not None or turn in (gone or {"turns": []})["turns"]}

    return Step([["get", "turns", [chat, turn]], ["get", "gone", chat]], decide, writes=False)


def _gone(found, turns):
    """The row of turns that stay deleted, with these, too: those that an older page may write again, and
    those that a page has sent and would ask again, since it never heard that they had arrived."""
    dead = (found or {"turns": []})["turns"]
    return {"turns": dead + [turn for turn in turns if turn not in dead]}


def files_of(rows):
    """Ids of the files that these turns' rows name, each once."""
    return list({each: None for row in rows for each in row.get("files") or []})


def delete(chat, sent, orphans):
    """``sent()``, called inside the transaction: [chat, turn] of what pages don't know yet to have arrived.
    ``orphans(ids, users)``: which of these files nothing names then. The result: the attempts (``run``) and the files
    of what is deleted."""

    def decide(found):
        ids = files_of(found[1])
        if not ids:
            return clear(found, [], [])
        return {"reads": [["users", each] for each in ids], "then": lambda users: clear(found, ids, users)}

    def clear(found, ids, users):
        row, rows, gone = found
        files = orphans(ids, users)
        writes = [["delete", "chats", chat], ["delete-under", "turns", chat]]
        writes += [["delete", "attachments", each] for each in files]
        unheard = [turn for where, turn in sent() if where == chat]
        stay = [each["id"] for each in rows if (row and row.get("old")) or each["id"] in unheard]
        if stay:
            writes.append(["put", "gone", chat, _gone(gone, stay)])
        return {"writes": writes, "result": ([each["run"] for each in rows if each.get("run")], files)}

    return Step([["get", "chats", chat], ["under", "turns", chat], ["get", "gone", chat]], decide)


def delete_all(sent, orphans):
    """``sent`` and ``orphans`` as for ``delete``. The result: the files that are deleted."""

    def decide(found):
        old = [row["id"] for row in found[0] if row.get("old")]
        unheard = sent()
        chats = old + [row["id"] for row in found[0] if row["id"] not in old and row["id"] in [at for at, _ in unheard]]
        if not chats:
            return clear(old, unheard, chats, [], found[1])
        reads = [["keys-under", "turns", chat] for chat in chats] + [["get", "gone", chat] for chat in chats]
        return {"reads": reads, "then": lambda more: clear(old, unheard, chats, more, found[1])}

    def clear(old, unheard, chats, found, kept):
        files = orphans(kept, [[] for _ in kept])
        writes = [["clear", "chats"], ["clear", "turns"]] + [["delete", "attachments", each] for each in files]
        for place, chat in enumerate(chats):
            turns, gone = [key[1] for key in found[place]], found[len(chats) + place]
            stay = [turn for turn in turns if chat in old or [chat, turn] in unheard]
            if stay:
                writes.append(["put", "gone", chat, _gone(gone, stay)])
        return {"writes": writes, "result": files}

    return Step([["all", "chats"], ["keys", "attachments"]], decide)


def _of(chat):
    return [["get", "chats", chat], ["under", "turns", chat], ["get", "gone", chat]]


def take_over(copy):
    """Merges ``copy``, a Conversation that an older version of the page wrote whole. It knows nothing of
    what other tabs added or deleted since: its turns are added, and replace only what came from an older
    copy; what was deleted doesn't come back. The result: whether anything changed."""

    def decide(found):
        chat, rows, gone = found
        dead = (gone or {"turns": []})["turns"]
        there = {row["id"]: row for row in rows}
        chat = chat or _chat_row(copy.id)
        writes = []
        for turn in copy.turns:
            if turn.id in dead:
                continue
            row = turn.dump()
            row["old"] = copy.updated
            if turn.id in there:
                if not _older(there[turn.id], row):
                    continue
                row["chat"], row["seq"] = chat["id"], there[turn.id]["seq"]
            else:
                _add(chat, row)
            writes.append(_put_turn(row))
        if not writes:
            return {"result": False}
        chat["old"] = True
        chat["updated"] = max(chat["updated"], copy.updated)
        writes.append(["put", "chats", chat["id"], chat])
        return {"writes": writes, "result": True}

    return Step(_of(copy.id), decide)


def bury(copy):
    """Deletes the turns that an older version of the page wrote, so that they stay deleted when it writes
    them again."""

    def decide(found):
        chat, rows, gone = found
        turns = [turn.id for turn in copy.turns]
        left = [row for row in rows if row["id"] not in turns]
        writes = [["delete", "turns", [copy.id, row["id"]]] for row in rows if row["id"] in turns]
        writes.append(["put", "gone", copy.id, _gone(gone, turns)])
        if left:
            asked = sorted([row for row in left if row["role"] == "user"], key=lambda row: row["seq"])
            chat["count"], chat["title"] = len(left), _title(asked[0]) if asked else ""
            writes.append(["put", "chats", copy.id, chat])
        else:
            writes.append(["delete", "chats", copy.id])
        return {"writes": writes, "result": True}

    return Step(_of(copy.id), decide)


def _older(kept, copied):
    """Is the kept row an earlier state of the copied one? Both are from older versions of the page, or
    it isn't. Copies of one moment differ in how far the answer had come."""
    if kept.get("old") is None:
        return False
    if copied["old"] != kept["old"]:
        return copied["old"] > kept["old"]
    unfinished = kept["state"] in BUSY or kept.get("presumed")
    if copied["state"] in BUSY:
        return bool(unfinished) and len(copied["text"]) > len(kept["text"])
    return bool(unfinished)
