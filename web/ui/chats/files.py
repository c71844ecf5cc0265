"""Finds which attached files nothing names any more: no turn of any conversation, and no tab's draft. Pure.

A file is in the store "attachments" by the SHA-256 of its bytes, whichever turns name it. A turn's row names its files
in ``files``, and an index finds the turns that name one (the read "users"). So what a deletion leaves without a user is
found inside of the same transaction, whatever other tabs do. A tab writes its draft before it stores a file, so that a
file that is being attached is never without one.
"""

from ui.chats.rows import Step


def orphans(ids, users, named, chat=None):
    """Those of ``ids`` that no turn names but ``chat``'s, and none of ``named``. ``users``: of each, the keys of the
    turns that name it."""
    left = []
    for place, each in enumerate(ids):
        if each not in named and not [user for user in users[place] if user[0] != chat]:
            left.append(each)
    return left


def sweep(named, ids=None):
    """Deletes what nothing names, of ``ids`` or of all. ``named()``, called inside the transaction: the ids that drafts
    name. The result: those that are deleted."""

    def look(found):
        kept = [each for each in found[0] if ids is None or each in ids]
        if not kept:
            return {"result": []}
        return {"reads": [["users", each] for each in kept], "then": lambda users: clear(kept, users)}

    def clear(kept, users):
        gone = orphans(kept, users, named())
        return {"writes": [["delete", "attachments", each] for each in gone], "result": gone}

    return Step([["keys", "attachments"]], look)
