"""Writes a folder of files whose names are their sha256."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path


class ContentFolder:
    """``put`` is atomic and idempotent: a build that was stopped goes on where it was."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def put(self, data: bytes) -> str:
        """Stores ``data`` unless it is there already; gives its sha256."""
        name = hashlib.sha256(data).hexdigest()
        path = self.folder / name
        if not (path.is_file() and path.stat().st_size == len(data) and self.read(name) == data):
            write_atomically(path, data)
        return name

    def read(self, sha256: str) -> bytes:
        return (self.folder / sha256).read_bytes()


def write_atomically(path: Path, data: bytes) -> None:
    """Readers see the old file or the whole new one, never a part."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    partial.write_bytes(data)
    os.replace(partial, path)
