"""Runs ``foundry calibrate``: chooses the equalization of a recipe and writes it beside it."""

from __future__ import annotations

import argparse
from pathlib import Path

from model_foundry.equalizing.calibration import TEXT, calibrate
from model_foundry.equalizing.equalization import equalized
from model_foundry.errors import FoundryError
from model_foundry.importing.verified_import import import_source
from model_foundry.progress import ProgressBars
from model_foundry.recipes import load_recipe, recipe_names
from model_foundry.sharding.content_folder import write_atomically


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("calibrate", help="choose the equalization of a recipe and write it beside it")
    parser.add_argument("gguf", type=Path)
    parser.add_argument("--recipe", choices=recipe_names(), default="lite")
    parser.set_defaults(command=_calibrate)


def _calibrate(options: argparse.Namespace) -> int:
    recipe = load_recipe(options.recipe)
    if recipe.equalization_file is None:
        raise FoundryError(f"the recipe {options.recipe} names no equalization")
    with ProgressBars() as bars:
        model = import_source(recipe, options.gguf)
        equalization = calibrate(model, TEXT.read_text("utf-8"), bars.report)
    # Fails here, and not in the next build, where float16 can't hold it.
    equalized(model, equalization)
    write_atomically(recipe.equalization_file, equalization.model_dump_json().encode() + b"\n")
    print(recipe.equalization_file)
    return 0
