"""Reads amounts of money in a picture's text: the lines of a bill, its taxes and its total."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from orion_py.senses.reading.lines import Line
from orion_py.senses.scenes.questions import plainly

_CURRENCY = r"(?:€|\$|£|EUR|USD|GBP|CHF)"
_NUMBER = r"(?:\d{1,3}(?:[\s.,'’]\d{3})+|\d+)[.,]\d{2}"
AMOUNT = re.compile(
    rf"(?P<sign>[-−–])?\s*(?P<before>{_CURRENCY})?\s*(?P<number>{_NUMBER})(?![.,]?\d)\s*(?P<after>{_CURRENCY})?"
)
_SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£"}
_SUBTOTAL = re.compile(r"soustotal|subtotal|totalht|horstaxe|beforetax|pretax|nettotal")
_TOTALS = (
    re.compile(r"netapayer|totalapayer|totalttc|montantttc|grandtotal|totaldue|amountdue|balancedue|totalgeneral"),
    re.compile(r"^total|total$|apayer|montanttotal|montantdu|amountpayable"),
)
"""The surest first."""
_TAX = re.compile(r"tva|vat\b|^vat|tax|gst|hst|\bmwst")
_PAID = re.compile(
    r"^cb|carte|card|visa|mastercard|cash|especes|rendu|change|monnaie|tendered|paid|paye|payment|paiement|reglement"
)
_DISCOUNT = re.compile(r"remise|reduction|discount|coupon|rabais|promo")
_ASKING_TEXT = """
how much the what price cost costs does did was were are for and all this that these those bill receipt you pay paid
have has sum amount amounts combien coute coutent prix est les des une que quel quelle fait font pour sur ticket facture
addition note recu payer paye montant somme dois doit dans
"""
_ASKING = frozenset(_ASKING_TEXT.split())
"""Words of a question on a bill that name nothing of it."""
MAX_ROWS = 500


@dataclass(frozen=True, slots=True)
class Entry:
    """A row with an amount. ``text``: the whole row, as it was read."""

    label: str
    amount: Decimal
    text: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """``items``: what was bought, discounts as negative amounts. ``taxes`` are those that are told; whether they are
    part of the items' amounts, a bill seldom says. ``currency``: a sign, or "" where none was read."""

    items: tuple[Entry, ...]
    subtotal: Entry | None
    taxes: tuple[Entry, ...]
    total: Entry | None
    currency: str

    @property
    def items_sum(self) -> Decimal:
        return sum((item.amount for item in self.items), Decimal(0))


def receipt(rows: Sequence[Sequence[Line]]) -> Receipt | None:
    """The amounts of ``rows``, lines side by side as they are read; None where no row ends in an amount."""
    entries, currency = [], ""
    for row in rows[:MAX_ROWS]:
        text = " ".join(line.text for line in row)
        found = _entry(text)
        if found is not None:
            entries.append(found[0])
            currency = currency or found[1]
    if not entries:
        return None
    total = _total(entries)
    subtotal = next((entry for entry in entries if _SUBTOTAL.search(_key(entry.label))), None)
    taxes = tuple(entry for entry in entries if _is_tax(entry) and entry is not total)
    end = entries.index(total) if total is not None else len(entries)
    items = tuple(_signed(entry) for entry in entries[:end] if _is_item(entry))
    return Receipt(items, subtotal, taxes, total, currency)


def named_entries(bill: Receipt, question: str) -> list[Entry]:
    """What of ``bill`` the words of ``question`` (as ``plainly`` makes it) name best: the price of the milk. [] where
    they name nothing of it, or the total."""
    words = {word for word in re.findall(r"[a-z]{3,}", question) if word not in _ASKING}
    if "total" in question:
        return []
    rows = [entry for entry in (*bill.items, *bill.taxes) if _names(entry, words)]
    most = max((len(_names(entry, words)) for entry in rows), default=0)
    return [entry for entry in rows if len(_names(entry, words)) == most]


def _names(entry: Entry, words: set[str]) -> set[str]:
    parts = re.findall(r"[a-z]{3,}", plainly(entry.label))
    return {word for word in words if any(_alike(word, part) for part in parts)}


def _alike(word: str, part: str) -> bool:
    """The same word, or its plural."""
    return word == part or word.rstrip("sx") == part.rstrip("sx")


def _entry(text: str) -> tuple[Entry, str] | None:
    """The last amount of a row, with what stands before it."""
    amounts = list(AMOUNT.finditer(text))
    if not amounts:
        return None
    last = amounts[-1]
    # Letters behind it: a sentence that names a price. A tax class ("A", "B1") or a star may follow.
    if re.search(r"[A-Za-zÀ-ÿ]{3,}", text[last.end() :]):
        return None
    symbol = last["before"] or last["after"] or ""
    value = parse_amount(last["number"])
    label = text[: amounts[0].start()].strip(" .:·-–…")
    return Entry(label, -value if last["sign"] else value, text), _SYMBOLS.get(symbol, symbol)


def parse_amount(text: str) -> Decimal:
    """ "1 234,56" and "1,234.56" alike: the last two figures are decimals, whatever marks stand before them."""
    figures = re.sub(r"\D", "", text)
    return Decimal(f"{figures[:-2]}.{figures[-2:]}")


def shown_amount(value: Decimal, currency: str, french: bool) -> str:
    """ "1 234,56 €", or "€1,234.56" in English."""
    sign, number = "−" if value < 0 else "", f"{abs(value):,.2f}"
    if french:
        number = number.replace(",", "\u202f").replace(".", ",")
        return f"{sign}{number}\u00a0{currency}" if currency else f"{sign}{number}"
    if currency == "CHF":
        return f"{sign}CHF {number}"
    return f"{sign}{currency}{number}"


def _total(entries: Sequence[Entry]) -> Entry | None:
    for pattern in _TOTALS:
        found = [
            entry
            for entry in entries
            if pattern.search(_key(entry.label)) and not _SUBTOTAL.search(_key(entry.label)) and not _is_tax(entry)
        ]
        if found:
            return found[-1] if pattern is _TOTALS[0] else max(found, key=lambda entry: entry.amount)
    return None


def _is_tax(entry: Entry) -> bool:
    key = _key(entry.label)
    return bool(_TAX.search(key)) and not _TOTALS[0].search(key)


def _is_item(entry: Entry) -> bool:
    key = _key(entry.label)
    letters = sum(character.isalpha() for character in key)
    return letters >= 2 and not (_SUBTOTAL.search(key) or _is_tax(entry) or _PAID.search(key) or _TOTALS[1].search(key))


def _signed(entry: Entry) -> Entry:
    """Discounts are printed with and without a minus sign."""
    if entry.amount > 0 and _DISCOUNT.search(_key(entry.label)):
        return Entry(entry.label, -entry.amount, entry.text)
    return entry


def _key(label: str) -> str:
    """Letters alone, without accents: a reader of small print loses spaces, dots and accents first."""
    return "".join(character for character in plainly(label) if character.isalpha())
