"""Reads one answer aloud at a time: its sentences as they come, while it still streams."""

from ui.aloud.browser_voice import BrowserVoice
from ui.aloud.buffering import Buffering
from ui.aloud.orion_voice import OrionVoice
from ui.aloud.speakable import Speakable
from ui.settings.voice_settings import ORION

LOOK_MS = 100
STEP = 250
"""Characters that are taken at a time: a long answer must not hold the page up."""
AHEAD = 12
"""Sentences that a voice has at most before it says them."""


class Reader:
    """``page``: the App. ``turn``: the answer that is read, or None. ``changed(how)`` hears how it goes: "preparing",
    "speaking", None at the end, or the key of the words that say why it ended."""

    def __init__(self, page, changed):
        self._page, self._changed = page, changed
        self.turn = None
        self._voice = None
        self._timer = None
        self._buffering = Buffering()

    def read(self, turn):
        self.stop()
        self.turn = turn
        self._speakable = Speakable(self._page.words.lang)
        self._taken = 0  # characters of its text
        self._number = 0  # of the next sentence
        self._left = []  # sentences that aren't said: (number, text, language)
        self._whole = False
        self._page.state.drop_notice("voice_orion")
        self._make(self._page.preferences["voice"] == ORION)
        self._changed("preparing")
        self._look()

    def _make(self, orions):
        """A voice of its own for each reading: what an earlier one still says concerns nobody."""
        voice = self._voice = []
        heard = lambda *said: self._heard(voice, *said)  # noqa: E731
        page = self._page
        voice.append(OrionVoice(page, self._buffering, heard) if orions else BrowserVoice(page, heard))

    def stop(self):
        """At once, whatever is said."""
        self.turn = None
        if self._timer is not None:
            self._page.timers.cancel(self._timer)
            self._timer = None
        voice, self._voice = self._voice, None
        if voice:
            voice[0].stop()

    def grew(self, turn):
        """There is more of an answer, or it has ended."""
        if self.turn is turn and self._timer is None:
            self._timer = self._page.timers.later(LOOK_MS, self._look)

    def _look(self):
        self._timer = None
        turn = self.turn
        if turn is None or self._whole or len(self._left) >= AHEAD:
            return
        text = self._page.bridge.answerOf(turn.text)
        self._taken = min(len(text), self._taken + STEP)
        self._whole = self._taken == len(text) and not turn.busy
        for sentence, language in self._speakable.more(text[: self._taken], self._whole):
            row = (self._number, sentence, language)
            self._number += 1
            self._left.append(row)
            self._voice[0].say(*row)
        if self._taken < len(text):
            self.grew(turn)
        if self._whole:
            self._voice[0].finish()
            self._end()

    def _end(self):
        if self._whole and not self._left:
            self.stop()
            self._changed(None)

    def _go_on(self):
        """The engine's voice can't be had: the browser's says what is left."""
        self._page.state.notice(kind="voice_orion")
        self._voice[0].stop()
        self._make(False)
        for row in self._left:
            self._voice[0].say(*row)
        self._changed("preparing")

    def _heard(self, voice, what, value):
        if voice is not self._voice:
            return
        if what == "failed" and value == "voice_orion":
            self._go_on()
        elif what == "failed":
            self.stop()
            self._changed(value)
        elif what == "ended":
            self._left = [row for row in self._left if row[0] > value]
            if not self._whole:
                self.grew(self.turn)
            self._end()
        else:
            self._changed("speaking" if what == "began" else "preparing")
