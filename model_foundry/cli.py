"""The ``foundry`` command. Exit codes: 0 done, 1 it failed and says why, 2 wrong usage."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from model_foundry.commands import environment, merge, specialise
from model_foundry.commands.bars import Bars as _Bars
from model_foundry.equalizing.calibration import TEXT, calibrate
from model_foundry.equalizing.equalization import equalized
from model_foundry.errors import FoundryError
from model_foundry.evaluation import NAMES as TEXTS
from model_foundry.evaluation import evaluation_texts
from model_foundry.exporting.hf_folder import write_folder
from model_foundry.importing.checked import import_source
from model_foundry.importing.families import import_gguf
from model_foundry.importing.gguf_file import GgufFile
from model_foundry.pipeline import build_model, prepared
from model_foundry.recipes import FOLDER as RECIPES
from model_foundry.recipes import load_recipe
from model_foundry.sharding.assemble import write_tokenizer, write_weights
from model_foundry.sharding.content_folder import ContentFolder, write_atomically
from model_foundry.sharding.restore import load_manifest, restore
from model_foundry.validation import Report, validate
from orion_py.errors import OrionError
from orion_py.loading.manifest import Manifest, Source

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

    describe = commands.add_parser("import", help="read a GGUF and say what is in it")
    describe.add_argument("gguf", type=Path)
    describe.add_argument("--json", action="store_true", help="as one JSON object")
    describe.add_argument("--out", type=Path, help="write it as a Hugging Face folder of dense weights, too")
    describe.add_argument("--dtype", choices=("float32", "float16", "bfloat16"), default="float32", help="of --out")
    describe.set_defaults(command=_import)

    for name, run, text in (
        ("shard", _shard, "write the weight and tokenizer shards of a GGUF"),
        ("optimize", _optimize, "from a GGUF to a built model: shards, graphs, golden vectors, manifest"),
    ):
        build = commands.add_parser(name, help=text)
        build.add_argument("gguf", type=Path)
        build.add_argument("--recipe", choices=recipes, default="lite")
        build.add_argument("--out", type=Path, default=MODELS)
        build.set_defaults(command=run)

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
    check.set_defaults(command=_validate)

    for module in (merge, environment, specialise):
        module.add(commands)
    return parser


def _import(options: argparse.Namespace) -> int:
    file = GgufFile(options.gguf)
    source = Source(name=options.gguf.stem, file=options.gguf.name, sha256=file.sha256(), revision="")
    model = import_gguf(file, _ANY_CONTEXT, source)
    if options.out:
        write_folder(model, options.out, options.dtype)
    facts: dict[str, object] = {
        "file": source.file,
        "sha256": source.sha256,
        **model.architecture.model_dump(),
        "embedding": type(model.embedding).__name__,
        "linear_layers": type(model.layers[0].qkv.weight).__name__,
        "eos_tokens": list(model.tokenizer.eos_tokens),
        "special_tokens": len(model.tokenizer.definition["added_tokens"]),
    }
    if options.json:
        print(json.dumps(facts))
        return 0
    table = Table("Property", "Value")
    for name, value in facts.items():
        table.add_row(name, str(value))
    Console().print(table)
    return 0


def _shard(options: argparse.Namespace) -> int:
    recipe = load_recipe(options.recipe)
    with _Bars() as bars:
        model = prepared(recipe, import_source(recipe, options.gguf))
        folder = ContentFolder(options.out / "shards")
        shards = (
            write_tokenizer(model.tokenizer, folder),
            *write_weights(model, recipe.layers_per_shard, folder, bars.report),
        )
    for shard in shards:
        print(f"{shard.sha256}  {shard.size:>10}  {shard.role}")
    return 0


def _optimize(options: argparse.Namespace) -> int:
    with _Bars() as bars:
        manifest = build_model(options.recipe, options.gguf, options.out, bars.report)
    print(f"{options.out / manifest.model / 'manifest.json'}: {_summary(manifest)}")
    return 0


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


def _summary(manifest: Manifest) -> str:
    megabytes = sum(shard.size for shard in manifest.shards) / 1e6
    return f"{len(manifest.shards)} shards, {megabytes:.1f} MB, variants {', '.join(v.id for v in manifest.variants)}"


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
    manifest = load_manifest(options.models, options.model)
    known = [variant.id for variant in manifest.variants]
    chosen = options.variant or [variant.id for variant in manifest.variants if variant.backend == "wasm"]
    for variant in chosen:
        if variant not in known:
            print(f"foundry: there is no variant {variant}; known are {', '.join(known)}", file=sys.stderr)
            return 2
    shards = options.models / "shards"
    if options.gguf:
        source = GgufFile(options.gguf)
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
