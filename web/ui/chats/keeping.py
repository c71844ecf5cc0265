"""Connects the page with what is stored of the person's words: conversations (chats.py), drafts (drafts.py), and which
of them this tab shows. Other tabs change the same conversations at any time.

``page`` is the App: it has ``ask(text)``, ``begin()`` for the question that waits, ``show(conversation)``,
``give_up(answer)`` and ``redraw()``.
"""

from ui.chats.chats import Chats
from ui.chats.database import BrowserDatabase
from ui.chats.drafts import MOST_CHARS, Drafts
from ui.words.formatting import whole

ROWS = 50
DRAFT_MS = 400
LIST_MS = 300
OLD_MS = 200
SAVE_EVERY_MS = 1000
MOST_QUERY_CHARS = 12000
"""The engine's own limit where it hasn't said another: EngineConfig.max_query_chars."""
PREVIOUS = "orion.page"


class Keeping:
    def __init__(self, platform, words, state, store, composer, chats_view, page):
        bridge = platform.bridge
        self._bridge, self._timers, self._clock = bridge, platform.timers, platform.clock
        self._words, self._state, self._store, self._page = words, state, store, page
        self._composer, self._view = composer, chats_view
        self._session = platform.session
        self.drafts = Drafts(platform.backing, platform.session, bridge, bridge.newId, bridge.timestamp)
        database = BrowserDatabase(bridge.openChats)
        self.chats = Chats(
            database, platform.backing, bridge, platform.timers, bridge.newId, self, lambda: state.conversation
        )
        self.loaded = False
        self._asked = []  # before the conversation of this tab was there
        self._saved_at = 0.0
        self._draft_timer = self._list_timer = self._old_timer = None
        self._submitting = False
        self._edited = None  # the earlier question that is in the box
        self._rows = []
        self._more = False
        self._wanted = None  # the conversation that is being opened
        dom = platform.dom
        self._note, self._waits = dom.by_id("composer-note"), dom.by_id("draft-waits")
        self._log = dom.by_id("log")
        dom.on(dom.by_id("draft-back"), "click", lambda _event: self.back_to_draft())

    # start

    def start(self):
        drafts = self.drafts
        self._log.setAttribute("aria-busy", "true")  # until the conversation is read, and its articles are there
        self._show_draft()
        previous = self._session.get(PREVIOUS)
        self._session.remove(PREVIOUS)
        if not self._bridge.resumed():
            previous = None
        ready = []

        def one_of_two(what):
            ready.append(what)
            if len(ready) == 2:
                self._look_for_sent(previous)

        def found_draft(found):
            if found:
                self._show_draft()
            one_of_two("draft")

        drafts.start(found_draft)
        self.chats.start(lambda: one_of_two("chats"))

    def _show_draft(self):
        drafts, typed = self.drafts, self._composer.text
        self._composer.files = drafts.files
        if not typed:
            self._composer.text = drafts.text
        elif typed != drafts.text:  # somebody was faster than this program
            drafts.put_aside(drafts.text)
            drafts.typed(typed)
        self._show_waiting()

    def _look_for_sent(self, previous, unsent=()):
        """What the last page of this tab sent may have arrived or not."""
        before = [each for each in self.drafts.sent if each not in self._asked and each not in unsent]
        if not before:
            self._open_last(previous, unsent)
            return
        each = before[0]

        def looked(there):
            if there:
                self.drafts.kept(each["turn"])
                self._look_for_sent(previous, unsent)
            else:
                self._look_for_sent(previous, unsent + (each,))

        self.chats.arrived(each["chat"], each["turn"], looked)

    def _open_last(self, previous, unsent):
        last = self._store.last
        done = lambda conversation: self._begin(conversation, previous, unsent)  # noqa: E731
        if last:
            self.chats.open(last, done)
        else:
            done(None)

    def _begin(self, conversation, previous, unsent):
        self.loaded = True
        if conversation:
            self._page.show(conversation)
            for turn in conversation.turns:
                if previous and turn.busy and turn.owner == previous:
                    turn.reset()  # the page reloaded itself, the person stopped nothing
                    self.attempt(turn)
                    self.chats.save(conversation, turn)
            if conversation.current:
                self._page.begin()  # the engine may have been ready before the database answered
        asked, self._asked = self._asked, []
        self.drafts.sent = [each for each in self.drafts.sent if each not in asked and each not in unsent]
        unsent = list(unsent)
        first = unsent.pop(0) if previous and unsent else asked.pop(0) if asked else None
        left = unsent + asked
        if first and self._state.conversation.current:
            first, left = None, [first] + left
        if left:
            self.drafts.text = self._composer.text
            self.drafts.unsend(left)
            self._fill_box()
        if first:
            self._page.ask(first["text"], first.get("files") or [])
        self.chats.sweep()
        self._show_waiting()
        self._state.touch("turns")
        self._page.redraw()

    def drawn(self):
        """The log has an article for each turn that was there to draw."""
        if self.loaded:
            self._log.removeAttribute("aria-busy")

    def wait(self, text, files=()):
        """A question before its conversation is there. Until it is asked it is a draft."""
        self._cancel_draft()
        if self._submitting:
            self._submitting, self.drafts.text, self.drafts.files = False, "", []
        self.drafts.sending(text, files=files)
        self._asked.append(self.drafts.sent[-1])

    # what this page changes

    def attempt(self, answer):
        answer.begin(self._bridge.newId(), self.chats.page_id)

    def asked(self, question, answer):
        """They are in the conversation now. Until the database has them the question is a draft, too."""
        drafts, conversation = self.drafts, self._state.conversation
        self._cancel_draft()
        if self._submitting:
            self._submitting, self._edited, drafts.text, drafts.files = False, None, "", []
            if drafts.waits:
                drafts.take_back()
                self._fill_box()
        drafts.sending(question.text, conversation.id, question.id, question.attached)
        self._show_waiting()
        self._store.show(conversation.id)
        self.save(question, answer)
        self._page.attachments.keep(question.attached)

    def save(self, *turns):
        self._saved_at = self._clock()
        self.chats.save(self._state.conversation, *turns)

    def streaming(self, answer):
        """Some more of the answer is there."""
        if answer and self._clock() - self._saved_at > SAVE_EVERY_MS:
            self.save(answer)

    def leaving(self):
        """The page goes, or may never come back."""
        self._write_draft()
        answer = self._state.conversation.current
        if answer:
            self.chats.leaving(self._state.conversation)
            self.save(answer)

    def looked_at(self):
        """The page is in front again. A tab that slept or died before it notified others may have left it behind."""
        if self.loaded:
            self.chats.take_over_old()
            self.chats.refresh(self._state.conversation)

    def reloading(self):
        """The page reloads itself: its successor goes on."""
        self.leaving()
        self._session.set(PREVIOUS, self.chats.page_id)

    # the draft

    def typed(self, text):
        """``text`` is None for a key press, "" for the box that was sent: ``asked`` follows."""
        if text is None:
            if self._draft_timer is None:
                self._draft_timer = self._timers.later(DRAFT_MS, self._write_draft)
        else:
            self._submitting = True

    def _cancel_draft(self):
        if self._draft_timer is not None:
            self._timers.cancel(self._draft_timer)
            self._draft_timer = None

    def _write_draft(self):
        self._cancel_draft()
        length = int(self._composer.box.textLength)
        if length > MOST_CHARS:
            self._say("draft_too_long", most=whole(MOST_CHARS, self._words))
            return
        if length <= self._limit():
            self._say(None)
        if not self.drafts.typed(self._composer.text):
            self._state.notice(kind="no_draft")
            self._page.redraw()

    def _limit(self):
        return (self._state.device.get("config") or {}).get("max_query_chars") or MOST_QUERY_CHARS

    def may_send(self):
        """Whether the engine can read what is in the box at once. It is refused before it is taken out."""
        limit = self._limit()
        length = int(self._bridge.messageLength(self._composer.box, limit))
        if length <= limit:
            self._say(None)
            return True
        self._say("message_too_long", count=whole(length, self._words), most=whole(limit, self._words))
        return False

    def _say(self, key, **values):
        self._note.hidden = key is None
        self._note.textContent = self._words(key, **values) if key else ""

    def _fill_box(self):
        self._composer.text, self._composer.files = self.drafts.text, self.drafts.files

    def put_back(self, text, files):
        """The engine refused it: it is in the box again, to be changed."""
        self.drafts.put(text, files)
        self._fill_box()

    def edit(self, text, files=()):
        """An earlier question into the box; the draft comes back after it."""
        self._cancel_draft()
        box = self._composer.text
        if self._edited is None or box != self._edited:
            self.drafts.put_aside(box, self._composer.files)
        self._edited = text
        self.put_back(text, files)
        self._show_waiting()
        self._composer.box.focus()

    def back_to_draft(self):
        """What was changed of the earlier question waits in turn."""
        drafts, text, files = self.drafts, self._composer.text, self._composer.files
        self._cancel_draft()
        changed = text.strip() and text != self._edited
        drafts.take_back()
        if changed:
            drafts.put_aside(text, files)
        self._edited = None
        self._fill_box()
        drafts.write()
        self._say(None)
        self._show_waiting()
        self._composer.box.focus()

    def _show_waiting(self):
        self._waits.hidden = not self.drafts.waits

    # which conversation is shown

    def left(self):
        """A new conversation is on the page."""
        self._wanted = None
        self._store.leave()

    def open(self, chat):
        if chat != self._state.conversation.id:
            self._wanted = chat
            self.chats.open(chat, lambda conversation: self._opened(chat, conversation))

    def _opened(self, chat, conversation):
        if self._wanted != chat:
            return
        self._wanted = None
        if conversation:
            self._page.show(conversation)
            self._store.show(chat)

    def delete(self, chat):
        self.chats.delete(chat, self._fill)

    def delete_all(self):
        self.chats.delete_all(self._fill)

    # the list of conversations

    def open_list(self):
        self._rows = []
        self.chats.take_over_old()
        self.chats.newest(ROWS + 1, None, lambda rows: self._listed(rows, True))

    def _listed(self, rows, opens=False):
        self._list_timer = None
        most = max(ROWS, len(self._rows))
        rows, more = rows[:most], len(rows) > most
        if rows != self._rows or more != self._more or opens:
            self._rows, self._more = rows, more
            self._draw_list()
        if opens:
            self._view.open()

    def _fill(self):
        """Again, as many rows as there are."""
        if self._view.is_open:
            self.chats.newest(max(ROWS, len(self._rows)) + 1, None, self._listed)

    def more(self):
        if self._rows:
            self.chats.newest(ROWS + 1, self._rows[-1], self._listed_more)

    def _listed_more(self, rows):
        self._more = len(rows) > ROWS
        first = len(self._rows)
        self._rows = self._rows + rows[:ROWS]
        self._draw_list(first)

    def _draw_list(self, focus=None):
        self._view.fill(self._rows, self._state.conversation.id, self._more, focus)

    # what Chats tells

    def chat_changed(self, conversation, turns, moved):
        if conversation is self._state.conversation:
            self._state.touch("status", *[turn.id for turn in turns])
            if moved:
                self._state.touch("turns")
            self._page.redraw()

    def chat_gone(self, conversation, new):
        shown = conversation is self._state.conversation
        for turn in new.turns:
            self.drafts.moved(turn.id, new.id)
        if not shown:
            return
        if new.turns:
            self._state.conversation = new
            self._state.touch("turns", "status")
            self._store.show(new.id)
        else:
            self._page.show(new)
            self._store.leave()
        self._state.notice(kind="chat_deleted_elsewhere")
        self._page.redraw()

    def chat_taken(self, turn):
        self._page.give_up(turn)

    def chat_kept(self, turn):
        self.drafts.kept(turn.id)

    def files_gone(self, ids):
        self._page.attachments.forget(ids)

    def chats_changed(self):
        if self._view.is_open and self._list_timer is None:
            self._list_timer = self._timers.later(LIST_MS, self._fill_later)

    def _fill_later(self):
        self._list_timer = None
        self._fill()

    def chats_trouble(self, why):
        if why == "quota":
            self._state.notice(kind="no_chat_room")
        else:
            self._state.limit("no_history")
        self._page.redraw()

    def old_page_wrote(self):
        """A tab with an older version of the page put a conversation into localStorage."""
        if self._old_timer is None:
            self._old_timer = self._timers.later(OLD_MS, self._take_over)

    def _take_over(self):
        self._old_timer = None
        self.chats.take_over_old()
