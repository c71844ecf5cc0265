"""Lists the languages that can be asked for, with their names in French and English."""

from __future__ import annotations

import re
from functools import cache

LANGUAGES: dict[str, tuple[str, str]] = {
    "en": ("English", "anglais"),
    "fr": ("French", "français"),
    "es": ("Spanish", "espagnol"),
    "de": ("German", "allemand"),
    "it": ("Italian", "italien"),
    "pt": ("Portuguese", "portugais"),
    "nl": ("Dutch", "néerlandais"),
    "ca": ("Catalan", "catalan"),
    "pl": ("Polish", "polonais"),
    "cs": ("Czech", "tchèque"),
    "ro": ("Romanian", "roumain"),
    "sv": ("Swedish", "suédois"),
    "no": ("Norwegian", "norvégien"),
    "da": ("Danish", "danois"),
    "fi": ("Finnish", "finnois"),
    "hu": ("Hungarian", "hongrois"),
    "tr": ("Turkish", "turc"),
    "el": ("Greek", "grec"),
    "ru": ("Russian", "russe"),
    "uk": ("Ukrainian", "ukrainien"),
    "bg": ("Bulgarian", "bulgare"),
    "ar": ("Arabic", "arabe"),
    "he": ("Hebrew", "hébreu"),
    "fa": ("Persian", "persan"),
    "hi": ("Hindi", "hindi"),
    "bn": ("Bengali", "bengali"),
    "ta": ("Tamil", "tamoul"),
    "th": ("Thai", "thaï"),
    "vi": ("Vietnamese", "vietnamien"),
    "id": ("Indonesian", "indonésien"),
    "zh": ("Chinese", "chinois"),
    "ja": ("Japanese", "japonais"),
    "ko": ("Korean", "coréen"),
}
"""ISO 639-1 to the English and the French name."""

_OTHER_NAMES = {"mandarin": "zh", "farsi": "fa", "castilian": "es", "castillan": "es", "flemish": "nl", "flamand": "nl"}
_UNACCENTED = str.maketrans("àâçèéêëîïôùûü", "aaceeeeiiouuu")


@cache
def _by_name() -> dict[str, str]:
    """Lower-case names, with and without accents, to codes."""
    names = {name.lower(): code for code, both in LANGUAGES.items() for name in both} | _OTHER_NAMES
    return names | {name.translate(_UNACCENTED): code for name, code in names.items()}


_INTO = r"in|into|to|en|vers|em|auf|su|(?:in|vers|to) (?:the |l'|le )|vers l'|vers le "


@cache
def _pattern(before: str) -> re.Pattern[str]:
    names = "|".join(sorted(map(re.escape, _by_name()), key=len, reverse=True))
    return re.compile(rf"(?<!\w)(?:{before})\s?(?P<name>{names})(?!\w)", re.IGNORECASE)


def name_of(language: str, locale: str) -> str:
    """In French for a French locale, else in English; a language without a name is its code."""
    names = LANGUAGES.get(language, (language, language))
    return names[1 if locale.lower().startswith("fr") else 0]


def target_of(text: str) -> str | None:
    """The language that an answer is asked to be in ("in Spanish", "en italien"), or None."""
    return named(text, _INTO)


def named(text: str, before: str) -> str | None:
    """The last language that ``text`` names behind ``before``, a pattern of words, or None."""
    found = [match["name"].lower() for match in _pattern(before).finditer(text.replace("’", "'"))]
    return _by_name()[found[-1]] if found else None
