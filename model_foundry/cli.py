"""The ``foundry`` command. Exit codes: 0 done, 1 it failed and says why, 2 wrong usage."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from model_foundry.bars import Bars as _Bars
from model_foundry.commands import compare, environment, importing, merge, optimize, quantize, shard, specialise
from model_foundry.commands.validate_tasks import add_task_options, validate_tasks, wants_tasks
from model_foundry.equalizing.calibration import TEXT, calibrate
from model_foundry.equalizing.equalization import equalized
from model_foundry.errors import FoundryError
from model_foundry.evaluation import NAMES as TEXTS
from model_foundry.evaluation import evaluation_texts
from model_foundry.importing.checked import import_source
from model_foundry.importing.families import import_gguf
from model_foundry.importing.gguf_file import GgufFile
from model_foundry.recipes import FOLDER as RECIPES
from model_foundry.recipes import load_recipe
from model_foundry.sharding.content_folder import write_atomically
from model_foundry.sharding.restore import load_manifest, restore
from model_foundry.validation import Report, validate
from orion_py.errors import OrionError

MODELS = Path("public/models")
_ANY_CONTEXT = 2**20


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; gives the exit code. Wrong usage leaves through SystemExit(2)."""
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except (FoundryError, OrionError, OSError) as error:
        print(f"foundry: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="foundry", description="From published weights to shards that a browser runs."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    recipes = sorted(path.stem for path in RECIPES.glob("*.toml"))

    for module in (importing, quantize, shard, optimize):
        module.add(commands)

    calibration = commands.add_parser("calibrate", help="choose the equalization of a recipe and write it beside it")
    calibration.add_argument("gguf", type=Path)
    calibration.add_argument("--recipe", choices=recipes, default="lite")
    calibration.set_defaults(command=_calibrate)

    router = commands.add_parser("router", help="train, evaluate or build the neural router")
    router.add_argument("action", choices=("train", "evaluate", "build"))
    router.add_argument("weights", type=Path, help="the sentence encoder's weights.npz")
    router.add_argument("sentencepiece", type=Path, help="its sp.model")
    router.add_argument("--out", type=Path, default=MODELS, help="the folder of built models")
    router.set_defaults(command=_router)

    check = commands.add_parser("validate", help="measure a built model against the reference implementation")
    check.add_argument("model", nargs="?", default="smollm2-135m-instruct")
    check.add_argument("--models", type=Path, default=MODELS, help="the folder of built models")
    check.add_argument("--variant", action="append", help="may be repeated; default: those for WASM")
    check.add_argument("--text", action="append", choices=TEXTS, help="may be repeated; default: all")
    check.add_argument("--gguf", type=Path, help="take the reference's weights from here, not from the shards")
    check.add_argument("--threads", type=int, default=2)
    check.add_argument("--json", action="store_true", help="as JSON")
    add_task_options(check)
    check.set_defaults(command=_validate)
    for further in (compare, merge, environment, specialise):
        further.add(commands)
    return parser


def _calibrate(options: argparse.Namespace) -> int:
    recipe = load_recipe(options.recipe)
    if recipe.equalization_file is None:
        raise FoundryError(f"the recipe {options.recipe} names no equalization")
    with _Bars() as bars:
        model = import_source(recipe, options.gguf)
        equalization = calibrate(model, TEXT.read_text("utf-8"), bars.report)
    # Fails here, and not in the next build, where float16 can't hold it.
    equalized(model, equalization)
    write_atomically(recipe.equalization_file, equalization.model_dump_json().encode() + b"\n")
    print(recipe.equalization_file)
    return 0


def _router(options: argparse.Namespace) -> int:
    from model_foundry.routing.commands import build, evaluate, train

    if options.action == "build":
        print(build(options.weights, options.sentencepiece, options.out, print))
    elif options.action == "train":
        print(train(options.weights, options.sentencepiece, print))
    else:
        print(evaluate(options.weights, options.sentencepiece))
    return 0


def _validate(options: argparse.Namespace) -> int:
    if wants_tasks(options):
        return validate_tasks(options)
    manifest = load_manifest(options.models, options.model)
    known = [variant.id for variant in manifest.variants]
    chosen = options.variant or [variant.id for variant in manifest.variants if variant.backend == "wasm"]
    for variant in chosen:
        if variant not in known:
            print(f"foundry: there is no variant {variant}; known are {', '.join(known)}", file=sys.stderr)
            return 2
    shards = options.models / "shards"
    if options.gguf:
        source = GgufFile(options.gguf, exact=True)
        model = import_gguf(source, manifest.architecture.context_length, manifest.source)
    else:
        model = restore(manifest, shards)
    with _Bars() as bars:
        texts = {name: text for name, text in evaluation_texts().items() if name in (options.text or TEXTS)}
        reports = validate(manifest, shards, model, chosen, texts, bars.report, options.threads)
    if options.json:
        print(json.dumps([report.as_json() for report in reports]))
    else:
        for report in reports:
            _print(report)
    return 0 if all(report.passed for report in reports) else 1


def _print(report: Report) -> None:
    limits = report.thresholds
    table = Table(
        "Text", "Steps", "Reference ppl", "Perplexity", "Loss", "Top-1 agreement", "Mean KL", title=report.variant
    )
    for row in (*report.texts, report.total):
        table.add_row(
            row.text,
            str(row.steps),
            f"{row.reference_perplexity:.3f}",
            f"{row.perplexity:.3f}",
            f"{row.perplexity_loss:+.2%}",
            f"{row.top1_agreement:.2%}",
            f"{row.mean_kl:.5f}",
        )
    table.add_row(
        "allowed", "", "", "", f"+{limits.perplexity_loss:.2%}", f"{limits.top1_agreement:.2%}", f"{limits.mean_kl:.5f}"
    )
    console = Console()
    console.print(table)
    console.print("passed" if report.passed else "failed")
