"""The site under test: what the build made, kept apart so that a later build can't change it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from build_support.joined import ENTRIES, SOURCES
from orion_py.manifest.kernel_variant import kernel_variant
from orion_py.manifest.reading import parse_manifest
from orion_py.registry.built import only_built

ROOT = Path(__file__).resolve().parents[2]
DIST = ROOT / "dist"
WEB = ROOT / "web"
MODEL = "smollm2-135m-instruct"
MANIFEST = f"models/{MODEL}/manifest.json"
REGISTRY = "models.json"
SHELL = "precache.json"
NO_APP = "vendor/LICENSES.txt"
"""A file of the site that starts no engine."""


def link(source: str | Path, target: str | Path) -> None:
    """The file at a second place, copied only where it can't be linked."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _kept(file: Path) -> Path:
    """Where a file is while another one stands in its place."""
    return file.with_name(f"{file.name}.original")


class Site:
    """A copy of dist/ in ``folder``: large files are links, so it costs no space. Of the models that dist/ was built
    with it has Lite, as where the tests build it, and those of ``larger``, by id."""

    def __init__(self, folder: Path, larger: Collection[str] = ()) -> None:
        self.folder = folder
        shutil.copytree(DIST, folder, copy_function=link)
        kept = {f"models/{model}/manifest.json" for model in (MODEL, *larger)}
        self._replace(REGISTRY, only_built(self._text(REGISTRY), lambda name: name in kept))
        self.manifest: dict[str, Any] = json.loads(self._text(MANIFEST))
        self.registry: dict[str, Any] = json.loads(self._text(REGISTRY))

    @property
    def shards(self) -> dict[str, int]:
        """sha256 to bytes of every shard that our kernel needs: all weights and the tokenizer."""
        manifest = parse_manifest(self._text(MANIFEST))
        variant = kernel_variant(manifest)
        assert variant is not None, "the kernel takes the Lite model"
        return {shard.sha256: shard.size for shard in manifest.shards_for(variant)}

    @property
    def graphs(self) -> dict[str, int]:
        """What onnxruntime needs besides."""
        manifest = parse_manifest(self._text(MANIFEST))
        variant = next(v for v in manifest.variants if v.backend == "wasm" and not v.exact)
        needed = {shard.sha256: shard.size for shard in manifest.shards_for(variant)}
        return {sha256: size for sha256, size in needed.items() if sha256 not in self.shards}

    @property
    def router_shards(self) -> set[str]:
        """The neural router's, which comes in after the model and by itself."""
        manifest: dict[str, Any] = json.loads(self._text(self.registry["router"]["manifest"]))
        return {s["sha256"] for s in manifest["shards"]}

    @property
    def largest_shard(self) -> str:
        return max(self.shards, key=self.shards.__getitem__)

    def come_apart(self) -> None:
        """From now on each module is asked for by itself, at its own address, instead of what the build joined."""
        listing = json.loads(self._text(SHELL))
        modules = [row for row in listing["later"] if row["url"].startswith(SOURCES)]
        listing["files"] += modules  # they are wanted without a network, too
        listing["later"] = [row for row in listing["later"] if row not in modules]
        (self.folder / SHELL).unlink()
        (self.folder / SHELL).write_text(json.dumps(listing))
        for entry in ENTRIES:
            self._replace(entry, (WEB / entry).read_text("utf-8"))

    @contextmanager
    def altered(self, path: str, content: str | dict[str, Any]) -> Iterator[None]:
        """The server sends ``content`` at ``path`` for as long as this lasts. Of a module that the build joined with
        others each worker then asks by itself."""
        with ExitStack() as stack:
            if path.startswith("bridge/worker/"):
                for entry in ENTRIES:
                    if entry.startswith("workers/") and not _kept(self.folder / entry).exists():
                        stack.enter_context(self._replaced(entry, (WEB / entry).read_text("utf-8")))
            stack.enter_context(self._replaced(path, content if isinstance(content, str) else json.dumps(content)))
            yield

    @contextmanager
    def offering(self, *models: str) -> Iterator[None]:
        """The site's list has these graph models beside Lite. Fails where dist/ was built without one of them."""
        manifests = {f"models/{name}/manifest.json" for name in models}
        if missing := [name for name in manifests if not (self.folder / name).is_file()]:
            pytest.fail(f"dist/ lacks {missing}: python3 build.py build --models lite,vision,speech,voices")
        listed = only_built((ROOT / REGISTRY).read_text("utf-8"), lambda name: name in {MANIFEST, *manifests})
        with self.altered(REGISTRY, listed):
            yield

    @contextmanager
    def _replaced(self, path: str, text: str) -> Iterator[None]:
        file = self.folder / path
        file.rename(_kept(file))
        file.write_text(text)
        try:
            yield
        finally:
            _kept(file).replace(file)

    def _replace(self, path: str, content: str) -> None:
        """As if the build had made ``path`` so: the shell takes nothing whose hash it doesn't know."""
        listing = json.loads(self._text(SHELL))
        (row,) = [row for row in listing["files"] if row["url"] == path]
        row |= {"size": len(content.encode()), "sha256": hashlib.sha256(content.encode()).hexdigest()}
        for name, text in ((path, content), (SHELL, json.dumps(listing))):
            (self.folder / name).unlink()  # a link to the file of dist/
            (self.folder / name).write_text(text, "utf-8")

    def _text(self, path: str) -> str:
        return (self.folder / path).read_text()
