"""Shows the button "Hands-free" where an agent hears, and brings that mode (hands_free.py) when it is first wanted."""


class HandsFreeButton:
    """``page``: the App, whose parts are used by their names."""

    def __init__(self, page):
        self._page = page
        self._button = page.dom.by_id("hands-free")
        self._mode = None
        page.dom.on(self._button, "click", lambda _event: self._press())

    def draw(self):
        """Also again where the language or the agents changed."""
        self._button.hidden = "audio" not in self._page.attachments.kinds
        if self._mode:
            self._mode.draw()

    def escape(self):
        """Escape was pressed. True where that ended the mode."""
        return self._end(None)

    def left(self):
        """The page is in the background, where browsers cut off its sound sooner or later."""
        self._end("hands_free_background")

    def _end(self, why):
        if self._mode is None or self._mode.phase is None:
            return False
        self._mode.end(why)
        return True

    def _press(self):
        if self._mode:
            self._mode.press()
        else:
            self._page.record.with_listening(self._listens)

    def _listens(self, listening):
        self._page.bridge.bring("hands_free").then(lambda *_: self._came(listening), lambda *_: self._failed())

    def _came(self, listening):
        if self._mode is None:
            from ui.aloud.hands_free import HandsFree

            self._mode = HandsFree(self._page, listening)
        self._mode.press()

    def _failed(self):
        note = self._page.dom.by_id("hands-free-note")
        note.hidden, note.textContent = False, self._page.words("record_unloaded")
