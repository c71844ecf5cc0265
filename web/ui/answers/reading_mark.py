"""Shows that an answer is read aloud, with the button that starts and stops it, and why it could not be."""

from ui.engine.view_state import READING


class ReadingMark:
    """``node``: the answer's article. ``badge`` stands in its head while it is read, ``note`` says why it isn't."""

    def __init__(self, dom, words, node):
        self._dom, self._words, self._node = dom, words, node
        self.badge = dom.button("aloud", "", cls="reading")
        self.note = dom.el("p", "reading-note", attributes={"role": "alert"})
        self.badge.hidden = self.note.hidden = True
        self._button = None

    def button(self):
        """The one under the answer, made anew."""
        self._button = self._dom.button("aloud", self._words("read_aloud"), "aloud", "icon")
        return self._button

    def draw(self, how):
        """``how``: as ``ViewState.how_read``."""
        words, read = self._words, how in READING
        self._dom.attribute(self._node, "data-reading", how if read else None)
        self.badge.hidden = not read
        self.badge.textContent = words("reading_" + how) if read else ""
        self.badge.setAttribute("aria-label", words("stop_reading"))
        self.badge.setAttribute("title", words("stop_reading"))
        self.note.textContent = words(how) if how and not read else ""
        self.note.hidden = read or not how
        if self._button:
            self._button.setAttribute("aria-pressed", "true" if read else "false")
