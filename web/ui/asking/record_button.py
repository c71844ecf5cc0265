"""Shows the button "Record" where an agent hears, and brings what records (recorder.py) when it is first wanted."""


class RecordButton:
    """``page``: the App, whose parts are used by their names."""

    def __init__(self, page):
        self._page, self._bridge = page, page.bridge
        self._button = page.dom.by_id("record")
        self._recorder = self._listening = None
        page.dom.on(self._button, "click", lambda _event: self._press())

    def draw(self):
        """Also again where the language or the agents changed."""
        self._button.hidden = "audio" not in self._page.attachments.kinds
        if self._recorder:
            self._recorder.draw()

    def with_listening(self, then):
        """Calls ``then`` with the page's one Listening (listening.py), once it is here."""
        if self._listening:
            then(self._listening)
        else:
            self._bridge.bring("listening").then(lambda *_: self._came(then), lambda *_: self._failed())

    def _came(self, then):
        if self._listening is None:
            from ui.asking.listening import Listening

            self._listening = Listening(self._page)
        then(self._listening)

    def _failed(self):
        note = self._page.dom.by_id("record-note")
        note.hidden, note.textContent = False, self._page.words("record_unloaded")

    def _press(self):
        if self._recorder:
            self._recorder.press()
        else:
            self.with_listening(self._first)

    def _first(self, listening):
        if self._recorder is None:
            from ui.asking.recorder import Recorder

            self._recorder = Recorder(self._page, listening)
        self._recorder.press()

    # what else on the page ends a recording

    def may_send(self):
        """Whether the message in the box is whole: while somebody speaks it isn't, and is sent once it is."""
        if not self._records:
            return True
        self._recorder.stop(True)
        return False

    def escape(self):
        """Escape was pressed. True where that ended a recording; what was said stays."""
        if not self._records:
            return False
        self._recorder.stop(False)
        return True

    def left(self):
        """The page isn't seen any more."""
        if self._records:
            self._recorder.left()

    @property
    def _records(self):
        return self._recorder is not None and self._recorder.busy
