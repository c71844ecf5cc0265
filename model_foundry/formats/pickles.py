"""Recognises files that run code when they are read; names them and never opens them as what they are."""

from __future__ import annotations

from pathlib import Path

from model_foundry.errors import UnsafePickle

SUFFIXES = frozenset({".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle"})

_MAGIC = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
"""torch's zip of a pickle, and a bare one of protocols 2 to 5."""


def refuse_pickle(path: Path) -> None:
    """Raises UnsafePickle if ``path`` is named like one."""
    if path.suffix.lower() in SUFFIXES:
        raise UnsafePickle(
            f"{path.name} is a pickle: reading it runs whatever code is inside. "
            "Take the model as safetensors, or convert it where you trust it."
        )


def looks_like_pickle(start: bytes) -> bool:
    """Whether a file that begins with ``start`` and isn't what it should be is a pickle."""
    return start.startswith(_MAGIC)
