"""Incremental detokenisation, with a byte tokenizer, a SentencePiece-like one and a real one."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer as RealTokenizer
from tokenizers import decoders, models, pre_tokenizers

from orion_py.generation.detokenizer import MAX_WINDOW, Detokenizer
from orion_py.runtime.tokenizer import ChatMessage


class Bytes:
    """Token i is the i-th chunk of bytes: byte-level BPE in its simplest form."""

    special_tokens: tuple[str, ...] = ()

    def __init__(self, chunks: Sequence[bytes]) -> None:
        self.chunks = chunks
        self.most_decoded = 0
        self.decoded = 0

    def encode(self, text: str) -> list[int]:
        raise NotImplementedError

    def render(self, messages: Sequence[ChatMessage]) -> str:
        raise NotImplementedError

    def decode(self, ids: Sequence[int]) -> str:
        self.most_decoded = max(self.most_decoded, len(ids))
        self.decoded += len(ids)
        return b"".join(self.chunks[i] for i in ids).decode("utf-8", "replace")


class Spaced(Bytes):
    """Like SentencePiece: every word carries its leading space, and a text's first is dropped."""

    def decode(self, ids: Sequence[int]) -> str:
        return super().decode(ids).removeprefix(" ")


class Real(Bytes):
    """The Rust tokenizer's own byte-level decoder, one token a byte."""

    def __init__(self) -> None:
        alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
        self.real = RealTokenizer(models.BPE({c: i for i, c in enumerate(alphabet)}, []))
        self.real.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        self.real.decoder = decoders.ByteLevel()
        super().__init__([])

    def encode(self, text: str) -> list[int]:
        return self.real.encode(text).ids

    def decode(self, ids: Sequence[int]) -> str:
        return self.real.decode(list(ids))


def pieces_of(tokenizer: Bytes, ids: Sequence[int]) -> list[str]:
    detokenizer = Detokenizer(tokenizer)
    return [*(detokenizer.push(i) for i in ids), detokenizer.finish()]


def cut(text: str, *lengths: int) -> Bytes:
    data, chunks, start = text.encode(), [], 0
    for length in lengths:
        chunks.append(data[start : start + length])
        start += length
    return Bytes([*chunks, data[start:]])


def test_whole_tokens_come_out_as_they_go_in() -> None:
    assert pieces_of(Bytes([b"Hello", b",", b" world"]), [0, 1, 2]) == ["Hello", ",", " world", ""]


def test_a_character_cut_into_bytes_comes_out_once_and_whole() -> None:
    assert pieces_of(cut("😀", 1, 1, 1), [0, 1, 2, 3]) == ["", "", "", "😀", ""]


def test_text_before_an_unfinished_character_isnt_kept_waiting() -> None:
    assert pieces_of(cut("ab😀c", 4), [0, 1]) == ["ab", "😀c", ""]


def test_a_token_that_ends_one_character_and_begins_another() -> None:
    assert pieces_of(cut("éé", 1, 2), [0, 1, 2]) == ["", "é", "é", ""]


def test_the_leading_space_of_a_word_survives() -> None:
    tokenizer = Spaced([b" Hello", b" big", b" world"])
    assert "".join(pieces_of(tokenizer, [0, 1, 2])) == "Hello big world"


def test_an_unfinished_character_at_the_end_is_shown_as_unfinished_by_finish_only() -> None:
    assert pieces_of(cut("a😀", 3), [0]) == ["a", "\ufffd"]


def test_bytes_that_cannot_become_a_character_come_out_when_that_is_certain() -> None:
    assert pieces_of(Bytes([b"\xf0\x9f", b"ok"]), [0, 1]) == ["", "\ufffdok", ""]


def test_a_replacement_character_that_the_model_wrote_is_kept() -> None:
    tokenizer = Bytes(["\ufffd".encode(), b"x"])
    assert "".join(pieces_of(tokenizer, [0, 1, 0])) == "\ufffdx\ufffd"


def test_tokens_without_text_are_silent() -> None:
    assert pieces_of(Bytes([b"", b"a"]), [0, 1, 0, 1]) == ["", "a", "", "a", ""]


def test_many_tokens_without_text_before_half_a_character_dont_spoil_it() -> None:
    tokenizer = Bytes([b"", b"\xf0\x9f", b"\x98\x80"])
    assert "".join(pieces_of(tokenizer, [0] * 40 + [1, 0, 0, 0, 0, 0, 2])) == "😀"


def test_after_finish_it_is_as_new() -> None:
    tokenizer = Spaced([b" a", b" b"])
    detokenizer = Detokenizer(tokenizer)
    detokenizer.push(0)
    detokenizer.finish()
    assert detokenizer.push(1) == "b"


@pytest.mark.parametrize("chunks", [[b"word "], [b""], [b"\xff"], ["\ufffd".encode()], [b"\x9f\x98\x80\xf0"]])
def test_a_token_costs_the_same_however_many_came_before(chunks: list[bytes]) -> None:
    tokenizer = Bytes(chunks)
    detokenizer = Detokenizer(tokenizer)
    for _ in range(2000):
        detokenizer.push(0)
    assert tokenizer.most_decoded <= MAX_WINDOW + 1
    first = tokenizer.decoded
    for _ in range(2000):
        detokenizer.push(0)
    assert tokenizer.decoded - first <= first * 1.1


@settings(deadline=None)
@given(st.text(max_size=40), st.data())
def test_no_piece_ever_holds_half_a_character_and_together_they_are_the_text(text: str, data: st.DataObject) -> None:
    raw = text.encode("utf-8", "ignore")
    text = raw.decode()
    places = st.integers(0, len(raw))
    # Few tokens without text: sixteen of them inside one character would be taken for garbage.
    cuts = sorted([*data.draw(st.sets(places, max_size=40)), *data.draw(st.lists(places, max_size=8))])
    chunks = [raw[a:b] for a, b in zip([0, *cuts], [*cuts, len(raw)], strict=True)]
    pieces = pieces_of(Bytes(chunks), range(len(chunks)))
    assert "".join(pieces) == text
    assert sum(piece.count("\ufffd") for piece in pieces) == text.count("\ufffd")


@settings(deadline=None)
@given(st.lists(st.binary(max_size=4), max_size=60))
def test_even_garbage_comes_out_as_decoding_it_at_once_gives_it(chunks: list[bytes]) -> None:
    tokenizer = Bytes(chunks)
    ids = range(len(chunks))
    assert "".join(pieces_of(tokenizer, ids)) == Bytes(chunks).decode(ids)


@settings(deadline=None)
@given(st.text(alphabet=st.sampled_from("aé€😀 \n\u0301👩‍🔬"), max_size=30))
def test_the_real_byte_level_decoder_agrees(text: str) -> None:
    tokenizer = Real()
    pieces = pieces_of(tokenizer, tokenizer.encode(text))
    assert "".join(pieces) == text
    assert not any("\ufffd" in piece for piece in pieces)
