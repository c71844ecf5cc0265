"""Serves ORION, its peers and the bench's own pages from one folder, so from one origin with the same headers.

    orion/      the built site, as it is
    orion-plain/  the same, whose kernel is the one without relaxed SIMD whatever the browser has
    before/     an earlier build of the site, where one is given
    pages/      bench/pages
    peers/      the peers' files from npm
    weights/    the model in the peers' formats
    stock/      Pyodide as npm ships it, with its wheels, and orion_py as sources

Files are linked, not copied, where the file system can.
"""

from __future__ import annotations

import os
import shutil
import zipfile
from pathlib import Path

from build_support import paths
from build_support.downloads import obtain
from build_support.python_bundle import app_sources
from build_support.sources import pyodide_wheels
from build_support.stamps import tree

WORK = paths.ROOT / ".cache" / "bench"
"""On the file system of the site, so that links are possible."""
PAGES = Path(__file__).parent / "pages"
PEERS = Path(__file__).parent / "peers" / "node_modules"
PEER_FILES = ("@wllama/wllama/esm", "@huggingface/transformers/dist", "onnxruntime-web/dist")
STOCK_FILES = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json")


def assemble(folder: Path, site: Path, weights: dict[str, Path]) -> None:
    """Fills ``folder`` from the built ``site`` and the ``weights`` (path below weights/ to file)."""
    link_tree(site, folder / "orion")
    link_tree(PAGES, folder / "pages")
    for path, file in weights.items():
        link(file, folder / "weights" / path)


def add_plain(folder: Path) -> None:
    """Puts the site into ``folder`` once more, with the kernel's plain builds under the relaxed ones' names."""
    site, plain = folder / "orion", folder / "orion-plain"
    kernel = site / "kernel"
    for file in tree(site):
        other = file.with_name(file.name.replace("relaxed", "plain")) if file.parent == kernel else file
        link(other, plain / file.relative_to(site))


def add_before(folder: Path, site: Path) -> None:
    """Puts an earlier build of the site into ``folder``."""
    link_tree(site, folder / "before")


def add_peers(folder: Path) -> None:
    """Puts the peers' files from npm into ``folder``; they have to be installed."""
    for part in PEER_FILES:
        link_tree(PEERS / part, folder / "peers" / part)


def add_stock_pyodide(folder: Path) -> None:
    """Puts Pyodide as its users get it, and the sources of orion_py, into ``folder``."""
    stock = folder / "stock"
    for name in STOCK_FILES:
        link(paths.NODE_MODULES / "pyodide" / name, stock / name)
    for wheel, file in obtain(pyodide_wheels()).items():
        link(file, stock / wheel.name)
    with zipfile.ZipFile(stock / "orion_py.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for source in app_sources():
            archive.write(source, source.relative_to(paths.ROOT).as_posix())


def link_tree(source: Path, target: Path) -> None:
    """All files below ``source``, at the same places below ``target``."""
    for file in tree(source):
        link(file, target / file.relative_to(source))


def link(source: Path, target: Path) -> None:
    """``source`` at ``target`` too, as a link if possible, else as a copy."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy2(source, target)
