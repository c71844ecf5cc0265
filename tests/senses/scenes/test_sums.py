"""Sums with the amounts of pictures, and their working."""

from __future__ import annotations

import pytest

from orion_py.senses.scenes.labels import Language
from orion_py.senses.scenes.report import SceneReport
from orion_py.senses.scenes.sums import WorkedOut, worked_out
from tests.senses.scenes.reports import report
from tests.senses.scenes.test_receipts import ENGLISH, FRENCH

BILL, SHOP = report(FRENCH), report(ENGLISH)


def of(question: str, *reports: SceneReport, language: Language = "en") -> WorkedOut:
    found = worked_out(question, reports, language)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("question", "language", "working"),
    [
        ("Add it up", "en", "1.30 + 2.40 + 1.80 = **€5.50**"),
        ("What is the sum?", "en", "1.30 + 2.40 + 1.80 = **€5.50**"),
        ("Additionne les lignes", "fr", "1,30 + 2,40 + 1,80 = **5,50\u00a0€**"),
        ("Quelle est la somme ?", "fr", "1,30 + 2,40 + 1,80"),
    ],
)
def test_a_bill_is_added_up_line_by_line(question: str, language: Language, working: str) -> None:
    text = of(question, BILL, language=language).text
    assert working in text
    assert "Baguette tradition" in text
    assert "TOTAL TTC" in text


def test_a_discount_is_taken_off_and_a_tax_on_top_explained() -> None:
    text = of("sum it up", SHOP).text
    assert "2.49 + 3.00 − 0.50 = **$4.99**" in text
    assert "With the tax of $0.40" in text


def test_a_printed_total_that_differs_is_said() -> None:
    assert "differs by €0.50" in of("add it up", report(FRENCH.replace("1,30", "1,80"))).text


@pytest.mark.parametrize(
    ("question", "language", "working"),
    [
        ("Split it between 2 people", "en", "5.50 ÷ 2 = **€2.75** each"),
        ("How much does each of 4 persons pay?", "en", "5.50 ÷ 4 = **€1.38** each"),
        ("Partage entre 2 personnes", "fr", "5,50 ÷ 2 = **2,75\u00a0€** chacun"),
        ("with a 10 % tip?", "en", "5.50 + 10 % = **€6.05**"),
        ("with a discount of 10%", "en", "5.50 − 10 % = **€4.95**"),
        ("Split it between 2 people with a 10% tip", "en", "(5.50 + 10 %) ÷ 2 = **€3.03** each"),
    ],
)
def test_a_total_is_shared_and_tipped(question: str, language: Language, working: str) -> None:
    assert working in of(question, BILL, language=language).text


def test_amounts_of_two_pictures_are_compared_and_added() -> None:
    other = report(ENGLISH.replace("$", "€"))
    compared = of("Which is cheaper?", BILL, other)
    assert "Picture 1: €5.50 (“TOTAL TTC" in compared.text
    assert "5.50 − 5.39 = **€0.11**" in compared.text
    assert "picture 1 is the largest" in compared.text
    assert of("What is it altogether?", BILL, other).value == "10.89"
    assert "sont égaux" in of("Compare les deux", BILL, BILL, language="fr").text


def test_a_picture_without_an_amount_is_said() -> None:
    assert "Picture 2: I read no amount." in of("compare them", BILL, report("Hello")).text


@pytest.mark.parametrize("question", ["What does it say?", "Is it in French?"])
def test_what_is_no_sum_is_left_to_sight(question: str) -> None:
    assert worked_out(question, [BILL], "en") is None
    assert worked_out("add it up", [report("Hello")], "en") is None


def test_nobody_pays_nothing() -> None:
    assert worked_out("split it between 0 people", [BILL], "en") is None


def test_the_numbers_of_two_meters_are_compared_with_their_unit() -> None:
    before, after = report("Electricity\n04521 kWh"), report("Electricity\n04733,5 kWh")
    compared = of("What is the difference?", before, after).text
    assert "Picture 1: 4521 kWh (“04521 kWh”)" in compared
    assert "4733.5 − 4521.0 = **212.5 kWh**" in compared
    assert "picture 2 is the largest" in compared
    assert "4521,0 + 4733,5 = **9254,5 kWh**" in of("Quelle est la somme ?", before, after, language="fr").text


def test_what_is_measured_otherwise_is_not_compared() -> None:
    assert "units differ" in of("compare them", BILL, SHOP).text
    assert "unités" in of("compare", report("21 °C"), report("5 kg"), language="fr").text
