"""Runs ``foundry optimize``: from a source to a published version in one command."""

from __future__ import annotations

import argparse
from dataclasses import replace

from model_foundry.commands.building import (
    add_layout,
    add_quality,
    add_source,
    layout_of,
    run,
    source_job,
    thresholds_of,
    with_layout,
)
from model_foundry.commands.folder import add_options
from model_foundry.commands.quantize import add_scheme, plan_of, with_quantization
from model_foundry.measuring.fidelity import INT8
from model_foundry.measuring.quality import QUANTIZED, STEPS, WHOLE, QualityPlan

VARIANT = "wasm-int8"
"""Measured unless something else is asked for: what most devices run, and the one that rounds."""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "optimize",
        help="from a source to a built model: shards, graphs, golden vectors, quality, manifest, model card",
        description="Runs every step once: what an earlier, stopped run did and left whole isn't done again.",
    )
    add_source(parser)
    add_options(parser)
    add_scheme(parser, default=None)
    add_layout(parser)
    add_quality(parser, INT8, None)
    parser.add_argument("--no-quality", action="store_true", help="measure nothing; the card says so")
    parser.set_defaults(command=_optimize)


def _optimize(options: argparse.Namespace) -> int:
    plan = plan_of(options)
    job = source_job(options, plan is not None)
    job = with_layout(job, layout_of(options))
    if plan is not None:
        job = with_quantization(job, plan, options.calibration)
    if not options.no_quality:
        variants = tuple(options.variant) or (() if plan else (VARIANT,))
        set_by_user = (options.max_perplexity_loss, options.min_agreement, options.max_kl) != (None, None, None)
        # Each variant has thresholds of its own kind; a quantized model those of its weights.
        default = QUANTIZED if plan else INT8
        thresholds = thresholds_of(options, default) if plan or set_by_user else None
        # A variant's own thresholds are meant for whole texts; a quantization shows in less.
        steps = options.steps or (STEPS if plan else WHOLE)
        job = replace(job, quality=QualityPlan(plan is not None, variants, steps, thresholds))
    return run(job, options)
