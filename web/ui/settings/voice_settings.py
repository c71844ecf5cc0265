"""Shows the settings for reading aloud: whether answers are read, by which voice, and how fast."""

import json

from ui.engine.view_state import SAMPLE
from ui.words import formatting

ORION = "orion"
"""The preference ``voice`` where the engine's voice speaks."""


def orions(senses, words):
    """The engine's voice as a choice: where it has one for the page's language, and what that weighs. ``senses``: rows
    of the engine's status."""
    rows = [row for row in senses or [] if row["sense"] == "voice" and words.lang in row["languages"]]
    if not rows:
        return []
    return [(ORION, words("voice_of_orion", size=formatting.size(rows[0]["download_bytes"], words)))]


class VoiceSettings:
    """``page``: the App, whose preferences and other parts are used by their names."""

    def __init__(self, page):
        self._page, self._dom, self._words = page, page.dom, page.words
        self._voices = None  # of the browser, once it has said them
        self._aloud, self._voice, self._speed = [self._dom.by_id("set-" + name) for name in ("aloud", "voice", "speed")]
        self._try, self._note = self._dom.by_id("voice-try"), self._dom.by_id("voice-note")
        change = page.settings.change
        self._dom.on(self._aloud, "change", lambda _event: change("aloud", bool(self._aloud.checked)))
        self._dom.on(self._voice, "change", lambda _event: change("voice", self._voice.value))
        self._dom.on(self._speed, "change", lambda _event: change("speed", self._speed.value))
        self._dom.on(self._try, "click", lambda _event: page.aloud.sample())
        self._dom.on(self._dom.by_id("settings"), "close", lambda _event: self._closed())

    def open(self):
        """The browser is asked for its voices only when somebody may choose one."""
        self.draw()
        self._page.bridge.ownVoices().then(self._came)

    def _came(self, text):
        self._voices = json.loads(text)
        self.draw()

    def draw(self):
        words, preferences = self._words, self._page.preferences
        self._aloud.checked = bool(preferences["aloud"])
        self._speed.value = preferences["speed"]
        own = [row for row in self._voices or [] if row["language"] == words.lang]
        names = [row["name"] for row in own if row["local"]]
        rows = orions(self._page.state.device.get("senses"), words)
        choices = [("", words("voice_browser"))] + [(name, name) for name in names] + rows
        self._voice.replaceChildren()
        for value, text in choices:
            self._voice.appendChild(self._dom.el("option", None, text, {"value": value}))
        chosen = preferences["voice"]
        self._voice.value = chosen if chosen in [value for value, _ in choices] else ""
        pressed = self._page.state.reads(SAMPLE)
        self._try.setAttribute("aria-pressed", "true" if pressed else "false")
        why = self._page.state.how_read(SAMPLE)
        if self._voices is not None and not names and self._voice.value != ORION:
            why = "voice_remote" if own else "voice_none"
        self._note.textContent = words(why) if why and words.has(why) else ""

    def _closed(self):
        if self._page.state.reads(SAMPLE):
            self._page.aloud.stop()
