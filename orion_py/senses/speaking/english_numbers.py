"""Says numbers in English words."""

from __future__ import annotations

_ONES_TEXT = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_ONES = _ONES_TEXT.split()
_TENS = ["-", "-", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_SCALES = ("", "thousand", "million", "billion", "trillion")
_MOST = 10**15
_ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth",
}  # fmt: skip
_YEARS = (*range(1100, 2000), *range(2010, 2100))


def cardinal(number: int) -> str:
    """42: "forty-two"; what is too large to name is said digit by digit."""
    if number < 0:
        return f"minus {cardinal(-number)}"
    if number >= _MOST:
        return digits(str(number))
    if number < 100:
        return _below_hundred(number)
    if number < 1000:
        rest = number % 100
        return f"{_ONES[number // 100]} hundred" + (f" and {_below_hundred(rest)}" if rest else "")
    parts: list[str] = []
    scale, left = 0, number
    while left:
        left, group = divmod(left, 1000)
        if group:
            joint = "and " if scale == 0 and group < 100 else ""
            parts.insert(0, f"{joint}{cardinal(group)} {_SCALES[scale]}".strip())
        scale += 1
    return " ".join(parts)


def ordinal(number: int) -> str:
    """21: "twenty-first"."""
    said = cardinal(number)
    if number >= _MOST:
        return said
    at = max(said.rfind(" "), said.rfind("-")) + 1
    last = said[at:]
    if last in _ORDINALS:
        return said[:at] + _ORDINALS[last]
    return said[:-1] + "ieth" if last.endswith("y") else said + "th"


def year(number: int) -> str:
    """1999: "nineteen ninety-nine"; 2024: "twenty twenty-four"; 2005: "two thousand and five"."""
    if number not in _YEARS:
        return cardinal(number)
    first, last = divmod(number, 100)
    if last == 0:
        return f"{_below_hundred(first)} hundred"
    return f"{_below_hundred(first)} {'oh ' + _ONES[last] if last < 10 else _below_hundred(last)}"


def decimal(whole: str, fraction: str) -> str:
    """ "3", "14": "three point one four"."""
    return f"{cardinal(int(whole or '0'))} point {digits(fraction)}"


def digits(text: str) -> str:
    """ "205": "two zero five"."""
    return " ".join(_ONES[int(digit)] for digit in text)


def _below_hundred(number: int) -> str:
    if number < 20:
        return _ONES[number]
    tens, ones = divmod(number, 10)
    return _TENS[tens] + (f"-{_ONES[ones]}" if ones else "")
