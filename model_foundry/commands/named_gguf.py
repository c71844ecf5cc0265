"""Takes a GGUF that no recipe names as the source of a ``foundry`` command, with its own numbers."""

from __future__ import annotations

import argparse
from pathlib import Path

from model_foundry.building.pipeline import Job, gguf_job
from model_foundry.commands.folder import recipe_of
from model_foundry.errors import FoundryError
from model_foundry.importing.gguf_file import GgufFile
from orion_py.manifest.manifest import Source

_LICENCE = "general.license"


def named_gguf_job(options: argparse.Namespace) -> Job:
    """The job that builds the file ``options.source`` as the model ``options.name``. Raises FoundryError."""
    if options.context < 1:
        raise FoundryError("the context has to be at least one token")
    path = Path(options.source)
    file = GgufFile(path)
    source = Source(name=path.stem, file=path.name, sha256=file.sha256(), revision=options.revision)
    licence = file.text(_LICENCE, "") or None
    return gguf_job(recipe_of(options, source, licence, "gguf-to-orion", {}), path)
