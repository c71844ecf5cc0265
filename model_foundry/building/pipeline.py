"""Builds a model from a source in one call; ``build.py`` and ``foundry`` use it.

Steps, each of which is left out when an earlier, stopped run did it: weights (import, equalize,
quantize, write the shards), the graphs of each variant, golden vectors, quality. Then the manifest
and its card are published, unless the quality is worse than allowed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from model_foundry.building.card import model_card
from model_foundry.building.steps import Steps, key_of
from model_foundry.building.versions import SHARDS, STEPS, VERSIONS, publish
from model_foundry.equalizing.equalization import equalized, load_equalization
from model_foundry.graphs.variants import VARIANTS, VariantPlan
from model_foundry.importing.verified_import import import_source
from model_foundry.measuring.fidelity import Report
from model_foundry.measuring.quality import QualityPlan, measure
from model_foundry.model.description import ModelDescription, with_shared_table
from model_foundry.progress import Progress
from model_foundry.recipes import BuildRecipe, load_recipe
from model_foundry.reference.golden import golden_inputs, make_golden
from model_foundry.sharding.assemble import (
    WrittenVariants,
    WrittenWeights,
    assemble_manifest,
    write_graphs,
    write_tokenizer,
    write_weights,
)
from model_foundry.sharding.content_folder import ContentFolder
from model_foundry.sharding.layout import LayersPerShard, Layout
from model_foundry.sharding.restore import restore
from model_foundry.sharding.stored import weight_bytes
from orion_py.manifest.manifest import Golden, Manifest
from orion_py.manifest.sight import Sight

Transform = Callable[[ModelDescription, Progress], ModelDescription]


def _unchanged(model: ModelDescription, progress: Progress) -> ModelDescription:
    return model


@dataclass(frozen=True)
class Job:
    """What is to be built. ``read`` gives the source's model; it is called only where it is needed.

    ``transform`` makes the model that is stored of it, such as a quantization; ``label`` says what
    it and ``read`` do, so that two jobs with the same recipe differ. ``golden`` are inputs
    beside the recipe's own texts and prompts. ``sight``: how the model takes pictures in; ``beside`` writes what it
    needs beside its own files, such as its encoder, into the folder of models before the manifest is published.
    """

    recipe: BuildRecipe
    read: Callable[[Progress], ModelDescription]
    label: str
    transform: Transform = _unchanged
    layout: Layout | None = None
    golden: Mapping[str, Sequence[int]] = field(default_factory=dict)
    plans: tuple[VariantPlan, ...] = VARIANTS
    quality: QualityPlan | None = None
    sight: Sight | None = None
    beside: Callable[[Path, Progress], object] | None = None


@dataclass(frozen=True)
class Built:
    """``published`` is None where the quality was worse than allowed: then nothing changed except
    that shards lie there which no manifest names."""

    manifest: Manifest
    original_bytes: int
    quality: tuple[Report, ...]
    published: Path | None
    repeated: tuple[str, ...]


def build_model(name: str, gguf_path: Path, out_dir: Path, progress: Progress) -> Manifest:
    """Builds recipe ``name`` from ``gguf_path`` into ``out_dir``. Raises FoundryError."""
    recipe = load_recipe(name)
    return build(gguf_job(recipe, gguf_path), out_dir, progress).manifest


def gguf_job(recipe: BuildRecipe, path: Path) -> Job:
    """Of a GGUF that ``recipe`` names by its hash."""

    def read(progress: Progress) -> ModelDescription:
        progress("importing", 0, 1)
        model = prepared(recipe, import_source(recipe, path))
        progress("importing", 1, 1)
        return model

    return Job(recipe, read, "gguf")


def prepared(recipe: BuildRecipe, model: ModelDescription) -> ModelDescription:
    """The imported ``model`` as the recipe wants it stored: the same function, equalized.

    Raises FoundryError.
    """
    if recipe.shared_table:
        model = with_shared_table(model)
    path = recipe.equalization_file
    return equalized(model, load_equalization(path)) if path else model


def build(job: Job, out_dir: Path, progress: Progress, resume: bool = True) -> Built:
    """Writes ``<out_dir>/shards/<sha256>`` and, when all are there, the version's manifest and card.

    Where the files lie: model_foundry/building/versions.py. With ``resume``, what an earlier run with the
    same job did isn't done again. Raises FoundryError.
    """
    recipe, folder = job.recipe, ContentFolder(out_dir / SHARDS)
    record = out_dir / recipe.model / VERSIONS / f"{recipe.version}{STEPS}"
    steps = Steps(record, _key(job), folder.folder) if resume else Steps(None, "", folder.folder)
    layout = job.layout or LayersPerShard(recipe.layers_per_shard)

    def write() -> WrittenWeights:
        original = job.read(progress)
        model = job.transform(original, progress)
        return WrittenWeights(
            architecture=model.architecture,
            eos_tokens=model.tokenizer.eos_tokens,
            source=model.source,
            tokenizer=write_tokenizer(model.tokenizer, folder),
            shards=write_weights(model, layout, folder, progress),
            original_bytes=weight_bytes(original),
        )

    weights = steps.step("weights", WrittenWeights, write, lambda made: (made.tokenizer, *made.shards))
    written = _graphs(job, weights, folder, steps, progress)
    draft = assemble_manifest(recipe, weights, written, (), job.sight)

    def compute_golden() -> tuple[Golden, ...]:
        model = restore(draft, folder.folder)
        token = job.sight.token if job.sight is not None else None
        return make_golden(model, {**job.golden, **golden_inputs(model.tokenizer, recipe, token)}, progress)

    golden = steps.step("golden", tuple[Golden, ...], compute_golden)
    manifest = assemble_manifest(recipe, weights, written, golden, job.sight)
    reports: tuple[Report, ...] = ()
    if job.quality is not None:
        plan = job.quality
        reports = steps.step(
            f"quality {plan.key}",
            tuple[Report, ...],
            lambda: measure(plan, manifest, folder.folder, lambda: job.read(progress), progress),
        )
        # Other thresholds than those of the run that measured may be asked for.
        reports = tuple(replace(report, thresholds=plan.thresholds_for(report)) for report in reports)
    published = None
    if all(report.passed for report in reports):
        if job.beside is not None:
            job.beside(out_dir, progress)
        published = publish(out_dir, manifest, model_card(manifest, reports))
    return Built(manifest, weights.original_bytes, reports, published, tuple(steps.repeated))


def _graphs(
    job: Job, weights: WrittenWeights, folder: ContentFolder, steps: Steps, progress: Progress
) -> WrittenVariants:
    """All variants; a graph that two of them share is one file."""

    def one(plan: VariantPlan) -> WrittenVariants:
        return steps.step(
            f"graphs {plan.id}",
            WrittenVariants,
            lambda: write_graphs(weights.architecture, weights.shards, folder, progress, [plan]),
            lambda made: made.graphs,
        )

    parts = [one(plan) for plan in job.plans]
    graphs = {shard.sha256: shard for part in parts for shard in part.graphs}
    return WrittenVariants(tuple(graphs.values()), tuple(variant for part in parts for variant in part.variants))


def _key(job: Job) -> str:
    path = job.recipe.equalization_file
    equalization = path.read_text("utf-8") if path else ""
    variants = ",".join(plan.id for plan in job.plans)
    golden = repr({name: list(tokens) for name, tokens in job.golden.items()})
    return key_of(job.recipe.model_dump_json(), equalization, job.label, repr(job.layout), golden, variants)
