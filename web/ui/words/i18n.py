"""Words of the page in English and French, and which of the two to speak.

``strings.py`` holds the tables; both languages have the same keys (a test checks it).
"""

from ui.words.strings import AGENTS, ERRORS, FALLBACKS, TEXT

LANGUAGES = ("en", "fr")


def choose(preferred, chosen=None):
    """The person's own choice, else French where the browser prefers French, else English."""
    if chosen in LANGUAGES:
        return chosen
    for tag in preferred:
        base = (tag or "").lower().split("-")[0]
        if base in LANGUAGES:
            return base
    return "en"


class Words:
    """The words in one language. ``lang`` may be changed at any time."""

    def __init__(self, lang="en"):
        self.lang = lang
        self.titles = {}  # agent id -> {"en": …, "fr": …}, from the engine's registry

    def __call__(self, key, **values):
        text = TEXT[key][LANGUAGES.index(self.lang)]
        return text.format(**values) if values else text

    def has(self, key):
        return key in TEXT

    def agent(self, agent):
        """An agent's name: the registry's, else the page's own, else its id made readable."""
        title = (self.titles.get(agent) or {}).get(self.lang)
        if title:
            return title
        if agent in AGENTS:
            return AGENTS[agent][LANGUAGES.index(self.lang)]
        text = (agent or "").replace("_", " ").replace("-", " ")
        return text[:1].upper() + text[1:]

    def error(self, code, message="", hint=""):
        """(what happened, what to do) for an error's code; unknown codes keep the engine's words."""
        if code in ERRORS:
            pair = ERRORS[code]
            where = LANGUAGES.index(self.lang)
            return pair[0][where], pair[1][where]
        return message or self("error_unknown"), hint

    def fallback(self, kind, to, code, reason=""):
        """One plain sentence for a step down the ladder. The most precise known wording wins."""
        first = to.lower().replace(",", " ").split()
        for key in (kind + ":" + code, kind + ">" + (first[0] if first else ""), kind):
            if key in FALLBACKS:
                return FALLBACKS[key][LANGUAGES.index(self.lang)]
        return reason
