"""Chooses which voice says a sentence: the person's, or where that can't speak its language, one that can. Pure."""

from ui.words import formatting

ORION = "orion"
"""The preference ``voice`` where each language is read by Orion's first voice for it."""
ONE = "orion:"
"""What stands before the id of one of Orion's voices, in the same preference."""


def is_orions(chosen):
    """Whether the preference ``chosen`` is one of Orion's voices."""
    return chosen == ORION or chosen.startswith(ONE)


def orions(senses):
    """[(voice, sense)] of all of Orion's voices; ``senses``: rows of the engine's status."""
    return [(voice, row) for row in senses or [] if row["sense"] == "voice" for voice in row.get("voices") or []]


def find(senses, chosen):
    """The (voice, sense) that the preference names, or None."""
    found = [each for each in orions(senses) if ONE + each[0]["id"] == chosen]
    return found[0] if found else None


def orions_for(senses, chosen, language):
    """Orion's (voice, sense) for a language: the chosen one, else one of the same model, which needs no other download,
    else the first; None where it has none."""
    own = find(senses, chosen)
    found = [each for each in orions(senses) if each[0]["language"] == language]
    if own:
        of_model = [each for each in found if each[1]["id"] == own[1]["id"]]
        found = [each for each in of_model if each[0]["id"] == own[0]["id"]] + of_model + found
    return found[0] if found else None


def in_place_of(words, chosen, other, language, download=None):
    """The sentence that says which voice reads a language that the chosen one can't. ``chosen``, ``other``: their
    names; ``download``: the sense whose model may have to come for it, or None."""
    tongue = words("language_" + language) if words.has("language_" + language) else language
    text = words("voice_another", voice=chosen, other=other, language=tongue)
    if download:
        text += " " + words("voice_comes", size=formatting.size(download["download_bytes"], words))
    return text
