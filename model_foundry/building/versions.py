"""Manages the versions of a built model: one is current, the others are kept, all share their shards.

    <models>/<model>/manifest.json                   the current version
    <models>/<model>/MODEL_CARD.md
    <models>/<model>/versions/<version>.json         every version, the current one too
    <models>/<model>/versions/<version>.md           its card
    <models>/<model>/versions/<version>.steps.json   what its build has done (model_foundry/building/steps.py)
    <models>/shards/<sha256>                         shared by all versions of all models

A shard is in use while any manifest or record of steps below <models> names it, whatever its format.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from model_foundry.errors import UnknownVersion
from model_foundry.sharding.content_folder import write_atomically
from orion_py.errors import OrionError
from orion_py.manifest.manifest import Manifest
from orion_py.manifest.reading import parse_manifest

MODELS = Path("public/models")
"""The folder of built models, unless something else is asked for."""

MANIFEST, CARD, VERSIONS, SHARDS = "manifest.json", "MODEL_CARD.md", "versions", "shards"
STEPS = ".steps.json"
_SHA256 = re.compile(r"\b[0-9a-f]{64}\b")


@dataclass(frozen=True)
class Version:
    """One version; ``shared`` bytes of its shards are the current version's too."""

    version: str
    current: bool
    size: int
    shared: int
    licence: str


def publish(models: Path, manifest: Manifest, card: str) -> Path:
    """Makes ``manifest`` the current version, after keeping what was; gives its path.

    A version of the same name is replaced. Its shards have to be there already: who reads the
    folder meanwhile sees the old version or the whole new one.
    """
    folder = models / manifest.model
    (folder / VERSIONS).mkdir(parents=True, exist_ok=True)
    _keep_current(folder)
    text = manifest.model_dump_json(indent=1).encode()
    write_atomically(folder / VERSIONS / f"{manifest.version}.md", card.encode())
    write_atomically(folder / VERSIONS / f"{manifest.version}.json", text)
    write_atomically(folder / CARD, card.encode())
    write_atomically(folder / MANIFEST, text)
    return folder / MANIFEST


def versions(models: Path, model: str) -> list[Version]:
    """What there is of ``model``, by name, the current one marked. Raises UnknownVersion for none."""
    folder = models / model
    current = _read(folder / MANIFEST)
    kept = {path.stem: _read(path) for path in sorted((folder / VERSIONS).glob("*.json"))}
    found = {name: manifest for name, manifest in kept.items() if manifest is not None}
    if current is not None:
        found[current.version] = current
    if not found:
        raise UnknownVersion(f"no version of {model} is in {models}")
    present = {shard.sha256 for shard in current.shards} if current else set()
    return [
        Version(
            version=name,
            current=current is not None and name == current.version,
            size=sum(shard.size for shard in manifest.shards),
            shared=sum(shard.size for shard in manifest.shards if shard.sha256 in present),
            licence=manifest.licence,
        )
        for name, manifest in sorted(found.items())
    ]


def use(models: Path, model: str, version: str) -> Path:
    """Makes a kept version the current one again. Raises UnknownVersion."""
    folder = models / model
    manifest = _read(_kept(folder, version))
    if manifest is None:
        raise UnknownVersion(f"{model} has no version {version}; it has {_names(models, model)}")
    missing = [shard.sha256 for shard in manifest.shards if not (models / SHARDS / shard.sha256).is_file()]
    if missing:
        raise UnknownVersion(f"{len(missing)} shards of {model} {version} aren't there; build it again")
    card = _kept(folder, version).with_suffix(".md")
    return publish(models, manifest, card.read_text("utf-8") if card.is_file() else "")


def drop(models: Path, model: str, version: str) -> None:
    """Forgets a version that isn't the current one; its shards stay until ``prune``. Raises UnknownVersion."""
    folder = models / model
    current = _read(folder / MANIFEST)
    if current is not None and current.version == version:
        raise UnknownVersion(f"{model} {version} is the current version; make another one current first")
    path = _kept(folder, version)
    record = path.with_suffix(STEPS)
    if not path.is_file() and not record.is_file():
        raise UnknownVersion(f"{model} has no version {version}; it has {_names(models, model)}")
    for file in (path.with_suffix(".md"), record, path):
        file.unlink(missing_ok=True)


def unused(models: Path) -> dict[str, int]:
    """Name and size of each shard that no manifest names."""
    named: set[str] = set()
    for path in [*models.glob(f"*/{MANIFEST}"), *models.glob(f"*/{VERSIONS}/*.json")]:
        named |= set(_SHA256.findall(path.read_text("utf-8", errors="replace")))
    files = [path for path in (models / SHARDS).glob("*") if _SHA256.fullmatch(path.name)]
    return {path.name: path.stat().st_size for path in sorted(files) if path.name not in named}


def prune(models: Path) -> dict[str, int]:
    """Deletes what no manifest names; gives what that was."""
    gone = unused(models)
    for name in gone:
        (models / SHARDS / name).unlink()
    return gone


def _keep_current(folder: Path) -> None:
    """A manifest from before versions were kept becomes one of them."""
    current = _read(folder / MANIFEST)
    if current is None or (kept := _kept(folder, current.version)).is_file():
        return
    card = folder / CARD
    if card.is_file():
        write_atomically(kept.with_suffix(".md"), card.read_bytes())
    write_atomically(kept, (folder / MANIFEST).read_bytes())


def _kept(folder: Path, version: str) -> Path:
    """Where a version's manifest is kept. Raises UnknownVersion for what can't be a version's name."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,79}", version):
        raise UnknownVersion(f"{version!r} can't be a version's name")
    return folder / VERSIONS / f"{version}.json"


def _names(models: Path, model: str) -> str:
    return ", ".join(version.version for version in versions(models, model))


def _read(path: Path) -> Manifest | None:
    try:
        return parse_manifest(path.read_bytes())
    except (OSError, OrionError):
        return None
