"""Speaks with the browser's own voices, those that are on this device (bridge/page/voice.js)."""

from ui.base.json_text import read


class BrowserVoice:
    """``heard(what, number)``: "began" and "ended" of the sentence ``number``; "failed" with the key of the words that
    say why; "another" with the (name, language) of the voice that says what the chosen one can't."""

    def __init__(self, page, heard):
        self._page, self._heard = page, heard
        self._voice = None
        self._waiting = []  # calls, until the module is here
        page.bridge.openVoice(self._says).then(self._opened, lambda *_: heard("failed", "voice_missing"))

    def _opened(self, voice):
        self._voice = voice
        waiting, self._waiting = self._waiting, []
        for call in waiting:
            self._say(*call)

    def say(self, number, text, language):
        if self._voice:
            self._say(number, text, language)
        else:
            self._waiting.append((number, text, language))

    def _say(self, number, text, language):
        preferences = self._page.preferences
        self._voice.say(number, text, language, preferences["voice"], float(preferences["speed"]))

    def finish(self):
        """Nothing more is to be said; here nothing waits for more."""

    def stop(self):
        self._waiting = []
        if self._voice:
            self._voice.stop()

    def _says(self, text):
        message = read(text)
        if message["what"] == "failed":
            self._heard("failed", "voice_" + message["why"])
        elif message["what"] == "another":
            self._heard("another", (message["name"], message["language"]))
        else:
            self._heard(message["what"], message["call"])
