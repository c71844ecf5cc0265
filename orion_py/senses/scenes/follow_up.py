"""Tells whether a question that has no picture goes on about the pictures of the question before it."""

from __future__ import annotations

import re

from orion_py.senses.scenes.questions import plainly, wish_of

MOST_WORDS = 12
_SHORT = 4
"""Words of a question that says nothing of where to look: "how many dogs?"."""
_POINTS = re.compile(
    r"\b(?:it|this|that|these|those|there|here|they|them|he|she|his|her|see|else)\b"
    r"|\b(?:ca|ce|cet|cette|ces|c'est|y|il|elle|ils|elles|lui|vois|voit|voyez|ici|la-dessus)\b"
)
_RECKONS = re.compile(
    r"\b(?:add|sum|split|share|compare|cheaper|larger|bigger|smaller|larges?t|biggest|smallest|higher|lower)\b"
    r"|\b(?:additionne|somme|partage|compare|moins cher|plus (?:cher|grande?|petite?))\b"
)
_NAME = re.compile(r"(?<![.?!]\s)(?<!^)\b(?!QR\b|I\b|OCR\b|TTC\b|TVA\b|VAT\b)[A-ZÀ-Þ]\w+")
"""A capital inside of a sentence: somebody's or some place's name, which no picture has to do with."""
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")


def goes_on_about_pictures(question: str) -> bool:
    """Whether ``question`` asks what pictures answer, and names nothing else. Only where the question before it had
    pictures does this matter; it errs for them, since the person sees that they were looked at."""
    plain = plainly(question)
    count = len(re.findall(r"[^\W_]+", plain))
    if not 0 < count <= MOST_WORDS or _NAME.search(question.strip()) or len(_NUMBER.findall(plain)) > 1:
        return False
    if _RECKONS.search(plain):
        return True
    points = bool(_POINTS.search(plain))
    match wish_of(plain):
        case "place" | "colour" | "code" | "total":
            return True
        case "count" | "presence" | "read":
            return points or count <= _SHORT
        case "describe" | "beyond":
            return points
    return False
