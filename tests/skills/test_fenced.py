"""Fenced code is found where it stands, and other code takes its place."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from orion_py.skills.fenced import blocks, replaced


def test_each_block_is_found_with_its_label() -> None:
    text = "So:\n```Python\nx = 1\n```\nand\n~~~\ny\n~~~\n```sql\ncut off"
    found = blocks(text)
    assert [(block.label, block.code, block.closed) for block in found] == [
        ("python", "x = 1\n", True),
        ("", "y\n", True),
        ("sql", "cut off", False),
    ]
    assert all(text[block.start : block.end] == block.code for block in found)


def test_other_code_takes_a_blocks_place() -> None:
    text = "So:\n```python\nx = 1\n```\nDone."
    assert replaced(text, blocks(text)[0], "x = 2") == "So:\n```python\nx = 2\n```\nDone."


@given(st.text(alphabet="a`~\n ", max_size=80))
def test_what_is_found_stands_there(text: str) -> None:
    assert all(text[block.start : block.end] == block.code for block in blocks(text))
