"""``foundry merge``: a mergekit recipe to a merged model."""

from __future__ import annotations

import argparse
from pathlib import Path

from model_foundry.commands.named_folders import named_folders
from model_foundry.errors import FoundryError


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    merge = commands.add_parser("merge", help="merge models of one architecture by a mergekit recipe")
    merge.add_argument("recipe", type=Path, help="mergekit's YAML")
    merge.add_argument("--out", type=Path, required=True, help="the folder of the merged model")
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


def _merge(options: argparse.Namespace) -> int:
    from model_foundry.bars import Bars
    from model_foundry.merging.merge import prepare
    from model_foundry.merging.recipe import load_recipe

    merge = prepare(
        load_recipe(options.recipe),
        options.models or options.recipe.parent,
        named_folders(options.parent),
        options.seed,
    )
    for note in merge.plan.notes:
        print(f"note: {note}")
    if options.check:
        print(f"{merge.recipe.merge_method} of {', '.join(merge.parents)}: {len(merge.plan.tensors)} tensors")
        return 0
    if any(options.out.resolve() == parent.folder.resolve() for parent in merge.parents.values()):
        raise FoundryError(f"{options.out} is a parent: the merged model needs a folder of its own")
    with Bars() as bars:
        merge.run(options.out, bars.report, max(1, options.shard_mb) * 10**6)
    print(f"{options.out}: {len(merge.plan.tensors)} tensors, {merge.plan.layers} layers")
    return 0
