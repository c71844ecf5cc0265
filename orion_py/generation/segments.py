"""Finds lines and sentences that come again, small changes included.

A text is cut at line ends and after sentences. A piece is its words in small letters, without the
number or dash of a list before them; figures are all alike. Two pieces are the same, or differ in
figures only, or in one word (of twelve and more, in two). What then is a loop says ``Patience``.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field

from orion_py.generation.patience import CODE_COPIES, COPIES, DATA, RECORDS, Patience, structured

LAGS = 24
"""Pieces of the longest unit that is looked for."""
RECURRENCES = 8
"""A sentence of this many copies is a loop wherever they stand."""
ECHO_WORDS = 60
"""Words that came again, with small changes or none, that are enough without a second repetition."""
STALE, STALE_WORDS = 8, 32
"""Pieces in a row, with so many words in all, that are a loop where each was said before, in whatever order."""
TAIL, TAIL_WINDOW = 4, 1.5
"""Words with which pieces may end alike ("Well, I never did. Oh yes, I never did."), as often as ``loose`` among
the last pieces, of which there are so many times more."""
_LONG = 6
"""Words of a sentence that says something of its own."""

_END = re.compile(r"[.!?…][\"'”»)\]*]*(?=\s)|[。！？]|\n")
_ORDER = re.compile(r"\s*(?:\(?\d{1,4}[.):]|[a-z][.)]|[-*+•–])$", re.IGNORECASE)
"""What begins a list's item and ends no sentence."""
_MARKER = re.compile(
    r"^[\s>#*_]*(?:[-+•–]\s+|\(?\d{1,4}\s*[.):–-]\s*|[a-z][.)]\s+)?"
    r"[\s*_]*(?:[^\W\d_]{2,12}\s+(?:no\.?\s*|n°\s*|#)?\d{1,4}\s*[:.)–-]\s*)?",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"\d+(?:[.,:/]\d+)*|[^\W_]+")
_COUNTING = frozenset(
    re.findall(
        r"\w+",
        "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
        "eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand first second third "
        "fourth fifth "
        "sixth seventh eighth ninth tenth eleventh twelfth deux trois quatre cinq sept huit neuf dix onze douze treize "
        "quatorze quinze seize vingt trente quarante cinquante soixante cent mille premier première deuxième troisième "
        "quatrième cinquième sixième septième huitième neuvième dixième onzième douzième",
    )
)
_FENCE = re.compile(r"^ {0,3}(?:```|~~~)")
FIGURE = "#"


@dataclass(frozen=True, slots=True)
class Segment:
    """``start``: its first character in the text. ``words``: ``FIGURE`` for every number."""

    start: int
    words: tuple[str, ...]
    figures: tuple[str, ...]
    formal: bool
    """Code, or a table's row."""

    @property
    def said(self) -> int:
        """Words that are no figures."""
        return sum(word != FIGURE for word in self.words)


@dataclass(slots=True)
class _Run:
    """Pieces in a row that are like those some places before: how many, of these with other figures,
    and of these with a changed word that is new."""

    length: int = 0
    figures: int = 0
    novel: int = 0
    changes: set[tuple[str, ...]] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Again:
    """A loop of lines or sentences: where its first repetition begins in the text."""

    start: int


class Segments:
    """``push`` takes text as it comes and returns the loop that it completes."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._open = ""
        self._start = 0
        self._segments: list[Segment] = []
        self._runs = [_Run() for _ in range(LAGS)]
        self._seen: dict[tuple[str, ...], list[int]] = {}
        self._tails: deque[tuple[tuple[str, ...], int]] = deque(maxlen=round(TAIL_WINDOW * patience.loose))
        self._old: set[tuple[tuple[str, ...], tuple[str, ...]]] = set()
        self._stale: list[Segment] = []
        """The last pieces, as far as each was said before."""
        self._fence = False
        self._line = ""

    @property
    def in_code(self) -> bool:
        """Whether a fence is open."""
        return self._fence

    def push(self, text: str) -> Again | None:
        """Adds ``text``, cut anywhere. A loop is reported once its piece is complete."""
        found = None
        self._open += text
        scanned = 0
        while end := _END.search(self._open, scanned):
            piece = self._open[: end.end()]
            if end[0] != "\n" and (self._fence or _ORDER.match(piece)):
                scanned = end.end()
                continue
            found = self._add(piece) or found
            self._start += len(piece)
            self._open = self._open[len(piece) :]
            scanned = 0
        return found

    def _add(self, piece: str) -> Again | None:
        self._line += piece
        line = self._line
        if piece.endswith("\n"):
            self._line = ""
            if _FENCE.match(line):
                self._fence = not self._fence
                self._forget()
                return None
        body = _MARKER.sub("", piece, count=1)
        tokens = _TOKEN.findall(body.lower())
        words = tuple(map(_alike, tokens))
        figures = tuple(token for token, word in zip(tokens, words, strict=True) if word == FIGURE)
        if all(word == FIGURE for word in words):
            return None  # counting isn't saying the same again
        formal = self._fence or structured(line)
        segment = Segment(self._start + len(piece) - len(piece.lstrip()), words, figures, formal)
        found = None
        for lag in range(1, min(LAGS, len(self._segments)) + 1):
            run = self._follow(segment, lag)
            if run.length >= lag and (found is None or found[0].length < 2 * found[1]):
                found = run, lag  # a longer unit that repeats, too, is a shorter one several times
        self._segments.append(segment)
        if found and (again := self._judge(*found)):
            return again
        return self._recurs(segment) or self._says_nothing_new(segment) or self._ends_alike(segment)

    def _forget(self) -> None:
        """Code begins or ends: what repeats across its fence is another thing."""
        self._segments.clear()
        self._runs = [_Run() for _ in range(LAGS)]

    def _follow(self, segment: Segment, lag: int) -> _Run:
        """The run of pieces like those ``lag`` places before, ``segment``, the next one, included."""
        before, run = self._segments[-lag], self._runs[lag - 1]
        change = _change(before.words, segment.words)
        if change is None or before.formal != segment.formal:
            self._runs[lag - 1] = run = _Run()
            return run
        run.length += 1
        run.figures += before.figures != segment.figures
        if change:
            run.novel += change not in run.changes
            run.changes.add(change)
        return run

    def _judge(self, run: _Run, lag: int) -> Again | None:
        """The loop, if ``run`` is one."""
        if run.length < 2 * lag:
            return Again(self._segments[-run.length].start) if self._echoes(run) else None
        if run.length < (self._copies(self._segments[-lag:], run, lag) - 1) * lag:
            return None
        return Again(self._segments[-run.length].start)

    def _echoes(self, run: _Run) -> bool:
        """Whether so much was repeated that a third time isn't needed."""
        if self._patience.copies > COPIES or 3 * run.novel > run.length:
            return False
        again = self._segments[-run.length :]
        if sum(segment.said for segment in again) < ECHO_WORDS or any(segment.formal for segment in again):
            return False
        return not self._patience.asked_with(" ".join(word for segment in again for word in segment.words))

    def _copies(self, unit: list[Segment], run: _Run, lag: int) -> int:
        """How often ``unit``, repeated as ``run`` tells, may be said."""
        words = sum(len(segment.words) for segment in unit)
        said = sum(segment.said for segment in unit)
        patience = self._patience
        copies = patience.copies_of(" ".join(word for segment in unit for word in segment.words))
        novel, figures = (count >= run.length // lag for count in (run.novel, run.figures))
        changes = novel or figures
        formal = any(segment.formal for segment in unit)
        if (formal and changes) or (figures and (novel or words > 1.5 * said)):
            kinds = {word for segment in unit for word in segment.words}
            data = RECORDS if len(kinds) > 4 and not novel else DATA
            return max(data, patience.loose, patience.most + 2)
        if formal:
            return max(CODE_COPIES, copies)
        if novel:
            return patience.loose
        if said < (_LONG if figures else 2):
            return max(CODE_COPIES, patience.loose if figures else copies)
        return copies if said >= 4 else copies + 1

    def _says_nothing_new(self, segment: Segment) -> Again | None:
        key = segment.words, segment.figures
        if segment.formal or key not in self._old:
            self._old.add(key)
            self._stale.clear()
            return None
        self._stale.append(segment)
        stale = self._stale
        if len(stale) < STALE or sum(each.said for each in stale) < STALE_WORDS or self._patience.copies > COPIES:
            return None
        asked = self._patience.asked_with(" ".join(word for each in stale for word in each.words))
        return None if asked else Again(stale[0].start)

    def _ends_alike(self, segment: Segment) -> Again | None:
        tail = segment.words[-TAIL:]
        if segment.formal or len(segment.words) < TAIL or FIGURE in tail:
            return None
        self._tails.append((tail, segment.start))
        places = [start for other, start in self._tails if other == tail]
        return Again(places[1]) if len(places) >= self._patience.loose else None

    def _recurs(self, segment: Segment) -> Again | None:
        """A whole sentence, said again and again between others."""
        if segment.formal or segment.said < _LONG:
            return None
        places = self._seen.setdefault(segment.words, [])
        places.append(segment.start)
        least = max(RECURRENCES, self._patience.copies + 2)
        return Again(places[1]) if len(places) >= least else None


def _alike(word: str) -> str:
    return FIGURE if word[0].isdigit() or word in _COUNTING else word


def _change(before: tuple[str, ...], after: tuple[str, ...]) -> tuple[str, ...] | None:
    """The words of ``after`` that ``before`` has otherwise, () where they are the same; None where too
    much differs."""
    if before == after:
        return ()
    most = max(len(before), len(after))
    room = 0 if most < 5 else 1 if most < 12 else 2
    shorter = min(len(before), len(after))
    if most - shorter > room:
        return None
    head = 0
    while head < shorter and before[head] == after[head]:
        head += 1
    tail = 0
    while tail < shorter - head and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    return (after[head : len(after) - tail] or ("",)) if most - head - tail <= room else None
