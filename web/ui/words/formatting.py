"""Formats numbers for people, in the language of ``words`` (i18n.py). Pure: no DOM, no clock.

Sizes are decimal (1 MB = 1,000,000 bytes), as browsers and shops count them.
"""

NARROW_SPACE = "\u202f"


class Conventions:
    """How numbers are written, for functions that need no words beside them: ``size`` and ``duration``."""

    def __init__(self, numbers):
        self.numbers = numbers


TECHNICAL = Conventions({"decimal": ".", "group": ",", "bytes": ["B", "kB", "MB", "GB"]})
"""As records of the log have them, whatever the page's language."""


def decimal(value, digits, words):
    """``value`` with ``digits`` decimals."""
    text = "{:.{}f}".format(value, digits) if digits else str(int(value + 0.5))
    return text.replace(".", words.numbers["decimal"])


def whole(count, words):
    """``12,000``, ``12 000``."""
    digits = str(int(count))
    groups = []
    while len(digits) > 3:
        groups.insert(0, digits[-3:])
        digits = digits[:-3]
    return words.numbers["group"].join([digits] + groups)


def size(count, words):
    """Bytes: ``98 MB``, ``1.2 GB``, ``98 Mo``. Below 10 of a unit one decimal is kept."""
    value = float(max(0, count or 0))
    units = words.numbers["bytes"]
    unit = 0
    while value >= 999.5 and unit < len(units) - 1:
        value /= 1000
        unit += 1
    digits = 1 if unit and value < 9.95 else 0
    return decimal(value, digits, words) + NARROW_SPACE + units[unit]


def size_pair(done, total, words):
    """``41 of 98 MB``: both in the unit of the total, so that they can be compared."""
    units = words.numbers["bytes"]
    unit = 0
    scale = 1.0
    while (total or 0) / scale >= 999.5 and unit < len(units) - 1:
        scale *= 1000
        unit += 1
    digits = 1 if unit and total / scale < 9.95 else 0
    left = decimal(min(done, total) / scale, digits, words)
    return words("size_of", done=left, total=decimal(total / scale, digits, words) + NARROW_SPACE + units[unit])


def speed(bytes_per_second, words):
    return size(bytes_per_second, words) + "/s"


def duration(ms, words):
    """Short times: ``340 ms``, ``1.4 s``, ``12 s``, ``2 min 5 s``."""
    if ms < 1000:
        return decimal(ms, 0, words) + NARROW_SPACE + "ms"
    if ms < 9950:
        return decimal(ms / 1000, 1, words) + NARROW_SPACE + "s"
    seconds = int(ms / 1000 + 0.5)
    if seconds < 60:
        return str(seconds) + NARROW_SPACE + "s"
    minutes, rest = divmod(seconds, 60)
    text = str(minutes) + NARROW_SPACE + "min"
    return text if not rest else text + " " + str(rest) + NARROW_SPACE + "s"


def clock(seconds):
    """A place in a recording: ``0:07``, ``12:30``, ``1:02:03``."""
    minutes, second = divmod(int(seconds + 0.5), 60)
    hours, minute = divmod(minutes, 60)
    parts = [str(hours), "{:02d}".format(minute)] if hours else [str(minute)]
    return ":".join(parts + ["{:02d}".format(second)])


def time_left(seconds, words):
    """How long it still takes, rounded so that it doesn't flicker; None while unknown."""
    if seconds is None or seconds < 0:
        return None
    if seconds < 2:
        return words("almost_done")
    if seconds < 60:
        step = 1 if seconds < 10 else 5
        shown = max(step, int(seconds / step + 0.5) * step)
        text = str(shown) + NARROW_SPACE + "s"
    elif seconds < 3600:
        text = str(int(seconds / 60 + 0.5)) + NARROW_SPACE + "min"
    else:
        hours, rest = divmod(int(seconds / 60 + 0.5), 60)
        text = str(hours) + NARROW_SPACE + "h " + str(rest) + NARROW_SPACE + "min"
    return words("time_left", time=text)


def rate(tokens_per_second, words):
    digits = 1 if tokens_per_second < 9.95 else 0
    return words("rate", rate=decimal(tokens_per_second, digits, words))


def share(part, words):
    """A probability: ``82%``, ``82 %``."""
    return words("share", value=decimal(part * 100, 0, words))


def percent(part, whole):
    """0.0 to 100.0; 0 when the whole isn't known."""
    if not whole:
        return 0.0
    return max(0.0, min(100.0, 100.0 * part / whole))
