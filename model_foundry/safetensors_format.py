"""Writes the header of a safetensors file, for all modules that write one.

Format: https://huggingface.co/docs/safetensors. The library's writer doesn't promise an order or an
alignment and wants all tensors at once; here they lie in the order given, and may follow one by one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

ALIGNMENT = 64
"""Where the data begins, in bytes; a multiple of every dtype and of a cache line."""


def header(tensors: Iterable[tuple[str, str, tuple[int, ...], int]], made_for: str) -> bytes:
    """What stands before the data of ``tensors``: name, safetensors' name of the type, shape, and bytes of each.

    ``made_for`` is the metadata's "format", by which loaders know whose tensors these are.
    """
    entries: dict[str, object] = {"__metadata__": {"format": made_for}}
    position = 0
    for name, dtype, shape, length in tensors:
        entries[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [position, position + length]}
        position += length
    text = json.dumps(entries, separators=(",", ":")).encode()
    text += b" " * (-(8 + len(text)) % ALIGNMENT)
    return len(text).to_bytes(8, "little") + text
