"""Stops the text cursor's blinking where nobody did anything for a while.

A cursor that blinks has the browser draw the page twice a second for as long as it is open, which was most of what a
page took that nobody touched. Desktops let theirs rest after as long (GTK's ``gtk-cursor-blink-timeout``). Browsers
without ``caret-animation`` (CSS UI 4) blink on.
"""

REST_MS = 10_000
SIGNS = ("keydown", "input", "pointerdown", "focusin")


class RestingCaret:
    """Marks the root with ``data-caret``, "still", from between one and two times ``REST_MS`` after the last sign of
    somebody to the next one; styles/dock.css does the rest."""

    def __init__(self, dom, timers):
        self._dom, self._timers = dom, timers
        self._root = dom.document.documentElement
        self._waits = self._signs = False
        for name in SIGNS:
            dom.on(dom.document, name, lambda _event: self._sign())
        self._wait()

    def _sign(self):
        self._signs = True  # a key costs no timer of its own
        if not self._waits:
            self._dom.attribute(self._root, "data-caret", None)
            self._wait()

    def _wait(self):
        self._waits, self._signs = True, False
        self._timers.later(REST_MS, self._look)

    def _look(self):
        self._waits = False
        if self._signs:
            self._wait()
        else:
            self._dom.attribute(self._root, "data-caret", "still")
