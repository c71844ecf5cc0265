"""Looks up the page's texts in one of the languages that it has.

Each language is one catalogue, ``words/<language>.json``; a language is added by adding its file. The build checks
that all have the same entries and puts them into what the page loads (build_support/page_words.py), with the labels of
the engine's settings (page_settings.py):

    name        the language's own name for itself
    numbers     "decimal" and "group" (the separators), "bytes" (units of 1, 10^3, 10^6 and 10^9 bytes)
    text        by key; with {placeholders}; where the number decides, a form for each plural category of the
                language (Unicode's: "one", "other", …)
    agents      names of the agents that may come without one
    errors      by the codes of ``orion_py/errors.py``: "what" happened, and the "hint" what to do
    fallbacks   steps down, by ``kind:reason_code``, ``kind>to`` or ``kind``
"""

import json


def choose(preferred, languages, chosen=None):
    """The person's own choice, else the first of the browser's that the page has, else English."""
    if chosen in languages:
        return chosen
    for tag in preferred:
        base = (tag or "").lower().split("-")[0]
        if base in languages:
            return base
    return "en"


class Words:
    """The words in one language, ``lang``; ``speak`` changes it. ``languages``: those that there are;
    ``read(language)`` gives the JSON text of a catalogue, ``plural(language, number)`` a plural category."""

    def __init__(self, languages, read, plural, lang="en"):
        self.languages = languages
        self._read, self._plural = read, plural
        self.titles = {}  # agent id -> its name by language, from the engine's registry
        self.speak(lang)

    def speak(self, lang):
        catalogue = json.loads(self._read(lang))
        self.lang = lang
        self.numbers = catalogue["numbers"]
        self._text, self._agents = catalogue["text"], catalogue["agents"]
        self._errors, self._fallbacks = catalogue["errors"], catalogue["fallbacks"]

    def of(self, language):
        """The words in another language."""
        return Words(self.languages, self._read, self._plural, language)

    def __call__(self, key, **values):
        text = self._text[key]
        return text.format(**values) if values else text

    def counted(self, key, number, **values):
        """The form of ``key`` for ``number``, which is its {count} unless ``values`` has another way to write it."""
        forms = self._text[key]
        values.setdefault("count", str(number))
        return forms.get(self._plural(self.lang, number), forms["other"]).format(**values)

    def has(self, key):
        return key in self._text

    def among(self, texts):
        """Of one text in several languages, as the registry has them: this one's, else English."""
        texts = texts or {}
        return texts.get(self.lang) or texts.get("en") or ""

    def agent(self, agent):
        """An agent's name: the registry's, else the page's own, else its id made readable."""
        title = (self.titles.get(agent) or {}).get(self.lang) or self._agents.get(agent)
        if title:
            return title
        text = (agent or "").replace("_", " ").replace("-", " ")
        return text[:1].upper() + text[1:]

    def error(self, code, message="", hint=""):
        """(what happened, what to do) for an error's code; unknown codes keep the engine's words."""
        known = self._errors.get(code)
        if known:
            return known["what"], known["hint"]
        return message or self("error_unknown"), hint

    def fallback(self, kind, to, code, reason=""):
        """One plain sentence for a step down the ladder. The most precise known wording wins."""
        first = to.lower().replace(",", " ").split()
        for key in (kind + ":" + code, kind + ">" + (first[0] if first else ""), kind):
            if key in self._fallbacks:
                return self._fallbacks[key]
        return reason
