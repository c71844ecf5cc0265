"""Turns texts into token sequences of one length, split by file into training and evaluation."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from model_foundry.errors import FoundryError

SUFFIXES = (".py", ".txt", ".md", ".rst")
HELD_OUT_EVERY = 8
"""One file of so many is held out, chosen by the hash of its path."""
MAX_BYTES = 64 * 2**20

Sequences = NDArray[np.int32]


@dataclass(frozen=True)
class Corpus:
    """Files by their path below the folder, those to train on and those held out."""

    trained: dict[str, str]
    held_out: dict[str, str]

    @property
    def sha256(self) -> str:
        """Of all names and texts, whatever their part."""
        total = hashlib.sha256()
        for name, text in sorted({**self.trained, **self.held_out}.items()):
            total.update(name.encode() + b"\0" + text.encode() + b"\0")
        return total.hexdigest()


def read_corpus(folder: Path) -> Corpus:
    """All UTF-8 texts with a suffix of ``SUFFIXES`` below ``folder``. Raises FoundryError."""
    if not folder.is_dir():
        raise FoundryError(f"there is no folder {folder}")
    trained: dict[str, str] = {}
    held_out: dict[str, str] = {}
    size = 0
    for path in sorted(path for path in folder.rglob("*") if path.suffix in SUFFIXES and path.is_file()):
        name = path.relative_to(folder).as_posix()
        size += path.stat().st_size
        if size > MAX_BYTES:
            raise FoundryError(f"{folder} has more than {MAX_BYTES // 2**20} MiB of text: take a part of it")
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        (held_out if is_held_out(name) else trained)[name] = text
    if not trained or not held_out:
        raise FoundryError(
            f"{folder} has {len(trained)} texts to train on and {len(held_out)} held out; both are needed "
            f"(files that end in {', '.join(SUFFIXES)}; one in {HELD_OUT_EVERY} is held out)"
        )
    return Corpus(trained, held_out)


def is_held_out(name: str) -> bool:
    return hashlib.sha256(name.encode()).digest()[0] % HELD_OUT_EVERY == 0


def sequences(texts: Iterable[str], tokenizer: Tokenizer, length: int, separator: int) -> Sequences:
    """I32 [count, length]: the texts one behind the other, cut; a rest that fills none is left out."""
    stream: list[int] = []
    for text in texts:
        stream += [separator, *tokenizer.encode(text, add_special_tokens=False).ids]
    count = len(stream) // length
    if not count:
        raise FoundryError(f"the texts have {len(stream)} tokens; {length} are the least")
    return np.array(stream[: count * length], np.int32).reshape(count, length)


def spread(rows: Sequences, count: int) -> Sequences:
    """``count`` rows evenly spread over ``rows``, or all if there are no more."""
    if len(rows) <= count:
        return rows
    chosen: Sequences = rows[np.linspace(0, len(rows) - 1, count).astype(int)]
    return chosen
