"""Runs ``foundry quantize``: a new version of a model with fewer bits, compared with the original."""

from __future__ import annotations

import argparse
import hashlib
from dataclasses import replace
from pathlib import Path

from model_foundry.building.pipeline import Job
from model_foundry.building.sources import DERIVED
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
from model_foundry.equalizing.calibration import TEXT
from model_foundry.errors import UnknownScheme
from model_foundry.measuring.quality import QUANTIZED, STEPS, QualityPlan
from model_foundry.model.weights import BLOCK
from model_foundry.quantizing.plan import METHODS, QuantizationPlan
from model_foundry.quantizing.quantize import quantize
from model_foundry.quantizing.scheme import BLOCKS, FLOATS, Scheme, parse_scheme
from orion_py.manifest.stored_names import WIDTHS


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "quantize",
        help="make a version with other bits, and measure what that costs",
        description="Weights in blocks of 32 to 128 with 2 to 8 bits each, or as floats of 16 or 32 bits. "
        "Prints size, perplexity and top-1 agreement beside the original, and publishes nothing that is worse "
        "than allowed. 2 and 3 bits make the download smaller, not the memory in use: they are expanded on the device.",
    )
    add_source(parser)
    add_options(parser)
    add_scheme(parser, default="q4")
    add_layout(parser)
    add_quality(parser, QUANTIZED, STEPS)
    parser.set_defaults(command=_quantize)


def add_scheme(parser: argparse.ArgumentParser, default: str | None) -> None:
    """The options that ``plan_of`` reads; without a ``default`` nothing is quantized unless asked for."""
    group = parser.add_argument_group("quantization")
    group.add_argument(
        "--bits",
        type=int,
        choices=(*WIDTHS, *FLOATS),
        help=f"a weight's bits; 16 and 32 are floats, the token table and the head too "
        f"(default: {default or 'those of the source; of a folder of floats, 4'})",
    )
    form = group.add_mutually_exclusive_group()
    for name, what in (("symmetric", "no minimum: 2 bytes a block"), ("affine", "with a minimum: 4 bytes a block")):
        form.add_argument(f"--{name}", dest="form", action="store_const", const=name, help=what)
    group.add_argument(
        "--block-size",
        type=int,
        choices=BLOCKS,
        help="weights that share a scale (default: 32); the embedding and the head keep 32 unless overridden",
    )
    group.add_argument(
        "--method",
        choices=METHODS,
        default="k-quant",
        help="rtn: round to nearest; k-quant: search each block's grid for the inputs seen on a calibration text; "
        "awq: scale by activations first, then that search (default: k-quant)",
    )
    group.add_argument(
        "--override",
        action="append",
        default=[],
        metavar="NAME=SCHEME",
        help="another scheme for the matrices of this name, such as 'layers.*.mlp.down=q6', embedding=f16; "
        "may be repeated, the last that matches counts (beside blocks embedding and head are q8 unless overridden)",
    )
    group.add_argument("--calibration", type=Path, default=TEXT, help="the text that k-quant and awq observe inputs on")
    parser.set_defaults(default_scheme=default)


def plan_of(options: argparse.Namespace) -> QuantizationPlan | None:
    """What was asked for. Raises UnknownScheme."""
    if options.bits is None and options.default_scheme is None:
        if options.override or options.form or options.block_size:
            raise UnknownScheme("a scheme for some matrices needs --bits for the others")
        return None
    kind = "f" if options.bits in FLOATS else "q"
    scheme = parse_scheme(f"{kind}{options.bits}" if options.bits else str(options.default_scheme))
    if isinstance(scheme, Scheme):
        if options.form:
            scheme = replace(scheme, symmetric=options.form == "symmetric")
        scheme = replace(scheme, block=options.block_size or BLOCK)
    elif options.form or options.block_size:
        asked = f"--{options.form}" if options.form else "--block-size"
        raise UnknownScheme(f"floats have no blocks: {asked} goes with --bits {WIDTHS[0]} to {WIDTHS[-1]}")
    return QuantizationPlan.of(scheme, options.method, options.override)


def with_quantization(job: Job, plan: QuantizationPlan, calibration: Path) -> Job:
    """``job`` with its matrices quantized, under a version's name of its own."""
    text = "" if plan.method == "rtn" else calibration.read_text("utf-8")
    overrides = " ".join(str(override) for override in plan.overrides)
    said: dict[str, str | int | float | bool] = {
        DERIVED: job.recipe.version,
        "quantization": str(plan.scheme),
        "method": plan.method,
        "overrides": overrides,
    }
    if text:
        said["calibration_sha256"] = hashlib.sha256(text.encode()).hexdigest()
    default = QuantizationPlan.of(plan.scheme, plan.method).overrides
    suffix = "" if plan.overrides == default else "-" + hashlib.sha256(overrides.encode()).hexdigest()[:6]
    version = f"{job.recipe.version}-{plan.scheme}{f'-{plan.method}' if plan.blocks else ''}{suffix}"
    options = {**job.recipe.options, **said}
    return replace(
        job,
        recipe=job.recipe.model_copy(update={"version": version, "options": options}),
        label=f"{job.label} {plan} {hashlib.sha256(text.encode()).hexdigest()}",
        transform=lambda model, progress: quantize(model, plan, text, progress),
    )


def _quantize(options: argparse.Namespace) -> int:
    plan = plan_of(options)
    assert plan is not None  # there is a default
    job = source_job(options, True)
    job = with_layout(job, layout_of(options))
    job = with_quantization(job, plan, options.calibration)
    thresholds = thresholds_of(options, QUANTIZED)
    quality = QualityPlan(True, tuple(options.variant), options.steps, thresholds)
    return run(replace(job, quality=quality), options)
