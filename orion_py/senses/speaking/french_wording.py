"""Puts figures, dates, times, money, units, abbreviations and signs into French words."""

from __future__ import annotations

import re

from orion_py.senses.speaking.french_numbers import cardinal, decimal, digits, ordinal
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

_MONTHS_TEXT = "janvier février mars avril mai juin juillet août septembre octobre novembre décembre"
_MONTHS = _MONTHS_TEXT.split()
_NUMBER = r"(?:(?:\d{1,3}(?: \d{3})+|\d{1,3}(?:\.\d{3}){2,})(?!\d)(?:,\d+)?|\d+[.,]\d+|\d+)"
_MONEY = {
    "€": ("euro", "centime"), "$": ("dollar", "cent"), "£": ("livre", "penny"), "¥": ("yen", ""), "EUR": ("euro", ""),
}  # fmt: skip
_FEMININE_MONEY = ("livre",)
_LARGE = {"k": "mille", "M": "millions", "Md": "milliards", "Mds": "milliards"}
_UNITS = {
    "km/h": "kilomètres heure", "m/s": "mètres par seconde", "km²": "kilomètres carrés", "m²": "mètres carrés",
    "m³": "mètres cubes", "km": "kilomètres", "cm": "centimètres", "mm": "millimètres", "m": "mètres",
    "kg": "kilogrammes", "mg": "milligrammes", "g": "grammes", "ml": "millilitres", "mL": "millilitres",
    "cl": "centilitres", "L": "litres", "l": "litres", "°C": "degrés Celsius", "°F": "degrés Fahrenheit",
    "°": "degrés", "%": "pour cent", "‰": "pour mille", "Go": "giga-octets", "Mo": "méga-octets", "ko": "kilo-octets",
    "To": "téra-octets", "GB": "giga-octets", "MB": "méga-octets", "Hz": "hertz", "kHz": "kilohertz",
    "MHz": "mégahertz", "GHz": "gigahertz", "kWh": "kilowattheures", "kW": "kilowatts", "W": "watts", "V": "volts",
    "ms": "millisecondes", "s": "secondes", "min": "minutes", "ha": "hectares", "dB": "décibels", "px": "pixels",
    "t": "tonnes",
}  # fmt: skip
_FEMININE = ("secondes", "millisecondes", "minutes", "tonnes")
_INVARIABLE = ("pour", "hertz", "kilohertz", "mégahertz", "gigahertz", "Celsius", "Fahrenheit", "heure", "par")
_ABBREVIATIONS = {
    "MM.": "messieurs", "Mme": "madame", "Mmes": "mesdames", "Mlle": "mademoiselle", "Mlles": "mesdemoiselles",
    "Dr": "docteur", "Dr.": "docteur", "Pr": "professeur", "Me": "maître", "etc.": "et cetera",
    "p. ex.": "par exemple", "p.ex.": "par exemple", "c.-à-d.": "c'est-à-dire", "c.-à-d": "c'est-à-dire",
    "cf.": "confer", "env.": "environ", "n°": "numéro", "N°": "numéro", "nº": "numéro", "art.": "article",
    "av. J.-C.": "avant Jésus-Christ", "apr. J.-C.": "après Jésus-Christ", "bd": "boulevard", "Bd": "boulevard",
    "tél.": "téléphone", "Tél.": "téléphone", "max.": "maximum", "min.": "minimum", "vol.": "volume",
    "chap.": "chapitre", "fig.": "figure", "vs": "contre", "STP": "s'il te plaît", "SVP": "s'il vous plaît",
    "Ste": "sainte", "St": "saint", "R.-V.": "rendez-vous",
}  # fmt: skip
_FRACTIONS = {2: ("demi", "demis"), 3: ("tiers", "tiers"), 4: ("quart", "quarts")}
_POWERS = {"2": "au carré", "3": "au cube"}
_SIGNS = {
    "&": "et", "×": "fois", "÷": "divisé par", "=": "égale", "≠": "différent de", "≈": "environ égal à",
    "≤": "inférieur ou égal à", "≥": "supérieur ou égal à", "<": "inférieur à", ">": "supérieur à",
    "±": "plus ou moins", "+": "plus", "√": "racine carrée de", "π": "pi", "∞": "l'infini", "@": "arobase",
    "→": "vers", "·": "fois",
}  # fmt: skip
_FEMININE_NOUNS = (
    r"(?:fois|personnes?|heures?|minutes?|secondes?|années?|semaines?|journées?|pages?|voitures?|maisons?|femmes?"
    r"|filles?|langues?|villes?|lignes?|parties?|questions?|réponses?|phrases?|idées?|étapes?|images?|tonnes?|choses?|voix)"
)


def french_words(text: str) -> str:
    """A sentence in words, with its punctuation."""
    text = applied(text.replace("’", "'").replace("\u2212", "-"), _RULES)
    return tidied(applied(apart(text), _LATER), "point")


def _amount(text: str, feminine: bool = False) -> str:
    whole, _, fraction = text.replace(" ", "").partition(",")
    if not fraction and whole.count(".") == 1:
        whole, _, fraction = whole.partition(".")
    whole = whole.replace(".", "")
    return decimal(whole, fraction) if fraction else cardinal(int(whole), feminine)


def _alone(match: re.Match[str]) -> str:
    """A number that nothing else has taken. Before a noun that is feminine, "une"."""
    sign, text = match[1], match[2]
    said = _amount(text, bool(re.match(rf" {_FEMININE_NOUNS}\b", match.string[match.end() :])))
    if text.isdigit() and (len(text) > 15 or (text[0] == "0" and len(text) > 1)):
        said = digits(text)
    return f"{'moins ' if sign else ''}{said}"


def _date(day: int, month: int, year: int | None) -> str | None:
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    said = "premier" if day == 1 else cardinal(day)
    return f"{said} {_MONTHS[month - 1]}" + (f" {cardinal(year)}" if year is not None else "")


def _time(match: re.Match[str]) -> str:
    hour, minute = int(match[1]), int(match[2] or 0)
    if hour > 24 or minute > 59:
        return match[0]
    said = f"{cardinal(hour, feminine=True)} heure{'s' if hour > 1 else ''}"
    return said + (f" {cardinal(minute, feminine=True)}" if minute else "")


def _money(text: str, large: str, sign: str) -> str:
    name, small = _MONEY[sign]
    whole, _, fraction = text.replace(" ", "").replace(".", "," if text.count(".") == 1 else "").partition(",")
    if large:
        joint = " d'" if name[0] in "aeiouy" and large != "k" else " de " if large != "k" else " "
        return f"{_amount(text)} {_LARGE.get(large, large)}{joint}{_many(name)}"
    if fraction and len(fraction) != 2:
        return f"{_amount(text)} {_many(name)}"
    number = int(whole or "0")
    said = _counted(number, name)
    if not fraction or not int(fraction):
        return said
    return f"{said} {cardinal(int(fraction))}" if number else _counted(int(fraction), small)


def _many(name: str) -> str:
    return {"penny": "pence", "yen": "yens"}.get(name, f"{name}s")


def _counted(number: int, name: str) -> str:
    return f"{cardinal(number, name in _FEMININE_MONEY)} {name if number < 2 else _many(name)}"


def _unit(match: re.Match[str]) -> str:
    said, text = _UNITS[match[3]], match[2]
    few = float(text.replace(" ", "").replace(",", ".").split(".")[0] or 0) < 2
    if few:
        said = " ".join(word if word in _INVARIABLE else word.removesuffix("s") for word in said.split(" "))
    amount = _amount(text, _UNITS[match[3]] in _FEMININE)
    return f"{'moins ' if match[1] else ''}{amount} {said}"


def _fraction(match: re.Match[str]) -> str:
    above, below = int(match[1]), int(match[2])
    if not 1 < below <= 20 or above >= below:
        return f"{cardinal(above)} sur {cardinal(below)}"
    name, many = _FRACTIONS.get(below, (ordinal(below), f"{ordinal(below)}s"))
    return f"{cardinal(above)} {name if above == 1 else many}"


def _century(match: re.Match[str]) -> str:
    number = roman(match[1])
    return match[0] if number is None else ordinal(number, feminine=match[2] in ("re", "ère"))


def _numeral(match: re.Match[str]) -> str:
    number = roman(match[2])
    if number is None:
        return match[0]
    return f"{match[1]} {'premier' if number == 1 else cardinal(number)}"


def _ordinal(match: re.Match[str]) -> str:
    plural = match[2].endswith("s")
    said = ordinal(int(match[1]), feminine=match[2].startswith(("re", "ère")))
    return said + ("s" if plural else "")


def _abbreviation(match: re.Match[str]) -> str:
    said = _ABBREVIATIONS[match[1]]
    ends = not match.string[match.end() :].strip(" \"'»”’)")
    return f"{said}." if ends and match[1].endswith(".") else said


def _phone(match: re.Match[str]) -> str:
    country, groups = (
        ("plus trente-trois, ", re.findall(r"\d+", match[0])[1:])
        if match[0][0] == "+"
        else ("", re.findall(r"\d\d", match[0]))
    )
    return country + ", ".join(f"zéro {cardinal(int(g))}" if g[0] == "0" else cardinal(int(g)) for g in groups)


def _power(match: re.Match[str]) -> str:
    return f" {_POWERS[match[1]]}" if match[1] in _POWERS else f" puissance {match[1]}"


_SCALES = r"(?:\s?(millions?|milliards?|k|Mds?|M)\b)?"
_RULES: tuple[Rule, ...] = (
    (EMAIL, lambda match: address(match[0], "point", "arobase")),
    (URL, lambda match: address(match[0], "point", "arobase")),
    (DOMAIN, lambda match: address(match[0], "point", "arobase")),
    (ISO_DATE, lambda match: _date(int(match[3]), int(match[2]), int(match[1])) or match[0]),
    (re.compile(r"\b(\d{1,2})/(\d{1,2})/(\d{4})\b"),
     lambda match: _date(int(match[1]), int(match[2]), int(match[3])) or match[0]),
    (re.compile(rf"\b1(?:er)? (?=(?:{'|'.join(_MONTHS)})\b)"), lambda match: "premier "),
    (re.compile(r"\+33 ?[1-9](?: ?\d\d){4}\b|\b0[1-9](?:[ .]?\d\d){4}\b"), _phone),
    (re.compile(r"\b(\d{1,2}) ?[hH] ?(\d{2})?\b(?! ?[a-z]?/)(?:min\b)?"), _time),
    (re.compile(r"\b(\d{1,2}):(\d{2})(?::\d{2})?\b"), _time),
    (re.compile(rf"({_NUMBER}){_SCALES}(?:\s?(?:d'|de )?)([€$£¥]|EUR\b)"),
     lambda match: _money(match[1], match[2], match[3])),
    (re.compile(rf"([€$£¥])\s?({_NUMBER}){_SCALES}"), lambda match: _money(match[2], match[3], match[1])),
    (re.compile(r"\b([IVXLC]+)(e|ème|er|re|ère)\b"), _century),
    (re.compile(r"\b([A-ZÉÈ][a-zéèêëîïôç]+(?:-[A-ZÉ][a-zéèê]+)?) ([IVXLC]{2,}|I|V|X)\b(?!')"), _numeral),
    (re.compile(r"\b(\d+)(er|ers|re|res|ère|ères|ème|èmes|e|es|nd|nde)\b"), _ordinal),
    (VERSION, lambda match: match[0] if re.fullmatch(r"\d{1,3}(?:\.\d{3}){2,}", match[0]) else
     " point ".join(cardinal(int(part)) for part in match[0].split("."))),
    (re.compile(r"(?<=\d)\s?–\s?(?=\d)|(?<=\d)-(?=\d)"), lambda match: " à "),
    (re.compile(rf"(?<![\w.,])(-?)({_NUMBER})\s?({alternatives(_UNITS)})(?![\w/])"), _unit),
    (FRACTION, _fraction),
    (re.compile(rf"(?<!\w)({alternatives(_ABBREVIATIONS)})(?!\w)"), _abbreviation),
    (re.compile(r"\bM\.(?= [A-ZÉ])"), lambda match: "monsieur"),
    (re.compile(r"\bv(?=\d)"), lambda match: "version "),
    (re.compile(r"#(?=\d)"), lambda match: "numéro "),
    (re.compile(r"~\s?(?=\d)"), lambda match: "environ "),
    (re.compile(r"(?<=\d)\s?\*\s?(?=\d)"), lambda match: " fois "),
    (re.compile(r"(?<=[\w)]) - (?=\d)"), lambda match: " moins "),
    (re.compile(r"(?<=[^\W\d_])/(?=[^\W\d_])"), lambda match: " ou "),
    (POWER, _power),
    (re.compile("|".join(map(re.escape, _SIGNS))), lambda match: f" {_SIGNS[match[0]]} "),
)  # fmt: skip
_LATER: tuple[Rule, ...] = ((re.compile(rf"(?<![\w.,])(-?)({_NUMBER})"), _alone),)
