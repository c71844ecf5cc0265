"""Runs ``foundry validate``: measures a built model against the reference implementation, or scores it on tasks."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from model_foundry.building.versions import MODELS, SHARDS
from model_foundry.commands.validate_tasks import add_task_options, validate_tasks, wants_tasks
from model_foundry.importing.families import import_gguf
from model_foundry.importing.gguf_file import GgufFile
from model_foundry.measuring.fidelity import Report, measurable, validate
from model_foundry.measuring.texts import NAMES as TEXTS
from model_foundry.measuring.texts import evaluation_texts
from model_foundry.progress import ProgressBars
from model_foundry.sharding.restore import load_manifest, restore


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("validate", help="measure a built model against the reference implementation")
    parser.add_argument("model", nargs="?", default="smollm2-135m-instruct")
    parser.add_argument("--models", type=Path, default=MODELS, help="the folder of built models")
    parser.add_argument("--variant", action="append", help="may be repeated; default: our kernel, and those for WASM")
    parser.add_argument("--text", action="append", choices=TEXTS, help="may be repeated; default: all")
    parser.add_argument("--gguf", type=Path, help="take the reference's weights from here, not from the shards")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="as JSON")
    add_task_options(parser)
    parser.set_defaults(command=_validate)


def _validate(options: argparse.Namespace) -> int:
    if wants_tasks(options):
        return validate_tasks(options)
    manifest = load_manifest(options.models, options.model)
    known = measurable(manifest)
    chosen = options.variant or [variant.id for variant in known.values() if variant.backend == "wasm"]
    for variant in chosen:
        if variant not in known:
            print(f"foundry: there is no variant {variant}; known are {', '.join(known)}", file=sys.stderr)
            return 2
    shards = options.models / SHARDS
    if options.gguf:
        source = GgufFile(options.gguf, exact=True)
        model = import_gguf(source, manifest.architecture.context_length, manifest.source)
    else:
        model = restore(manifest, shards)
    with ProgressBars() as bars:
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
            *row.cells,
        )
    table.add_row(
        "allowed", "", "", "", f"+{limits.perplexity_loss:.2%}", f"{limits.top1_agreement:.2%}", f"{limits.mean_kl:.5f}"
    )
    console = Console()
    console.print(table)
    console.print("passed" if report.passed else "failed")
