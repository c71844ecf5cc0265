"""Decides which model to load: at once, in the background, or when the person asks for it."""

from ui.engine import reducer


class WantedModel:
    """``page``: the App, whose state, client and other parts are used by their names."""

    def __init__(self, page):
        self._page, self._state, self._client = page, page.state, page.client
        self._asked = 0

    def preload(self):
        """The engine is ready: its model comes now, or the person is asked."""
        if self._state.conversation.current:
            return
        if self._page.may_preload:
            self._ask()
        else:
            self._state.offer_load = True
            self._state.touch("load")

    def load(self, action):
        """The card of the model that is on its way: pause, resume or retry."""
        if action == "pause":
            reducer.pause(self._state)
            self._client.cancel(None)
        else:
            reducer.revive(self._state)
            self._ask()
        self._page.redraw()

    def _ask(self):
        self._asked += 1
        number = self._asked

        def ended(message):
            # One that was paused may come to its end after it was taken up again: that pauses nothing any more.
            if number == self._asked or message["type"] == "result":
                self._page.preloaded(message)

        self._client.ask("preload", None, ended)

    def control_upgrade(self, action):
        """What comes in the background: ``action`` as in the protocol's ``ControlUpgrade``."""
        model = self._state.upgrade["model"]
        if action == "cancel" and self._page.preferences["model"] == model:
            self._page.settings.change("model", "")
        self._client.ask("upgrade.control", {"action": action, "model": model}, self._page.settings.settled)

    def wait_for(self, model):
        """Questions wait for ``model``, which comes at once; "" ends that."""
        if model:
            self._client.ask("upgrade.control", {"action": "start", "model": model}, self._page.settings.settled)
        self._page.settings.change("model", model)
