"""Shares what was built once on this machine with other clones: converted models and compiled bundles, in the cache.

    <cache>/built/<name>-<key>/...      a bundle with its hash, or a model's manifest and cards
    <cache>/built/shards/<sha256>       the shards of the models there

``key`` is a hash over all that goes into it, so what has the same key is the same. A cache that can't be read
or written costs time and nothing else: then it is built here.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from build_support import paths
from build_support.downloads import sha256_of
from build_support.locks import alone

KEPT = 3
"""Builds of one name that stay; older ones go with what only they need."""

_SHA256 = re.compile(r"\b[0-9a-f]{64}\b")


def take_file(name: str, key: str, target: Path) -> bool:
    """Puts the file of that name and key at ``target``, if it is here and whole."""
    folder = _folder(name, key)
    try:
        if sha256_of(folder / "file") != (folder / "sha256").read_text():
            shutil.rmtree(folder)
            return False
        _copy(folder / "file", target)
    except OSError:
        return False
    return True


def keep_file(name: str, key: str, source: Path) -> None:
    """Keeps a copy of ``source``."""

    def fill(folder: Path) -> None:
        shutil.copyfile(source, folder / "file")
        (folder / "sha256").write_text(sha256_of(source))

    _store(name, key, fill)


def take_model(name: str, key: str) -> str | None:
    """Links a model into public/models; returns the id of the model. Its shards are still to be verified."""
    folder = _folder(name, key)
    try:
        model = next(path for path in folder.iterdir() if path.is_dir())
        for sha256 in _named(folder):
            _link(_shards() / sha256, paths.MODELS / "shards" / sha256)
        for path in sorted(model.rglob("*"), key=lambda path: path.name == "manifest.json"):
            if path.is_file():
                _copy(path, paths.MODELS / path.relative_to(folder))
        os.utime(folder)
    except (OSError, StopIteration):
        return None
    return model.name


def keep_model(name: str, key: str, manifest: Path) -> None:
    """Keeps the model of ``manifest``: links where the file system can, else copies."""

    def fill(folder: Path) -> None:
        shutil.copytree(
            manifest.parent, folder / manifest.parent.name, ignore=shutil.ignore_patterns("versions", "*.partial")
        )
        for sha256 in _named(folder):
            _link(paths.MODELS / "shards" / sha256, _shards() / sha256)

    _store(name, key, fill)


def forget_model(name: str, key: str) -> None:
    """Removes a model that turned out to be damaged, with its shards."""
    folder = _folder(name, key)
    try:
        for sha256 in _named(folder):
            (_shards() / sha256).unlink(missing_ok=True)
        shutil.rmtree(folder)
    except OSError:
        pass


def _folder(name: str, key: str) -> Path:
    return paths.cache() / "built" / f"{name}-{key[:32]}"


def _shards() -> Path:
    return paths.cache() / "built" / "shards"


def _named(folder: Path) -> set[str]:
    """The shards that the manifest in ``folder`` names, of those that there are."""
    text = "".join(path.read_text("utf-8") for path in folder.glob("*/manifest.json"))
    own = paths.MODELS / "shards"
    return {name for name in _SHA256.findall(text) if (own / name).is_file() or (_shards() / name).is_file()}


def _store(name: str, key: str, fill: Callable[[Path], None]) -> None:
    """Fills a new folder, which gets its name when it is whole."""
    folder = _folder(name, key)
    if folder.exists():
        return
    partial = folder.with_name(f".{folder.name}.partial")
    try:
        with alone(paths.cache() / "locks" / "built", "keeping what it built"):
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
            fill(partial)
            if not folder.exists():
                os.replace(partial, folder)
            _prune(name)
    except OSError:  # a full or read-only cache: it was built all the same
        pass
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _prune(name: str) -> None:
    """Removes old builds of ``name`` and the shards that no build names."""
    every = [path for path in (paths.cache() / "built").glob("*-*") if path.is_dir()]
    own = sorted(
        (path for path in every if path.name.rpartition("-")[0] == name), key=lambda path: path.stat().st_mtime
    )
    for path in own[:-KEPT]:
        shutil.rmtree(path, ignore_errors=True)
        every.remove(path)
    wanted: set[str] = set()
    for path in every:
        wanted |= _named(path)
    for path in _shards().glob("*") if _shards().is_dir() else ():
        if path.name not in wanted:
            path.unlink(missing_ok=True)


def _link(source: Path, target: Path) -> None:
    if target.is_file():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        os.link(source, partial)
    except OSError:  # another file system
        shutil.copyfile(source, partial)
    os.replace(partial, target)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"{target.name}.partial")
    shutil.copyfile(source, partial)
    os.replace(partial, target)
