"""Runs ``foundry merge``: a mergekit recipe, or models and their ratios, to a merged model."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from model_foundry.commands.folder_arguments import named_folders
from model_foundry.errors import FoundryError

if TYPE_CHECKING:
    from model_foundry.merging.recipe import MergeRecipe

MERGED = Path("public/merged")
"""Where merged models go unless something else is asked for."""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    merge = commands.add_parser("merge", help="merge models of one architecture by a mergekit recipe")
    merge.add_argument("recipe", type=Path, nargs="?", help="mergekit's YAML")
    merge.add_argument(
        "--average", nargs="+", default=[], metavar="FOLDER", help="in place of a recipe: the mean of these models"
    )
    merge.add_argument(
        "--ratios", nargs="+", type=float, default=[], metavar="R", help="of --average, one a model (default: equal)"
    )
    merge.add_argument("--out", type=Path, help=f"the folder of the merged model (default: {MERGED}/NAME)")
    merge.add_argument("--models", type=Path, help="what the recipe's paths are relative to; default: its own folder")
    merge.add_argument(
        "--parent",
        action="append",
        default=[],
        metavar="NAME=FOLDER",
        help="the folder of a model that the recipe names",
    )
    merge.add_argument("--seed", type=int, help="for DARE's draws; default: the recipe's random_seed, or 0")
    merge.add_argument("--shard-mb", type=int, default=2000, help="size of the output's files")
    merge.add_argument("--check", action="store_true", help="check recipe and parents, and write nothing")
    merge.set_defaults(command=_merge)


def _asked(options: argparse.Namespace) -> tuple[MergeRecipe, dict[str, Path], str]:
    """The recipe, the folders of its parents as far as they are given, and the merged model's name."""
    from model_foundry.merging.recipe import average, load_recipe

    if (options.recipe is None) == (not options.average):
        raise FoundryError("say what to merge: either a recipe, or the models with --average")
    parents = named_folders(options.parent)
    if options.recipe is not None:
        if options.ratios:
            raise FoundryError("--ratios go with --average; a recipe holds its own weights")
        return load_recipe(options.recipe), parents, options.recipe.stem
    names = [f"{Path(folder).resolve().name}-{number}" for number, folder in enumerate(options.average, 1)]
    parents |= {name: (options.models or Path()) / folder for name, folder in zip(names, options.average, strict=True)}
    return average(names, options.ratios or [1.0] * len(names)), parents, "-".join(names)


def _merge(options: argparse.Namespace) -> int:
    from model_foundry.merging.merge import prepare
    from model_foundry.progress import ProgressBars

    recipe, parents, name = _asked(options)
    out: Path = options.out or MERGED / name
    folder = options.models or (options.recipe.parent if options.recipe else Path())
    merge = prepare(recipe, folder, parents, options.seed)
    for note in merge.plan.notes:
        print(f"note: {note}")
    if options.check:
        print(f"{merge.recipe.merge_method} of {', '.join(merge.parents)}: {len(merge.plan.tensors)} tensors")
        return 0
    if any(out.resolve() == parent.folder.resolve() for parent in merge.parents.values()):
        raise FoundryError(f"{out} is a parent: the merged model needs a folder of its own")
    with ProgressBars() as bars:
        merge.run(out, bars.report, max(1, options.shard_mb) * 10**6)
    print(f"{out}: {len(merge.plan.tensors)} tensors, {merge.plan.layers} layers")
    return 0
