"""Provides two parts of dialogs: the sheet itself, and a button that asks again before it does what can't be undone."""

ARMED_MS = 4000


class Sheet:
    """A ``<dialog>`` that closes by its button, by Esc and by a click beside it."""

    def __init__(self, dom, name):
        self._dom = dom
        self.node = dom.by_id(name)
        dom.on(self.node, "click", self._clicked)

    def _clicked(self, event):
        if event.target.isSameNode(self.node) or event.target.closest("[data-close]"):
            self.node.close()

    def open(self):
        if not self.node.open:
            self.node.showModal()

    def close(self):
        self.node.close()


class ConfirmButton:
    """A button for what can't be undone: the first press asks, a second soon after does it."""

    def __init__(self, dom, timers, name, ask, act):
        self._timers, self._ask, self._act = timers, ask, act
        self._button = dom.by_id(name)
        self._label = None
        self._timer = None
        dom.on(self._button, "click", self._pressed)

    def _pressed(self, _event):
        if self._label is None:
            self._label = self._button.textContent
            self._button.textContent = self._ask()
            self._button.classList.add("armed")
            self._timer = self._timers.later(ARMED_MS, self._disarm)
        else:
            self._timers.cancel(self._timer)
            self._disarm()
            self._act()

    def _disarm(self):
        self._button.textContent = self._label
        self._button.classList.remove("armed")
        self._label = None
