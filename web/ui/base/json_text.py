"""Reads JSON text, with the characters that are written as two escapes.

JSON writes what lies past U+FFFF as a pair of escapes where it is kept to ASCII, ``\\ud83d\\ude00`` for
an emoji (RFC 8259, section 7). MicroPython's reader makes two broken characters of the two.
"""

import json


def read(text):
    """The value of ``text``. Raises ValueError (TypeError for what is no text) where it isn't JSON."""
    if isinstance(text, str) and ("\\ud" in text or "\\uD" in text):
        text = joined(text)
    return json.loads(text)


def joined(text):
    """``text`` with each pair of escapes as the one character that it means; half a pair is U+FFFD."""
    out, start, at = [], 0, text.find("\\")
    while at >= 0:
        unit = _unit(text, at)
        if unit < 0xD800 or unit > 0xDFFF:
            at = text.find("\\", at + 2)  # what is escaped may be a backslash itself
            continue
        low = _unit(text, at + 6) if unit < 0xDC00 else -1
        paired = 0xDC00 <= low <= 0xDFFF
        out.append(text[start:at])
        out.append(chr(0x10000 + ((unit - 0xD800) << 10) + low - 0xDC00) if paired else "\ufffd")
        start = at + (12 if paired else 6)
        at = text.find("\\", start)
    out.append(text[start:])
    return "".join(out)


def _unit(text, at):
    """The number of the escape at ``at``, -1 where there is none."""
    if text[at : at + 2] != "\\u" or len(text) < at + 6:
        return -1
    try:
        return int(text[at + 2 : at + 6], 16)
    except ValueError:
        return -1
