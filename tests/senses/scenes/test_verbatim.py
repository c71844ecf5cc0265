"""What was read stays what was read, whatever Markdown would make of it."""

from __future__ import annotations

import pytest

from orion_py.senses.scenes.verbatim import quoted, verbatim


@pytest.mark.parametrize(
    "line",
    [
        "Room 27",
        "Pain 1,30 €",
        "5 - 3 = 2",
        "a_b_c",
        "$4.99",
        "TOTAL -2.00",
        "No. 5",
        "1.5 kg",
        "Q & A",
        "a < b",
        "[A]",
    ],
)
def test_plain_lines_stay_as_they_are(line: str) -> None:
    assert verbatim(line) == line


@pytest.mark.parametrize(
    "line",
    ["-----", "=====", "# 12", "- Milk 2.00", "+ VAT", "3. May", "**SALE**", "_quiet_", "[bank](https://x.example)",
     "![](https://x.example/i.png)", "<b>bold</b>", "&lt;", "\\(x\\)", "> no", "~~9.99~~", "[1]: https://x.example"],
)  # fmt: skip
def test_what_markdown_would_change_stands_in_a_code_span(line: str) -> None:
    assert verbatim(line) == f"`{line}`"


def test_a_span_is_longer_than_any_run_of_ticks_in_it() -> None:
    assert verbatim("a `b` ``c``") == "``` a `b` ``c`` ```"


def test_each_line_of_a_quotation_is_one_and_an_empty_one_ends_none() -> None:
    assert quoted("Bread 2.00\n-----\n\nTotal") == "> Bread 2.00  \n> `-----`  \n>  \n> Total"
