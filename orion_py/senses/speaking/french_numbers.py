"""Says numbers in French words."""

from __future__ import annotations

_ONES_TEXT = (
    "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept dix-huit "
    "dix-neuf"
)
_ONES = _ONES_TEXT.split()
_TENS = {20: "vingt", 30: "trente", 40: "quarante", 50: "cinquante", 60: "soixante"}
_SCALES = ("", "mille", "million", "milliard", "billion")
_MOST = 10**15
_ORDINALS = {"cinq": "cinquième", "neuf": "neuvième"}


def cardinal(number: int, feminine: bool = False) -> str:
    """42: "quarante-deux". ``feminine``: what ends in "un" ends in "une". What is too large to name is said digit by
    digit."""
    if number < 0:
        return f"moins {cardinal(-number, feminine)}"
    if number >= _MOST:
        return digits(str(number))
    parts: list[str] = []
    scale, left = 0, number
    while left:
        left, group = divmod(left, 1000)
        if group:
            parts.insert(0, _scaled(group, scale))
        scale += 1
    said = " ".join(parts) or "zéro"
    return said + "e" if feminine and said.split("-")[-1].split(" ")[-1] == "un" else said


def ordinal(number: int, feminine: bool = False) -> str:
    """1: "premier", or "première"; 21: "vingt et unième"."""
    if number == 1:
        return "première" if feminine else "premier"
    said = cardinal(number)
    if number >= _MOST:
        return said
    at = max(said.rfind(" "), said.rfind("-")) + 1
    last = said[at:]
    if last in _ORDINALS:
        return said[:at] + _ORDINALS[last]
    if last in ("cents", "vingts", "millions", "milliards", "billions"):
        said = said[:-1]
    return (said[:-1] if said.endswith("e") else said) + "ième"


def decimal(whole: str, fraction: str) -> str:
    """ "3", "14": "trois virgule quatorze"; "3", "05": "trois virgule zéro cinq"."""
    zeros = len(fraction) - len(fraction.lstrip("0"))
    rest = fraction[zeros:]
    said = digits(fraction) if len(rest) > 3 or not rest else " ".join([*["zéro"] * zeros, cardinal(int(rest))])
    return f"{cardinal(int(whole or '0'))} virgule {said}"


def digits(text: str) -> str:
    """ "205": "deux zéro cinq"."""
    return " ".join(_ONES[int(digit)] for digit in text)


def _scaled(group: int, scale: int) -> str:
    """A group of three digits with what it counts."""
    if scale == 0:
        return _below_thousand(group, last=True)
    if scale == 1:
        return "mille" if group == 1 else f"{_below_thousand(group, last=False)} mille"
    return f"{_below_thousand(group, last=True)} {_SCALES[scale]}{'s' if group > 1 else ''}"


def _below_thousand(number: int, last: bool) -> str:
    """``last``: nothing but a noun follows, so that "cents" and "quatre-vingts" have their s."""
    hundreds, rest = divmod(number, 100)
    said = [] if hundreds < 2 else [_ONES[hundreds]]
    if hundreds:
        said.append("cents" if hundreds > 1 and not rest and last else "cent")
    if rest or not hundreds:
        said.append(_below_hundred(rest, last))
    return " ".join(said)


def _below_hundred(number: int, last: bool) -> str:
    if number < 20:
        return _ONES[number]
    if number >= 80:
        rest = number - 80
        return f"quatre-vingt-{_ONES[rest]}" if rest else f"quatre-vingt{'s' if last else ''}"
    tens = min(number // 10 * 10, 60)
    rest = number - tens
    if not rest:
        return _TENS[tens]
    return f"{_TENS[tens]} et {_ONES[rest]}" if rest in (1, 11) else f"{_TENS[tens]}-{_ONES[rest]}"
