"""Looks words up in a packed lexicon: sorted entries in compressed blocks, of which a word takes one.

The file: ``ORLX``, a version, the number of blocks (U32), the size of the compressed index (U32), the index, the
blocks; little-endian. The index and each block are zlib's. The index has a line for each block: its first word, a tab,
and its compressed size. A block has a line for each word: the word, a tab, its pronunciation. Lines are sorted by the
words' UTF-8 bytes.
"""

from __future__ import annotations

import struct
import zlib
from bisect import bisect_right
from collections.abc import Mapping

from orion_py.errors import InvalidModel

_MAGIC, _VERSION = b"ORLX", 1
_HEAD = struct.Struct("<4sIII")
_WORDS_A_BLOCK = 256
_MOST_BLOCKS, _MOST_BLOCK_BYTES = 100_000, 1_000_000
_KEPT = 64
"""Blocks that stay decompressed: a text uses the same words again."""


class Lexicon:
    """A packed lexicon. Raises InvalidModel for bytes that aren't one."""

    def __init__(self, data: bytes) -> None:
        try:
            magic, version, count, size = _HEAD.unpack_from(data)
            if magic != _MAGIC or version != _VERSION or not 0 < count <= _MOST_BLOCKS:
                raise ValueError("its head isn't a lexicon's")
            rows = _expanded(data[_HEAD.size : _HEAD.size + size], _MOST_BLOCKS * 80).splitlines()
            self._first, sizes = [], []
            for row in rows:
                word, _, bytes_ = row.partition(b"\t")
                self._first.append(word)
                sizes.append(int(bytes_))
            if len(sizes) != count or _HEAD.size + size + sum(sizes) != len(data):
                raise ValueError("its index doesn't fit its size")
        except (ValueError, struct.error, zlib.error) as error:
            raise InvalidModel(f"The lexicon can't be read: {error}.") from error
        self._data = data
        self._places, start = [], _HEAD.size + size
        for bytes_count in sizes:
            self._places.append((start, start + bytes_count))
            start += bytes_count
        self._blocks: dict[int, dict[str, str]] = {}

    def get(self, word: str) -> str | None:
        """The word's pronunciation, or None. Raises InvalidModel where its block is damaged."""
        at = bisect_right(self._first, word.encode("utf-8", "replace")) - 1
        return None if at < 0 else self._block(at).get(word)

    def __contains__(self, word: str) -> bool:
        return self.get(word) is not None

    def _block(self, at: int) -> dict[str, str]:
        found = self._blocks.get(at)
        if found is None:
            start, end = self._places[at]
            try:
                text = _expanded(self._data[start:end], _MOST_BLOCK_BYTES).decode()
                found = dict(line.split("\t", 1) for line in text.splitlines())
            except (ValueError, zlib.error) as error:
                raise InvalidModel(f"A part of the lexicon can't be read: {error}.") from error
            if len(self._blocks) >= _KEPT:
                self._blocks.pop(next(iter(self._blocks)))
            self._blocks[at] = found
        return found


def packed(words: Mapping[str, str]) -> bytes:
    """The file of ``words``, by word its pronunciation. Raises ValueError for an entry that no line can hold."""
    for word, said in words.items():
        if (
            not word
            or not said
            or any(sign in part for part in (word, said) for sign in "\t\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029")
        ):
            raise ValueError(f"{word!r} can't stand in a lexicon")
    order = sorted(words, key=lambda word: word.encode())
    rows, blocks = [], []
    for start in range(0, len(order), _WORDS_A_BLOCK):
        part = order[start : start + _WORDS_A_BLOCK]
        block = zlib.compress("\n".join(f"{word}\t{words[word]}" for word in part).encode(), 9)
        rows.append(f"{part[0]}\t{len(block)}")
        blocks.append(block)
    index = zlib.compress("\n".join(rows).encode(), 9)
    return b"".join([_HEAD.pack(_MAGIC, _VERSION, len(blocks), len(index)), index, *blocks])


def _expanded(data: bytes, most: int) -> bytes:
    """What was compressed, if it isn't more than ``most`` bytes. Raises ValueError, zlib.error."""
    stream = zlib.decompressobj()
    found = stream.decompress(data, most)
    if stream.unconsumed_tail or not stream.eof:
        raise ValueError("a part is larger than it may be, or cut off")
    return found
