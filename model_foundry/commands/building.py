"""Shares options and output between the commands that build a version."""

from __future__ import annotations

import argparse
import json
import re
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from model_foundry.building.pipeline import Built, Job, build
from model_foundry.building.sources import DERIVED, open_source
from model_foundry.building.versions import MODELS
from model_foundry.commands.folder import folder_job
from model_foundry.commands.named_gguf import named_gguf_job
from model_foundry.errors import UnknownLayout, UnknownVersion
from model_foundry.formats.pickles import refuse_pickle
from model_foundry.measuring.fidelity import Thresholds
from model_foundry.progress import ProgressBars
from model_foundry.recipes import recipe_names
from model_foundry.sharding.layout import MOST_SHARDS, LayersPerShard, Layout, ShardCount, ShardSize
from model_foundry.sharding.shard_matrices import precision
from orion_py.manifest.manifest import Manifest

_UNITS = {"": 10**6, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmg]i?b)?", re.IGNORECASE)


def add_source(parser: argparse.ArgumentParser, optional: bool = False) -> None:
    parser.add_argument(
        "source",
        nargs="?" if optional else None,
        metavar="SOURCE",
        help="a GGUF, a folder of safetensors, the manifest.json of a built model, or its id or short name",
    )
    parser.add_argument("--recipe", choices=recipe_names(), default="lite", help="how a GGUF is read (default: lite)")
    parser.add_argument("--out", type=Path, default=MODELS, help=f"the folder of built models (default: {MODELS})")
    parser.add_argument("--version", help="what the new version is called (default: made from what is asked for)")
    parser.add_argument("--fresh", action="store_true", help="do again what an earlier run did already")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def source_job(options: argparse.Namespace, quantizing: bool) -> Job:
    """The job that builds ``options.source``; to be quantized, or as it is. Raises FoundryError."""
    path = Path(options.source)
    refuse_pickle(path)
    if path.is_dir():
        return folder_job(options, exact=quantizing)
    if options.name and path.is_file() and path.suffix != ".json":
        return named_gguf_job(options)
    return open_source(options.source, options.recipe, options.out, original=quantizing)


def add_layout(parser: argparse.ArgumentParser) -> None:
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--shards", type=int, metavar="N", help=f"so many weight shards, 1 to {MOST_SHARDS}")
    group.add_argument("--shard-size", metavar="SIZE", help="weight shards of at most this size, such as 8MB or 150")
    group.add_argument("--layers-per-shard", type=int, metavar="N", help="so many layers in each, the tables alone")


def layout_of(options: argparse.Namespace) -> Layout | None:
    """The layout that was asked for, if any. Raises UnknownLayout."""
    if options.shards is not None:
        return ShardCount(options.shards)
    if options.shard_size is not None:
        match = _SIZE.fullmatch(options.shard_size.strip())
        if match is None:
            raise UnknownLayout(f"{options.shard_size!r} is no size; write 8MB, 512KiB, or a number of MB")
        return ShardSize(int(float(match[1]) * _UNITS[(match[2] or "").lower()]))
    if options.layers_per_shard is not None:
        if options.layers_per_shard < 1:
            raise UnknownLayout("a shard has at least one layer")
        return LayersPerShard(options.layers_per_shard)
    return None


def with_layout(job: Job, layout: Layout | None) -> Job:
    """``job`` with its shards cut so, and its manifest saying so."""
    if layout is None:
        return job
    said = {"layers_per_shard": layout.count} if isinstance(layout, LayersPerShard) else {"layout": str(layout)}
    recipe = job.recipe.model_copy(update={"options": {**job.recipe.options, **said}})
    return replace(job, recipe=recipe, layout=layout)


def add_quality(parser: argparse.ArgumentParser, default: Thresholds, steps: int | None) -> None:
    """``steps``: on each text unless something else is asked for; None for all."""
    group = parser.add_argument_group("quality, measured beside the original")
    said = "the whole text" if steps is None else steps
    group.add_argument("--steps", type=int, default=steps, help=f"to measure on each text (default: {said})")
    group.add_argument("--variant", action="append", default=[], help="measure this variant too; may be repeated")
    for name, value, what in (
        ("--max-perplexity-loss", default.perplexity_loss, "largest relative rise of perplexity: 0.15 is 15 %%"),
        ("--min-agreement", default.top1_agreement, "smallest share of steps at which both rank one token first"),
        ("--max-kl", default.mean_kl, "largest mean KL divergence, in nats"),
    ):
        group.add_argument(name, type=float, help=f"{what} (default: {value})")


def thresholds_of(options: argparse.Namespace, default: Thresholds) -> Thresholds:
    """``default`` with what was set otherwise."""

    def chosen(value: float | None, otherwise: float) -> float:
        return otherwise if value is None else value

    return Thresholds(
        perplexity_loss=chosen(options.max_perplexity_loss, default.perplexity_loss),
        top1_agreement=chosen(options.min_agreement, default.top1_agreement),
        mean_kl=chosen(options.max_kl, default.mean_kl),
    )


def run(job: Job, options: argparse.Namespace) -> int:
    """Builds, prints what came of it, and gives the exit code."""
    if options.version:
        if options.version == job.recipe.options.get(DERIVED):
            raise UnknownVersion(f"{options.version} is what this version is made from; call it something else")
        job = replace(job, recipe=job.recipe.model_copy(update={"version": options.version}))
    with ProgressBars() as bars:
        built = build(job, options.out, bars.report, resume=not options.fresh)
    if options.json:
        print(json.dumps(as_json(built)))
    else:
        _print(built)
    return 0 if built.published else 1


def weight_size(manifest: Manifest) -> int:
    """Bytes of the weight shards."""
    return sum(shard.size for shard in manifest.shards if shard.tensors)


def as_json(built: Built) -> dict[str, object]:
    """What a build came to, as JSON has it."""
    manifest = built.manifest
    return {
        "model": manifest.model,
        "version": manifest.version,
        "original_weight_bytes": built.original_bytes,
        "weight_bytes": weight_size(manifest),
        "precision": precision(manifest.shards),
        "download_bytes": sum(shard.size for shard in manifest.shards),
        "quality": [report.as_json() for report in built.quality],
        "steps_run": list(built.repeated),
        "published": str(built.published) if built.published else None,
    }


def _print(built: Built) -> None:
    manifest, console = built.manifest, Console()
    if built.quality:
        console.print(_comparison(built))
    shards = [shard for shard in manifest.shards if shard.tensors]
    console.print(
        f"{manifest.model} {manifest.version}: {len(manifest.shards)} shards, {len(shards)} of them weights, "
        f"{sum(shard.size for shard in manifest.shards) / 1e6:.1f} MB, {precision(manifest.shards)}; "
        f"variants {', '.join(variant.id for variant in manifest.variants)}",
        soft_wrap=True,
    )
    if any(tensor.name.endswith((".q2", ".q3")) for shard in shards for tensor in shard.tensors):
        console.print(
            "2- and 3-bit weights are packed so on the wire and expanded on the device: "
            "the download is smaller, the memory in use is not.",
            soft_wrap=True,
        )
    if not built.repeated:
        console.print("Every step was done before, and its files are whole.")
    if built.published:
        console.print(str(built.published), soft_wrap=True)
    else:
        failed = next(report for report in built.quality if not report.passed)
        reasons = ", ".join(failed.total.faults(failed.thresholds))
        console.print(f"refused: {failed.variant}: {reasons}; nothing was published", soft_wrap=True)


def _comparison(built: Built) -> Table:
    table = Table("", "Weights MB", "Perplexity", "Loss", "Top-1 agreement", "Mean KL")
    first = built.quality[0].total
    table.add_row("original", f"{built.original_bytes / 1e6:.2f}", f"{first.reference_perplexity:.3f}", "", "", "")
    for report in built.quality:
        row, limits = report.total, report.thresholds
        table.add_row(
            report.variant,
            f"{weight_size(built.manifest) / 1e6:.2f}",
            f"{row.perplexity:.3f}",
            *row.cells,
        )
        allowed = f"+{limits.perplexity_loss:.2%}", f"{limits.top1_agreement:.2%}", f"{limits.mean_kl:.5f}"
        table.add_row("  allowed", "", "", *allowed)
    return table
