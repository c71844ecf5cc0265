"""The tiny model that sees of make.py: its folder, its pictures, and what transformers says of it."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

from orion_py.senses.images.resampling import Picture

SMOLVLM = Path(__file__).parent / "smolvlm"
PICTURES = ("wide", "high", "square", "strip")


@cache
def expected() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SMOLVLM / "expected.json").read_text("utf-8"))
    return found


@cache
def expected_tensors() -> dict[str, NDArray[np.float32]]:
    return load_file(SMOLVLM / "expected.safetensors")


def picture(name: str) -> Picture:
    """As make.py draws it."""
    shown = expected()["pictures"][name]
    y, x = np.mgrid[: shown["height"], : shown["width"]].astype(np.float64)
    waves = [np.sin(x / (3 + c) + y / (7 - c) + c) for c in range(3)]
    return np.rint(127.5 + 100 * np.stack(waves, axis=2)).astype(np.uint8)
