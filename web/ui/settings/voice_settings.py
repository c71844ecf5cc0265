"""Shows the settings for reading aloud: whether answers are read, by which voice, and how fast."""

import json

from ui.aloud import choice
from ui.engine.view_state import SAMPLE
from ui.words import formatting


def browsers(voices, words):
    """The browser's voices on this device that the page has words for, [(group, value, label, language)]: the page's
    language first. ``voices``: as web/bridge/page/voice.js lists them, or None."""
    local = [row for row in voices or [] if row["local"]]
    tongues = [words.lang] + [each for each in words.languages if each != words.lang]
    found = [row for tongue in tongues for row in local if row["language"] == tongue]
    return [(_group("voices_of_browser", row, words), row["name"], row["name"], row["language"]) for row in found]


def orions(senses, words):
    """Orion's voices in the same form, with what each weighs; before them, where there are any, the choice of whichever
    speaks the language at hand."""
    found = choice.orions(senses)
    found = [each for each in found if each[0]["language"] == words.lang] + [
        each for each in found if each[0]["language"] != words.lang
    ]
    rows = [
        (
            _group("voices_of_orion", voice, words),
            choice.ONE + voice["id"],
            words("voice_size", voice=voice["title"], size=formatting.size(sense["download_bytes"], words)),
            voice["language"],
        )
        for voice, sense in found
    ]
    return [(None, choice.ORION, words("voice_of_orion"), words.lang)] + rows if rows else []


def about(senses, chosen, words):
    """What a person should know of the chosen voice, where it is Orion's: a sentence for each that it may be."""
    own = choice.find(senses, chosen)
    if own:
        found = [own]
    elif chosen == choice.ORION:
        found = [choice.orions_for(senses, chosen, language) for language in words.languages]
    else:
        found = []
    return " ".join(
        [
            words(
                "voice_about",
                voice=voice["title"],
                language=words("language_" + voice["language"]),
                good=words.among(voice["good_at"]),
                model=sense["title"],
                size=formatting.size(sense["download_bytes"], words),
                licence=sense["licence"],
            )
            for voice, sense in [each for each in found if each]
        ]
    )


def _group(key, row, words):
    return words(key, language=words("language_" + row["language"]))


class VoiceSettings:
    """``page``: the App, whose preferences and other parts are used by their names."""

    def __init__(self, page):
        self._page, self._dom, self._words = page, page.dom, page.words
        self._voices = None  # of the browser, once it has said them
        self._choices = []  # as last drawn
        self._aloud, self._voice, self._speed = [self._dom.by_id("set-" + name) for name in ("aloud", "voice", "speed")]
        self._try, self._note = self._dom.by_id("voice-try"), self._dom.by_id("voice-note")
        self._about = self._dom.by_id("voice-about")
        change = page.settings.change
        self._dom.on(self._aloud, "change", lambda _event: change("aloud", bool(self._aloud.checked)))
        self._dom.on(self._voice, "change", lambda _event: self._chose())
        self._dom.on(self._speed, "change", lambda _event: change("speed", self._speed.value))
        self._dom.on(self._try, "click", lambda _event: page.aloud.sample(self._language()))
        self._dom.on(self._dom.by_id("settings"), "close", lambda _event: self._silence())

    def open(self):
        """The browser is asked for its voices only when somebody may choose one."""
        self.draw()
        self._page.bridge.ownVoices().then(self._came)

    def _came(self, text):
        self._voices = json.loads(text)
        self.draw()

    def _chose(self):
        """Another voice is to be heard: the example of the one before ends."""
        self._silence()
        self._page.settings.change("voice", self._voice.value)
        self.draw()  # what is said of the voice

    def _language(self):
        """That in which the chosen voice is heard."""
        found = [language for _, value, _, language in self._choices if value == self._voice.value]
        return found[0] if found else self._words.lang

    def draw(self):
        words, preferences = self._words, self._page.preferences
        self._aloud.checked = bool(preferences["aloud"])
        self._speed.value = preferences["speed"]
        senses = self._page.state.device.get("senses")
        chosen = preferences["voice"]
        choices = [(None, "", words("voice_browser"), words.lang)] + orions(senses, words)
        choices += browsers(self._voices, words)
        known = chosen in [row[1] for row in choices]
        if not known and self._may_come(chosen, senses):
            choices.append((None, chosen, chosen.replace(choice.ONE, ""), words.lang))
            known = True
        if choices != self._choices:
            self._choices = choices
            self._list(choices)
        self._voice.value = chosen if known else ""
        self._about.textContent = about(senses, self._voice.value, words)
        pressed = self._page.state.reads(SAMPLE)
        self._try.setAttribute("aria-pressed", "true" if pressed else "false")
        why = self._page.state.how_read(SAMPLE)
        own = [row for row in self._voices or [] if row["language"] == words.lang]
        local = [row for row in own if row["local"]]
        note = words(why) if why and words.has(why) else ""
        if self._voices is not None and not local and not choice.is_orions(self._voice.value):
            instead = choice.orions_for(senses, "", words.lang)
            note = words("voice_remote" if own else "voice_none")
            if instead:
                note = choice.in_place_of(words, words("voice_browser"), instead[0]["title"], words.lang, instead[1])
        self._note.textContent = note

    def _may_come(self, chosen, senses):
        """Whether the list in which the choice would be isn't here yet."""
        return bool(chosen) and (senses if choice.is_orions(chosen) else self._voices) is None

    def _list(self, choices):
        """Drawn only when it differs: a list that is open must not close."""
        self._voice.replaceChildren()
        groups = {}
        for group, value, label, _ in choices:
            place = groups.get(group) or self._voice
            if group and group not in groups:
                place = groups[group] = self._dom.el("optgroup", None, None, {"label": group})
                self._voice.appendChild(place)
            place.appendChild(self._dom.el("option", None, label, {"value": value}))

    def _silence(self):
        if self._page.state.reads(SAMPLE):
            self._page.aloud.stop()
