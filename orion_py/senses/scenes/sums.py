"""Works out sums with the amounts that were read in pictures, and shows the working."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from orion_py.arithmetic.expression import evaluate
from orion_py.arithmetic.tokens import tokenize
from orion_py.senses.scenes.labels import Language
from orion_py.senses.scenes.questions import plainly
from orion_py.senses.scenes.receipts import Receipt, receipt, shown_amount
from orion_py.senses.scenes.report import SceneReport
from orion_py.senses.scenes.single_number import single_number
from orion_py.senses.scenes.verbatim import verbatim

_SUM = re.compile(
    r"\b(?:add|sum|total|altogether|together|in all|how much)\b"
    r"|\b(?:additionne|somme|en tout|ensemble|combien|montant)\b"
)
_COMPARE = re.compile(
    r"\b(?:compare|differ|difference|cheaper|more expensive|dearer|larger|bigger|greater|smaller|higher|lower|more|"
    r"less|which)\b"
    r"|\b(?:ecart|moins cher|plus cher|plus grand|plus petit|lequel|laquelle|plus|moins)\b"
)
_PEOPLE = re.compile(
    r"\b(?:split|share|divide|each|per person|partage|divise|chacun|par personne)\b.*?\b(\d{1,3})\b"
    r"|\b(\d{1,3}) (?:people|persons|friends|of us|ways|personnes|amis|parts)\b"
)
_PERCENT = re.compile(r"(\d{1,3}(?:[.,]\d+)?)\s*(?:%|percent|per cent|pour ?cent)")
_OFF = re.compile(r"\b(?:discount|off|less|minus|reduc|remise|rabais|moins)")


@dataclass(frozen=True, slots=True)
class WorkedOut:
    """``text``: the answer with its working. ``expression`` and ``value`` for programs."""

    text: str
    expression: str
    value: str


def worked_out(question: str, reports: Sequence[SceneReport], language: Language) -> WorkedOut | None:
    """The sum that ``question`` wants of the amounts in the pictures; None where it wants none."""
    plain = plainly(question)
    bills = [receipt(report.reading.rows) for report in reports]
    if len(reports) > 1 and (_COMPARE.search(plain) or _SUM.search(plain)):
        return _several(bills, reports, _SUM.search(plain) is not None and not _COMPARE.search(plain), language)
    bill = bills[0] if len(bills) == 1 else None
    if bill is None:
        return None
    people, percent = _PEOPLE.search(plain), _PERCENT.search(plain)
    if people or percent:
        return _of_total(bill, people, percent, bool(_OFF.search(plain)), language)
    return _items(bill, language) if _SUM.search(plain) and len(bill.items) > 1 else None


def _amount(bill: Receipt) -> Decimal | None:
    if bill.total is not None:
        return bill.total.amount
    return bill.items_sum if bill.items else None


def _items(bill: Receipt, language: Language) -> WorkedOut:
    french = language == "fr"
    written, value = _chain([item.amount for item in bill.items], french)
    lines = [
        _say("line", language, verbatim(item.label or item.text), _shown(item.amount, bill, french))
        for item in bill.items
    ]
    lines += ["", f"{written} = **{_shown(value, bill, french)}**"]
    if bill.total is not None:
        total, taxed = bill.total.amount, value + sum(tax.amount for tax in bill.taxes)
        if total == value:
            lines.append(_say("same", language, verbatim(bill.total.text)))
        elif total == taxed:
            lines.append(_say("taxed", language, verbatim(bill.total.text), _shown(taxed - value, bill, french)))
        else:
            lines.append(_say("other", language, verbatim(bill.total.text), _shown(abs(total - value), bill, french)))
    return WorkedOut("\n".join(lines).strip(), written, str(value))


def _of_total(
    bill: Receipt, people: re.Match[str] | None, percent: re.Match[str] | None, off: bool, language: Language
) -> WorkedOut | None:
    french, amount = language == "fr", _amount(bill)
    if amount is None:
        return None
    written = _plain(amount, french)
    if percent:
        written += (
            f" {'−' if off else '+'} {percent[1].replace('.', ',') if french else percent[1].replace(',', '.')} %"
        )
    count = int(next(group for group in people.groups() if group)) if people else 1
    if count < 1:
        return None
    if count > 1:
        written = f"({written}) ÷ {count}" if percent else f"{written} ÷ {count}"
    value = _evaluated(written, french)
    read = verbatim(bill.total.text) if bill.total is not None else _say("items", language, len(bill.items))
    text = f"{_say('from', language, read)}\n\n{written} = **{_shown(value, bill, french)}**"
    return WorkedOut(text + (f" {_say('each', language)}" if count > 1 else ""), written, str(value))


def _several(
    bills: Sequence[Receipt | None], reports: Sequence[SceneReport], added: bool, language: Language
) -> WorkedOut | None:
    amounts = [_told(bill, report) for bill, report in zip(bills, reports, strict=True)]
    if not any(amounts):
        return None
    lines = [
        _say("none", language, number) if told is None else _told_line(told, number, language)
        for number, told in enumerate(amounts, 1)
    ]
    known = [(told, number) for number, told in enumerate(amounts, 1) if told is not None]
    if len(known) < 2:
        return WorkedOut("\n".join(lines), "", "")
    if len({told.unit for told, _ in known if told.unit}) > 1:
        return WorkedOut("\n".join([*lines, "", _say("units", language)]), "", "")
    return _added(known, lines, language) if added else _compared(known, lines, language)


def _added(known: Sequence[tuple[_Told, int]], lines: list[str], language: Language) -> WorkedOut:
    decimals, like = max(told.decimals for told, _ in known), known[0][0]
    written, value = _chain([told.value for told, _ in known], language == "fr", decimals)
    lines += ["", f"{written} = **{like.shown(value, decimals, language)}**"]
    return WorkedOut("\n".join(lines), written, str(value))


def _compared(known: Sequence[tuple[_Told, int]], lines: list[str], language: Language) -> WorkedOut:
    french, decimals = language == "fr", max(told.decimals for told, _ in known)
    most, least = max(known, key=lambda row: row[0].value), min(known, key=lambda row: row[0].value)
    if most[0].value == least[0].value:
        return WorkedOut("\n".join([*lines, "", _say("equal", language)]), "", "0")
    written, value = _chain([most[0].value, -least[0].value], french, decimals)
    lines += ["", f"{written} = **{most[0].shown(value, decimals, language)}**", _say("larger", language, most[1])]
    return WorkedOut("\n".join(lines), written, str(value))


@dataclass(frozen=True, slots=True)
class _Told:
    """What one picture tells: a bill's amount, or its only number. ``text``: where it was read, or ""."""

    value: Decimal
    decimals: int
    unit: str
    money: bool
    text: str

    def shown(self, value: Decimal, decimals: int, language: Language) -> str:
        french = language == "fr"
        if self.money:
            return shown_amount(value, self.unit, french)
        return f"{_plain(value, french, decimals)} {self.unit}".rstrip()


def _told(bill: Receipt | None, report: SceneReport) -> _Told | None:
    amount = None if bill is None else _amount(bill)
    if bill is not None and amount is not None:
        return _Told(amount, 2, bill.currency, True, bill.total.text if bill.total is not None else "")
    found = single_number(report.reading.lines)
    return None if found is None else _Told(found.value, found.decimals, found.unit, False, found.text)


def _told_line(told: _Told, number: int, language: Language) -> str:
    text = verbatim(told.text)
    read = "" if not text else f" (« {text} »)" if language == "fr" else f" (“{text}”)"
    return f"{_say('picture', language, number, told.shown(told.value, told.decimals, language))}{read}"


def _chain(amounts: Sequence[Decimal], french: bool, decimals: int = 2) -> tuple[str, Decimal]:
    written = _plain(amounts[0], french, decimals)
    for amount in amounts[1:]:
        written += f" {'−' if amount < 0 else '+'} {_plain(abs(amount), french, decimals)}"
    return written, _evaluated(written, french, decimals)


def _evaluated(written: str, french: bool, decimals: int = 2) -> Decimal:
    """By the evaluator, exactly, and then rounded, to the cent where nothing else is said."""
    value: Fraction = evaluate(tokenize(written, french)).value
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


def _plain(amount: Decimal, french: bool, decimals: int = 2) -> str:
    text = f"{abs(amount):.{decimals}f}"
    return ("−" if amount < 0 else "") + (text.replace(".", ",") if french else text)


def _shown(amount: Decimal, bill: Receipt, french: bool) -> str:
    return shown_amount(amount, bill.currency, french)


def _say(key: str, language: Language, *values: object) -> str:
    return _WORDS[key][language == "fr"].format(*values)


_WORDS: dict[str, tuple[str, str]] = {
    "line": ("- {}: {}", "- {} : {}"),
    "same": ("That is the total that is printed: “{}”.", "C'est le total imprimé : « {} »."),
    "taxed": (
        "With the tax of {1} that is the total that is printed: “{0}”.",
        "Avec la taxe de {1}, c'est le total imprimé : « {0} ».",
    ),
    "other": (
        "The total that is printed differs by {1}: “{0}”. I may have missed or misread a line.",
        "Le total imprimé en diffère de {1} : « {0} ». J'ai peut-être manqué ou mal lu une ligne.",
    ),
    "items": ("the sum of {} lines", "la somme de {} lignes"),
    "from": ("I reckon with what I read: “{}”.", "Je calcule avec ce que je lis : « {} »."),
    "each": ("each", "chacun"),
    "picture": ("Picture {}: {}", "Image {} : {}"),
    "none": ("Picture {}: I read no amount.", "Image {} : je ne lis aucun montant."),
    "equal": ("They are equal.", "Ils sont égaux."),
    "units": ("Their units differ, so I don't compare them.", "Leurs unités diffèrent : je ne les compare pas."),
    "larger": (
        "The number of picture {} is the largest.",
        "Le nombre de l'image {} est le plus grand.",
    ),
}
