"""A packed lexicon gives back what was packed, and refuses what isn't one."""

from __future__ import annotations

import struct
import zlib

import pytest

from orion_py.errors import InvalidModel
from orion_py.senses.speaking.lexicon import Lexicon, packed

WORDS = {f"mot{number:05}": f"mo{number}" for number in range(3000)} | {"é": "e", "œuf": "œf", "Zoé": "zoe", "a": "a"}


def test_every_word_is_found_and_no_other() -> None:
    lexicon = Lexicon(packed(WORDS))
    assert {word: lexicon.get(word) for word in WORDS} == WORDS
    assert [lexicon.get(word) for word in ("", "mot", "mot99999", "zoé", "\ud800")] == [None] * 5
    assert "é" in lexicon
    assert "è" not in lexicon


def test_it_is_small_and_the_same_each_time() -> None:
    data = packed(WORDS)
    assert data == packed(dict(reversed(WORDS.items())))
    assert len(data) < sum(len(word) + len(said) for word, said in WORDS.items())


@pytest.mark.parametrize("entry", [("", "a"), ("a", ""), ("a\tb", "c"), ("a", "b\nc"), ("a\u2028", "b")])
def test_what_no_line_can_hold_is_refused(entry: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="can't stand in a lexicon"):
        packed(dict([entry]))


def test_damaged_bytes_are_refused() -> None:
    data = packed(WORDS)
    bomb = zlib.compress(b"a\t1\n" * 10_000_000)
    damaged = [b"", data[:10], data[:-1], data + b"x", b"XXXX" + data[4:], data[:20] + b"\xff\xff" + data[22:]]
    damaged.append(struct.pack("<4sIII", b"ORLX", 1, 3, len(bomb)) + bomb)
    for each in damaged:
        with pytest.raises(InvalidModel, match="lexicon can't be read"):
            Lexicon(each)
    late = Lexicon(data[:-20] + bytes(20))
    with pytest.raises(InvalidModel, match="part of the lexicon"):
        late.get("œuf")
