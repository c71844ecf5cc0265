"""Puts figures, dates, times, money, units, abbreviations and signs into English words."""

from __future__ import annotations

import re

from orion_py.senses.speaking.english_numbers import cardinal, decimal, digits, ordinal, year
from orion_py.senses.speaking.wording import (
    DOMAIN,
    EMAIL,
    FRACTION,
    ISO_DATE,
    POWER,
    URL,
    VERSION,
    Rule,
    address,
    alternatives,
    apart,
    applied,
    roman,
    tidied,
)

_MONTHS_TEXT = "January February March April May June July August September October November December"
_MONTHS = _MONTHS_TEXT.split()
_MONTH = r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\b\.?"  # noqa: E501
_NUMBER = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?|\.\d+"
_MONEY = {"$": ("dollar", "cent"), "€": ("euro", "cent"), "£": ("pound", "penny"), "¥": ("yen", "")}
_LARGE = {"k": "thousand", "K": "thousand", "M": "million", "m": "million", "bn": "billion", "B": "billion"}
_UNITS = {
    "km/h": "kilometers per hour", "m/s": "meters per second", "km": "kilometers", "cm": "centimeters",
    "mm": "millimeters", "m²": "square meters", "km²": "square kilometers", "m³": "cubic meters", "m": "meters",
    "kg": "kilograms", "mg": "milligrams", "g": "grams", "ml": "milliliters", "mL": "milliliters", "L": "liters",
    "l": "liters", "°C": "degrees Celsius", "°F": "degrees Fahrenheit", "°": "degrees", "%": "percent",
    "GB": "gigabytes", "MB": "megabytes", "kB": "kilobytes", "KB": "kilobytes", "TB": "terabytes",
    "Hz": "hertz", "kHz": "kilohertz", "MHz": "megahertz", "GHz": "gigahertz", "kWh": "kilowatt hours",
    "kW": "kilowatts", "W": "watts", "V": "volts", "ms": "milliseconds", "s": "seconds", "min": "minutes",
    "h": "hours", "mph": "miles per hour", "mi": "miles", "ft": "feet", "lb": "pounds", "lbs": "pounds",
    "oz": "ounces", "px": "pixels", "dB": "decibels",
}  # fmt: skip
_SINGULAR = {"feet": "foot", "hertz": "hertz", "percent": "percent"}
_ABBREVIATIONS = {
    "Mr.": "mister", "Mrs.": "missus", "Ms.": "miz", "Dr.": "doctor", "Prof.": "professor", "Jr.": "junior",
    "Sr.": "senior", "vs.": "versus", "etc.": "et cetera", "e.g.": "for example", "i.e.": "that is",
    "approx.": "approximately", "Inc.": "incorporated", "Ltd.": "limited", "No.": "number", "Fig.": "figure",
    "Vol.": "volume", "dept.": "department", "est.": "established", "Ave.": "avenue", "a.m.": "AM", "p.m.": "PM",
}  # fmt: skip
_LAST = {name for name in _ABBREVIATIONS if name in ("etc.", "a.m.", "p.m.", "Jr.", "Sr.", "Inc.", "Ltd.")}
"""Where a sentence may end, whose full stop stays."""
_FRACTIONS = {2: "half", 3: "third", 4: "quarter"}
_KINGS = r"(?:Louis|Henry|Charles|Edward|George|James|William|Richard|Philip|Elizabeth|Pope|John Paul|Benedict|Napoleon|Francis)"  # noqa: E501
_POWERS = {"2": "squared", "3": "cubed"}
_SIGNS = {
    "&": "and", "×": "times", "÷": "divided by", "=": "equals", "≠": "is not equal to", "≈": "is about",
    "≤": "is at most", "≥": "is at least", "<": "is less than", ">": "is greater than", "±": "plus or minus",
    "+": "plus", "√": "the square root of", "π": "pi", "∞": "infinity", "@": "at", "→": "to", "−": "minus",
    "·": "times",
}  # fmt: skip


def english_words(text: str) -> str:
    """A sentence in words, with its punctuation."""
    text = applied(text.replace("’", "'").replace("\u2212", "-"), _RULES)
    return tidied(applied(apart(text), _LATER), "dot")


def _amount(text: str) -> str:
    whole, _, fraction = text.replace(",", "").partition(".")
    return decimal(whole, fraction) if fraction else cardinal(int(whole))


def _alone(match: re.Match[str]) -> str:
    """A number that nothing else has taken."""
    sign, text = match[1], match[2]
    said = _amount(text)
    if text.isdigit():
        said = digits(text) if len(text) > 15 or (text[0] == "0" and len(text) > 1) else said
        said = year(int(text)) if len(text) == 4 and text[0] != "0" else said
    return f"{'minus ' if sign else ''}{said}"


def _date(day: int, month: int, number: int | None) -> str | None:
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    return f"{_MONTHS[month - 1]} {ordinal(day)}" + (f", {year(number)}" if number is not None else "")


def _iso_date(match: re.Match[str]) -> str:
    return _date(int(match[3]), int(match[2]), int(match[1])) or match[0]


def _slashed_date(match: re.Match[str]) -> str:
    first, second = int(match[1]), int(match[2])
    day, month = (first, second) if first > 12 else (second, first)
    return _date(day, month, int(match[3])) or match[0]


def _named_date(match: re.Match[str]) -> str:
    month, day, number = (match[1], match[2], match[3]) if match[1] else (match[5], match[4], match[6])
    full = next(name for name in _MONTHS if name.startswith(month.rstrip(".")[:3]))
    return f"{full} {ordinal(int(day))}" + (f", {year(int(number))}" if number else "")


def _time(match: re.Match[str]) -> str:
    hour, minute, half = int(match[1]), int(match[2]), (match[3] or "").replace(".", "").upper()
    if hour > 24 or minute > 59:
        return match[0]
    if minute:
        said = f"{cardinal(hour)} {'oh ' if minute < 10 else ''}{cardinal(minute)}"
    else:
        said = cardinal(hour) + ("" if half else " hundred" if hour > 12 else " o'clock")
    return f"{said} {half}".strip()


def _money(sign: str, text: str, large: str) -> str:
    name, small = _MONEY[sign]
    whole, _, fraction = text.replace(",", "").partition(".")
    if large:
        return f"{_amount(text)} {_LARGE.get(large, large)} {_many(name)}"
    if fraction and (len(fraction) != 2 or not small):
        return f"{_amount(text)} {_many(name)}"
    parts = [_counted(int(whole or "0"), name)] if int(whole or "0") or not fraction else []
    parts += [_counted(int(fraction), small)] if fraction and int(fraction) else []
    return " and ".join(parts) or f"zero {_many(name)}"


def _many(name: str) -> str:
    return {"penny": "pence", "yen": "yen"}.get(name, f"{name}s")


def _counted(number: int, name: str) -> str:
    return f"{cardinal(number)} {name if number == 1 else _many(name)}"


def _unit(match: re.Match[str]) -> str:
    said = _UNITS[match[3]]
    if match[2] == "1":
        first, _, rest = said.partition(" ")
        said = f"{_SINGULAR.get(first, first.removesuffix('s'))} {rest}".strip()
    return f"{'minus ' if match[1] else ''}{_amount(match[2])} {said}"


def _fraction(match: re.Match[str]) -> str:
    above, below = int(match[1]), int(match[2])
    if not 1 < below <= 20 or above >= below:
        return f"{cardinal(above)} {'over ' if below and above < below else ''}{cardinal(below)}"
    name = _FRACTIONS.get(below, ordinal(below))
    return f"{cardinal(above)} {name if above == 1 else 'halves' if below == 2 else name + 's'}"


def _decade(match: re.Match[str]) -> str:
    said = year(int(match[1]))
    return said[:-1] + "ies" if said.endswith("y") else said + "s"


def _numeral(match: re.Match[str]) -> str:
    number = roman(match[2])
    if number is None:
        return match[0]
    return f"{match[1]} " + (f"the {ordinal(number)}" if re.match(_KINGS, match[1]) else cardinal(number))


def _abbreviation(match: re.Match[str]) -> str:
    said = _ABBREVIATIONS[match[1]]
    ends = not match.string[match.end() :].strip(" \"'»”’)")
    return f"{said}." if ends and match[1] in _LAST else said


def _power(match: re.Match[str]) -> str:
    return f" {_POWERS[match[1]]}" if match[1] in _POWERS else f" to the power of {match[1]}"


def _phone(match: re.Match[str]) -> str:
    return ", ".join(digits(group) for group in re.findall(r"\d+", match[0]))


_SCALES = r"(?:\s?(million|billion|trillion|thousand|bn|[kKMB])\b)?"
_RULES: tuple[Rule, ...] = (
    (EMAIL, lambda match: address(match[0], "dot", "at")),
    (URL, lambda match: address(match[0], "dot", "at")),
    (DOMAIN, lambda match: address(match[0], "dot", "at")),
    (ISO_DATE, _iso_date),
    (re.compile(r"\b(\d{1,2})/(\d{1,2})/(\d{4})\b"), _slashed_date),
    (re.compile(rf"\b({_MONTH}) (\d{{1,2}})(?:st|nd|rd|th)?\b(?!:)(?:,? (\d{{4}})\b)?|\b(\d{{1,2}})(?:st|nd|rd|th)? (?:of )?({_MONTH})(?:,? (\d{{4}})\b)?"), _named_date),  # noqa: E501
    (re.compile(r"\b(\d{1,2}):(\d{2})(?::\d{2})?(?:\s?([ap]\.?m\b\.?))?", re.IGNORECASE), _time),
    (re.compile(r"\b(\d{1,2})()\s?([ap]\.?m\b\.?)", re.IGNORECASE),
     lambda match: f"{cardinal(int(match[1]))} {match[3].replace('.', '').upper()}"),
    (re.compile(r"(?:\+\d{1,3}[ -])?\(?\b\d{3}\)?[ -]\d{3}-\d{4}\b|\b\d{3}-\d{4}\b"), _phone),
    (re.compile(rf"(?:US|CA|A)?([$€£¥])\s?({_NUMBER}){_SCALES}"), lambda match: _money(match[1], match[2], match[3])),
    (re.compile(rf"({_NUMBER}){_SCALES}\s?([$€£¥])"), lambda match: _money(match[3], match[1], match[2])),
    (re.compile(r"\b(\d{3}0)s\b"), _decade),
    (re.compile(r"\b(\d+)(?:st|nd|rd|th)\b"), lambda match: ordinal(int(match[1]))),
    (VERSION, lambda match: " point ".join(cardinal(int(part)) for part in match[0].split("."))),
    (re.compile(rf"(?<=\d)\s?[–—]\s?(?={_NUMBER})|(?<=\d)-(?=\d)"), lambda match: " to "),
    (re.compile(rf"(?<![\w.])(-?)({_NUMBER})\s?({alternatives(_UNITS)})(?![\w/])"), _unit),
    (re.compile(r"\b24/7\b"), lambda match: "twenty-four seven"),
    (FRACTION, _fraction),
    (re.compile(r"\b([A-Z][a-z]+(?: [A-Z][a-z]+)?) ([IVXLC]{2,}|[VX])\b(?!')"), _numeral),
    (re.compile(rf"(?<!\w)({alternatives(_ABBREVIATIONS)})(?!\w)"), _abbreviation),
    (re.compile(r"\bSt\.(?= [A-Z])"), lambda match: "saint"),
    (re.compile(r"\bv(?=\d)"), lambda match: "version "),
    (re.compile(r"#(?=\d)"), lambda match: "number "),
    (re.compile(r"~\s?(?=\d)"), lambda match: "about "),
    (re.compile(r"(?<=\d)\s?\*\s?(?=\d)"), lambda match: " times "),
    (re.compile(r"(?<=[\w)]) - (?=\d)"), lambda match: " minus "),
    (POWER, _power),
    (re.compile("|".join(map(re.escape, _SIGNS))), lambda match: f" {_SIGNS[match[0]]} "),
)  # fmt: skip
_LATER: tuple[Rule, ...] = ((re.compile(rf"(?<![\w.])(-?)({_NUMBER})"), _alone),)
