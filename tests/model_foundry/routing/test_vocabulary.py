"""Which pieces stay in the router's vocabulary, and how text is cut into them."""

from __future__ import annotations

import json

from model_foundry.routing.vocabulary import kept, tokenizer_definition
from orion_py.native.tokenizer import NativeTokenizer
from tests.model_foundry.routing.tiny_encoder import PIECES


def test_the_first_pieces_of_each_kind_and_all_single_latin_characters_stay() -> None:
    pieces = [*PIECES, ("▁late", -20.0), ("z", -21.0), ("▁нет", -22.0), ("extra_token_id_1", 0.0)]
    ids = kept(pieces, latin=4, other=1)
    texts = [pieces[index][0] for index in ids]
    assert texts[:3] == ["<unk>", "<s>", "</s>"]
    assert "▁вода" in texts
    assert "▁нет" not in texts
    assert "▁late" not in texts
    assert "z" in texts
    assert "6" in texts
    assert "extra_token_id_1" not in texts
    assert ids == sorted(ids)


def test_a_word_whose_piece_is_gone_is_cut_into_smaller_ones() -> None:
    ids = [index for index, (text, _) in enumerate(PIECES) if text != "▁the"]
    pieces = [*[PIECES[index] for index in ids], ("t", -9.0), ("h", -9.0)]
    definition = json.dumps(tokenizer_definition(pieces, range(len(pieces)))).encode()
    tokens = NativeTokenizer(definition).encode("the code")
    assert [pieces[token][0] for token in tokens] == ["▁", "t", "h", "e", "▁code"]
