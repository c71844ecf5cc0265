"""Stays at the end of what grows, until the person scrolls up; goes on when they are back at the end."""

NEAR_END = 24
"""Pixels from the end that count as the end for somebody who scrolls down to it."""
AT_END = 2
"""Pixels that rounding may leave at the end."""
REST_MS = 400
"""After a sign that the person scrolls up: browsers scroll smoothly, and what is drawn meanwhile would end that."""
UPWARD = ("ArrowUp", "PageUp", "Home", " ")


class Following:
    """``node`` scrolls; ``on_change(following)`` hears when that changes.

    A position above the last one that isn't the end was chosen by a person, by wheel, finger, key or
    scrollbar: what is drawn here only makes the text longer, and where it gets shorter the browser
    keeps to the end.
    """

    def __init__(self, dom, node, clock, on_change):
        self._dom, self._node, self._clock, self._on_change = dom, node, clock, on_change
        self._top = 0
        self._rests_until = 0
        self.on = True
        dom.on(node, "scroll", self._scrolled)
        # On the document, where browsers don't wait for such listeners before they scroll.
        dom.on(dom.document, "wheel", self._wheeled)
        dom.on(dom.document, "touchmove", lambda _event: self._rest())
        dom.on(dom.document, "keydown", self._key)

    def start(self):
        """To the end, and stay there while the text grows."""
        self._rests_until = 0
        self._set(True)
        self.keep()

    def keep(self):
        """After something was drawn."""
        if self.on and not self.rests:
            self._node.scrollTop = 10_000_000
            self._top = self._node.scrollTop
            self._rests_until = 0

    @property
    def rests(self):
        """The person may be about to scroll up."""
        return self._clock() < self._rests_until

    @property
    def behind(self):
        """It rested, and wasn't left: the end is to be gone to yet."""
        return self.on and self._rests_until > 0

    def _scrolled(self, _event):
        node = self._node
        top = node.scrollTop
        left = node.scrollHeight - top - node.clientHeight
        if top < self._top and left > AT_END:
            self._set(False)
        elif (top > self._top and left <= NEAR_END) or left <= AT_END:
            self._set(True)
        self._top = top

    def _wheeled(self, event):
        if event.deltaY < 0:
            self._rest()

    def _key(self, event):
        active = self._dom.document.activeElement
        if event.key in UPWARD and not (active and active.tagName in ("INPUT", "TEXTAREA", "SELECT")):
            self._rest()

    def _rest(self):
        self._rests_until = self._clock() + REST_MS

    def _set(self, on):
        if on != self.on:
            self.on = on
            self._on_change(on)
