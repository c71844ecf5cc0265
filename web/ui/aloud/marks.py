"""Takes the marks of Markdown out of a paragraph, for it to be said: its words stay, its signs don't. Pure."""

from ui.aloud import formulas

ENTITIES = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "nbsp": " ", "#39": "'", "apos": "'"}
PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
BESIDE = "\u200d\ufe0f\u20e3"
"""What joins and varies emoji."""


def plain(text, language):
    """``text`` as it is said. Raises nothing: marks that nothing closes are left out, too."""
    chars, out, place = list(text), [], 0
    while place < len(chars):
        read = _READ.get(chars[place])
        after = read(chars, place, out, language) if read else 0
        if after > place:
            place = after
        else:
            if not _pictured(chars[place]):
                out.append(chars[place])
            place += 1
    return " ".join([address(word) for word in "".join(out).split()])


def address(word):
    """Of a web address the site's name alone."""
    start = word.find("://")
    if start < 0 and not word.startswith("www."):
        return word
    start = start + 3 if start >= 0 else 0
    host = word[start:]
    for end in "/?#":
        host = host.partition(end)[0]
    left = host.rstrip(".,;:!?)»”\"'")
    closing = word[len(word.rstrip(".,;:!?")) :] or host[len(left) :]
    return (left[4:] if left.startswith("www.") else left) + closing


def _pictured(char):
    """Emoji and dingbats: voices read out their names."""
    code = ord(char)
    return code >= 0x1F000 or 0x2600 <= code <= 0x27BF or char in BESIDE


def _find(chars, what, place):
    """Where ``what`` begins, at ``place`` or after it; -1 where it doesn't."""
    for at in range(place, len(chars) - len(what) + 1):
        if chars[at] == what[0] and "".join(chars[at : at + len(what)]) == what:
            return at
    return -1


def _inner(chars, start, end):
    return "".join(chars[start:end])


def _escaped(chars, place, out, language):
    after = chars[place + 1] if place + 1 < len(chars) else ""
    if after in ("(", "["):
        end = _find(chars, "\\" + (")" if after == "(" else "]"), place + 2)
        if end >= 0:
            _put_formula(chars, _inner(chars, place + 2, end), end + 2, out, language)
            return end + 2
    if after and after in PUNCTUATION:
        out.append(after)
        return place + 2
    return 0


def _code(chars, place, out, language):
    fence = 1
    while place + fence < len(chars) and chars[place + fence] == "`":
        fence += 1
    end = _find(chars, "`" * fence, place + fence)
    if end < 0:
        return place + fence
    out.append(_inner(chars, place + fence, end))
    return end + fence


def _formula(chars, place, out, language):
    mark = "$$" if chars[place : place + 2] == ["$", "$"] else "$"
    start = place + len(mark)
    end = _find(chars, mark, start)
    if end <= start or (mark == "$" and not _is_formula(chars, start, end)):
        return 0
    _put_formula(chars, _inner(chars, start, end), end + len(mark), out, language)
    return end + len(mark)


def _put_formula(chars, tex, after, out, language):
    """Words, apart from those beside it; a full stop stays where it is."""
    apart = after < len(chars) and (chars[after].isalpha() or chars[after].isdigit())
    out.append(" " + formulas.spoken(tex, language) + (" " if apart else ""))


def _is_formula(chars, start, end):
    """And no two prices: as pandoc tells them apart."""
    after = chars[end + 1] if end + 1 < len(chars) else " "
    return not chars[start].isspace() and not chars[end - 1].isspace() and not after.isdigit()


def _link(chars, place, out, language):
    depth, end = 0, place
    while end < len(chars):
        depth += {"[": 1, "]": -1}.get(chars[end], 0)
        if depth == 0:
            break
        end += 1
    if end >= len(chars):
        return 0
    after, words = end + 1, _inner(chars, place + 1, end)
    if words.startswith("^"):
        return after
    if after < len(chars) and chars[after] in "([":
        close = _find(chars, ")" if chars[after] == "(" else "]", after)
        after = close + 1 if close >= 0 else after
        out.append(plain(words, language))
    else:
        out.append("[" + plain(words, language) + "]")
    return after


def _picture(chars, place, out, language):
    return _link(chars, place + 1, out, language) if chars[place + 1 : place + 2] == ["["] else 0


def _tag(chars, place, out, language):
    after = chars[place + 1] if place + 1 < len(chars) else " "
    end = _find(chars, ">", place)
    if end < 0 or not (after.isalpha() or after in "/!"):
        return 0
    inner = _inner(chars, place + 1, end)
    if "://" in inner or ("@" in inner and " " not in inner):
        out.append(inner)
    elif inner[:2].lower() == "br":
        out.append(" ")
    return end + 1


def _stress(chars, place, out, language):
    mark = chars[place]
    before = chars[place - 1] if place else " "
    end = place + 1
    while end < len(chars) and chars[end] == mark:
        end += 1
    after = chars[end] if end < len(chars) else " "
    if mark == "_" and not before.isspace() and not after.isspace() and before not in PUNCTUATION and end == place + 1:
        out.append(" ")  # within a name
    elif mark == "*" and before.isspace() and after.isspace():
        out.append("×")
    elif mark == "~" and end == place + 1:
        out.append(mark)
    return end


def _entity(chars, place, out, language):
    end = _find(chars[: place + 8], ";", place)
    meant = ENTITIES.get(_inner(chars, place + 1, end)) if end > 0 else None
    if meant is None:
        return 0
    out.append(meant)
    return end + 1


_READ = {
    "\\": _escaped,
    "`": _code,
    "$": _formula,
    "[": _link,
    "!": _picture,
    "<": _tag,
    "*": _stress,
    "_": _stress,
    "~": _stress,
    "&": _entity,
}
"""By its first sign what reads a mark: appends what is said to ``out`` and returns the place after it, or 0."""
