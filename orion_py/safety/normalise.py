"""Makes two readings of a text: ``visible``, which the model gets, and ``normalise``, which is screened.

``visible`` only takes out what nobody can see. ``normalise`` undoes disguises (look-alike letters,
letters spaced out, digits for letters, accents, case) and is for patterns alone: it would spoil
what a person means. Both are idempotent.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

_CYRILLIC = dict(zip("авекмнорстухісјѕԁԛԝһгпьё", "abekmhopctyxicjsdqwhrnbe", strict=True))
_GREEK = dict(zip("αβγεηικμνορτυχωϲϳ", "abyenikuvoptuxwcj", strict=True))
_SMALL = dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢıɑɡƖǀℓ", "abcdefghijklmnoprstuvwyziaglll", strict=True))
_BOXED = {chr(start + n): chr(97 + n) for start in (0x1F130, 0x1F150, 0x1F170) for n in range(26)}
_PLAIN = str.maketrans({**_SMALL, **_BOXED, "’": "'", "‘": "'", "ʼ": "'", "œ": "oe", "æ": "ae", "ø": "o", "ł": "l"})
_LOOK_ALIKE = str.maketrans({**_CYRILLIC, **_GREEK})
_LEET = str.maketrans("013457@$!|", "oieastasil")
_ASTRAL_TAGS = {code: code - 0xE0000 for code in range(0xE0020, 0xE007F)}


@cache
def _pattern(name: str) -> re.Pattern[str]:
    """Compiled on first use: an import in the browser shouldn't pay for what isn't screened."""
    return re.compile(_PATTERNS[name])


_PATTERNS = {
    # Format characters, less the two joiners; fillers that show nothing; all kinds of selectors.
    "hidden": "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufeff\uffa0\ufff9-\ufffb\U0001d173-\U0001d17a\U000e0100-\U000e01ef]",
    "tags": "(\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,7}\U000e007f)|[\U000e0000-\U000e007f]+",
    "joiners": "[\u200c\u200d]+",
    "selectors": "([\ufe00-\ufe0f])[\ufe00-\ufe0f]+",
    "word": r"[^\W\d_]+",
    "leet": r"(?<![\w@$!|])[a-z1345][a-z013457@$!|]{0,40}[013457@$!|][a-z013457@$!|]{0,40}(?<=[a-z013457])(?![\w@$|])",
    "digit_inside": r"(?<![\w@$!|./])[1345]?[a-z]{1,20}[013457$!|][013457a-z$!|]{0,20}[a-z]",
    "leading": r"(?<![\w.])[01345](?=[a-z]{4,})",
    "spaced": r"(?<![\w'])[a-z0-9@$!](?:([ ._*\-])[a-z0-9@$!])(?:\1[a-z0-9@$!]){1,120}(?![\w'])",
    "blank": r"[^\S\n]+",
    "lines": r" ?\n[ \n]*",
}


def visible(text: str) -> str:
    """``text`` without characters that show nothing and change nothing for a reader.

    Zero-width characters, bidirectional controls, tag letters and surplus variation selectors go.
    Joiners stay where a script or an emoji needs them, and the tags that spell a flag do.
    """
    if text.isascii():
        return text
    text = _pattern("hidden").sub("", text)
    text = _pattern("tags").sub(lambda match: match.group(1) or "", text)
    text = _pattern("joiners").sub(_joiner, text)
    return _pattern("selectors").sub(r"\1", text).lstrip("\ufe0e\ufe0f")


def hidden_text(text: str) -> str:
    """The message that tag letters or variation selectors spell out invisibly, as ASCII; often ""."""
    if text.isascii():
        return ""
    tagged = "".join(match.group() for match in _pattern("tags").finditer(text) if not match.group(1))
    return tagged.translate(_ASTRAL_TAGS).replace("\U000e007f", "").replace("\U000e0001", "")


def normalise(text: str) -> str:
    """``text`` for screening: one case, no accents, no disguises, single blanks.

    Repeated until nothing changes. It ends: after the first round each change shortens the text or
    turns a foreign letter, a digit or a sign into one of a to z.
    """
    while (folded := _fold(text)) != text:
        text = folded
    return text


def _fold(text: str) -> str:
    if not text.isascii():
        text = unicodedata.normalize("NFKC", visible(text))
        text = unicodedata.normalize("NFD", text.casefold().translate(_PLAIN))
        text = unicodedata.normalize("NFC", "".join(c for c in text if unicodedata.category(c) != "Mn"))
        text = text.replace("\u200c", "").replace("\u200d", "")
        text = _fold_look_alikes(text)
    text = text.casefold()
    text = _pattern("spaced").sub(_join, text)
    if _pattern("digit_inside").search(text):
        # Only then: python3 and mp4 end in real numbers, unless the words around are spelt in digits.
        text = _pattern("leet").sub(lambda match: match.group().translate(_LEET), text)
    text = _pattern("leading").sub(lambda match: match.group().translate(_LEET), text)
    return _pattern("lines").sub("\n", _pattern("blank").sub(" ", text)).strip()


def _fold_look_alikes(text: str) -> str:
    """Letters of Cyrillic and Greek shape become Latin inside words that also hold Latin ones.

    Words made of look-alikes alone count as disguised only in a text that is otherwise Latin.
    """
    latin = sum(c.isascii() and c.isalpha() for c in text)
    foreign = sum(c in _CYRILLIC or c in _GREEK for c in text)
    if not foreign:
        return text
    real = any("\u0370" <= c <= "\u052f" and c not in _CYRILLIC and c not in _GREEK for c in text)
    whole = not real and latin > foreign

    def fold(match: re.Match[str]) -> str:
        word = match.group()
        mixed = any(c.isascii() for c in word) and not word.isascii()
        return word.translate(_LOOK_ALIKE) if mixed or whole else word

    return _pattern("word").sub(fold, text)


def _joiner(match: re.Match[str]) -> str:
    text, start, end = match.string, match.start(), match.end()
    before, after = text[start - 1 : start], text[end : end + 1]
    if not before or not after:
        return ""
    if unicodedata.category(after) == "So":  # family and flag emoji
        follows = unicodedata.category(before) in ("So", "Sk") or before in "\ufe0e\ufe0f"
        return match.group()[0] if follows else ""
    needed = all(ord(c) > 0x058F and unicodedata.category(c)[0] in "LM" for c in (before, after))
    return match.group()[0] if needed else ""


def _join(match: re.Match[str]) -> str:
    """Spaced-out letters as one word; a row of digits and signs alone is left as it is."""
    joined = match.group()[::2]
    return joined if sum(c.isalpha() for c in joined) > len(joined) // 2 else match.group()
