"""Infers the target language that a request for a translation leaves out.

"Translate from French: Où est la gare ?" names the source alone, and most of its words are French. Answering in the
language of those words would give the text back as it is.
"""

from __future__ import annotations

import re

from orion_py.language.function_words import french_or_english
from orion_py.language.names import named

_ENGLISH_VERB = re.compile(r"\btranslat(?:e|es|ed|ing|ion)\b", re.IGNORECASE)
_FRENCH_VERB = re.compile(r"\b(?:tradui[a-zéè]*|traduction)\b", re.IGNORECASE)
_QUOTED = re.compile(r"«\s*(?P<a>[^»]+?)\s*»|“(?P<b>[^”]+)”|\"(?P<c>[^\"]+)\"")
_AFTER_COLON = re.compile(r":\s*(?P<rest>\S.*)", re.DOTALL)
_FROM = r"from (?:the )?|depuis l'|depuis le |du |de l'|of the "


def target_of_translation(text: str, page: str, guessed: str | None) -> str | None:
    """ISO 639-1 of the language that ``text`` is to be translated into where it names none: the asker's, or where
    the passage is in that one already, the other of French and English. None where no translation is asked for,
    or nothing tells the source. ``page``: the page's language; ``guessed``: that of the whole text."""
    english, french = _ENGLISH_VERB.search(text), _FRENCH_VERB.search(text)
    if not (english or french):
        return None
    asker = page if english and french else "en" if english else "fr"
    source = named(text, _FROM)
    passage = _passage(text)
    if source is None and passage is not None:
        source = french_or_english(passage, "") or guessed
    elif source is None:
        source = guessed if guessed != asker else None
    if source is None:
        return None
    return asker if source != asker else "en" if asker == "fr" else "fr"


def _passage(text: str) -> str | None:
    """The words to translate, as far as quotation marks or a colon set them apart."""
    quoted = _QUOTED.search(text)
    if quoted is not None:
        return next(part for part in quoted.groups() if part)
    rest = _AFTER_COLON.search(text)
    return rest["rest"] if rest is not None else None
