"""Names the places where the build reads and keeps things. Git ignores everything that it makes."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
NODE_MODULES = ROOT / "node_modules"
WEB = ROOT / "web"
KERNEL_BUILDS = ROOT / "kernel" / "built"
"""Our kernel's WebAssembly modules, checked in beside their source."""
DIST = ROOT / "dist"
MODELS = ROOT / "public" / "models"
WORK = ROOT / ".cache" / "build"
"""Intermediate results and stamps of this clone."""


def cache() -> Path:
    """The folder of downloads, shared by all clones; ``ORION_CACHE`` overrides the user's cache folder."""
    override = os.environ.get("ORION_CACHE")
    if override:
        return Path(override).expanduser().resolve()
    try:
        import platformdirs
    except ImportError:  # outside the virtual environment, where doctor looks: pip carries the same
        try:
            from pip._vendor import platformdirs  # type: ignore[no-redef]
        except ImportError:
            return Path.home() / ".cache" / "orion-inference"
    return Path(platformdirs.user_cache_dir("orion-inference", appauthor=False))
