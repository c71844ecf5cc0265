"""Reads an answer's wording as the rules need it: folded phrases, numbers however they are written, items, code."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

FENCE = re.compile(r"^[ \t]*(?:```|~~~)([^\n`]*)\n(.*?)(?:^[ \t]*(?:```|~~~)[ \t]*$|\Z)", re.DOTALL | re.MULTILINE)
INLINE_CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
ITEM = re.compile(r"^[ \t]*(?:[-*+•–—]|\(?\d{1,2}[.)])[ \t]+(?=\S)", re.MULTILINE)
_SENTENCE_END = re.compile(r"[.!?:;»”\n]\s*[\"'“«(*_#\-–—\d.]*\s*$")
_WORD = re.compile(r"[^\W_]+(?:['’\-][^\W_]+)*")
_NUMBER = re.compile(
    r"(?<![\w.,])[-−–]?\d{1,3}(?:[ \u00a0\u202f'’]\d{3})+(?:[.,]\d+)?(?!\d)"
    r"|(?<![\w.,])[-−–]?\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\d)"
    r"|(?<![\w.,])[-−–]?\d{1,3}(?:\.\d{3})+(?:,\d+)?(?!\d)"
    r"|[-−–]?\d+(?:[.,]\d+)?"
)
_MARKED = re.compile(r"\*\*([^*\n]+)\*\*|\\boxed\{([^}]*)\}")
_TENS = "twenty|vingt thirty|trente forty|quarante fifty|cinquante sixty|soixante seventy eighty ninety hundred|cent"
_UNITS = (
    "one|un|une two|deux three|trois four|quatre five|cinq six seven|sept eight|huit nine|neuf ten|dix eleven|onze "
    "twelve|douze thirteen|treize fourteen|quatorze fifteen|quinze sixteen|seize seventeen eighteen nineteen"
)
_SMALL_WORDS = {word: value for value, names in enumerate(_UNITS.split(), 1) for word in names.split("|")} | {
    word: 10 * value for value, names in enumerate(_TENS.split(), 2) for word in names.split("|")
}
_EQUAL_MARKS = str.maketrans({"’": "'", "‘": "'", "`": "'", "“": '"', "”": '"', "\u00a0": " ", "\u202f": " ", "‑": "-"})


def folded(text: str) -> str:
    """``text`` without accents, case and markup, with plain apostrophes and single blanks: for comparing wordings."""
    plain = unicodedata.normalize("NFD", text.translate(_EQUAL_MARKS).casefold().replace("œ", "oe").replace("æ", "ae"))
    letters = "".join(character for character in plain if not unicodedata.combining(character))
    return re.sub(r"\s+", " ", re.sub(r"[*_#]+", "", letters)).strip()


def holds_phrase(text: str, phrase: str) -> bool:
    """Whether the folded ``text`` contains ``phrase`` as whole words; ``*`` at a word's end takes any ending."""
    wanted = re.escape(folded(phrase.replace("*", "\ue000"))).replace("\ue000", r"\w*")
    return re.search(rf"(?<!\w){wanted}(?!\w)", text) is not None


def words(text: str) -> list[str]:
    """The words of ``text`` outside its code blocks."""
    return _WORD.findall(FENCE.sub(" ", text))


def value_of(written: str) -> float:
    """A number as English or French writes it: ``1,200``, ``1 200``, ``1.200,5``, ``7,5`` and ``7.5``."""
    figures = re.sub(r"[ \u00a0\u202f'’]", "", written).replace("−", "-").replace("–", "-")
    if "," in figures and "." in figures:
        decimal = max(figures.rfind(","), figures.rfind("."))
        whole = re.sub(r"[.,]", "", figures[:decimal])
        return float(f"{whole}.{figures[decimal + 1 :]}")
    mark = "," if "," in figures else "."
    groups = figures.lstrip("-").split(mark)
    grouped = len(groups) > 1 and all(len(group) == 3 for group in groups[1:]) and groups[0] not in ("0", "")
    if grouped and (mark == "," or len(groups) > 2):
        return float(figures.replace(mark, ""))
    return float(figures.replace(",", "."))


def numbers(text: str) -> list[float]:
    """Every number in ``text``, in its order. A dash between two figures is a range and no sign."""
    return [value_of(_unsigned(text, match)) for match in _NUMBER.finditer(text)]


def readings(text: str) -> set[float]:
    """Every value that a number of ``text`` can have: ``1,250`` is 1250 and, in French, 1.25; small words count too."""
    found: set[float] = set()
    for match in _NUMBER.finditer(text):
        written = _unsigned(text, match)
        found |= {value_of(written), abs(value_of(written))}
        if re.fullmatch(r"-?\d{1,3}[.,]\d{3}", written):
            found |= {float(re.sub(r"[.,]", "", written)), float(written.replace(",", "."))}
    return found | {float(_SMALL_WORDS[word]) for word in folded(text).split() if word in _SMALL_WORDS}


def _unsigned(text: str, match: re.Match[str]) -> str:
    written = match.group()
    before = text[: match.start()].rstrip(" ")[-1:]
    return written[1:] if written[0] in "-−–" and (before.isalnum() or before in ")%€$£") else written


def final_numbers(text: str) -> list[float]:
    """The numbers that an answer can be said to end on: the last one, and the last one in bold or boxed."""
    plain = FENCE.sub(" ", text)
    ends: list[float] = []
    if everywhere := numbers(plain):
        ends.append(everywhere[-1])
    marked = [numbers(bold or boxed) for bold, boxed in _MARKED.findall(plain)]
    if with_numbers := [found for found in marked if found]:
        ends.append(with_numbers[-1][-1])
    return ends


def names(text: str) -> Iterator[str]:
    """Words with a capital that no sentence, line or item begins with: proper names, as far as spelling tells."""
    plain = FENCE.sub(" ", text)
    for match in re.finditer(r"(?<![\w'’])[^\W\d_][\w\-]*", plain):
        word = match.group()
        begins = not plain[: match.start()].strip(" *_#\"'“«(-–—") or _SENTENCE_END.search(plain[: match.start()])
        if word[0].isupper() and len(word) > 2 and not begins:
            yield word


def code_blocks(text: str, *languages: str) -> list[str]:
    """The fenced blocks of ``text``: those labelled with one of ``languages`` if there are any, else all of them.
    A fence that the answer's end cut off counts."""
    blocks = [(label.strip().lower(), code) for label, code in FENCE.findall(text)]
    return [code for label, code in blocks if label in languages] or [code for _, code in blocks]
