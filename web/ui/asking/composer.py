"""Handles the message box and its two buttons."""

LONG = 20000
"""Characters from which the box no longer finds the direction of each paragraph: Chromium takes 5 s to lay out
600,000 characters so, and 0.4 s otherwise."""


class Composer:
    """``on_send(text)``, ``on_stop()``, ``on_draft(text)``: None while somebody types (to read a long text
    at each key would take too long), "" just before it is sent. Enter sends, or starts a line where the
    device or the person (``preferences["enter"]``) wants that; while an answer is under way it sends
    nothing, and what was typed stays."""

    def __init__(self, dom, window, preferences, on_send, on_stop, on_draft):
        self._dom = dom
        self._window = window
        self._preferences = preferences
        self._on_send = on_send
        self._on_stop = on_stop
        self._on_draft = on_draft
        self._busy = False
        self.allows = lambda: True  # whether what is in the box can be sent; else it stays
        self.attachments = None  # what is attached to it (attachments.py), once that is made
        self.box = dom.by_id("message")
        self._send = dom.by_id("send")
        self._stop = dom.by_id("stop")
        self._grows_itself = bool(window.CSS.supports("field-sizing", "content"))
        dom.on(self.box, "input", self._typed)
        dom.on(self.box, "keydown", self._key)
        dom.on(self._send, "click", self._submit)
        dom.on(self._stop, "click", self._stopped)

    @property
    def text(self):
        return self.box.value

    @text.setter
    def text(self, value):
        self.box.dir = "auto" if len(value) < LONG else "ltr"
        self.box.value = value
        self._fit()

    @property
    def files(self):
        return self.attachments.items

    @files.setter
    def files(self, attached):
        self.attachments.fill(attached)

    def draw_keys(self, words):
        """Says what Enter does, to the keyboard on the screen and to who listens."""
        sends = self._dom.bridge.enterSends(self._preferences["enter"])
        self.box.setAttribute("enterkeyhint", "send" if sends else "enter")
        self._dom.by_id("keys-hint").textContent = words("keys_hint" if sends else "keys_hint_lines")

    def focus(self):
        """Not on touch screens, where it would bring up the keyboard."""
        if self._window.matchMedia("(pointer: fine)").matches:
            self.box.focus()

    def set_busy(self, busy):
        if busy == self._busy:
            return
        self._busy = busy
        had_focus = self._dom.document.activeElement
        moved = had_focus and (had_focus.id == "stop" or had_focus.id == "send")
        self._send.hidden = busy
        self._stop.hidden = not busy
        if moved:
            self.focus()

    def _fit(self):
        if not self._grows_itself:
            self.box.style.height = "auto"
            self.box.style.height = str(self.box.scrollHeight) + "px"

    def _typed(self, _event):
        direction = "auto" if self.box.textLength < LONG else "ltr"
        if self.box.dir != direction:
            self.box.dir = direction
        self._fit()
        self._on_draft(None)

    def _key(self, event):
        what = self._dom.bridge.messageKey(event, self._preferences["enter"])
        if what:
            event.preventDefault()
        if what == "send":
            self.submit()

    def _submit(self, _event):
        self.submit()

    def submit(self):
        if not self.allows():
            self.box.focus()
            return
        text = self.box.value
        if self._busy or not (text.strip() or (self.attachments and self.attachments.speaks)):
            self.box.focus()
            return
        self.text = ""
        self._on_draft("")
        self._on_send(text)

    def _stopped(self, _event):
        self._on_stop()
