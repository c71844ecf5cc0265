"""Reads the tensors of a file that torch saved before its version 1.6, and runs nothing of what it says.

The format (torch.serialization, ``_legacy_save``): five pickles one after another, a magic number, the protocol's
version, facts on the machine, the object, and the keys of its storages; then for each key its number of entries (I64)
and its bytes. In the object a tensor is a call of ``torch._utils._rebuild_tensor_v2`` on a storage, which is named by
a persistent id. The unpickler here knows that call, ``OrderedDict`` and the names of storages, and refuses every
other name.
"""

from __future__ import annotations

import pickle
from collections import OrderedDict
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_foundry.errors import MalformedGraph, UnsafePickle

MAX_BYTES = 2**30
_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
_STORAGES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8"), "IntStorage": np.dtype("<i4")}


@dataclass(frozen=True, slots=True)
class _Storage:
    key: str
    kind: np.dtype[Any]
    entries: int


@dataclass(frozen=True, slots=True)
class _Tensor:
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def torch_tensors(path: Path) -> dict[str, NDArray[Any]]:
    """The tensors by their names. Raises UnsafePickle for a file that names any other class or function, and
    MalformedGraph for one that isn't of this format."""
    if path.stat().st_size > MAX_BYTES:
        raise MalformedGraph(f"{path.name} is larger than {MAX_BYTES} bytes")
    data = path.read_bytes()
    stream = BytesIO(data)
    try:
        if _Reader(stream).load() != _MAGIC or _Reader(stream).load() != _PROTOCOL:
            raise ValueError("its beginning is another one")
        _Reader(stream).load()
        found, keys = _Reader(stream).load(), _Reader(stream).load()
        if not isinstance(found, dict) or not isinstance(keys, list):
            raise ValueError("it holds no tensors by name")
        tensors = {str(name): value for name, value in found.items() if isinstance(value, _Tensor)}
        arrays = _storages(
            data, stream.tell(), keys, {tensor.storage.key: tensor.storage for tensor in tensors.values()}
        )
        return {name: _strided(tensor, arrays[tensor.storage.key]) for name, tensor in tensors.items()}
    except UnsafePickle:
        raise
    except Exception as error:  # a pickle may raise whatever its bytes say
        raise MalformedGraph(f"{path.name} isn't a file that torch saved: {error}") from error


def _storages(data: bytes, at: int, keys: list[str], known: dict[str, _Storage]) -> dict[str, NDArray[Any]]:
    out = {}
    for key in keys:
        storage = known[key]
        count = int.from_bytes(data[at : at + 8], "little")
        if count != storage.entries:
            raise ValueError(f"storage {key} has {count} entries, not {storage.entries}")
        out[key] = np.frombuffer(data, storage.kind, count, at + 8)
        at += 8 + count * storage.kind.itemsize
    return out


def _strided(tensor: _Tensor, entries: NDArray[Any]) -> NDArray[Any]:
    last = tensor.offset + sum((side - 1) * step for side, step in zip(tensor.shape, tensor.strides, strict=True))
    if min(tensor.offset, *tensor.shape, *tensor.strides, 0) < 0 or last >= len(entries):
        raise ValueError("a tensor reaches past its storage")
    size = entries.itemsize
    view = np.lib.stride_tricks.as_strided(
        entries[tensor.offset :], tensor.shape, [step * size for step in tensor.strides], writeable=False
    )
    return view.copy()


class _Reader(pickle.Unpickler):
    """Makes descriptions of tensors where torch would make tensors."""

    def find_class(self, module: str, name: str) -> Any:
        known: dict[tuple[str, str], Any] = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): _rebuilt,
            **{("torch", storage): kind for storage, kind in _STORAGES.items()},
        }
        if (module, name) not in known:
            raise UnsafePickle(f"the file names {module}.{name}: reading it as its author meant would run code")
        return known[module, name]

    def persistent_load(self, pid: Any) -> _Storage:
        word, kind, key, _, entries = pid[:5]
        if word != "storage" or not isinstance(kind, np.dtype):
            raise ValueError(f"{word} isn't a storage")
        return _Storage(str(key), kind, int(entries))


def _rebuilt(storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: Any) -> _Tensor:
    return _Tensor(storage, int(offset), tuple(map(int, shape)), tuple(map(int, strides)))
