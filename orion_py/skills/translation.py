"""Translates a passage by examples, a few sentences at a time, and checks what came of it.

A small model that is told to translate gives the passage back as often as not; shown two translated sentences of the
pair, it goes on as they do. What still comes back untranslated, in another language or with other numbers is drawn
again, and where that doesn't help the answer says what to check.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from orion_py.generation.sampling import SamplingWishes
from orion_py.language.function_words import french_or_english
from orion_py.language.names import name_of
from orion_py.senses.speaking.sentences import sentences
from orion_py.skills.base import Ask, Working
from orion_py.skills.facts import words
from orion_py.skills.translation_wanted import Translation

PIECE = 240
"""Characters that are translated at once, unless one sentence has more: the model keeps to so many."""
REDRAWS = 2
FREELY = SamplingWishes(temperature=0.5, top_p=0.9)
GREEDY = SamplingWishes(temperature=0.0, repetition_penalty=1.0)
SAME = 0.6
"""An outcome that has so many of the passage's words hasn't been translated."""
_EXAMPLES: dict[str, tuple[str, str, str]] = {
    "en": (
        "Where is the station, please?",
        "We will stay for three nights from Monday.",
        "The shop closes at noon, but my brother has the key.",
    ),
    "fr": (
        "Où est la gare, s'il vous plaît ?",
        "Nous resterons trois nuits à partir de lundi.",
        "Le magasin ferme à midi, mais mon frère a la clé.",
    ),
    "es": (
        "¿Dónde está la estación, por favor?",
        "Nos quedaremos tres noches a partir del lunes.",
        "La tienda cierra al mediodía, pero mi hermano tiene la llave.",
    ),
    "de": (
        "Wo ist der Bahnhof, bitte?",
        "Wir bleiben ab Montag drei Nächte.",
        "Das Geschäft schließt um zwölf, aber mein Bruder hat den Schlüssel.",
    ),
    "it": (
        "Dov'è la stazione, per favore?",
        "Resteremo tre notti da lunedì.",
        "Il negozio chiude a mezzogiorno, ma mio fratello ha la chiave.",
    ),
    "pt": (
        "Onde fica a estação, por favor?",
        "Vamos ficar três noites a partir de segunda-feira.",
        "A loja fecha ao meio-dia, mas o meu irmão tem a chave.",
    ),
    "nl": (
        "Waar is het station, alstublieft?",
        "We blijven drie nachten vanaf maandag.",
        "De winkel sluit om twaalf uur, maar mijn broer heeft de sleutel.",
    ),
}
"""The same sentences in each language."""
SPELLED = 12
"""Numbers up to here may be written in words."""
_FIGURE = re.compile(r"\d{1,15}")
_CHECK = {
    False: "Check this translation: {why}.",
    True: "Vérifiez cette traduction : {why}.",
}
_WHY = {
    "same": ("a part of it wasn’t translated", "une partie n’a pas été traduite"),
    "numbers": ("its numbers aren’t those of the text", "ses nombres ne sont pas ceux du texte"),
    "language": ("a part of it is in another language", "une partie est dans une autre langue"),
    "length": ("its length doesn’t fit the text’s", "sa longueur ne correspond pas à celle du texte"),
}


@dataclass(frozen=True, slots=True)
class Translate:
    """Translates one passage."""

    wanted: Translation

    async def __call__(self, working: Working) -> bool:
        """As a ``skills.base.Skill``: answers every question."""
        faults: list[str] = []
        for line in self.wanted.passage.splitlines():
            if working.shown:
                working.say("\n")
            for number, piece in enumerate(pieces(line)):
                if number:
                    working.say(" ")
                fault = await self._piece(working, piece)
                if fault == "timeout":
                    return True
                faults += [fault] if fault else []
        note = {"source": self.wanted.source, "target": self.wanted.target, "faults": faults}
        working.note("translation", note)
        if faults:
            why = _WHY[faults[0]][working.french]
            working.say(f"\n\n*{_CHECK[working.french].format(why=why)}*")
        return True

    async def _piece(self, working: Working, piece: str) -> str:
        """Translates ``piece`` into what is shown. What is wrong with it, "" for nothing, or "timeout"."""
        wanted, before = self.wanted, working.shown
        one, other = name_of(wanted.source, "en"), name_of(wanted.target, "en")
        examples = tuple(
            (f"{one}: {source}\n{other}:", target)
            for source, target in zip(_EXAMPLES.get(wanted.source, ()), _EXAMPLES.get(wanted.target, ()), strict=False)
        )
        best: tuple[str, str] | None = None
        for attempt in range(1 + REDRAWS):
            if attempt == 1:
                working.step("checking")
            said = await working.ask(
                Ask(
                    f"{one}: {piece}\n{other}:",
                    system=f"Translate from {one} into {other}.",
                    max_tokens=40 + len(piece),
                    sampling=FREELY if attempt else GREEDY,
                    attempt=attempt,
                    examples=examples,
                    stops=("\n",),
                    shown=not attempt,
                )
            )
            if said.finish == "timeout":
                return "timeout"
            text = said.text.strip()
            fault = fault_of(piece, text, wanted.source, wanted.target)
            if best is None or (best[1] and not fault):
                best = (text, fault)
            if not fault:
                break
        assert best is not None
        if working.shown != before + best[0]:
            working.revise(before + best[0])
        return best[1]


def pieces(line: str) -> list[str]:
    """The sentences of ``line``, joined up to ``PIECE`` characters."""
    found: list[str] = []
    for sentence in sentences(line):
        if found and len(found[-1]) + len(sentence) < PIECE:
            found[-1] += f" {sentence}"
        else:
            found.append(sentence)
    return found


def fault_of(piece: str, text: str, source: str, target: str) -> str:
    """Why ``text`` can't be the translation of ``piece``: a word of ``_WHY``, or ""."""
    own, theirs = words(piece), words(text)
    if not theirs or not 0.3 <= len(text) / max(1, len(piece)) <= 3.0 + 20 / max(1, len(piece)):
        return "length"
    # Short names and numbers are the same in both.
    telling = {word for word in own if len(word) > 2 and not word.isdigit()}
    if len(own) > 1 and telling and len(telling & theirs) / len(telling) >= SAME:
        return "same"
    if {source, target} == {"en", "fr"} and len(theirs) > 3 and french_or_english(text, target) != target:
        return "language"
    return "numbers" if _numbers_differ(piece, text) else ""


def _numbers_differ(piece: str, text: str) -> bool:
    """Whether figures were invented or lost. An hour may be written otherwise, 3 pm as 15 h, and small numbers in
    words."""
    own, theirs = {int(figure) for figure in _FIGURE.findall(piece)}, {int(figure) for figure in _FIGURE.findall(text)}
    hours = {number + shift for number in own for shift in (-12, 12) if number <= 24}
    lost = {number for number in own - theirs if number > SPELLED and not {number - 12, number + 12} & theirs}
    return bool(theirs - own - hours or lost)
