"""Bundles py3langid for the browser: its code, and its model cut down to the languages that ORION names.

The model scores 139 languages, most of which no one will ask a small model for; what is kept scores
the same as in the whole. It becomes a bundle of its own, which a page fetches when it first has to
tell a language.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import shutil
from pathlib import Path
from typing import Any

from build_support.errors import BuildError
from build_support.stamps import digest
from orion_py.language.names import LANGUAGES

MODULES = ("__init__.py", "langid.py", "modelio.py")
MODEL = "data/model.npz.xz"


def package() -> Path:
    """The installed package. Raises BuildError."""
    found = importlib.util.find_spec("py3langid")
    if found is None or found.origin is None:
        raise BuildError("py3langid isn't installed.", "Run python3 build.py again: it sets the environment up.")
    return Path(found.origin).parent


def key() -> str:
    """What the bundle depends on."""
    return digest([Path(__file__)], importlib.metadata.version("py3langid"), *LANGUAGES)


def lay_out(folder: Path) -> list[str]:
    """Writes the package with the smaller model into ``folder``; returns the files' names there."""
    from py3langid.modelio import load_model, save_model

    source, target = package(), folder / "py3langid"
    shutil.rmtree(folder, ignore_errors=True)
    (target / "data").mkdir(parents=True)
    for name in MODULES:
        shutil.copyfile(source / name, target / name)
    save_model(target / MODEL, only(load_model(source / MODEL), set(LANGUAGES)))
    return [f"py3langid/{name}" for name in (*MODULES, MODEL)]


def only(model: tuple[Any, ...], languages: set[str]) -> tuple[Any, ...]:
    """``model`` without the columns of other languages, as ``set_languages`` would pick them."""
    scores, priors, classes, *automaton = model
    kept = [index for index, language in enumerate(classes) if language in languages]
    return (scores[:, kept], priors[kept], [classes[index] for index in kept], *automaton)
