"""What is kept on the device, and what happens when the device refuses."""

from __future__ import annotations

from ui.conversation import Conversation, Turn
from ui.store import CHAT, LAST, MemoryBacking, Store


class Full(MemoryBacking):
    """Room for ``most`` conversations."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most

    def set(self, key: str, text: str) -> bool:
        chats = [each for each in self.keys() if each.startswith(CHAT) and each != key]
        return bool(super().set(key, text)) if not key.startswith(CHAT) or len(chats) < self.most else False


def chat(name: str, day: int) -> Conversation:
    turns = [Turn("q" + name, "user", name), Turn("a" + name, "assistant", "answer")]
    return Conversation(name, turns, f"2026-01-{day:02}")


def test_the_last_conversation_is_found_again() -> None:
    store = Store(MemoryBacking())
    store.save(chat("one", 1))
    store.save(chat("two", 2))
    last = store.last()
    assert last is not None
    assert last.title == "two"
    store.leave()
    assert store.last() is None


def test_conversations_are_listed_newest_first() -> None:
    store = Store(MemoryBacking())
    for name, day in (("old", 1), ("new", 9), ("middle", 4)):
        store.save(chat(name, day))
    assert [row[1] for row in store.chats()] == ["new", "middle", "old"]


def test_an_empty_conversation_is_not_kept() -> None:
    backing = MemoryBacking()
    assert Store(backing).save(Conversation("c"))
    assert backing.keys() == []


def test_when_there_is_no_room_the_oldest_makes_way() -> None:
    store = Store(Full(2))
    for name, day in (("a", 1), ("b", 2), ("c", 3)):
        assert store.save(chat(name, day))
    assert [row[1] for row in store.chats()] == ["c", "b"]


def test_when_nothing_can_be_kept_save_says_so() -> None:
    assert Store(Full(0)).save(chat("a", 1)) is False


def test_only_the_newest_thirty_are_kept() -> None:
    store = Store(MemoryBacking())
    for number in range(1, 32):
        store.save(chat(f"chat {number}", number))
    store.prune()
    assert len(store.chats()) == 30
    assert store.chats()[-1][1] == "chat 2"


def test_deleting_forgets_which_was_last() -> None:
    backing = MemoryBacking()
    store = Store(backing)
    store.save(chat("a", 1))
    store.delete("a")
    assert backing.get(LAST) is None
    store.save(chat("b", 1))
    store.delete_all()
    assert store.chats() == []


def test_damaged_entries_are_passed_over() -> None:
    backing = MemoryBacking()
    backing.set(CHAT + "x", "{not json")
    backing.set("orion.preferences", "[]")
    store = Store(backing)
    assert store.chats() == []
    assert store.preferences()["theme"] == "auto"


def test_preferences_and_draft_are_kept() -> None:
    backing = MemoryBacking()
    store = Store(backing)
    store.draft = "half a thought"
    store.set_preferences({**store.preferences(), "language": "fr"})
    again = Store(backing)
    assert again.draft == "half a thought"
    assert again.preferences()["language"] == "fr"
    store.draft = ""
    assert Store(backing).draft == ""
