"""Preferences that several tabs share, and which conversation a tab shows."""

from __future__ import annotations

from pathlib import Path

from ui.base.store import AHEAD, PREFERENCES, MemoryBacking, Store


def test_preferences_are_kept() -> None:
    backing = MemoryBacking()
    Store(backing, MemoryBacking()).change({"language": "fr"})
    assert Store(backing, MemoryBacking()).preferences()["language"] == "fr"


def test_damaged_preferences_are_the_defaults() -> None:
    for text in ("[]", "{not json", "null"):
        backing = MemoryBacking()
        backing.set(PREFERENCES, text)
        store = Store(backing, MemoryBacking())
        assert store.preferences()["theme"] == "auto"
        store.change_engine({"enable_guardrails": False})
        assert store.preferences()["engine"] == {"enable_guardrails": False}


def test_two_tabs_change_different_preferences_and_neither_is_lost() -> None:
    backing = MemoryBacking()
    one, other = Store(backing, MemoryBacking()), Store(backing, MemoryBacking())
    one.preferences(), other.preferences()
    one.change({"theme": "dark"})
    other.change({"language": "fr"})
    one.change_engine({"enable_guardrails": False})
    other.change_engine({"verbose_logging": True})
    kept = one.preferences()
    assert (kept["theme"], kept["language"]) == ("dark", "fr")
    assert kept["engine"] == {"enable_guardrails": False, "verbose_logging": True}


def test_a_setting_that_a_newer_page_keeps_survives_an_older_ones_change() -> None:
    backing = MemoryBacking()
    backing.set(PREFERENCES, '{"typewriter": 3}')
    Store(backing, MemoryBacking()).change({"theme": "dark"})
    assert "typewriter" in str(backing.get(PREFERENCES))


def test_a_tab_finds_its_own_conversation_again_and_a_new_one_the_last() -> None:
    backing = MemoryBacking()
    tabs = [MemoryBacking(), MemoryBacking()]
    Store(backing, tabs[0]).show("first")
    Store(backing, tabs[1]).show("second")
    assert Store(backing, tabs[0]).last == "first"
    assert Store(backing, MemoryBacking()).last == "second"


def test_after_a_new_conversation_the_next_page_starts_empty() -> None:
    backing, tab = MemoryBacking(), MemoryBacking()
    store = Store(backing, tab)
    store.show("chat")
    store.leave()
    assert Store(backing, tab).last is None
    assert Store(backing, MemoryBacking()).last is None


def test_what_the_next_page_may_begin_with_is_written_where_app_js_reads_it() -> None:
    backing = MemoryBacking()
    store = Store(backing, MemoryBacking())
    store.note_ahead(True)
    assert backing.get(AHEAD) == "yes"
    store.note_ahead(False)
    assert backing.get(AHEAD) == "no"
    assert f'"{AHEAD}"' in (Path(__file__).parents[3] / "web" / "app.js").read_text("utf-8")
