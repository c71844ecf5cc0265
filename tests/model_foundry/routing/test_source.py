"""The encoder's two files: what is read of them, and what is refused."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sentencepiece as spm

from model_foundry.errors import MalformedEncoder
from model_foundry.routing import source
from model_foundry.routing.source import BLOCKS, DIMENSION, load_encoder
from tests.model_foundry.routing.tiny_encoder import dense

ROWS = 3
TEXT = "the cat sat on the mat and the dog ran after a ball of red wool until night fell over the town\n"


@pytest.fixture(autouse=True)
def few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """The published table has 128,010 rows: 65 MB that say nothing more than 51 do."""
    shapes = {name: (ROWS, DIMENSION) if name[0] == "q" else shape for name, shape in source._SHAPES.items()}
    monkeypatch.setattr(source, "_ROWS", ROWS)
    monkeypatch.setattr(source, "_SHAPES", shapes)


@pytest.fixture(scope="module")
def sentencepiece(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pieces")
    (folder / "text").write_text(TEXT * 20)
    spm.SentencePieceTrainer.train(
        input=str(folder / "text"), model_prefix=str(folder / "sp"), vocab_size=28, minloglevel=2
    )
    return folder / "sp.model"


def weights(folder: Path, **changes: Any) -> Path:
    draw = np.random.default_rng(0)
    arrays = {f"q{block + 1}": draw.integers(0, 256, (ROWS, DIMENSION), np.uint8) for block in range(BLOCKS)}
    arrays |= {"scale": np.arange(BLOCKS, dtype=np.float32), "lo": -np.arange(BLOCKS, dtype=np.float32)}
    arrays |= dense(draw) | changes
    np.savez(folder / "weights.npz", **{name: value for name, value in arrays.items() if value is not None})
    return folder / "weights.npz"


def test_row_i_lies_in_block_i_mod_17_and_has_that_blocks_scale(tmp_path: Path, sentencepiece: Path) -> None:
    path = weights(tmp_path)
    found = load_encoder(path, sentencepiece)
    with np.load(path) as arrays:
        assert (found.table[18] == arrays["q2"][1]).all()
    assert (found.scale[18], found.minimum[18]) == (1, -1)
    assert len(found.table) == len(found.pieces) == 28
    assert [text for text, _ in found.pieces[:3]] == ["<unk>", "<s>", "</s>"]


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"scale": None}, "the array scale is missing"),
        ({"q3": np.zeros((ROWS, 4), np.uint8)}, "q3 is"),
        ({"eps": np.zeros(3)}, "eps is"),
        ({"lo": np.array([{}] * BLOCKS)}, "allow_pickle"),
    ],
)
def test_faulty_arrays_are_refused_by_their_name(
    changes: dict[str, Any], fault: str, tmp_path: Path, sentencepiece: Path
) -> None:
    with pytest.raises(MalformedEncoder, match=fault):
        load_encoder(weights(tmp_path, **changes), sentencepiece)


def test_an_array_that_claims_too_much_is_refused_before_it_is_read(
    tmp_path: Path, sentencepiece: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "MAX_BYTES", 100)
    with pytest.raises(MalformedEncoder, match="larger than 100 bytes"):
        load_encoder(weights(tmp_path), sentencepiece)


@pytest.mark.parametrize("content", [b"", b"PK", b"nothing of that kind"])
def test_what_is_no_archive_or_no_vocabulary_is_refused(content: bytes, tmp_path: Path, sentencepiece: Path) -> None:
    (tmp_path / "odd").write_bytes(content)
    with pytest.raises(MalformedEncoder):
        load_encoder(tmp_path / "odd", sentencepiece)
    if content:
        with pytest.raises(MalformedEncoder):
            load_encoder(weights(tmp_path), tmp_path / "odd")


def test_an_archive_that_breaks_off_is_refused(tmp_path: Path, sentencepiece: Path) -> None:
    path = weights(tmp_path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(MalformedEncoder):
        load_encoder(path, sentencepiece)
    assert not zipfile.is_zipfile(path)


def test_more_pieces_than_rows_are_refused(
    tmp_path: Path, sentencepiece: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = weights(tmp_path)
    monkeypatch.setattr(source, "_ROWS", 1)
    monkeypatch.setattr(source, "_SHAPES", {})
    with pytest.raises(MalformedEncoder, match="28 pieces, but the table has 17 rows"):
        load_encoder(path, sentencepiece)
