"""Lists the voices, and what their models' files are called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Language = Literal["en", "fr"]
LANGUAGES: tuple[Language, ...] = ("en", "fr")
PIPER, KOKORO = "piper-joe", "kokoro-82m"
"""The models, by their ids."""
SESSION = "speaker"
SYMBOLS, ENGLISH, FRENCH, LETTERS = "symbols.json", "english.lexicon", "french.lexicon", "letters.safetensors"
"""Files of a model."""
STYLE = 256
"""Numbers that describe a voice of Kokoro's for a length of text."""
SLOWEST, FASTEST = 0.5, 2.0
"""Times a voice's own speed."""


@dataclass(frozen=True, slots=True)
class Voice:
    """``id``: as a person names it; ``name``: of the file that describes it, for a model with several."""

    id: str
    model: str
    language: Language
    name: str = ""


VOICES: tuple[Voice, ...] = (
    Voice("joe", PIPER, "en"),
    Voice("siwis", KOKORO, "fr", "ff_siwis"),
    Voice("heart", KOKORO, "en", "af_heart"),
    Voice("michael", KOKORO, "en", "am_michael"),
)
"""The first of a language is the one that speaks where none is named."""
