"""Gives each sentence to the browser's voices or to Orion's, and says once where another than the chosen one reads."""

from ui.aloud import choice

BROWSER, ORIONS = "browser", "orion"


class Casting:
    """``page``: the App, whose preferences and engine's status say which voices there are."""

    def __init__(self, page):
        self._page = page
        self._mute = []  # languages that the browser can't speak on this device
        self._said = []  # what was told already

    def begin(self):
        """Another text is read: Orion's voice is tried again, where it couldn't be had."""
        self._missing = False
        self._page.state.drop_notice("voice_orion")

    @property
    def _chosen(self):
        return self._page.preferences["voice"]

    @property
    def _senses(self):
        """Rows of the engine's status; None: it hasn't said yet."""
        return self._page.state.device.get("senses")

    @property
    def _own(self):
        """Orion's voice that was chosen, as (voice, sense), or None."""
        return choice.find(self._senses, self._chosen)

    def _orions(self, language):
        return choice.orions_for(self._senses, self._chosen, language)

    def kind(self, language):
        """Who says a sentence of this language."""
        if self._missing:
            return BROWSER
        wanted = choice.is_orions(self._chosen)
        if wanted and self._senses is None:
            return ORIONS
        return ORIONS if (wanted or language in self._mute) and self._orions(language) else BROWSER

    def first(self, language):
        """The id of Orion's voice that probably begins, before there is a sentence; None: the engine finds one."""
        own = self._own
        found = own or self._orions(language)
        return found[0]["id"] if found else None

    def orions(self, language):
        """The id of Orion's voice for a sentence of a language; None: the engine finds one."""
        found = self._orions(language)
        if found is None:
            return None
        voice, sense = found
        own = self._own
        if own:
            if own[0]["id"] != voice["id"]:
                self._tell(own[0]["title"], voice["title"], language, sense if sense["id"] != own[1]["id"] else None)
        elif not choice.is_orions(self._chosen):
            self._tell(self._chosen, voice["title"], language, sense)
        return voice["id"]

    def failed(self, why, language):
        """A voice said why it can't speak. Whether another goes on."""
        if why == "voice_orion":
            self._missing = True
            self._page.state.notice(kind="voice_orion")
            return True
        if why in ("voice_none", "voice_remote") and not self._missing and self._orions(language):
            self._mute.append(language)
            return True
        return False

    def says(self, name, language):
        """The browser's voice ``name`` says what the chosen one can't."""
        if self._missing:
            return  # that is said already
        own = self._own
        self._tell(own[0]["title"] if own else self._chosen, name, language, None)

    def _tell(self, chosen, other, language, download):
        """``chosen``: "" for the browser's first voice; ``download``: as ``choice.in_place_of`` has it."""
        key = (chosen, other, language)
        if key in self._said:
            return
        self._said.append(key)
        words = self._page.words
        if chosen in ("", choice.ORION):
            chosen = words("voice_of_orion" if chosen else "voice_browser")
        text = choice.in_place_of(words, chosen, other, language, download)
        self._page.state.notice(kind="voice_another", text=text)
