"""Runs ``foundry merge-study``: what each merge method kept and lost, as a table of perplexities."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from model_foundry.commands.folder_arguments import named_folders
from model_foundry.commands.perplexity import add_texts, own_texts, show
from model_foundry.recipes import FOLDER as RECIPES

if TYPE_CHECKING:
    from model_foundry.measuring.merge_study import Perplexities

SPECIALISED = RECIPES / "merges" / "specialised"


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "merge-study",
        help="merge models by several recipes, and measure parents and merges on the same texts",
        description="Prints perplexities, beside the first model's, and how much of each specialised model's gain on "
        "the corpus of its own name a merge keeps. It measures in the environment with torch.",
    )
    parser.add_argument(
        "models",
        nargs="+",
        metavar="NAME=FOLDER",
        help="the base, then what was specialised from it",
    )
    parser.add_argument(
        "--recipe",
        action="append",
        type=Path,
        default=[],
        metavar="FILE",
        help="may be repeated; default: all in model_foundry/recipes/merges/specialised, for base, code and reference",
    )
    parser.add_argument("--out", type=Path, help="keep the merged models below this folder")
    add_texts(parser)
    parser.add_argument("--json", action="store_true", help="as one JSON object")
    parser.set_defaults(command=_study)


def _study(options: argparse.Namespace) -> int:
    import json

    from model_foundry.measuring.merge_study import study
    from model_foundry.measuring.perplexity import measure
    from model_foundry.progress import ProgressBars

    models, corpora = named_folders(options.models), named_folders(options.corpus)
    files = options.recipe or sorted(SPECIALISED.glob("*.yaml"))
    recipes = {path.stem: path for path in files}

    with tempfile.TemporaryDirectory() as temporary, ProgressBars() as bars:

        def measured(all_models: Mapping[str, Path]) -> Perplexities:
            return measure(
                all_models,
                corpora,
                own_texts(options),
                options.sequences,
                options.length,
                options.threads,
                bars.report,
            )

        found = study(models, recipes, options.out or Path(temporary), measured, bars.report)
    if options.json:
        print(json.dumps(found.as_json()))
    else:
        show(found.perplexity, found.kept)
    return 0
