"""Puts code in a markdown fence while the answer streams, where the model forgot it.

Three faults of small models are mended: code without any fence, a fence that stays open at the
end, and a closing fence for code that was never opened. How the text is cut into pieces has no
influence on the result.
"""

from __future__ import annotations

import re

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})([^`\n]*)$")
_CODE_LINE = re.compile(
    r"^\s*(?:"
    r"(?:async def|def|class) \w+.*[:(]|(?:from [\w.]+ )?import [\w.{*]+.*|@\w[\w.]*(?:\(.*)?$|#include\b|#!/"
    r"|(?:export |async )*function\b.*[({]|(?:const|let|var|auto|final) \w+.*=|public (?:static|class|void|int)\b"
    r"|(?:if|for|while|with|elif|try|else|except)\b.*:$|(?:if|for|while|switch) ?\(.*\{$"
    r"|(?:fn|func|struct|impl|pub|package|use|namespace|using|interface|type) \w+.*[{;(=]?$"
    r"|(?:SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|DROP|WITH)\b .*\b(?:FROM|INTO|SET|TABLE|AS)\b.*"
    r"|print\(.*\)?$|console\.log\(.*|return\b.*[;()\[\]\w]$|[A-Za-z_][\w.\[\]]* [-+*/]?= \S.*"
    r"|[A-Za-z_][\w.]*\(.*\);?$|<!DOCTYPE\b.*|</?(?:html|head|body|div|script|style|form|table|ul)\b.*>$"
    r")"
)
SETTLED = 32
"""Characters of a line after which prose is known as such."""
_PROSE = re.compile(r"^(?![A-Z]{2})[A-ZÀ-Þ\"“«*][^=;{}()<>]*(?:\s+[^\s=;{}<>]+){3,}")
_KEYWORDS_OF_PROSE = re.compile(r"^(?:import|use|type|return|if|for|while|with) (?:the|a|an|you|this|it|to)\b", re.I)


def looks_like_code(line: str) -> bool:
    return bool(_CODE_LINE.match(line)) and not _KEYWORDS_OF_PROSE.match(line.lstrip())


class FenceTransform:
    """``language``: the fence's label where one is put in. ``only_code``: ``done`` once the first
    block of code is closed."""

    def __init__(self, language: str, only_code: bool = False) -> None:
        self._language, self._only_code = language, only_code
        self._line = ""
        self._shown = 0
        """How much of the current line was shown already."""
        self._open = ""
        """The fence that is open, as many marks as it has; "" outside of code."""
        self._wrapped = False
        """The open fence was put in here."""
        self._blanks = ""
        """Blank lines inside a fence put in: whether they are still code shows after them."""
        self._fresh = True
        """What was shown ends at the start of a line."""
        self._done = False

    @property
    def done(self) -> bool:
        return self._done

    def push(self, text: str) -> str:
        out = ""
        for part in re.findall(r"[^\n]*\n|[^\n]+", text):
            if self._done:
                break
            self._line += part
            if self._line.endswith("\n"):
                out += self._end_of_line()
            else:
                out += self._early()
        return out

    def finish(self) -> str:
        if self._done:
            return ""
        out = ""
        if self._line:
            fresh, shown = self._fresh, self._shown
            self._line += "\n"  # so that the last line is a line, and may be a fence
            out = self._end_of_line().removesuffix("\n")
            self._fresh = fresh and not shown and not out
        if self._open:
            out += f"{'' if self._fresh else chr(10)}{self._open}"
        self._open = ""
        return out

    def _early(self) -> str:
        """What of an unfinished line can be shown: in a model's own fence all that can't become its
        end, and elsewhere prose that is settled."""
        if self._wrapped or (not self._open and not _settled_prose(self._line)):
            return ""
        mark = self._line.strip()
        if self._open and (not mark or set(mark) <= {self._open[0]}):
            return ""
        out, self._shown = self._line[self._shown :], len(self._line)
        self._fresh = False
        return out

    def _end_of_line(self) -> str:
        line, shown = self._line, self._shown
        self._line, self._shown = "", 0
        out = line[shown:] if shown else self._place(line.rstrip("\n"), line)
        self._fresh = self._fresh if not out else True
        return out

    def _place(self, bare: str, line: str) -> str:
        """The whole line with the fences that belong before or after it."""
        fence = _FENCE.match(bare)
        if self._open and not self._wrapped:
            if fence and fence[1].startswith(self._open) and not fence[2].strip():
                self._close()
            return line
        if self._wrapped:
            return self._in_wrapped(bare, line, fence)
        if fence:
            self._open = fence[1]
            return line
        if not _settled_prose(bare) and looks_like_code(bare):
            self._open, self._wrapped = "```", True
            return f"```{self._language}\n{line}"
        return line

    def _in_wrapped(self, bare: str, line: str, fence: re.Match[str] | None) -> str:
        if fence:
            blanks, self._blanks = self._blanks, ""
            if fence[2].strip():  # the model opens one of its own after all
                self._close()
                if self._done:
                    return f"{blanks}```\n"
                self._open = fence[1]
                return f"{blanks}```\n{line}"
            self._close()
            return f"{blanks}```\n"
        if not bare.strip():
            self._blanks += line
            return ""
        blanks, self._blanks = self._blanks, ""
        if blanks and _PROSE.match(bare) and not looks_like_code(bare):
            self._close()
            return f"```\n{blanks}" + ("" if self._done else line)
        return blanks + line

    def _close(self) -> None:
        self._open, self._wrapped = "", False
        self._done = self._only_code


def _settled_prose(line: str) -> bool:
    """Whether the first words of a line make it prose. Only they decide, so the result is the same however
    much of the line has arrived."""
    start = line[:SETTLED]
    return len(line) >= SETTLED and bool(_PROSE.match(start)) and not looks_like_code(start)
