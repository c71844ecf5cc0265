"""A paragraph of Markdown is said without its signs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui.aloud.marks import plain

TABLE = [
    ("A **bold** and *slanted* __word__ with ~~nothing~~ lost", "A bold and slanted word with nothing lost"),
    ("Call `reverse_it` or snake_case", "Call reverse_it or snake case"),
    ("See [the manual](https://example.org/a_b?c=d) and ![a cat](cat.png)", "See the manual and a cat"),
    ("A [reference][1] and a note[^2].", "A reference and a note."),
    ("Go to https://www.example.org/path?x=1. Then stop", "Go to example.org. Then stop"),
    ("<https://example.org/x> or <b>this</b><br>line", "example.org or this line"),
    ("3 * 4 is 12, 2 < 3 &amp; 4 &gt; 3", "3 × 4 is 12, 2 < 3 & 4 > 3"),
    ("It costs $5 and $6", "It costs $5 and $6"),
    ("So $x^2$ and \\(y = 2\\) hold", "So x squared and y equals 2 hold"),
    ("It is ($x^2$), or $y$. Then $z$s", "It is ( x squared), or y. Then z s"),
    ("Well done 🎉✅!", "Well done !"),
    ("Escaped \\*stars\\* stay", "Escaped *stars* stay"),
    ("[x] is kept", "[x] is kept"),
]


@pytest.mark.parametrize(("text", "said"), TABLE)
def test_words_stay_and_signs_go(text: str, said: str) -> None:
    assert plain(text, "en") == said


@given(st.text(alphabet="ab *_`$[]()<>!\\&;~^#|\n1.", max_size=60))
def test_whatever_is_written_something_is_said_or_nothing(text: str) -> None:
    said = plain(text, "fr")
    assert "`" not in said or "\\`" in text


@given(st.text(alphabet=st.characters(categories=["Ll", "Lu", "Nd"], max_codepoint=0x1FFF), max_size=40))
def test_plain_words_come_through_as_they_are(text: str) -> None:
    assert plain(text, "en") == text
