"""Lists the creative agent's styles: the words that ask for each, and what it changes."""

from __future__ import annotations

import re
from dataclasses import dataclass

from orion_py.protocol import Style
from orion_py.registry.models import Bilingual


@dataclass(frozen=True, slots=True)
class StyleSettings:
    """``wish`` is added to the system prompt. ``tokens`` and ``stops`` bound the answer's length."""

    wish: Bilingual
    temperature: float
    top_p: float
    tokens: int
    stops: tuple[str, ...] = ()


def _style(en: str, fr: str, temperature: float, top_p: float, tokens: int) -> StyleSettings:
    return StyleSettings(Bilingual(en=en, fr=fr), temperature, top_p, tokens)


STYLES: dict[Style, StyleSettings] = {
    "poem": _style("Write a short poem in verse.", "Écris un court poème en vers.", 0.8, 0.92, 220),
    "lyrics": _style(
        "Write song lyrics: verses and a chorus.", "Écris une chanson : couplets et refrain.", 0.8, 0.92, 320
    ),
    "story": _style(
        "Tell a story with a beginning and an end.", "Raconte une histoire avec un début et une fin.", 0.8, 0.92, 640
    ),
    "dialogue": _style(
        "Write a dialogue: one line per speaker.", "Écris un dialogue : une réplique par ligne.", 0.7, 0.9, 400
    ),
    "slogan": StyleSettings(
        Bilingual(en="Give one short, catchy slogan.", fr="Donne un seul slogan, court et percutant."),
        0.6,
        0.9,
        40,
        ("\n",),
    ),
    "letter": _style("Write a complete letter.", "Écris une lettre complète.", 0.5, 0.9, 420),
    "humorous": _style("Be funny and light.", "Sois drôle et léger.", 0.9, 0.95, 260),
    "formal": _style("Use a formal, careful style.", "Emploie un style soutenu et soigné.", 0.4, 0.9, 420),
    "description": _style(
        "Describe vividly, with details.", "Décris de façon vivante, avec des détails.", 0.7, 0.92, 320
    ),
    "brainstorm": _style("Give a list of varied ideas.", "Donne une liste d’idées variées.", 0.9, 0.95, 320),
}

_SIGNS: tuple[tuple[Style, str], ...] = (
    # The first that fits: a form ("poem") says more than a tone ("funny").
    ("poem", r"poems?|poetry|haikus?|sonnets?|limericks?|rhym\w+|verses?|poèmes?|poemes?|poésie|vers|rimes?"),
    ("lyrics", r"lyrics|songs?|rap|chorus|chansons?|paroles|refrain|berceuse|lullaby"),
    ("slogan", r"slogans?|taglines?|catchphrase|mottos?|devises?|accroches?"),
    ("letter", r"letters?|e-?mails?|cover letter|invitation|lettres?|courriels?|courriers?"),
    ("dialogue", r"dialogues?|conversation between|script|scène|scene|sketch|saynète"),
    ("story", r"stor(?:y|ies)|tales?|fable|legend|novel|fairy|histoires?|contes?|récits?|nouvelle|légende|roman"),
    ("brainstorm", r"ideas?|brainstorm\w*|names? for|idées?|noms? pour|remue-méninges"),
    ("description", r"descri\w+|décri\w+|portrait|caption|légende"),
    ("humorous", r"funny|jokes?|humou?r\w*|hilarious|satir\w+|parody|drôle|blagues?|marrant|parodie|rigol\w+"),
    ("formal", r"formal|official|speech|toast|eulogy|formel\w*|soutenu|officiel\w*|discours|hommage"),
)
_PATTERNS = [(style, re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE)) for style, words in _SIGNS]


def style_of(query: str) -> Style | None:
    """The style that ``query`` asks for, or None where it names none."""
    return next((style for style, pattern in _PATTERNS if pattern.search(query)), None)
