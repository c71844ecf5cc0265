"""Takes Markdown apart for reading aloud: paragraphs of plain text, without code, signs and addresses of links."""

from __future__ import annotations

import html
import re
import unicodedata

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
_DISPLAYED = re.compile(r"\$\$.*?(?:\$\$|\Z)|\\\[.*?(?:\\\]|\Z)", re.DOTALL)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_HEADING = re.compile(r"^ {0,3}#{1,6}(?:\s+|$)(.*?)(?:\s+#+)?\s*$")
_BULLET = re.compile(r"^\s*[-*+•‣]\s+(?:\[[ xX]\]\s+)?(.*)$")
_NUMBERED = re.compile(r"^\s*(\d{1,9})[.)]\s+(?:\[[ xX]\]\s+)?(.*)$")
_RULE = re.compile(r"^\s*(?:(?:-\s*){3,}|(?:\*\s*){3,}|(?:_\s*){3,}|=+|-{2,})\s*$")
_TABLE_RULE = re.compile(r"^\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$")
_QUOTE = re.compile(r"^\s*(?:>\s?)+")
_REFERENCE = re.compile(r"^ {0,3}\[[^\]]+\]:\s+\S+")

_IMAGE = re.compile(r"!\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])")
_LINK = re.compile(r"\[([^\]]+)\](?:\((?:[^()]|\([^()]*\))*\)|\[[^\]]*\])")
_FOOTNOTE = re.compile(r"\[\^[^\]]+\]")
_AUTOLINK = re.compile(r"<((?:https?://|mailto:)[^>\s]+|[^>\s@]+@[^>\s]+)>")
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_CODE = re.compile(r"(`+)(.+?)\1", re.DOTALL)
_SAID_CODE = re.compile(r"[\w.\-+#]+(?: [\w.\-+#]+){0,3}")
"""Code within a sentence that is read all the same, because it is a name or a few words."""
_STRONG = re.compile(r"(\*\*\*|\*\*|(?<!\w)\*|~~)(?=\S)(.+?)(?<=\S)\1", re.DOTALL)
_UNDERLINED = re.compile(r"(?<!\w)(___|__|_)(?=\S)(.+?)(?<=\S)\1(?!\w)", re.DOTALL)
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_INLINE_FORMULA = re.compile(r"\\\((.*?)\\\)", re.DOTALL)
_ENDS = ".!?…:;,"


def paragraphs(text: str) -> list[str]:
    """What a person would read aloud of ``text``: each paragraph, heading, list entry and row of a table, in order.
    Each ends in a sign at which a voice pauses."""
    text = _COMMENT.sub(" ", _DISPLAYED.sub(" ", _without_fences(text.replace("\r\n", "\n").replace("\r", "\n"))))
    found: list[str] = []
    open_lines: list[str] = []

    def close() -> None:
        found.extend(_closed(" ".join(open_lines)))
        open_lines.clear()

    for raw in text.split("\n"):
        line = _QUOTE.sub("", raw)
        own, continues = _block(line)
        if own is None:
            open_lines.append(line.strip())
            continue
        close()
        if continues:
            open_lines.append(own)
        else:
            found.extend(_closed(own))
    close()
    return found


def _without_fences(text: str) -> str:
    """``text`` without blocks of code; one that isn't closed yet goes to the end."""
    kept: list[str] = []
    fence = ""
    for line in text.split("\n"):
        match = _FENCE.match(_QUOTE.sub("", line))
        if fence:
            if match and match[1].startswith(fence) and not _QUOTE.sub("", line).strip().strip(fence[0]):
                fence = ""
        elif match:
            fence = match[1]
            kept.append("")
        else:
            kept.append(line)
    return "\n".join(kept)


def _block(line: str) -> tuple[str | None, bool]:
    """What begins with this line, and whether further lines belong to it; None: it goes on with the line before."""
    if not line.strip() or _RULE.match(line) or _REFERENCE.match(line):
        return "", False
    if "|" in line and (_TABLE_RULE.match(line) or line.strip().startswith("|")):
        return _row(line), False
    if heading := _HEADING.match(line):
        return heading[1], False
    if bullet := _BULLET.match(line):
        return bullet[1], True
    if numbered := _NUMBERED.match(line):
        return f"{numbered[1]}, {numbered[2]}", True
    return None, True


def _row(line: str) -> str:
    if _TABLE_RULE.match(line):
        return ""
    cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
    return ", ".join(cell for cell in cells if cell)


def _closed(text: str) -> list[str]:
    """``text`` without marks, with a sign at its end; nothing where there is nothing to say."""
    plain = _plain(text).strip()
    if not any(letter.isalnum() for letter in plain):
        return []
    bare = plain.rstrip("\"'»”’)]* ")
    if not bare.endswith(tuple(_ENDS)):
        plain += "."
    elif bare[-1] in ":;,":
        plain = bare[:-1].rstrip() + "."
    return [plain]


def _plain(text: str) -> str:
    text = _CODE.sub(_said_code, text)
    text = _IMAGE.sub(r"\1", text)
    text = _LINK.sub(r"\1", _FOOTNOTE.sub("", text))
    text = _TAG.sub(" ", _AUTOLINK.sub(r"\1", text))
    text = _INLINE_FORMULA.sub(r"\1", text)
    for _ in range(3):  # marks within marks
        text = _UNDERLINED.sub(r"\2", _STRONG.sub(r"\2", text))
    text = html.unescape(_ESCAPED.sub(r"\1", text))
    return " ".join("".join(map(_said_sign, unicodedata.normalize("NFC", text))).split())


def _said_code(match: re.Match[str]) -> str:
    code = match[2].strip()
    return code.replace("_", " ") if len(code) <= 40 and _SAID_CODE.fullmatch(code) else " "


def _said_sign(letter: str) -> str:
    """Pictures and control characters aren't read; spaces of all kinds are spaces."""
    kind = unicodedata.category(letter)
    if kind == "Zs":
        return " "
    if kind in ("So", "Sk", "Cs", "Co", "Cn") and letter not in "°©®™^`":
        return " "
    if kind in ("Cc", "Cf"):
        return " " if kind == "Cc" else ""
    return "" if letter == "\ufe0f" else letter
