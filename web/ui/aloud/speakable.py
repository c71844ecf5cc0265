"""Makes of an answer that grows the sentences to say, as soon as each is there. Pure.

Blocks of code and long formulas are only mentioned; of lists, headings, quotes and tables the words are said.
"""

from ui.aloud import formulas, language, marks, sentences

FENCES = ("```", "~~~")
ITEM_MARKS = ">-*+•[]xX0123456789. "
FORMULA_ENDS = {"$$": "$$", "\\[": "\\]"}


class Speakable:
    """``more`` as often as there is more text. ``lang``: the language to begin with, the page's."""

    def __init__(self, lang):
        self.lang = lang
        self._seen = ""  # as much of the text as was taken
        self._paragraph = ""  # of it what isn't said yet
        self._enclosed = None  # what ends the block of code or the formula that is open
        self._formula = ""
        self._midline = False  # the line's beginning was taken already
        self._first = True
        self._out = []

    def more(self, text, whole=False):
        """[(sentence, language)] that ``text``, all there is of the answer, has beyond what was said. ``whole``: no
        more of it comes. Where the answer was revised, what follows its first difference is said."""
        if self._seen.startswith(text):  # cut back, it may grow again
            if whole:
                self._line("")
                self._flush()
            return self._taken()
        if not text.startswith(self._seen):
            self._revise(text)
        taken = len(self._seen)
        lines = text[taken:].split("\n")
        for line in lines[:-1]:
            taken += len(line) + 1
            self._line(line)
            self._midline = False
            self._early()
        tail = lines[-1]
        if whole:
            self._line(tail)
            self._flush()
            taken = len(text)
        elif tail and self._may_begin(tail):
            taken += self._begin(tail)
        self._seen = text[:taken]
        return self._taken()

    def _taken(self):
        out, self._out = self._out, []
        return out

    def _revise(self, text):
        """What is said goes on where ``text`` is another than before."""
        same, beyond = 0, min(len(text), len(self._seen)) + 1
        while beyond - same > 1:
            middle = (same + beyond) // 2
            if text.startswith(self._seen[:middle]):
                same = middle
            else:
                beyond = middle
        self._seen = text[:same]
        self._paragraph, self._enclosed = "", None
        self._midline = same > 0 and text[same - 1] != "\n"

    def _may_begin(self, tail):
        """Whether what came of a line may be said before its end."""
        if self._enclosed is not None or self._midline:
            return self._enclosed is None
        start = tail.strip()
        # Of "- [x] 1. word" what is a mark shows only with the word.
        return start[:1] not in ("#", "|", "`", "~", "$", "\\") and bool(start.lstrip(ITEM_MARKS))

    def _begin(self, tail):
        """Says the sentences that came of the last line; returns how much of it was taken."""
        item = not self._midline and is_item(tail)
        words = tail if self._midline else unlisted(tail)
        joined = words if item else self._joined(words)
        cut = sentences.last_cut(joined, self._first)
        if not cut:
            return 0
        if item:
            self._flush()
        self._paragraph, self._midline = joined[cut:], True
        self._say(joined[:cut])
        return len(tail)

    def _joined(self, words):
        if self._midline or not self._paragraph:
            return self._paragraph + words
        return self._paragraph + " " + words

    def _line(self, line):
        start = line.strip()
        if self._enclosed:
            self._within(start)
        elif self._midline:
            self._paragraph += line
        elif start[:3] in FENCES and "`" not in start.lstrip(start[0]):
            self._flush()
            self._enclosed = start[: len(start) - len(start.lstrip(start[0]))]
            self._mention("code")
        elif start[:2] in FORMULA_ENDS:
            self._flush()
            self._enclosed, self._formula = FORMULA_ENDS[start[:2]], ""
            self._within(start[2:])
        elif not start or is_rule(start):
            self._flush()
        elif start[0] == "#" and start.lstrip("#")[:1] in (" ", ""):
            self._flush()
            self._paragraph = start.strip("#").strip()
            self._flush()
        elif start[0] == "|":
            self._flush()
            cells = [cell.strip() for cell in start.strip("|").split("|")]
            self._paragraph = ", ".join([cell for cell in cells if cell])
            self._flush()
        else:
            if is_item(line):
                self._flush()
            self._paragraph = self._joined(unlisted(line))

    def _within(self, start):
        """A line of a block of code or of a formula."""
        if self._enclosed[:3] in FENCES:
            if start.startswith(self._enclosed) and not start.strip(self._enclosed[0]):
                self._enclosed = None
            return
        end = start.find(self._enclosed)
        self._formula += " " + (start if end < 0 else start[:end])
        if end >= 0:
            self._enclosed = None
            self._paragraph = formulas.spoken(self._formula, self.lang) + start[end + 2 :]
            self._flush()

    def _mention(self, what):
        words = formulas.phrase(what, self.lang)
        if words:
            self._out.append((words, self.lang))

    def _early(self):
        """Says the sentences of a paragraph that goes on."""
        cut = sentences.last_cut(self._paragraph, self._first)
        if cut:
            paragraph, self._paragraph = self._paragraph, self._paragraph[cut:].lstrip()
            self._say(paragraph[:cut])

    def _flush(self):
        paragraph, self._paragraph = self._paragraph, ""
        self._say(paragraph)

    def _say(self, paragraph):
        if not paragraph.strip():
            return
        self.lang = language.guess(paragraph, self.lang)
        words = marks.plain(paragraph, self.lang)
        for sentence in sentences.split(words):
            if any([char.isalpha() or char.isdigit() or ord(char) > 127 for char in sentence]):
                self._out.append((sentence, language.guess(sentence, self.lang)))
                self._first = False


def is_rule(start):
    """A line of marks: between two parts, under a heading, or under a table's head."""
    return len(start) > 1 and not start.strip("-=*_:| +")


def is_item(line):
    """Whether a line begins an item of a list, or is quoted."""
    return unlisted(line) != line.lstrip() or numbered(line)


def numbered(line):
    number, dot, _ = line.lstrip().partition(". ")
    return bool(dot) and number.isdigit()


def unlisted(line):
    """The line without the marks of lists, tasks and quotes; an item's number stays."""
    start = line.lstrip()
    while start[:1] == ">":
        start = start[1:].lstrip()
    if start[:2] in ("- ", "* ", "+ ", "• "):
        start = start[2:].lstrip()
    if start[:4].lower() in ("[ ] ", "[x] "):
        start = start[4:].lstrip()
    return start
