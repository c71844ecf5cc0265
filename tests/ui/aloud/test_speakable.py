"""An answer's sentences come as soon as each is there, once, and without what can't be heard."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ui.aloud.speakable import Speakable

RICH = """## Three ways to say it

A **word** can be reversed in several ways; the first is the *shortest*.

1. With a slice, which Python reads backwards
2. With `reversed` and `join`
   - as you would on paper

```python
def reverse(word: str) -> str:
    return word[::-1]
```

| Way | Lines |
|:----|------:|
| slice | 1 |

> The slice is what most people write.

- [x] works with accents

$$E = mc^2$$

---
That is all.
"""
SAID = [
    "Three ways to say it",
    "A word can be reversed in several ways;",
    "the first is the shortest.",
    "1. With a slice, which Python reads backwards",
    "2. With reversed and join",
    "as you would on paper",
    "Some code follows; it isn’t read.",
    "Way, Lines",
    "slice, 1",
    "The slice is what most people write.",
    "works with accents",
    "E equals m c squared",
    "That is all.",
]


def grown(text: str, step: int, lang: str = "en") -> list[str]:
    """What is said of ``text`` where it comes in pieces of ``step`` characters."""
    speakable, said = Speakable(lang), []
    for end in range(step, len(text) + step, step):
        said += speakable.more(text[:end])
    return [sentence for sentence, _ in said + speakable.more(text, whole=True)]


def test_headings_lists_tables_and_quotes_are_said_and_code_is_only_mentioned() -> None:
    whole = [sentence for sentence, _ in Speakable("en").more(RICH, whole=True)]
    assert whole == [each for each in SAID if not each.endswith(";") and each != "the first is the shortest."][:1] + [
        "A word can be reversed in several ways; the first is the shortest.",
        *SAID[3:],
    ]


@pytest.mark.parametrize("step", [1, 2, 7, 40])
def test_the_same_words_are_said_however_small_the_pieces(step: int) -> None:
    assert " ".join(grown(RICH, step)) == " ".join(SAID)


def test_a_sentence_comes_as_soon_as_the_next_has_begun() -> None:
    speakable = Speakable("en")
    assert speakable.more("It is blue.") == []
    assert speakable.more("It is blue. W") == [("It is blue.", "en")]
    assert speakable.more("It is blue. Why? B") == [("Why?", "en")]
    assert speakable.more("It is blue. Why? Because", whole=True) == [("Because", "en")]


def test_each_sentence_has_its_language() -> None:
    text = "The sign says that the door is to be closed.\n\nIl faut fermer la porte, et ne pas la laisser ouverte."
    assert [language for _, language in Speakable("fr").more(text, whole=True)] == ["en", "fr"]
    assert Speakable("fr").more("```\nx\n```\n", whole=True) == [("Suit du code, qui n’est pas lu.", "fr")]


def test_what_was_said_is_not_said_again_where_the_answer_is_cut_back() -> None:
    speakable = Speakable("en")
    said = speakable.more("It is blue. Round it goes. Round it goes. R")
    assert len(said) == 3
    assert speakable.more("It is blue.") == []
    assert speakable.more("It is blue. And that is why. Y") == [("And that is why.", "en")]


def test_an_answer_that_begins_anew_with_the_same_words_goes_on_where_it_was() -> None:
    speakable = Speakable("en")
    assert speakable.more("It is blue. And f") == [("It is blue.", "en")]
    for text in ("", "It is", "It is blue. And f"):
        assert speakable.more(text) == []
    assert speakable.more("It is blue. And far.", whole=True) == [("And far.", "en")]


def test_marks_alone_are_nothing_to_say() -> None:
    assert Speakable("en").more("***\n\n- \n\n...\n\n🎉", whole=True) == []


def test_a_block_of_code_that_is_still_open_hides_what_looks_like_sentences() -> None:
    speakable = Speakable("en")
    text = "Here:\n```\nprint('One. Two. Three.')\n"
    assert [each for each, _ in speakable.more(text)] == ["Here:", "Some code follows; it isn’t read."]
    text += "# Four. Five. Six\n"
    assert speakable.more(text) == []
    assert speakable.more(text + "```\nDone", whole=True) == [("Done", "en")]


WORDS = st.sampled_from(
    ["One", "two.", "Three!", "**four**", "`five.", "`", "$x$", "[a](b)", "\n", "\n\n", "- ", "1. ", "# "]
)


@given(st.lists(WORDS, max_size=25), st.integers(1, 9))
@example(["two.", "\n", "- ", "One"], 1)
@example(["two.", "\n", "1. ", "One"], 1)
@example(["two.", "\n", "- [ ] One"], 1)
def test_no_way_of_arriving_loses_or_doubles_a_word(words: list[str], step: int) -> None:
    text = " ".join(words)
    whole = [sentence for sentence, _ in Speakable("en").more(text, whole=True)]
    assert "".join(grown(text, step)).replace(" ", "") == "".join(whole).replace(" ", "")
