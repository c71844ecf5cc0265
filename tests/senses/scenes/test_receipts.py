"""Bills in both languages: their lines, taxes, discounts and total, also where small print was misread."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orion_py.senses.scenes.receipts import Receipt, parse_amount, receipt, shown_amount
from tests.senses.scenes.reports import reading

FRENCH = """BOULANGERIE DU PONT
12/03/2026 08:15
Baguette tradition      1,30
2 x Croissant 1,20      2,40
Café                    1,80 €
TOTAL TTC               5,50 €
dont TVA 5,5 %          0,29
CB                      5,50"""
ENGLISH = """CORNER SHOP
Milk 1L            $2.49
Bread              $3.00
Loyalty discount   $0.50
Subtotal           $4.99
Sales tax          $0.40
Total              $5.39
Cash              $10.00
Change             $4.61"""


def of(text: str) -> Receipt:
    found = receipt(reading(text).rows)
    assert found is not None
    return found


def test_a_french_till_receipt() -> None:
    found = of(FRENCH)
    assert [item.amount for item in found.items] == [Decimal("1.30"), Decimal("2.40"), Decimal("1.80")]
    assert found.total is not None
    assert found.total.amount == Decimal("5.50")
    assert found.items_sum == found.total.amount
    assert [tax.amount for tax in found.taxes] == [Decimal("0.29")]
    assert found.currency == "€"


def test_an_english_bill_whose_tax_comes_on_top() -> None:
    found = of(ENGLISH)
    assert [item.amount for item in found.items] == [Decimal("2.49"), Decimal("3.00"), Decimal("-0.50")]
    assert found.subtotal is not None
    assert found.subtotal.amount == found.items_sum
    assert found.total is not None
    assert found.total.text == "Total              $5.39"
    assert found.currency == "$"


@pytest.mark.parametrize(
    ("text", "total"),
    [
        ("Menu 12,00\nTotalTTC:12,00€", "12.00"),
        ("Menu 12,00\nSous-total 12,00\nNET A PAYER 10,80", "10.80"),
        ("Room $80.00\nGRAND TOTAL $96.40", "96.40"),
        ("A 1.00 thing 1.00\nTOTAL TVA 0.20\nTOTAL 1.20", "1.20"),
        ("Montant dû : 1 234,56 €", "1234.56"),
        ("Amount due 1,234.56", "1234.56"),
        ("Total HT 10,00\nTVA 20 % 2,00\nTotal TTC 12,00", "12.00"),
    ],
)
def test_the_total_among_amounts_that_look_like_one(text: str, total: str) -> None:
    found = of(text).total
    assert found is not None
    assert found.amount == Decimal(total)


def test_amounts_without_a_total_have_none() -> None:
    found = of("Pommes 2,00\nPoires 3,10")
    assert found.total is None
    assert found.items_sum == Decimal("5.10")


@pytest.mark.parametrize("text", ["", "Bonjour !", "It costs 5.00 euros a month to subscribe", "Réf. 1234", "v2.10.3"])
def test_what_is_no_bill_is_none(text: str) -> None:
    assert receipt(reading(text).rows) is None


@given(st.integers(-(10**8), 10**8), st.booleans(), st.sampled_from(["€", "$", "£", "CHF", ""]))
def test_an_amount_that_is_shown_is_read_again(cents: int, french: bool, currency: str) -> None:
    value = Decimal(cents) / 100
    assert parse_amount(shown_amount(value, currency, french)) == abs(value)
