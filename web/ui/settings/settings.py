"""Applies the person's settings: kept on the device, shared with other tabs, in effect at once."""

import json

from ui.base.store import PREFERENCES
from ui.chats.old_chats import CHAT

LOG = "orion-log.json"
SHOWN = (
    "config",
    "preset",
    "models",
    "senses",
    "added",
    "coming",
    "recommended",
    "versions",
    "router",
    "loaded",
    "device",
)
"""Parts of the engine's status that the sheet shows."""
THEME_COLORS = {"light": "#faf8f4", "dark": "#0b1020"}


class Settings:
    """``page``: the App, whose state, client and other parts are used by their names."""

    def __init__(self, page):
        self._page, self._state, self._client = page, page.state, page.client
        self._dom, self._bridge, self._store = page.dom, page.bridge, page.store

    # the sheet

    def open(self):
        views = self._page.views
        views.engine_settings.draw(self._state)
        views.models.draw(self._state)
        views.settings.open(self._page.preferences, self._state)
        views.voice.open()
        self._page.attachments.count()
        if self._client.phase == "ready":
            self._ask_storage()

    def estimate(self, call):
        self._bridge.storageEstimate().then(call)

    def redraw(self):
        if self._page.views.settings.is_open:
            self._draw()

    def settled(self, message):
        """The end of a request that changes the engine: what is shown is what it came to."""
        self.redraw()
        self._page.redraw()

    def know(self, parts):
        """The engine's status, or those of its parts that are others now."""
        if any([name in SHOWN for name in parts]):
            self.redraw()

    def _ask_storage(self):
        """It takes the engine reading to find out what is stored, so it is asked only while it is shown."""
        self._client.ask("storage", None, self._storage_came)

    def _storage_came(self, message):
        if message["type"] == "result":
            self._state.device["storage"] = message["payload"]
        self.redraw()

    def models_settled(self, message):
        """The end of a request that changes the models here."""
        self.settled(message)
        if self._page.views.settings.is_open:
            self._ask_storage()

    def _draw(self):
        views = self._page.views
        views.settings.show_storage(self._state)
        views.voice.draw()
        views.engine_settings.draw(self._state)
        views.models.draw(self._state)

    # the page's own

    def change(self, name, value):
        self._store.change({name: value})
        self._apply(name, value)
        self._page.redraw()

    def stored_elsewhere(self, event):
        """Another tab changed what is kept at once."""
        key = event.key
        if not isinstance(key, str):
            return
        if key == PREFERENCES:
            self._take_preferences()
        elif key.startswith(CHAT):
            self._page.keeping.old_page_wrote()

    def _take_preferences(self):
        """Settings that were changed in another tab are this one's, too."""
        preferences, views = self._page.preferences, self._page.views
        for name, value in self._store.preferences().items():
            if value != preferences[name]:
                self._apply(name, value)
        self._client.settle()
        if views.settings.is_open:
            views.settings.fill(preferences)
            views.voice.draw()
            views.engine_settings.draw(self._state)
            views.models.draw(self._state)
        self._page.redraw()

    def _apply(self, name, value):
        page = self._page
        page.preferences[name] = value
        if name == "theme":
            self.theme()
        if name == "model":
            self._state.touch("names")
        if name == "enter":
            page.views.composer.draw_keys(page.words)
        if name == "language" and value in page.words.languages:
            page.words.speak(value)
            page.views.translate()
            self._draw()
            page.extras.redraw()
            self._state.touch("status", "load", "upgrade", "notices", "names")
            page.views.log.redraw(self._state.conversation)

    def theme(self):
        theme = self._page.preferences["theme"]
        self._dom.document.documentElement.dataset.theme = theme
        for meta in self._dom.all("meta[name=theme-color]"):
            own = "dark" if "dark" in meta.media else "light"
            meta.content = THEME_COLORS[own if theme == "auto" else theme]

    # the engine's

    def change_engine(self, fields):
        """``fields`` of a configure request. The engine is sent what differs from what it was sent last."""
        if fields.get("preset"):
            self._store.change({"preset": fields["preset"], "engine": {}})
        else:
            self._store.change_engine(fields["config"])
        self._client.settle()

    def act(self, name):
        """A button of the sheet."""
        page, state = self._page, self._state
        if name == "forget":
            page.asking.stop()
            state.load = None
            self._client.ask("unload", {"forget": True}, self.models_settled)
            state.notice(kind="forgotten")
            state.touch("load")
        elif name == "forget_chats":
            page.shown.delete_all()
        elif name == "persist":
            self._bridge.persist().then(lambda *_: page.views.settings.show_storage(state))
        elif name == "logs":
            self.save_log()
        elif name == "forget_router":
            page.corrections.forget()
        elif name.startswith("telemetry_"):
            self._client.ask("telemetry", {"action": name[len("telemetry_") :]}, self._counted)
        page.redraw()

    def _counted(self, message):
        self._page.views.engine_settings.telemetry_ended(message, self._bridge.saveFile)

    def save_log(self):
        self._client.ask("logs", None, self._log_came)

    def _log_came(self, message):
        if message["type"] == "result":
            self._bridge.saveFile(LOG, json.dumps(message["payload"]))
