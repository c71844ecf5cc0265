"""Holds a conversation by voice: listens, has the answer read aloud, and listens again."""

from ui.aloud import choice
from ui.aloud.stop_words import wants_stop
from ui.engine.view_state import READING

SILENT_MS = 120_000
"""Then it ends: a microphone that somebody forgot shouldn't stay open."""

LISTENS = ("opening", "listening")


class HandsFree:
    """``page``: the App. ``listening``: the page's one (asking/listening.py), which shows that the microphone is open.
    ``phase``: None, "opening" (the microphone), "listening", "asking" or "speaking"."""

    def __init__(self, page, listening):
        self._page, self._words, self._dom, self._listening = page, page.words, page.dom, listening
        self._bar, self._said = page.dom.by_id("hands-free-bar"), page.dom.by_id("hands-free-said")
        self._state, self._note = page.dom.by_id("hands-free-state"), page.dom.by_id("hands-free-note")
        self._button = page.dom.by_id("hands-free")
        self.phase = None
        self._question = None  # what is asked once the microphone is closed
        self._cancels_echo = False  # of the microphone: then it hears "stop" while Orion speaks
        self._watch = None
        page.dom.on(page.dom.by_id("hands-free-end"), "click", lambda _event: self.end())

    def press(self):
        """The button: it begins, or ends."""
        if self.phase:
            self.end()
            return
        self._say("")
        self._page.aloud.follow(self._read)
        self._page.announce(self._words("hands_free_begins"))
        coming = self._page.state.conversation.current
        if coming:
            self._become("asking")
            self._page.aloud.asked(coming)
        else:
            self._listen()

    def end(self, why=None):
        """``why``: a key of the page's words, where the person didn't ask for it."""
        if self.phase is None:
            return
        self._guard(False)
        self._become(None)
        self._listening.cancel()
        self._page.aloud.follow(None)
        self._page.aloud.stop()
        self._question = None
        self._say(self._words(why) if why else "")
        if not why:
            self._page.announce(self._words("hands_free_ended"))

    def draw(self):
        """Again, in another language, too."""
        self._bar.hidden = self.phase is None
        self._state.textContent = self._words("hands_free_" + self.phase) if self.phase else ""
        self._button.setAttribute("aria-pressed", "true" if self.phase else "false")

    # listening

    def _listen(self):
        self._become("listening" if self._listening.busy else "opening")
        self._said.textContent = ""
        self._guard(True)
        if not self._listening.busy and not self._listening.start(self._hear):
            self.end("record_elsewhere")

    def _hear(self, message):
        what = message["what"]
        if what == "open":
            self._cancels_echo = bool(message.get("echo"))
            if self.phase == "opening":
                self._become("listening")
        elif what == "speech_start":
            self._guard(self.phase == "listening")
        elif what in ("partial", "final"):
            self._heard(message["text"])
        elif what == "turn_end":
            self._turn_ended(message["text"])
        elif what == "closed" and message["why"]:
            self.end("record_" + message["why"])
        elif what == "ended":
            self._closed(message["error"])

    def _heard(self, text):
        if self.phase == "listening":
            self._said.textContent = self._listening.text
        elif wants_stop(text):
            self._interrupt()

    def _interrupt(self):
        """ "Stop", while Orion thinks or speaks: it is silent, and listens."""
        self._listening.forget()
        if self._page.state.conversation.current:
            self._page.asking.stop()
        else:
            self._page.aloud.stop()

    def _turn_ended(self, text):
        self._listening.forget()
        if self.phase != "listening" or not text.strip():
            return
        if wants_stop(text):
            self.end()
            return
        self._guard(False)
        self._question = text.strip()
        self._become("asking")
        if self._stays_open():
            self._ask()
        else:
            self._listening.stop()

    def _stays_open(self):
        """Whether the microphone may stay open while Orion speaks: the browser takes away what it plays itself, and
        the system's voices are played by others. A recording can't be heard meanwhile, and its answer would never
        come."""
        page = self._page
        return self._cancels_echo and choice.is_orions(page.preferences["voice"]) and not page.state.asks_recording

    def _closed(self, error):
        """Listening has ended."""
        if self.phase is None:
            return
        if error:
            self.end()
            what, hint = self._words.error(error["code"], error.get("message", ""), error.get("hint", ""))
            self._say(what + ". " + hint)
        elif self._question:
            self._ask()
        elif self.phase in LISTENS:
            self._listen()

    # asking and speaking

    def _ask(self):
        question, self._question = self._question, None
        self._page.ask(question)

    def _read(self, how):
        """How the reading of an answer goes: as in ``ViewState.reading``; None at its end."""
        turns = self._page.state.conversation.turns
        if how in READING:
            self._speaks(how)
        elif self.phase in LISTENS or self.phase is None:
            return
        elif how:
            self.end("hands_free_mute")
        elif turns and turns[-1].state == "error":
            self.end("hands_free_failed")
        else:
            self._listen()

    def _speaks(self, how):
        """An answer is read, perhaps to a question that was typed."""
        opened = self.phase in LISTENS or (self._listening.busy and self._page.state.asks_recording)
        if opened and not self._stays_open():
            self._listening.stop()
        self._guard(False)
        self._become("speaking" if how == "speaking" else "asking")

    # what is shown

    def _become(self, phase):
        self.phase = phase
        self.draw()

    def _say(self, text):
        self._note.hidden = not text
        self._note.textContent = text

    def _guard(self, waits):
        """Ends it when nobody speaks for long."""
        if self._watch is not None:
            self._page.timers.cancel(self._watch)
        self._watch = self._page.timers.later(SILENT_MS, lambda: self.end("hands_free_silent")) if waits else None
