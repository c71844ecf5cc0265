"""English words are pronounced by the lexicon, by their stems, by their parts, and else by a guess."""

from __future__ import annotations

import pytest

from orion_py.senses.speaking.english import English, to_espeak
from orion_py.senses.speaking.lexicon import Lexicon, packed

WORDS = {
    "cat": "kˈæt", "kiss": "kˈɪs", "make": "mˈAk", "hop": "hˈɑp", "happy": "hˈæpi", "visit": "vˈɪzət", "want": "wˈɑnt",
    "note": "nˈOt", "Paris": "pˈɛɹəs", "NASA": "nˈæsə", "S": "ˈɛs", "Q": "kjˈu", "L": "ˈɛl",
    "flower": "flˈWəɹ", "apple": "ˈæpᵊl", "dog": "dˈɔɡ", "the": "ði", "record": "ɹˈɛkəɹd;VERB:ɹəkˈɔɹd",
    "read": "ɹˈid;VBD:ɹˈɛd", "lie": "lˈI", "box": "bˈɑks", "known": "nˈOn",
}  # fmt: skip


@pytest.fixture
def english() -> English:
    return English(Lexicon(packed(WORDS)), lambda word: f"<{word}>")


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("cat", "kˈæt"),
        ("Cat", "kˈæt"),
        ("CATS", "kˈæts"),
        ("paris", "pˈɛɹəs"),
        ("cats", "kˈæts"),
        ("dogs", "dˈɔɡz"),
        ("kisses", "kˈɪsᵻz"),
        ("cat's", "kˈæts"),
        ("dogs'", "dˈɔɡz"),
        ("hopping", "hˈɑpɪŋ"),
        ("making", "mˈAkɪŋ"),
        ("hopped", "hˈɑpt"),
        ("visited", "vˈɪzəɾᵻd"),
        ("wanted", "wˈɑntᵻd"),
        ("noted", "nˈOɾᵻd"),
        ("happily", "hˈæpili"),
        ("unhappy", "ˌʌnhˈæpi"),
        ("NASA", "nˈæsə"),
        ("SQL", "ˌɛskjˌuˈɛl"),
        ("US", "ˈɛs"),
        ("zorp", "<zorp>"),
        ("zorps", "<zorp>z"),
        ("appleflower", "ˈæpᵊlflˌWəɹ"),
        ("well-known", "<well>nˈOn"),
        ("café", "<cafe>"),
    ],
)
def test_a_word(english: English, word: str, said: str) -> None:
    assert english.phonemes([word]) == [said]


def test_a_guess_may_find_nothing() -> None:
    silent = English(Lexicon(packed(WORDS)), lambda word: "")
    assert silent.phonemes(["zorps", "cat"]) == ["", "kˈæt"]


def test_small_words_are_weak_within_a_sentence(english: English) -> None:
    assert english.phonemes(["the", "apple"]) == ["ði", "ˈæpᵊl"]
    assert english.phonemes(["the", "cat"]) == ["ðə", "kˈæt"]
    assert english.phonemes(["to", "cat"])[0] == "tə"
    assert english.phonemes(["a", "cat", "to"]) == ["ɐ", "kˈæt", "tˈu"]


def test_the_word_before_tells_a_verb_from_a_noun(english: English) -> None:
    assert english.phonemes(["to", "record", "cat"])[1] == "ɹəkˈɔɹd"
    assert english.phonemes(["the", "record"])[1] == "ɹˈɛkəɹd"
    assert english.phonemes(["was", "read"])[1] == "ɹˈɛd"


def test_espeak_writes_them_otherwise() -> None:
    written = {
        "hˈæpi": "hˈæpi", "mˈAk": "mˈeɪk", "hˈɑp": "hˈɑːp", "sˈi": "sˈiː", "bˈɜɹd": "bˈɜːd", "flˈWəɹ": "flˈaʊɚ",
        "ʤˈʌʤ": "dʒˈʌdʒ", "ˈæpᵊl": "ˈæpəl", "fˈɔɹ": "fˈɔːɹ",
    }  # fmt: skip
    assert {said: to_espeak(said) for said in written} == written
