"""Random schedules of several tabs over the store, against what a person knows that they did: nothing is
lost, nothing is resurrected, and all tabs end up showing the same."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.ui.tabs import Browser, Tab
from ui.chats.conversation import BUSY, Conversation, Turn
from ui.chats.old_chats import CHAT

PLACES = st.integers(0, 50)
MOST_TABS = 3


class OldPage:
    """A tab with a version of the page that knows localStorage only, and writes its conversation whole."""

    def __init__(self, browser: Browser, name: str) -> None:
        self._browser, self.chat = browser, Conversation(name)

    def asks(self, text: str) -> None:
        number = len(self.chat.turns)
        self.chat.turns.append(Turn(f"{self.chat.id} {number}", "user", text))
        self.chat.turns.append(Turn(f"{self.chat.id} {number + 1}", "assistant", "", "streaming"))
        self.chat.updated = self._browser.timestamp()

    def finishes(self) -> None:
        if self.chat.turns:
            self.chat.turns[-1].state, self.chat.turns[-1].text = "success", f"answer {len(self.chat.turns)}"

    def writes(self) -> None:
        if self.chat.turns:
            self._browser.backing.set(CHAT + self.chat.id, json.dumps(self.chat.dump()))
            for tab in self._browser.tabs:
                tab.events.append(tab.keeping.old_page_wrote)


class Schedules(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.browser = Browser()
        self.browser.committed = self.look
        self.old = [OldPage(self.browser, "old one"), OldPage(self.browser, "old two")]
        self.asked: set[str] = set()
        self.deleted: set[str] = set()
        self.deleted_turns: set[str] = set()
        self.given_up: set[str] = set()
        self.replaced: set[str | None] = set()
        self.there: dict[str, dict[str, Any]] = {}
        self.runs: dict[str, tuple[Tab, Turn]] = {}
        self.number = 0
        tab = self.browser.open().settle()
        self.asks(0)
        tab.finishes("first answer")
        self.old[0].asks(self.fresh_text())
        self.asked.add("question 2")
        self.old[0].writes()
        self.browser.settle()
        tab.timers.all()
        self.browser.open()
        self.browser.settle()

    def look(self) -> None:
        """After each transaction: what is gone stays gone, and a finished attempt stays as it is."""
        rows = {row["id"]: row for row in self.browser.turns()}
        here = {row["text"] for row in rows.values() if row["role"] == "user"}
        assert not here & self.deleted, "a deleted question is back"
        assert not set(rows) & self.deleted_turns, "a deleted turn is back"
        assert len(here) == len([row for row in rows.values() if row["role"] == "user"]), "a question is there twice"
        self.deleted_turns |= set(self.there) - set(rows)
        for name, row in self.there.items():
            if name not in rows and row["role"] == "user":
                self.deleted.add(row["text"])
            later = rows.get(name)
            if later and later.get("run") != row.get("run"):
                assert later.get("run") not in self.replaced, "an attempt that another replaced is back"
                self.replaced.add(row.get("run"))
            if later and row["state"] == "success" and later.get("run") == row.get("run"):
                assert later["text"] == row["text"]
                assert later["state"] == "success"
        self.there = rows

    def tab(self, place: int) -> Tab:
        return self.browser.tabs[place % len(self.browser.tabs)]

    def fresh_text(self) -> str:
        self.number += 1
        return f"question {self.number}"

    def note_run(self, tab: Tab) -> None:
        answer = tab.conversation.current
        if answer and answer.run:
            self.runs[answer.run] = (tab, answer)

    def copies(self) -> set[str]:
        """What old pages wrote and nobody has taken over yet."""
        chats = [json.loads(text) for text in self.browser.kept(CHAT).values()]
        return {turn["text"] for chat in chats for turn in chat["turns"]}

    # people

    @precondition(lambda self: len(self.browser.tabs) < MOST_TABS)
    @rule()
    def opens(self) -> None:
        self.browser.open()

    @rule(place=PLACES)
    def asks(self, place: int) -> None:
        tab = self.tab(place)
        text = tab.composer.text or self.fresh_text()  # what wasn't sent stands in the box again
        if tab.conversation.current:
            return
        tab.sends(text)
        self.asked.add(text)
        self.note_run(tab)

    @rule(place=PLACES)
    def streams(self, place: int) -> None:
        self.tab(place).streams("word ")

    @rule(place=PLACES, text=st.booleans())
    def answers_while_nobody_listens(self, place: int, text: bool) -> None:
        """An answer that is written before this tab hears what others did meanwhile."""
        tab = self.tab(place)
        tab.finishes(f"answer {self.fresh_text()}") if text else tab.streams("word ")
        while tab.commit():
            pass

    @rule(place=PLACES)
    def finishes(self, place: int) -> None:
        self.tab(place).finishes(f"answer {self.fresh_text()}")

    @rule(place=PLACES)
    def stops(self, place: int) -> None:
        self.tab(place).stop()

    @rule(place=PLACES, which=PLACES)
    def asks_again(self, place: int, which: int) -> None:
        tab = self.tab(place)
        answers = [turn for turn in tab.conversation.turns if turn.role == "assistant" and not turn.busy]
        if answers:
            tab.again(answers[which % len(answers)])
            self.note_run(tab)

    @precondition(lambda self: self.number % 2 == 0)
    @rule(place=PLACES)
    def leaves(self, place: int) -> None:
        self.tab(place).new_chat()

    @rule(place=PLACES, which=PLACES)
    def opens_a_conversation(self, place: int, which: int) -> None:
        chats = self.browser.chats()
        if chats:
            self.tab(place).keeping.open(chats[which % len(chats)]["id"])

    @rule(place=PLACES, which=PLACES)
    def deletes(self, place: int, which: int) -> None:
        chats = self.browser.chats()
        if chats:
            self.tab(place).deletes(chats[which % len(chats)]["id"])

    @precondition(lambda self: self.number % 3 == 0)
    @rule(place=PLACES)
    def deletes_all(self, place: int) -> None:
        self.given_up |= self.copies()
        self.tab(place).deletes_all()

    @rule(place=PLACES, itself=st.booleans())
    def reloads(self, place: int, itself: bool) -> None:
        tab = self.tab(place)
        again = tab.reloads_itself() if itself else tab.reload()
        assert again in self.browser.tabs

    @precondition(lambda self: self.number % 2 == 0)
    @rule(place=PLACES)
    def is_killed(self, place: int) -> None:
        self.tab(place).kill()
        if not self.browser.tabs:
            self.browser.open()

    # pages of an older version

    @rule(place=PLACES)
    def asks_in_an_old_page(self, place: int) -> None:
        text = self.fresh_text()
        self.old[place % 2].asks(text)
        self.old[place % 2].writes()
        self.asked.add(text)

    @rule()
    def an_old_page_has_its_say(self) -> None:
        self.old[0].writes()
        self.all_is_quiet()
        for tab in self.browser.tabs:
            tab.timers.all()
        self.all_is_quiet()

    @rule(place=PLACES, finishes=st.booleans())
    def an_old_page_writes(self, place: int, finishes: bool) -> None:
        if finishes:
            self.old[place % 2].finishes()
        self.old[place % 2].writes()

    # the browser

    @rule(place=PLACES)
    def gets_on(self, place: int) -> None:
        """This tab alone, and the others don't hear of it yet."""
        self.tab(place).settle()
        self.note_run(self.tab(place))

    @rule(place=PLACES, steps=st.integers(1, 6))
    def commits(self, place: int, steps: int) -> None:
        for _ in range(steps):
            self.tab(place).commit()

    @rule(place=PLACES, steps=st.integers(1, 6))
    def hears(self, place: int, steps: int) -> None:
        tab = self.tab(place)
        for _ in range(steps):
            tab.hear()
        self.note_run(tab)

    @rule(place=PLACES, steps=st.integers(1, 6))
    def listens(self, place: int, steps: int) -> None:
        tab = self.tab(place)
        for _ in range(steps):
            tab.listen()
        self.note_run(tab)

    @rule(place=PLACES)
    def time_passes(self, place: int) -> None:
        self.tab(place).timers.all()

    @rule(why=st.sampled_from([None, "quota"]))
    def room(self, why: str | None) -> None:
        self.browser.refuses = why

    @rule()
    def all_is_quiet(self) -> None:
        self.browser.settle()
        for tab in self.browser.tabs:
            self.note_run(tab)

    # the end

    def teardown(self) -> None:
        if not hasattr(self, "browser"):
            return
        browser = self.browser
        browser.refuses = None
        for _ in range(4):
            browser.tabs[0].keeping.chats.take_over_old()
            browser.settle()
            for tab in browser.tabs:
                self.note_run(tab)
                tab.timers.all()
                tab.keeping.looked_at()  # a killed tab may not have told what it did
        browser.settle()
        texts = browser.drafts()
        assert not self.copies(), "what an old page wrote is taken over and removed"
        texts += [*browser.questions(), *self.deleted, *self.given_up]
        for text in self.asked:
            assert any(text in other for other in texts), f"{text} is lost"
        for chat in browser.chats():
            rows = browser.turns(chat["id"])
            assert [row["role"] for row in rows] == ["user", "assistant"] * (len(rows) // 2)
            assert chat["count"] == len(rows)
        for row in browser.turns():
            tab, turn = self.runs.get(row.get("run"), (None, None))
            if tab and tab.alive and turn.run == row["run"] and not turn.remote:
                assert (row["state"], row["text"]) == (turn.state, turn.text), "the answering tab knows best"
        for tab in browser.tabs:
            shown = [(turn.id, turn.state, turn.text) for turn in tab.conversation.turns]
            kept = [(row["id"], row["state"], row["text"]) for row in browser.turns(tab.conversation.id)]
            assert shown == kept, "a tab shows what is kept"
        self.everything_can_be_opened()

    def everything_can_be_opened(self) -> None:
        browser = self.browser
        alive = {tab.keeping.chats.page_id for tab in browser.tabs}
        reader = browser.open()
        browser.settle()
        for chat in browser.chats():
            reader.keeping.open(chat["id"])
            browser.settle()
            for turn in reader.conversation.turns:
                assert turn.state not in BUSY or turn.owner in alive, "nobody makes this answer"


TestSchedules = Schedules.TestCase
TestSchedules.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


def test_a_page_that_reloads_itself_amid_a_deletion() -> None:
    """Found at random: the question had arrived, its page never heard so, and asked it again once it was deleted."""
    state = Schedules()
    state.begin()
    state.asks(0)
    state.answers_while_nobody_listens(0, text=False)
    state.reloads(itself=True, place=0)
    state.deletes(0, which=0)
    state.teardown()
