"""Runs steps again only when their inputs have changed.

A stamp is a file that holds the hash of a step's inputs, written after its outputs. An interrupted
step leaves no stamp, so it runs again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path


def tree(*roots: Path, suffixes: tuple[str, ...] = ()) -> list[Path]:
    """The files under ``roots`` (a file stands for itself), sorted, without caches and dotfiles."""
    found: list[Path] = []
    for root in roots:
        if root.is_file():
            found.append(root)
            continue
        for path in root.rglob("*"):
            parts = path.relative_to(root).parts
            if any(part == "__pycache__" or part.startswith(".") for part in parts) or not path.is_file():
                continue
            if not suffixes or path.suffix in suffixes:
                found.append(path)
    return sorted(set(found))


def digest(files: Iterable[Path] = (), *extra: str, base: Path | None = None) -> str:
    """A hash over names (relative to ``base`` if given) and contents of ``files``, and over ``extra``."""
    total = hashlib.sha256()
    for path in files:
        name = path.relative_to(base).as_posix() if base else path.name
        total.update(name.encode() + b"\0")
        with path.open("rb") as stream:
            total.update(hashlib.file_digest(stream, "sha256").digest())
    for text in extra:
        total.update(text.encode() + b"\0")
    return total.hexdigest()


class Stamp:
    """The memory of one step, in the file ``path``."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def fresh(self, key: str, outputs: Iterable[Path] = ()) -> bool:
        """Whether the step ran to its end with inputs of hash ``key`` and all ``outputs`` are there."""
        try:
            return self.path.read_text() == key and all(output.exists() for output in outputs)
        except OSError:
            return False

    def forget(self) -> None:
        """To be called before outputs are touched."""
        self.path.unlink(missing_ok=True)

    def write(self, key: str) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(key)
