"""Judges an answer: by its row's checks, and by what every useful answer keeps to."""

from __future__ import annotations

import re
from dataclasses import dataclass

from model_foundry.measuring.usefulness.checks import failing
from model_foundry.measuring.usefulness.rows import Question
from model_foundry.measuring.usefulness.tongue import is_in
from model_foundry.measuring.usefulness.wording import FENCE, INLINE_CODE, folded, words
from orion_py.generation.loops import LoopDetector
from orion_py.generation.patience import patience_for

ECHO_WORDS = 12
"""An answer of at least so many words that are, in their order, most of the question's is an echo."""
_PLACEHOLDER = re.compile(
    r"\[(?:[A-ZÀ-Ý][^\[\]\n\d]{1,40}|(?:your|the|insert|name|date|address|votre|ton|nom|adresse)[^\[\]\n]{0,40})\](?!\()"
    r"|<(?:your|insert|votre|nom|name)[^<>\n]{0,30}>|\bX{3,}\b|\blorem ipsum\b|_{4,}|\bTODO\b",
)
_UNABLE = re.compile(
    r"\b(?:as an? (?:ai|artificial)|i(?:'m| am) (?:just |only )?an? (?:ai|language model)|"
    r"i(?:'m| am) sorry,? but i can|"
    r"en tant qu'(?:ia|intelligence|assistant|mod[eè]le)|je suis d[ée]sol[ée]e?,? (?:mais )?je ne peux)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """``faults``: what is wrong, in words; none: the answer is useful."""

    faults: tuple[str, ...]

    @property
    def useful(self) -> bool:
        return not self.faults


def judge(question: Question, answer: str) -> Verdict:
    """All that is wrong with ``answer``. Raises NoSandbox where code must run and can't be confined."""
    if not answer.strip():
        return Verdict(("is empty",))
    faults = [*_common(question, answer), *(failing(check, answer, question.said) for check in question.checks)]
    return Verdict(tuple(fault for fault in faults if fault))


def _common(question: Question, answer: str) -> list[str]:
    plain = answer.replace("’", "'")
    other_tongue = any("language" in check for check in question.checks) or question.agent == "multilingual"
    return [
        "" if other_tongue or is_in(answer, question.language) else f"isn't in {question.language}",
        "loops" if loops(answer, question.text) else "",
        "echoes the question" if echoes(answer, question) else "",
        "has a placeholder" if _has_placeholder(plain) and not _has_placeholder(question.said) else "",
        "says that it can't" if _UNABLE.search(plain) else "",
    ]


def _has_placeholder(text: str) -> bool:
    """Whether something is left to be filled in, outside code: a regular expression's brackets are none."""
    return _PLACEHOLDER.search(INLINE_CODE.sub(" ", FENCE.sub(" ", text))) is not None


def loops(answer: str, question: str) -> bool:
    """Whether the engine's own detector finds a loop in the text, its words taken for tokens."""
    detector = LoopDetector(patience_for(question))
    known: dict[str, int] = {}
    for piece in re.findall(r"\s*\S+", answer):
        if detector.push(known.setdefault(piece, len(known)), piece) is not None:
            return True
    return False


def echoes(answer: str, question: Question) -> bool:
    """Whether the answer is the question again: a rewriting that changes nothing, a question handed back."""
    said, own = folded(question.text), folded(answer)
    if len(words(answer)) < ECHO_WORDS:
        return own == said
    # A follow-up may ask for text of the history: only what was said in this question counts.
    handed_back = own in said and len(own) >= 0.8 * len(said)
    return handed_back or (said in own and len(own) <= 1.25 * len(said))
