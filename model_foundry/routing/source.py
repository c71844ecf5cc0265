"""Reads the Universal Sentence Encoder, multilingual v3: its weights and its SentencePiece model.

Yang et al. 2019, Multilingual Universal Sentence Encoder for Semantic Retrieval: an embedding table
whose rows lie in 17 blocks by turns (row i in block i mod 17), three branches of convolutions over
2, 3 and 5 tokens, and a deep averaging network. The arrays are those of the package that
build_support/sources.py names: one byte an entry for the table, with a scale and a minimum a block.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_foundry.errors import MalformedEncoder

BLOCKS = 17
DIMENSION = 512
BRANCHES = (2, 3, 5)
MAX_BYTES = 2**28
"""Of any one array, unpacked: a file that claims more is refused before memory is taken."""

_ROWS = 7530
WIDTH = 256
_SHAPES: dict[str, tuple[int, ...]] = {
    **{f"q{block + 1}": (_ROWS, DIMENSION) for block in range(BLOCKS)},
    "scale": (BLOCKS,),
    "lo": (BLOCKS,),
    "eps": (),
    **{f"proj{n}": (DIMENSION, WIDTH) for n in BRANCHES},
    **{f"{name}{n}": (WIDTH,) for n in BRANCHES for name in ("proj_b", "ln_g", "ln_b")},
    **{f"{name}_{n}": (n * WIDTH, WIDTH) for n in BRANCHES for name in ("w1", "w2")},
}

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class EncoderSource:
    """``table`` U8 [pieces, 512], its ``scale`` and ``minimum`` F32 [pieces]; ``dense`` by name as
    the file has them; ``pieces`` (text, log-probability), by id, ``<unk>``, ``<s>``, ``</s>`` first."""

    table: Array
    scale: Array
    minimum: Array
    dense: dict[str, Array]
    pieces: tuple[tuple[str, float], ...]


def load_encoder(weights: Path, sentencepiece: Path) -> EncoderSource:
    """Raises MalformedEncoder if either file isn't what it should be."""
    arrays = _arrays(weights)
    pieces = _pieces(sentencepiece)
    rows = BLOCKS * _ROWS
    if len(pieces) > rows:
        raise MalformedEncoder(f"{sentencepiece.name}: {len(pieces)} pieces, but the table has {rows} rows")
    table = np.empty((rows, DIMENSION), np.uint8)
    for block in range(BLOCKS):
        table[block::BLOCKS] = arrays.pop(f"q{block + 1}")
    block_of = np.arange(len(pieces)) % BLOCKS
    scale, minimum = arrays.pop("scale")[block_of], arrays.pop("lo")[block_of]
    return EncoderSource(
        table[: len(pieces)], scale.astype(np.float32), minimum.astype(np.float32), arrays, tuple(pieces)
    )


def _arrays(path: Path) -> dict[str, Array]:
    try:
        with zipfile.ZipFile(path) as archive:
            oversized = [info.filename for info in archive.infolist() if info.file_size > MAX_BYTES]
        if oversized:
            raise MalformedEncoder(f"{path.name}: {oversized[0]} is larger than {MAX_BYTES} bytes")
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: np.asarray(archive[name]) for name in archive.files}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise MalformedEncoder(f"{path.name}: {error}") from error
    for name, shape in _SHAPES.items():
        if name not in arrays:
            raise MalformedEncoder(f"{path.name}: the array {name} is missing")
        if arrays[name].shape != shape:
            raise MalformedEncoder(f"{path.name}: {name} is {arrays[name].shape}, not {shape}")
    return arrays


def _pieces(path: Path) -> list[tuple[str, float]]:
    import sentencepiece as spm

    try:
        processor = spm.SentencePieceProcessor(model_file=str(path))
    except (OSError, RuntimeError, TypeError) as error:
        raise MalformedEncoder(f"{path.name}: {error}") from error
    count = processor.get_piece_size()
    pieces = [(processor.id_to_piece(index), float(processor.get_score(index))) for index in range(count)]
    if [text for text, _ in pieces[:3]] != ["<unk>", "<s>", "</s>"]:
        raise MalformedEncoder(f"{path.name}: doesn't begin with <unk>, <s> and </s>")
    return pieces
