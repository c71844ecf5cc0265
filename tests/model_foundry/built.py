"""Tiny models, imported and built, for tests of what comes after the import."""

from __future__ import annotations

from pathlib import Path

from model_foundry.building.pipeline import Job, build
from model_foundry.importing.families import import_gguf
from model_foundry.importing.gguf_file import GgufFile
from model_foundry.model.description import ModelDescription
from model_foundry.recipes import BuildRecipe
from orion_py.manifest.manifest import Manifest
from tests.model_foundry.tiny_gguf import TinyModel

RECIPE = BuildRecipe(
    model="tiny",
    version="1.0.0",
    licence="Apache-2.0",
    source_name="tiny",
    source_file="tiny.gguf",
    source_sha256="0" * 64,
    source_revision="1",
    layers_per_shard=1,
    context_cap=64,
    golden_texts={"text": "the thin thing"},
    golden_prompts={"prompt": "hello"},
)


def imported(folder: Path, tiny: TinyModel) -> ModelDescription:
    return import_gguf(GgufFile(tiny.write(folder / "tiny.gguf")), RECIPE.context_cap, RECIPE.source)


def built(folder: Path, model: ModelDescription) -> Manifest:
    """Builds into ``folder``; shards lie in ``folder / "shards"``."""
    job = Job(RECIPE, lambda progress: model, "")
    return build(job, folder, lambda what, done, total: None, resume=False).manifest
