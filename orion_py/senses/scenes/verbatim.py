"""Keeps Markdown out of what was read in a picture, so that an answer shows it as it stands there.

A row of dashes on a bill would make a heading of the line above it, and a code in a poster could show a link under
another address's name.
"""

from __future__ import annotations

import re

_MARKS = re.compile(
    r"[*`\\]|~~|(?<!\w)_|_(?!\w)|<[a-zA-Z/!?]|\][(\[:]|&#?\w+;|\$[^\d\s]"
    r"|^\s{0,3}(?:#{1,6}(?:\s|$)|[-+](?:\s|$)|[-=]+\s*$|\d{1,9}[.)](?:\s|$)|>)|^\s{4}|^\s*:?-+:?\s*\|"
)
"""What CommonMark, its tables or the page's formulas would take for marks in a line."""


def verbatim(line: str) -> str:
    """``line`` as it stands, as a part of an answer: in a code span where Markdown would change it."""
    if not _MARKS.search(line):
        return line
    fence = "`" * (max((len(run) for run in re.findall("`+", line)), default=0) + 1)
    pad = " " if len(fence) > 1 or line.startswith(" ") else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def quoted(text: str) -> str:
    """As Markdown's quotation; two blanks keep each line a line of its own."""
    return "  \n".join(f"> {verbatim(line)}" if line.strip() else ">" for line in text.splitlines())
