"""A GGUF written again with other keys and tensors, or in parts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import gguf
import numpy as np

NUMBER, COUNT, TENSORS = "split.no", "split.count", "split.tensors.count"


def rewritten(
    source: Path,
    target: Path,
    *,
    without: Iterable[str] = (),
    keys: Mapping[str, tuple[Any, gguf.GGUFValueType]] | None = None,
    tensors: Mapping[str, np.ndarray] | None = None,
    names: Iterable[str] | None = None,
) -> Path:
    """``source`` without some keys, with others, and with more tensors; only the tensors ``names``, if given."""
    reader = gguf.GGUFReader(source)
    architecture = reader.fields["general.architecture"].contents()
    writer = gguf.GGUFWriter(target, architecture)
    dropped = {*without, *(keys or {}), "general.architecture"}
    for name, field in reader.fields.items():
        if name.startswith("GGUF.") or name in dropped:
            continue
        inner = field.types[1] if len(field.types) > 1 else None
        writer.add_key_value(name, field.contents(), field.types[0], sub_type=inner)
    for name, (value, kind) in (keys or {}).items():
        writer.add_key_value(name, value, kind)
    wanted = None if names is None else set(names)
    for tensor in reader.tensors:
        if wanted is None or tensor.name in wanted:
            writer.add_tensor(tensor.name, np.array(tensor.data), raw_dtype=tensor.tensor_type)
    for name, values in (tensors or {}).items():
        writer.add_tensor(name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return target


def split(source: Path, folder: Path, count: int = 2, stem: str = "model") -> list[Path]:
    """``source`` in ``count`` parts, as llama.cpp's gguf-split writes them."""
    names = [tensor.name for tensor in gguf.GGUFReader(source).tensors]
    metadata = [key for key in gguf.GGUFReader(source).fields if not key.startswith("GGUF.")]
    share = -(-len(names) // count)
    kinds = gguf.GGUFValueType
    parts = []
    for number in range(count):
        keys = {
            NUMBER: (number, kinds.UINT16),
            COUNT: (count, kinds.UINT16),
            TENSORS: (len(names), kinds.INT32),
        }
        part = folder / f"{stem}-{number + 1:05}-of-{count:05}.gguf"
        taken = names[number * share : (number + 1) * share]
        parts.append(rewritten(source, part, without=metadata if number else (), keys=keys, names=taken))
    return parts
