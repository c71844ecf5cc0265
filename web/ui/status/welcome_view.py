"""Draws the empty page's note about languages, before anything is asked, with the model to wait for instead.

The questions to begin with are in a language that the model at hand was taught.
"""

from ui.status import tongues
from ui.words import formatting


def plan(state, chosen, lang, words):
    """(text, what else there is to say, label of the button or "", model that the button chooses, language of the
    questions)."""
    model = tongues.at_hand(state, chosen)
    if model is None:
        return "", "", "", "", lang
    name = state.model_name(model)
    if tongues.speaks(state, model, lang):
        if model != chosen or tongues.in_memory(state, model):
            return "", "", "", "", lang
        others = [row["id"] for row in state.device.get("models") or [] if not tongues.speaks(state, row["id"], lang)]
        if not others:  # it was chosen for another reason than this
            return "", "", "", "", lang
        return words("waits_for", model=name), "", words("wait_no_more"), "", lang
    languages = state.model_languages[model]
    known = [words("language_" + each) if words.has("language_" + each) else each for each in languages]
    said = words("not_your_language", model=name, languages=", ".join(known))
    shown = languages[0] if languages[0] in words.languages else lang
    larger = tongues.better(state, model, lang)
    if larger is None:
        titles = [row["title"] for row in state.device.get("coming") or []]
        return said, words("model_coming", model=titles[0]) if titles else "", "", "", shown
    title = state.model_name(larger["id"])
    size = formatting.size(larger.get("download_bytes") or 0, words)
    label = words("wait_for", model=title, size=size)
    return said, words("larger_speaks", model=title), label, larger["id"], shown


class WelcomeView:
    """``on_choice(model)``: the person wants to wait for ``model``, or with "" for none."""

    def __init__(self, dom, words, preferences, on_choice):
        self._dom, self._words, self._preferences = dom, words, preferences
        self._note, self._text = dom.by_id("welcome-note"), dom.by_id("welcome-note-text")
        self._more = dom.by_id("welcome-note-more")
        self._button, self._starters = dom.by_id("welcome-wait"), dom.by_id("starters")
        self._model = ""
        self._spoken = None
        dom.on(self._button, "click", lambda _event: on_choice(self._model))

    def language(self):
        """That of the questions to begin with."""
        return self._starters.dataset.lang or self._words.lang

    def draw(self, state):
        words = self._words
        text, more, label, self._model, shown = plan(state, self._preferences["model"], words.lang, words)
        if self._spoken != (shown, words.lang):  # a change of the page's language shows its own everywhere
            self._spoken = (shown, words.lang)
            self._starters.setAttribute("data-lang", shown)
            self._dom.speak(shown, self._starters)
        self._note.hidden = not text
        self._text.textContent = text
        self._more.textContent = more
        self._button.hidden = not label
        self._button.textContent = label
