"""Tabs of one browser: they share a database, localStorage and names, and each does one thing at a time.

Nothing happens by itself. ``Tab.step()`` does the next thing that waits in a tab: commits its oldest
transaction, calls back for one that is committed, or listens to what another tab told. So a test chooses every
order, and ``kill`` ends a tab between any two of them.
"""

from __future__ import annotations

import itertools
import json
from collections import deque
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

from tests.ui.fake_dom import Document
from tests.ui.page_parts import Composer, List, Timers
from tests.ui.speech import speak
from ui.base.dom import Dom
from ui.base.store import MemoryBacking, Store
from ui.chats.conversation import Conversation, Turn
from ui.chats.database import MemoryDatabase
from ui.chats.keeping import Keeping
from ui.engine.view_state import ViewState

Call = Callable[..., Any]


class Browser:
    """``refuses``: why the next transactions fail, or None."""

    def __init__(self) -> None:
        self.disk = MemoryDatabase(None)
        self.backing = MemoryBacking()
        self.tabs: list[Tab] = []
        self.names: dict[str, Tab] = {}
        self.waiting: list[tuple[str, Tab, Call]] = []
        self.alone: dict[str, deque[tuple[Tab, Call]]] = {}
        self.refuses: str | None = None
        self.committed: Call = lambda: None
        """Called after each transaction."""
        self._numbers = itertools.count(1)

    def open(self, session: MemoryBacking | None = None, *, resumed: bool = False) -> Tab:
        tab = Tab(self, session or MemoryBacking(), resumed=resumed)
        self.tabs.append(tab)
        tab.keeping.start()
        return tab

    def new_id(self) -> str:
        return f"{next(self._numbers):05}"

    def timestamp(self) -> str:
        return f"2026-01-01T{next(self._numbers):09}"

    def settle(self) -> None:
        """Everything that waits in any tab is done."""
        while any([tab.step() for tab in list(self.tabs)]):
            pass

    # what is kept

    def kept(self, prefix: str) -> dict[str, str]:
        """What localStorage holds under keys that begin so."""
        keys = self.backing.keys()
        return {key: str(self.backing.get(key)) for key in keys if key.startswith(prefix)}

    def chats(self) -> list[dict[str, Any]]:
        return [json.loads(text) for text in self.disk._stores["chats"].values()]

    def turns(self, chat: str | None = None) -> list[dict[str, Any]]:
        rows = [json.loads(text) for text in self.disk._stores["turns"].values()]
        return sorted((row for row in rows if chat in (None, row["chat"])), key=lambda row: (row["chat"], row["seq"]))

    def questions(self) -> list[str]:
        return [row["text"] for row in self.turns() if row["role"] == "user"]

    def files(self) -> list[str]:
        return sorted(self.disk._stores["attachments"])

    def drafts(self) -> list[str]:
        """All texts that wait in a box, are put aside, or are on their way into the database."""
        rows = [json.loads(text) for text in self.kept("orion.draft.").values()]
        texts = [row[name] for row in rows for name in ("text", "aside") if row[name]]
        return texts + [each["text"] for row in rows for each in row["sent"]]

    # names

    def free(self, tab: Tab) -> None:
        for name in [name for name, holder in self.names.items() if holder is tab]:
            del self.names[name]
        self.waiting = [row for row in self.waiting if row[1] is not tab]
        for row in list(self.waiting):
            self._look(row)
        for queue in self.alone.values():
            if queue and queue[0][0] is tab:
                queue.popleft()
                self._next(queue)

    def _look(self, row: tuple[str, Tab, Call]) -> None:
        name, waits, then = row
        if name not in self.names:
            self.waiting.remove(row)
            waits.events.append(then)

    def when_free(self, name: str, tab: Tab, then: Call) -> None:
        row = (name, tab, then)
        self.waiting.append(row)
        self._look(row)

    def one_by_one(self, name: str, tab: Tab, work: Call) -> None:
        queue = self.alone.setdefault(name, deque())
        queue.append((tab, work))
        if len(queue) == 1:
            self._next(queue)

    def _next(self, queue: deque[tuple[Tab, Call]]) -> None:
        while queue and not queue[0][0].alive:
            queue.popleft()
        if queue:
            tab, work = queue[0]

            def release() -> None:
                queue.popleft()
                self._next(queue)

            tab.events.append(lambda: work(release))


class Bridge:
    """The functions of bridge/page/ that ``Keeping`` uses."""

    def __init__(self, tab: Tab, *, resumed: bool) -> None:
        self._tab, self._resumed = tab, resumed
        self.newId, self.timestamp = tab.browser.new_id, tab.browser.timestamp

    def resumed(self) -> bool:
        return self._resumed

    def messageLength(self, box: Any, most: int) -> int:
        return len(box.value)

    def holdName(self, name: str, patience: int, then: Call) -> None:
        held = name not in self._tab.browser.names
        if held:
            self._tab.browser.names[name] = self._tab
        self._tab.events.append(lambda: then(held))

    def whenFree(self, name: str, then: Call) -> None:
        self._tab.browser.when_free(name, self._tab, then)

    def alone(self, name: str, work: Call) -> None:
        self._tab.browser.one_by_one(name, self._tab, work)

    def openChats(self, decide: Call, done: Call, failed: Call, heard: Call) -> Transactions:
        return Transactions(self._tab, decide, done, failed, heard)


class Transactions:
    """``openChats``'s answer: a tab's transactions are committed in their order."""

    def __init__(self, tab: Tab, decide: Call, done: Call, failed: Call, heard: Call) -> None:
        self._tab, self._decide, self._done, self._failed = tab, decide, done, failed
        self._browser = tab.browser
        tab.heard = heard

    def run(self, call: int, reads: str, writes: bool) -> None:
        self._tab.transactions.append(lambda: self._commit(call, json.loads(reads), writes))

    def _commit(self, call: int, reads: list[Any], writes: bool) -> None:
        disk, why = self._browser.disk, self._browser.refuses
        if why and (writes or why != "quota"):
            self._tab.events.append(lambda: self._failed(call, why))
            return
        for number in itertools.count():
            found = json.dumps([disk._read(*read) for read in reads])
            plan = json.loads(self._decide(call, number, found))
            reads = plan["reads"]
            if not reads:
                break
        assert writes or not plan["writes"]
        for write in plan["writes"]:
            disk._write(*write)
        self._browser.committed()
        self._tab.events.append(lambda: self._done(call))

    def tell(self, text: str) -> None:
        for other in self._browser.tabs:
            if other is not self._tab:
                other.news.append(lambda other=other: other.heard(text))


class Platform:
    def __init__(self, tab: Tab, session: MemoryBacking, *, resumed: bool) -> None:
        self.bridge = Bridge(tab, resumed=resumed)
        self.timers = tab.timers
        self.clock = lambda: 0.0
        self.backing, self.session = tab.browser.backing, session
        self.dom = Dom(Document("composer-note", "draft-waits", "draft-back", "log"))


class Tab:
    """A page as far as it keeps something: ``app.App`` in miniature, with the real ``Keeping``."""

    def __init__(self, browser: Browser, session: MemoryBacking, *, resumed: bool = False) -> None:
        self.browser, self.session = browser, session
        self.alive = True
        self.transactions: deque[Call] = deque()
        self.events: deque[Call] = deque()
        self.news: deque[Call] = deque()
        """What other tabs told. It may overtake the callback of a transaction, and be overtaken."""
        self.timers = Timers()
        self.heard: Call = lambda text: None
        self.given_up: list[Turn] = []
        self.begun: list[Turn] = []
        self.state = ViewState(Conversation(browser.new_id()))
        self.composer, self.list = Composer(), List()
        platform = Platform(self, session, resumed=resumed)
        store = Store(browser.backing, session)
        self.keeping = Keeping(platform, speak("en"), self.state, store, self.composer, self.list, self)
        self.by_id = platform.dom.by_id
        self.forgotten: list[str] = []
        self.attachments = SimpleNamespace(forget=self.forgotten.extend, keep=self._keep_files)

    # one thing at a time

    def step(self) -> bool:
        """Hears what came first; False: nothing waits."""
        return self.hear() or self.listen() or self.commit()

    def hear(self) -> bool:
        return self._next(self.events)

    def listen(self) -> bool:
        return self._next(self.news)

    def commit(self) -> bool:
        return self._next(self.transactions)

    def _next(self, queue: deque[Call]) -> bool:
        if not self.alive or not queue:
            return False
        queue.popleft()()
        return True

    def settle(self) -> Tab:
        while self.step():
            pass
        return self

    def kill(self) -> None:
        self.alive = False
        self.events.clear()
        self.news.clear()
        self.transactions.clear()
        self.browser.tabs.remove(self)
        self.browser.free(self)

    def reload(self) -> Tab:
        self.keeping.leaving()
        self.kill()
        return self.browser.open(self.session)

    def reloads_itself(self) -> Tab:
        self.keeping.reloading()
        self.kill()
        return self.browser.open(self.session, resumed=True)

    # what the App does

    def _keep_files(self, files: list[dict[str, Any]]) -> None:
        for file in files:
            self.browser.disk._write("put", "attachments", file["id"], {})

    def ask(self, text: str, files: Sequence[dict[str, Any]] = ()) -> None:
        if self.conversation.current:
            return
        if not self.keeping.loaded:
            self.keeping.wait(text, files)
            return
        question = Turn(self.browser.new_id(), "user", text)
        question.attached = list(files)
        answer = Turn(self.browser.new_id(), "assistant", "", "queued")
        self.keeping.attempt(answer)
        self.conversation.turns += [question, answer]
        self.conversation.updated = self.browser.timestamp()
        self.keeping.asked(question, answer)
        self.begin()

    def begin(self) -> None:
        answer = self.conversation.current
        assert answer
        self.begun.append(answer)

    def show(self, conversation: Conversation) -> None:
        self.stop()
        self.state.conversation = conversation

    def give_up(self, answer: Turn) -> None:
        self.given_up.append(answer)

    def redraw(self) -> None:
        self.keeping.drawn()

    # what a person does, and the engine

    @property
    def conversation(self) -> Conversation:
        return self.state.conversation

    @property
    def said(self) -> list[tuple[str, str]]:
        return [(turn.state, turn.text) for turn in self.conversation.turns]

    @property
    def notices(self) -> list[str]:
        return [notice["kind"] for notice in self.state.notices]

    def attaches(self, *names: str) -> None:
        """Files with these names and ids, as ``Attachments`` does it: the draft first, then the database."""
        self.composer.files = self.composer.files + [{"id": name, "kind": "image", "name": name} for name in names]
        self.keeping.drafts.attached(self.composer.files)
        self._keep_files(self.composer.files)

    def types(self, text: str) -> None:
        self.composer.text = text
        self.keeping.typed(None)

    def sends(self, text: str | None = None) -> None:
        if text is not None:
            self.types(text)
        text = self.composer.text
        if self.conversation.current or not text.strip() or not self.keeping.may_send():
            return
        files, self.composer.files, self.composer.text = self.composer.files, [], ""
        self.keeping.typed("")
        self.ask(text, files)

    def streams(self, piece: str) -> None:
        answer = self.conversation.current
        if answer:
            answer.state = "streaming"
            answer.append(piece)
            self.keeping.save(answer)

    def finishes(self, text: str) -> None:
        answer = self.conversation.current
        if answer:
            answer.state, answer.text = "success", text
            self.keeping.save(answer)

    def stop(self) -> None:
        answer = self.conversation.current
        if answer:
            answer.state = "cancelled"
            self.keeping.save(answer)

    def again(self, answer: Turn) -> None:
        if self.conversation.current:
            return
        answer.reset()
        self.keeping.attempt(answer)
        self.conversation.updated = self.browser.timestamp()
        self.keeping.save(answer)

    def new_chat(self) -> None:
        self.show(Conversation(self.browser.new_id()))
        self.keeping.left()

    def deletes(self, chat: str) -> None:
        if chat == self.conversation.id:
            self.new_chat()
        self.keeping.delete(chat)

    def deletes_all(self) -> None:
        self.new_chat()
        self.keeping.delete_all()
