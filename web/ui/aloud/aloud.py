"""Has answers read aloud: brings what reads them when that is first wanted, and tells it what happens on the page."""

from ui.chats.conversation import Turn
from ui.engine.view_state import SAMPLE


class Aloud:
    """``page``: the App, whose state and other parts are used by their names. What is read is in the state."""

    def __init__(self, page):
        self._page, self._state = page, page.state
        self._reader = None
        self._wanted = None  # what is to be read once the reader is here: (turn, language)
        self._follows = None

    def follow(self, call):
        """From now on all answers are read, and ``call(how)`` hears how that goes, as in ``ViewState.reading``, with
        None at the end of each; None ends that."""
        self._follows = call

    @property
    def on(self):
        """Whether something is read."""
        return self._state.reads(None)

    def toggle(self, turn):
        """The button of an answer: reads it, or stops."""
        if self._state.reads(turn.id):
            self.stop()
        else:
            self._read(turn)

    def asked(self, answer):
        """A question was sent: what is read ends, and the answer is read where the person wants that."""
        self._silence()
        if answer and (self._page.preferences["aloud"] or self._follows):
            self._read(answer)

    def grew(self, answer):
        """There is more of an answer, or it has ended."""
        if self._reader:
            self._reader.grew(answer)

    def sample(self, language):
        """Lets a person hear the voice, in its ``language``."""
        if self._state.reads(SAMPLE):
            self.stop()
        else:
            self._read(Turn(SAMPLE, "assistant", self._page.words.of(language)("voice_sample")), language)

    def stop(self):
        was = self.on
        self._silence()
        if was and self._follows:
            self._follows(None)

    def _silence(self):
        self._wanted = None
        if self._reader:
            self._reader.stop()
        if self.on:
            self._state.read(None, None)
        self._page.redraw()

    def _read(self, turn, language=None):
        self._wanted = (turn, language)
        self._state.read(turn.id, "preparing")
        if self._follows:
            self._follows("preparing")
        if self._reader:
            self._begin()
        else:
            self._page.bridge.bring("aloud").then(lambda *_: self._came(), lambda *_: self._changed("voice_missing"))
        self._page.redraw()

    def _came(self):
        if self._reader is None:
            from ui.aloud.reader import Reader

            self._reader = Reader(self._page, self._changed)
        self._begin()

    def _begin(self):
        wanted, self._wanted = self._wanted, None
        if wanted:
            self._reader.read(*wanted)

    def _changed(self, how):
        """How the reading goes, as ``Reader`` says it; what failed stays on the page until something else is read."""
        if how is None:
            self._state.read(None, None)
        elif self._state.reading:
            self._state.read(self._state.reading[0], how)
        if self._follows:
            self._follows(how)
        self._page.redraw()
