"""Formats today's date for chat templates (``strftime_now``), the same natively and on the page.

The names are English and the codes are those of C's locale
(https://docs.python.org/3/library/datetime.html#strftime-and-strptime-format-codes): a platform's own
strftime knows more on one system than on another.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from orion_py.errors import UnsupportedModel

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)

Now = Callable[[], datetime]
"""The person's local time."""

_CODES: dict[str, Callable[[datetime], str]] = {
    "a": lambda t: _DAYS[t.weekday()][:3],
    "A": lambda t: _DAYS[t.weekday()],
    "b": lambda t: _MONTHS[t.month - 1][:3],
    "B": lambda t: _MONTHS[t.month - 1],
    "c": lambda t: formatted(t, "%a %b %e %H:%M:%S %Y"),
    "d": lambda t: f"{t.day:02}",
    "D": lambda t: formatted(t, "%m/%d/%y"),
    "e": lambda t: f"{t.day:2}",
    "f": lambda t: f"{t.microsecond:06}",
    "F": lambda t: formatted(t, "%Y-%m-%d"),
    "h": lambda t: _MONTHS[t.month - 1][:3],
    "H": lambda t: f"{t.hour:02}",
    "I": lambda t: f"{(t.hour - 1) % 12 + 1:02}",
    "j": lambda t: f"{t.timetuple().tm_yday:03}",
    "m": lambda t: f"{t.month:02}",
    "M": lambda t: f"{t.minute:02}",
    "n": lambda t: "\n",
    "p": lambda t: "PM" if t.hour >= 12 else "AM",
    "R": lambda t: formatted(t, "%H:%M"),
    "S": lambda t: f"{t.second:02}",
    "t": lambda t: "\t",
    "T": lambda t: formatted(t, "%H:%M:%S"),
    "u": lambda t: str(t.isoweekday()),
    "w": lambda t: str(t.isoweekday() % 7),
    "x": lambda t: formatted(t, "%m/%d/%y"),
    "X": lambda t: formatted(t, "%H:%M:%S"),
    "y": lambda t: f"{t.year % 100:02}",
    "Y": lambda t: str(t.year),
    "%": lambda t: "%",
}


def formatted(now: datetime, pattern: str) -> str:
    """``pattern`` with its codes replaced; ``%-d`` is ``%d`` without leading zeros (or spaces).

    Raises UnsupportedModel for a code that isn't known.
    """
    out, rest = [], pattern
    while rest:
        before, percent, rest = rest.partition("%")
        out.append(before)
        if not percent:
            break
        bare, rest = rest.startswith("-"), rest.removeprefix("-")
        code, rest = rest[:1], rest[1:]
        if code not in _CODES:
            raise UnsupportedModel(f"The model's chat template asks for a date as %{code}, which isn't known here.")
        text = _CODES[code](now)
        out.append((text.lstrip("0 ") or "0") if bare else text)
    return "".join(out)
