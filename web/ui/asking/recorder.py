"""Writes into the message box what a person says, while they say it, behind what they typed before."""

from ui.words import formatting

SAID_CHARS = 800
"""Of what is written down, as many are read aloud by themselves."""
LONGEST_S = 3600
"""Then it ends by itself: a microphone that somebody forgot shouldn't stay open."""


def behind(typed, said):
    """``said`` behind what was ``typed``."""
    if not typed or not said or typed[-1] in " \n\t":
        return typed + said
    return typed + " " + said


class Recorder:
    """``page``: the App, whose parts are used by their names. ``listening``: the page's one (listening.py)."""

    def __init__(self, page, listening):
        self._page, self._words, self._listening = page, page.words, listening
        dom = page.dom
        self._composer = page.views.composer
        self._button, self._bar = dom.by_id("record"), dom.by_id("recording")
        self._state, self._time = dom.by_id("record-state"), dom.by_id("record-time")
        self._level, self._note = dom.by_id("record-level"), dom.by_id("record-note")
        self._dom = dom
        self._phase = None  # opening, recording or writing
        self._typed = self._written = ""
        self._sends = self._opened = False
        self._why = None  # a key of the page's words: what the person has to know at the end
        self._done = dom.by_id("record-stop")
        dom.on(self._done, "click", lambda _event: self.stop())
        dom.on(dom.by_id("record-cancel"), "click", lambda _event: self.cancel())

    @property
    def busy(self):
        return self._phase is not None

    # what the person does

    def press(self):
        """The button: it begins, or ends."""
        if self.busy:
            self.stop()
        else:
            self._begin()

    def stop(self, sends=None):
        """``sends``: whether what was said is sent once it is written; by default as the person has set it."""
        if self._phase in ("opening", "recording"):
            self._sends = bool(self._page.preferences["send_spoken"]) if sends is None else sends
            self._become("writing")
            self._listening.stop()
        elif sends is not None:
            self._sends = sends

    def cancel(self):
        """What was said is dropped; what was typed before stays."""
        if self.busy:
            self._listening.cancel()
            self._show(self._typed)
            self._rest()
            self._page.announce(self._words("record_dropped"))

    def left(self):
        """The page is in the background, where browsers cut off its sound sooner or later."""
        if self._phase in ("opening", "recording"):
            self._why = "record_background"
            self.stop(False)

    def draw(self):
        """Again, in another language, too."""
        label = self._words("record_stop" if self.busy else "record")
        self._button.setAttribute("aria-label", label)
        self._button.setAttribute("title", label)
        self._button.setAttribute("aria-pressed", "true" if self.busy else "false")
        self._bar.hidden = not self.busy
        writes = self._phase == "writing"
        self._button.disabled = self._done.hidden = self._level.hidden = writes
        self._say_state()
        placeholder = "record_placeholder" if self._phase == "recording" else "placeholder"
        self._composer.box.setAttribute("placeholder", self._words(placeholder))

    # from the first word to the last

    def _begin(self):
        self._say(None)
        if not self._listening.start(self._hear):
            self._say("record_elsewhere")
            return
        self._page.aloud.stop()  # the microphone would hear it
        self._typed = self._written = self._composer.text
        self._sends, self._opened, self._why = False, False, None
        self._composer.box.readOnly = True
        self._measure(0, 0)
        self._become("opening")

    def _hear(self, message):
        what = message["what"]
        if what == "open":
            self._opened = True
            self._become("recording")
            self._page.announce(self._words("record_recording"))
        elif what == "level":
            self._measure(message["level"], message["seconds"])
            if message["seconds"] >= LONGEST_S and self._phase == "recording":
                self._why = "record_hour"
                self.stop(False)
        elif what in ("partial", "final"):
            self._show(behind(self._typed, self._listening.text))
            if what == "final":
                self._page.keeping.typed(None)  # kept as a draft; nothing is read ahead while somebody speaks
        elif what == "closed":
            if message["why"]:
                self._why, self._sends = "record_" + message["why"], False
            self._become("writing")
        elif what == "ended":
            self._end(message["error"])

    def _end(self, error):
        said = self._listening.text
        self._show(behind(self._typed, said))
        sends, why = self._sends and not error, self._why
        self._rest()
        if said:
            self._page.typed(None)
        if error:
            what, hint = self._words.error(error["code"], error.get("message", ""), error.get("hint", ""))
            self._tell(what + ". " + hint)
        elif why:
            self._say(why)
        elif not said and self._opened:
            self._say("record_silent")
        if said and not sends:
            self._page.announce(self._words("record_written", text=said[:SAID_CHARS]))
        if said and sends:
            self._composer.submit()

    def _rest(self):
        self._composer.box.readOnly = False
        self._become(None)
        self._composer.focus()

    def _become(self, phase):
        self._phase = phase
        self.draw()

    def _show(self, text):
        """``text`` in the box. Where somebody else has filled it meanwhile (an earlier question that is edited), that
        stays, and what is said from now on stands behind it."""
        composer = self._composer
        if composer.text != self._written:
            self._typed = composer.text
            self._listening.forget()
            text = behind(self._typed, self._listening.text)
        if composer.text != text:
            composer.text = text
            composer.box.scrollTop = composer.box.scrollHeight
        self._written = text

    def _say_state(self):
        waits = self._phase == "recording" and self._page.state.hears_recording
        text = self._words("record_waits" if waits else "record_" + self._phase) if self.busy else ""
        if self._state.textContent != text:
            self._state.textContent = text

    def _measure(self, level, seconds):
        self._say_state()
        self._level.value = level
        self._time.textContent = formatting.clock(seconds)

    def _say(self, key):
        self._tell(self._words(key) if key else "")

    def _tell(self, text):
        self._note.hidden = not text
        self._note.textContent = text
