"""Speaks with the engine's voice: a request a sentence, whose sound is played as it comes (bridge/page/sounds.js)."""

from ui.base.json_text import read

LANGUAGES = ("en", "fr")
"""Those of the engine's voices; of any other it finds out itself."""
AHEAD_S = 60.0
"""Seconds of speech that are made before they are played: 24,000 samples each."""


class OrionVoice:
    """``heard`` as ``BrowserVoice`` has it, and "waits" where the device makes speech slower than it sounds.
    ``buffering`` outlives a reading: what it learnt is true of the next one. ``casting`` says whose voice it is."""

    def __init__(self, page, buffering, casting, heard):
        self._page, self._buffering, self._casting, self._heard = page, buffering, casting, heard
        self._sounds = None
        self._waiting = []  # sentences that the engine hasn't had: (number, text, language)
        self._asked = None  # the one that it speaks, as (request, number, text, language)
        self._ahead = None  # the request that brings the voice into memory
        self._since = 0.0
        self._seconds = 0.0  # of it so far
        self._held = []  # pieces that aren't played yet: (piece, seconds)
        self._played = {}  # those that are: piece -> seconds
        self._ends = {}  # piece -> number of the sentence that ends with it
        self._pieces = 0
        page.bridge.openSounds(self._says).then(self._opened, lambda *_: heard("failed", "voice_missing"))

    def _opened(self, sounds):
        self._sounds = sounds
        self._next()

    def say(self, number, text, language):
        self._waiting.append((number, text, language))
        self._next()

    def prepare(self, language):
        """An answer begins: its voice comes into memory while there is no sentence yet."""
        request = self._ahead = "speak-" + self._page.bridge.newId()
        fields = {"text": "", "ahead": True, "voice": self._casting.first(language)}
        fields["language"] = language if fields["voice"] is None and language in LANGUAGES else None
        self._page.client.ask("speak", fields, self._prepared, None, request)

    def _prepared(self, message):
        """However it ended: where it failed, the first sentence tells why."""
        self._ahead = None

    def finish(self):
        """Nothing more is to be said: what is here needn't wait for it."""
        self._play()

    def stop(self):
        self._waiting, self._held = [], []
        asked, self._asked = self._asked, None
        for request in ([asked[0]] if asked else []) + ([self._ahead] if self._ahead else []):
            self._page.client.cancel(request)
        if self._sounds:
            self._sounds.stop()

    def _next(self):
        ahead = sum([seconds for _, seconds in self._held]) + sum(self._played.values())
        if self._sounds is None or self._asked or not self._waiting or ahead >= AHEAD_S:
            return
        number, text, language = self._waiting.pop(0)
        request = "speak-" + self._page.bridge.newId()
        self._asked = (request, number, text, language)
        self._since, self._seconds, self._last = self._page.clock(), 0.0, False
        fields = {"text": text, "speed": float(self._page.preferences["speed"])}
        fields["voice"] = self._casting.orions(language)
        fields["language"] = language if language in LANGUAGES else None
        self._page.client.ask("speak", fields, self._ended, self._sound, request)

    def _sound(self, message):
        if message["type"] != "sound" or not self._asked or message["id"] != self._asked[0]:
            return
        piece = self._pieces
        self._pieces += 1
        seconds = self._sounds.hold(piece, message["rate"])
        self._seconds += seconds
        self._held.append((piece, seconds))
        if message["last"]:
            self._ends[piece], self._last = self._asked[1], True
        self._play()

    def _ended(self, message):
        asked = self._asked
        if not asked or message["id"] != asked[0]:
            return
        self._asked = None
        wordless = message["type"] == "error" and message["error"].get("family") == "invalid_input"
        if message["type"] != "result" and not wordless:
            self._heard("failed", "voice_orion")
            return
        _, number, text, language = asked
        self._buffering.made(language, self._seconds, self._page.clock() - self._since, len(text))
        self._next()
        self._play()
        if not self._last:  # it had nothing to say, which is over with what was said before
            left = [piece for piece, _ in self._held] + list(self._played)
            if left:
                self._ends[max(left)] = number
            else:
                self._heard("ended", number)

    def _play(self):
        if not self._held:
            return
        left = self._waiting + ([self._asked[1:]] if self._asked and not self._last else [])
        language = left[0][2] if left else ""
        characters = sum([len(text) for _, text, _ in left])
        if self._played or self._buffering.enough(language, sum([row[1] for row in self._held]), characters):
            held, self._held = self._held, []
            for piece, seconds in held:
                self._played[piece] = seconds
                self._sounds.play(piece)

    def _says(self, text):
        message = read(text)
        what = message["what"]
        if what == "failed":
            self._heard("failed", "voice_" + message["why"])
        elif what == "began":
            self._heard("began", message["piece"])
        elif message["piece"] in self._played:
            self._played.pop(message["piece"])
            if not self._played and (self._held or self._asked or self._waiting):
                self._play()
                if not self._played:
                    self._heard("waits", None)
            self._next()
            number = self._ends.pop(message["piece"], None)
            if number is not None:
                self._heard("ended", number)
