"""Whisper's tokens become text, byte by byte."""

from __future__ import annotations

import json

import pytest

from orion_py.errors import InvalidModel
from orion_py.senses.hearing.tokens import WhisperTokens
from tests.senses.hearing.scripted_ears import ids_of, tiny_files, tiny_tokens


def with_vocabulary(pieces: dict[str, int]) -> WhisperTokens:
    vocabulary, rules = tiny_files()
    read = json.loads(vocabulary)
    read["model"]["vocab"] = pieces
    return WhisperTokens(json.dumps(read).encode(), rules)


def test_each_character_of_the_vocabulary_stands_for_a_byte() -> None:
    tokens = with_vocabulary({"ĠÃ©t": 0, "Ã": 1, "©": 2, "ðŁĺ": 3, "Ģ": 4, "Ċ": 5})
    assert tokens.text([0]) == " ét"
    assert tokens.text([1, 2]) == "é"
    assert tokens.text([3, 4]) == "😀"
    assert tokens.text([5]) == "\n"


def test_half_a_character_at_the_end_is_marked() -> None:
    tokens = with_vocabulary({"a": 0, "Ã": 1})
    assert tokens.text([0, 1]) == "a\ufffd"


def test_controls_and_times_say_nothing() -> None:
    tokens = tiny_tokens()
    said = [tokens.start, tokens.languages["fr"], *ids_of(tokens, "<0.00>oui<1.50>"), tokens.end]
    assert tokens.text(said) == "oui"
    assert [tokens.seconds(token) for token in said if tokens.is_time(token)] == [0.0, 1.5]


@pytest.mark.parametrize(
    ("vocabulary", "rules"),
    [
        (b"not json", None),
        (b"{}", None),
        (b'{"model": {"vocab": {}}, "added_tokens": []}', None),
        (None, b"[]"),
        (None, b'{"languages": {}, "suppress": [], "suppress_first": []}'),
        (None, b'{"languages": {"en": 95}, "suppress": [-1], "suppress_first": []}'),
    ],
)
def test_files_that_are_not_whispers_are_refused(vocabulary: bytes | None, rules: bytes | None) -> None:
    own = tiny_files()
    with pytest.raises(InvalidModel, match="tokens can't be read"):
        WhisperTokens(vocabulary or own[0], rules or own[1])
