"""Reads the texts that models are measured on, written for this purpose and never published elsewhere."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent
NAMES = ("prose", "dialogue", "explanation", "french", "code")


def evaluation_texts() -> dict[str, str]:
    """Name to text. Different kinds, since a quantization can ruin one and spare another."""
    return {name: (FOLDER / f"{name}.txt").read_text("utf-8") for name in NAMES}
