"""Merge recipes from texts, read from a file as the command line reads them."""

from __future__ import annotations

import tempfile
from pathlib import Path

from model_foundry.merging.recipe import MergeRecipe, load_recipe


def recipe_from(text: str) -> MergeRecipe:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "recipe.yaml"
        path.write_bytes(text.encode("utf-8"))
        return load_recipe(path)
