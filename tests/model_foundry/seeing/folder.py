"""The tiny models that see of make.py and make_qwen.py: folders, pictures, and what transformers says of them."""

from __future__ import annotations

import json
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

from orion_py.senses.images.resampling import Picture

SMOLVLM, QWEN2VL = (Path(__file__).parent / name for name in ("smolvlm", "qwen2vl"))
PICTURES = ("wide", "high", "square", "strip")


@cache
def expected(folder: Path = SMOLVLM) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "expected.json").read_text("utf-8"))
    return found


@cache
def expected_tensors(folder: Path = SMOLVLM) -> dict[str, NDArray[np.float32]]:
    return load_file(folder / "expected.safetensors")


def picture(name: str) -> Picture:
    """As make.py draws it."""
    shown = expected()["pictures"][name]
    y, x = np.mgrid[: shown["height"], : shown["width"]].astype(np.float64)
    waves = [np.sin(x / (3 + c) + y / (7 - c) + c) for c in range(3)]
    return np.rint(127.5 + 100 * np.stack(waves, axis=2)).astype(np.uint8)


def changed(target: Path, folder: Path, file: str, **changes: Any) -> Path:
    """A copy of ``folder`` with keys of a JSON file changed; ``a__b`` is b of a."""
    shutil.copytree(folder, target, dirs_exist_ok=True)
    values = json.loads((target / file).read_text("utf-8"))
    for key, value in changes.items():
        holder, _, last = key.rpartition("__")
        (values[holder] if holder else values)[last] = value
    (target / file).write_text(json.dumps(values), "utf-8")
    return target
