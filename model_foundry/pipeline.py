"""From a source file to a built model in one call; what ``build.py`` and ``foundry`` use."""

from __future__ import annotations

from pathlib import Path

from model_foundry.description import ModelDescription, with_shared_table
from model_foundry.equalizing.equalization import equalized, load_equalization
from model_foundry.importing.checked import import_source
from model_foundry.recipes import BuildRecipe, load_recipe
from model_foundry.reference.golden import make_golden
from model_foundry.sharding.assemble import (
    Progress,
    assemble_manifest,
    write_graphs,
    write_tokenizer,
    write_weights,
)
from model_foundry.sharding.content_folder import ContentFolder, write_atomically
from orion_py.loading.manifest import Manifest


def build_model(name: str, gguf_path: Path, out_dir: Path, progress: Progress) -> Manifest:
    """Builds recipe ``name`` from ``gguf_path`` into ``out_dir``, as ``build_description`` does.

    Raises FoundryError.
    """
    recipe = load_recipe(name)
    progress("importing", 0, 1)
    model = prepared(recipe, import_source(recipe, gguf_path))
    progress("importing", 1, 1)
    return build_description(recipe, model, out_dir, progress)


def prepared(recipe: BuildRecipe, model: ModelDescription) -> ModelDescription:
    """The imported ``model`` as the recipe wants it stored: the same function, equalized.

    Raises FoundryError.
    """
    if recipe.shared_table:
        model = with_shared_table(model)
    path = recipe.equalization_file
    return equalized(model, load_equalization(path)) if path else model


def build_description(recipe: BuildRecipe, model: ModelDescription, out_dir: Path, progress: Progress) -> Manifest:
    """Writes ``<out_dir>/shards/<sha256>`` and, when all are there, ``<out_dir>/<model>/manifest.json``.

    The same model gives the same files; what an earlier, stopped run wrote is used again.
    """
    folder = ContentFolder(out_dir / "shards")
    tokenizer = write_tokenizer(model.tokenizer, folder)
    weights = write_weights(model, recipe.layers_per_shard, folder, progress)
    written = write_graphs(model, weights, folder, progress)
    golden = make_golden(model, recipe, progress)
    manifest = assemble_manifest(recipe, model, weights, written, tokenizer, golden)
    target = out_dir / manifest.model / "manifest.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(target, manifest.model_dump_json(indent=1).encode())
    return manifest
