"""Files that torch saved: read without torch, and without running what they say."""

from __future__ import annotations

import io
import pickle
import sys
from collections import OrderedDict
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from model_foundry.errors import MalformedGraph, UnsafePickle
from model_foundry.formats.torch_file import torch_tensors

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001


class Saved:
    """Pickles as torch would pickle a tensor."""

    def __init__(self, key: str, shape: tuple[int, ...], strides: tuple[int, ...], offset: int = 0) -> None:
        self.key, self.shape, self.strides, self.offset = key, shape, strides, offset

    def __reduce__(self) -> Any:
        utils = sys.modules["torch._utils"]
        place = (Storage(self.key), self.offset, self.shape, self.strides, False, OrderedDict())
        return utils._rebuild_tensor_v2, place


class Storage:
    def __init__(self, key: str) -> None:
        self.key = key


@pytest.fixture(autouse=True)
def torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Modules by whose names a pickle can be written; the reader imports nothing."""
    torch, utils = ModuleType("torch"), ModuleType("torch._utils")

    def rebuild() -> None:
        raise AssertionError("the reader called what the file names")

    rebuild.__module__, rebuild.__qualname__, rebuild.__name__ = (
        "torch._utils",
        "_rebuild_tensor_v2",
        "_rebuild_tensor_v2",
    )
    utils._rebuild_tensor_v2 = rebuild  # type: ignore[attr-defined]
    torch.FloatStorage = type("FloatStorage", (), {"__module__": "torch"})  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "torch._utils", utils)


def file_of(found: object, storages: dict[str, np.ndarray], magic: int = MAGIC) -> bytes:
    out = io.BytesIO()

    class Writer(pickle.Pickler):
        def persistent_id(self, value: object) -> Any:
            if isinstance(value, Storage):
                kind = sys.modules["torch"].FloatStorage
                return "storage", kind, value.key, "cpu", len(storages[value.key]), None
            return None

    for value in (magic, PROTOCOL, {"little_endian": True}, found, sorted(storages)):
        Writer(out, 2).dump(value)
    for key in sorted(storages):
        out.write(len(storages[key]).to_bytes(8, "little") + storages[key].astype("<f4").tobytes())
    return out.getvalue()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "weights.pth"


def test_tensors_come_with_their_names_shapes_and_strides(path: Path) -> None:
    rows = np.arange(6, dtype=np.float32)
    tensors = OrderedDict(a=Saved("0", (2, 3), (3, 1)), turned=Saved("0", (3, 2), (1, 3)), last=Saved("0", (), (), 5))
    path.write_bytes(file_of(tensors, {"0": rows}))
    found = torch_tensors(path)
    assert found["a"].tolist() == rows.reshape(2, 3).tolist()
    assert found["turned"].tolist() == rows.reshape(2, 3).T.tolist()
    assert found["last"].tolist() == 5


def test_a_file_that_names_anything_else_is_refused_and_not_run(path: Path) -> None:
    class Evil:
        def __reduce__(self) -> Any:
            return print, ("run",)

    path.write_bytes(file_of(OrderedDict(a=Evil()), {"0": np.zeros(1)}))
    with pytest.raises(UnsafePickle, match="print"):
        torch_tensors(path)


@pytest.mark.parametrize(
    "tensor",
    [Saved("0", (3, 3), (3, 1)), Saved("0", (2,), (9,)), Saved("0", (1,), (1,), 6), Saved("0", (2,), (-1,), 3)],
)
def test_a_tensor_that_reaches_past_its_storage_is_refused(path: Path, tensor: Saved) -> None:
    path.write_bytes(file_of(OrderedDict(a=tensor), {"0": np.zeros(6)}))
    with pytest.raises(MalformedGraph, match="past its storage"):
        torch_tensors(path)


def test_other_files_are_refused(path: Path) -> None:
    whole = file_of(OrderedDict(a=Saved("0", (6,), (1,))), {"0": np.zeros(6)})
    for data in (b"", b"PK\x03\x04", whole[:50], whole[:-4], file_of(OrderedDict(), {}, magic=7), file_of([1], {})):
        path.write_bytes(data)
        with pytest.raises(MalformedGraph, match=r"weights\.pth"):
            torch_tensors(path)
