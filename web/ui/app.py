"""Holds the page together: what people do becomes requests, what the engine says becomes state.

``platform`` is everything from outside (``main.py``): dom, window, timers, clock, backing, and the bridge's functions.
"""

import json

from ui.aloud.aloud import Aloud
from ui.aloud.hands_free_button import HandsFreeButton
from ui.asking.anticipation import Anticipation
from ui.asking.asking import Asking
from ui.asking.attachments import Attachments
from ui.asking.corrections import Corrections
from ui.asking.record_button import RecordButton
from ui.asking.resting_caret import RestingCaret
from ui.base.frames import Frames
from ui.base.store import Store
from ui.chats.conversation import Conversation
from ui.chats.keeping import Keeping
from ui.chats.shown import Shown
from ui.engine import reducer
from ui.engine.client import EngineClient
from ui.engine.view_state import ViewState
from ui.extras import Extras
from ui.settings.settings import Settings
from ui.status.installation import Installation
from ui.status.wanted import WantedModel
from ui.views import Views
from ui.words.i18n import Words, choose


class App:
    """What the parts of the page share, each by its name here: they are made with it, and use one another's."""

    def __init__(self, platform):
        self.platform, self.dom, self.bridge = platform, platform.dom, platform.bridge
        self.timers, self.clock = platform.timers, platform.clock
        self.able = json.loads(self.bridge.abilities())
        self.store = Store(platform.backing, platform.session)
        self.preferences = self.store.preferences()
        self.words = self._own_words()
        self.state = ViewState(Conversation(self.bridge.newId()))
        self._frames = Frames(platform.request_frame, self.clock, lambda: self.views.draw(self._frames.over))
        self.client = EngineClient(
            self.bridge.spawnEngine,
            self.timers,
            self.received,
            self.phase,
            self._initial,
            self._started,
            lambda message: self.settings.settled(message),
        )
        self.asking = Asking(self)
        self.corrections = Corrections(self.state, self.client.ask, self.asking.again, self._taught)
        self._anticipation = Anticipation(self.timers, self.client.ask, self.asking.anticipated)
        self.extras = Extras(self)
        self.aloud = Aloud(self)
        self.settings = Settings(self)
        self.model = WantedModel(self)
        self.installation = Installation(self)
        self.shown = Shown(self)
        self.views = Views(self)
        self.attachments = self.views.composer.attachments = Attachments(self)
        self.record = RecordButton(self)
        self.keeping = Keeping(
            platform, self.words, self.state, self.store, self.views.composer, self.views.chats, self
        )
        self.hands_free = HandsFreeButton(self)
        self._announcer = self.dom.by_id("announcer")

    def _own_words(self):
        languages = json.loads(self.bridge.wordLanguages())
        spoken = choose(self.able["languages"], languages, self.preferences["language"])
        return Words(languages, self.bridge.wordsIn, self.bridge.pluralOf, spoken)

    # start

    def speak(self):
        """What stands on the page, in the person's language and colours."""
        self.settings.theme()
        self.views.translate()

    def start(self):
        dom, window = self.dom, self.platform.window
        self.keeping.start()
        dom.on(dom.by_id("new-chat"), "click", lambda _event: self.shown.new())
        dom.on(dom.by_id("open-chats"), "click", lambda _event: self.keeping.open_list())
        dom.on(dom.by_id("open-settings"), "click", lambda _event: self.settings.open())
        dom.on(dom.by_id("open-panel"), "click", lambda _event: self.extras.toggle_panel())
        dom.on(dom.by_id("open-workshop"), "click", lambda _event: self.extras.open_workshop())
        dom.by_id("open-workshop").hidden = not self.bridge.has("workshop")
        dom.on(dom.by_id("welcome"), "click", self._starter)
        dom.on(dom.document, "keydown", self._key)
        dom.on(dom.document, "visibilitychange", lambda _event: self._seen_or_left())
        dom.on(window, "pagehide", lambda _event: self.keeping.leaving())
        dom.on(window, "storage", self.settings.stored_elsewhere)
        self._follow_keyboard(window)
        self.bridge.markdown.then(self._markdown_ready)
        self.state.touch("turns", "status", "load", "notices", "names")
        self.redraw()
        self.installation.start()
        self._caret = RestingCaret(dom, self.timers)
        self.views.composer.focus()
        self._early()

    def _early(self):
        """What was sent before this program ran."""
        early = self.bridge.taken()
        if early:
            self.ask(early)
        elif early == "":
            self.views.composer.submit()

    def _markdown_ready(self, module):
        self.views.log.markdown = module.renderMarkdown
        self.views.log.redraw(self.state.conversation)
        self.redraw()

    def _follow_keyboard(self, window):
        """Where the browser lays its keyboard over the page (iOS), the page ends above it."""
        viewport = window.visualViewport
        if viewport:
            style = self.dom.document.documentElement.style
            fit = lambda *_: style.setProperty("--visible", str(float(viewport.height)) + "px")  # noqa: E731
            viewport.addEventListener("resize", fit)
            fit()

    # the engine

    @property
    def may_preload(self):
        """Whether a model may be loaded before somebody asks for it."""
        return bool(self.preferences["preload"]) and not self.able["saveData"]

    def _initial(self):
        fields = {}
        if not self.may_preload:
            fields["ahead"] = False
        self.store.note_ahead(self.may_preload)
        fields.update(self.views.engine_settings.initial())
        return fields

    def phase(self, phase, why):
        """The client's phase has changed."""
        state = self.state
        state.restarting = phase == "restarting"
        if phase == "ready":
            state.engine = "degraded" if state.limits else "ready"
            self.model.preload()
            self.extras.engine_ready()
        elif phase == "failed":
            state.engine = "failed"
            if why != "boot_failed":  # the error that initialize ended in has put it into words
                state.notice(kind=why)
        else:
            state.engine = "booting"
            state.router = "keyword"
            if phase == "restarting":
                state.load = state.model = state.upgrade = None
                state.touch("upgrade")
                state.notice(kind="engine_restarted")
                state.touch("load")
        state.touch("status")
        self.redraw()
        self.asking.pump()

    def received(self, message):
        """A message of the engine: the reducer writes it down, and who follows it hears it."""
        answer = self.state.conversation.answering(message["id"])
        reducer.apply(self.state, message, self.clock())
        self.extras.receive(message)
        if answer:
            self.aloud.grew(answer)
        if answer and not answer.busy:
            self.asking.ended(answer)
            self.extras.answered()
        elif message["type"] == "token":
            self.keeping.streaming(answer)
        elif message["type"] == "changed":
            self._know(message["parts"])
        self.redraw()

    def _know(self, parts):
        """The engine's status, or what changed of it."""
        self.extras.know(parts)
        self.settings.know(parts)

    def _started(self, message):
        """``initialize`` has ended: in the status, which events change from now on."""
        if message["type"] == "result":
            reducer.status(self.state, message["payload"], self.clock())
            self._know(message["payload"])
        elif message["type"] == "error":
            error = message["error"]
            what, hint = self.words.error(error["code"], error.get("message", ""), error.get("hint", ""))
            self.state.notice(kind="boot_failed", text=what + ". " + hint)
        self.redraw()

    def preloaded(self, message):
        """The end of a ``preload``."""
        self.settings.settled(message)
        reducer.preloaded(self.state, message)
        if message["type"] == "result":
            self._anticipation.typed()  # the model came while somebody typed, perhaps

    def _taught(self, turns):
        """The router has learnt something, or not; ``turns`` say so."""
        self.keeping.save(*turns)
        self.views.engine_settings.draw(self.state)
        self.redraw()

    # what people do, and what Keeping wants of the page

    def ask(self, text, files=()):
        self.asking.ask(text, files)

    def send(self, text):
        """What is in the box."""
        self.asking.ask(text, self.attachments.take())

    def begin(self):
        self.asking.begin()

    def give_up(self, answer):
        self.asking.give_up(answer)

    def show(self, conversation):
        self.shown.show(conversation)

    def redraw(self):
        self._frames.ask()

    def announce(self, text):
        """Read aloud by a screen reader."""
        self._announcer.textContent = text

    def typed(self, text):
        """``text`` in the box: None while somebody types, "" just before it is sent."""
        self.keeping.typed(text)
        if text is None:
            self._anticipation.typed()
        else:
            self._anticipation.sent()

    def _key(self, event):
        """Escape: a conversation by voice ends as a whole; else what is recorded, then what is read aloud, and with the
        next press what is written."""
        if not self.bridge.escapes(event):
            return
        if self.hands_free.escape() or self.record.escape():
            event.preventDefault()
        elif self.aloud.on:
            event.preventDefault()
            self.aloud.stop()
        elif self.state.conversation.current:
            event.preventDefault()
            self.asking.stop()

    def _starter(self, event):
        button = event.target.closest(".starter")
        if button:
            self.ask(button.querySelector("[lang=" + self.views.welcome.language() + "]").textContent)

    def _seen_or_left(self):
        if self.dom.document.hidden:
            self.record.left()
            self.hands_free.left()
            self.keeping.leaving()
        else:
            self.keeping.looked_at()
