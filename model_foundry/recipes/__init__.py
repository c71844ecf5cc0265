"""Loads recipes: what is decided for each model, as data. One TOML file each, named after the recipe."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from model_foundry.errors import UnknownRecipe
from orion_py.faults import reason
from orion_py.manifest.fields import Identifier, Sha256
from orion_py.manifest.manifest import Source

FOLDER = Path(__file__).parent


class BuildRecipe(BaseModel):
    """How a source file becomes a model.

    ``context_cap`` bounds the context (rotary tables and KV cache grow with it);
    ``shared_table`` makes the head the token table as well, where the file holds one matrix twice
    with different bits; ``equalization`` names a file beside the recipe, made by ``foundry calibrate``;
    ``golden_prompts`` are user messages, rendered through the model's own chat template;
    ``procedure`` and ``options`` are what the manifest says of how it was made.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    model: Identifier
    version: Identifier
    licence: str
    source_name: str
    source_file: str
    source_sha256: Sha256
    source_revision: str
    layers_per_shard: Annotated[int, Field(gt=0)]
    context_cap: Annotated[int, Field(gt=0)]
    shared_table: bool = False
    equalization: Annotated[str, Field(pattern=r"^[a-z0-9-]+\.equalization\.json$")] | None = None
    procedure: str = "gguf-to-orion"
    options: dict[str, str | int | float | bool] = {}
    golden_prompts: dict[Identifier, str]
    golden_texts: dict[Identifier, str]

    @property
    def equalization_file(self) -> Path | None:
        return FOLDER / self.equalization if self.equalization else None

    @property
    def source(self) -> Source:
        return Source(
            name=self.source_name, file=self.source_file, sha256=self.source_sha256, revision=self.source_revision
        )


def recipe_names() -> list[str]:
    """Of all recipes, sorted."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def load_recipe(name: str) -> BuildRecipe:
    """Raises UnknownRecipe, which names those that exist."""
    known = recipe_names()
    if name not in known:
        raise UnknownRecipe(f"there is no recipe {name}; known are {', '.join(known)}")
    try:
        return BuildRecipe.model_validate(tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8")))
    except (ValidationError, tomllib.TOMLDecodeError) as error:
        raise UnknownRecipe(f"the recipe {name} is faulty: {reason(error)}") from error
