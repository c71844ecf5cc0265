"""Reads one answer aloud at a time: its sentences as they come, while it still streams."""

from ui.aloud.browser_voice import BrowserVoice
from ui.aloud.buffering import Buffering
from ui.aloud.casting import BROWSER, ORIONS, Casting
from ui.aloud.orion_voice import OrionVoice
from ui.aloud.speakable import Speakable

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
        self._voice = None  # what speaks now, in a list of its own for each reading
        self._timer = None
        self._buffering = Buffering()
        self._casting = Casting(page)

    def read(self, turn, language=None):
        """``language``: that of an answer whose words don't tell it, the page's where it is None."""
        self.stop()
        self.turn = turn
        language = language or self._page.words.lang
        self._speakable = Speakable(language)
        self._taken = 0  # characters of its text
        self._number = 0  # of the next sentence
        self._left = []  # sentences that aren't said: (number, text, language)
        self._given = 0  # of these, how many the voice has
        self._whole = False
        self._casting.begin()
        self._changed("preparing")
        self._make(self._casting.kind(language))
        if turn.busy and self._voice and self._kind == ORIONS:
            self._voice[0].prepare(language)
        self._look()

    def _make(self, kind):
        """A voice of its own for each reading: what an earlier one still says concerns nobody."""
        voice = self._voice = []
        self._kind = kind
        heard = lambda *said: self._heard(voice, *said)  # noqa: E731
        page = self._page
        if kind == BROWSER:
            voice.append(BrowserVoice(page, heard))
        else:
            voice.append(OrionVoice(page, self._buffering, self._casting, heard))

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
            self._left.append((self._number, sentence, language))
            self._number += 1
        if self._taken < len(text):
            self.grew(turn)
        self._give()
        self._end()

    def _give(self):
        """To the voice what it can say. What another has to say waits until this one has said all that it was given."""
        while self._given < len(self._left):
            row = self._left[self._given]
            kind = self._casting.kind(row[2])
            if self._voice is None:
                self._make(kind)
            elif kind != self._kind:
                if self._given:
                    self._voice[0].finish()
                    return
                self._voice[0].stop()
                self._make(kind)
            voice = self._voice
            if not voice:
                return  # it can't be had
            self._given += 1
            voice[0].say(*row)
            if voice is not self._voice:
                return  # it failed at once, and another goes on
        if self._whole and self._voice:
            self._voice[0].finish()

    def _end(self):
        if self.turn and self._whole and not self._left:
            self.stop()
            self._changed(None)

    def _go_on(self):
        """Another voice says what is left."""
        self._voice[0].stop()
        self._voice, self._given = None, 0
        self._changed("preparing")
        self._give()

    def _heard(self, voice, what, value):
        if voice is not self._voice:
            return
        if what == "failed":
            if self._casting.failed(value, self._left[0][2] if self._left else self._page.words.lang):
                self._go_on()
            else:
                self.stop()
                self._changed(value)
        elif what == "ended":
            before = len(self._left)
            self._left = [row for row in self._left if row[0] > value]
            self._given = max(0, self._given - before + len(self._left))
            if not self._whole:
                self.grew(self.turn)
            self._give()
            self._end()
        elif what == "another":
            self._casting.says(*value)
        else:
            self._changed("speaking" if what == "began" else "preparing")
