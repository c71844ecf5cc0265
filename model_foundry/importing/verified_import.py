"""Imports a recipe's file as a ModelDescription, after checking the file's hash."""

from __future__ import annotations

from pathlib import Path

from model_foundry.errors import WrongSource
from model_foundry.importing.families import import_gguf
from model_foundry.importing.gguf_file import GgufFile
from model_foundry.model.description import ModelDescription
from model_foundry.recipes import BuildRecipe


def import_source(recipe: BuildRecipe, path: Path) -> ModelDescription:
    """Raises WrongSource, or what ``import_gguf`` raises."""
    file = GgufFile(path)
    found = file.sha256()
    if found != recipe.source_sha256:
        raise WrongSource(
            f"{path.name} has the sha256 {found}; the recipe wants {recipe.source_sha256} "
            "(a file without a recipe is built by --name and --licence)"
        )
    return import_gguf(file, recipe.context_cap, recipe.source)
