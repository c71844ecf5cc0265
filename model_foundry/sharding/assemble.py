"""Assembles all files of one model version: weight shards, graphs, the tokenizer and the manifest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import model_foundry
from model_foundry.graphs.variants import VARIANTS, VariantPlan
from model_foundry.graphs.weights import StoredWeights
from model_foundry.model.description import ModelDescription, TokenizerDescription
from model_foundry.progress import Progress
from model_foundry.recipes import BuildRecipe
from model_foundry.sharding.content_folder import ContentFolder
from model_foundry.sharding.expansions import plan_expansion, plan_widening
from model_foundry.sharding.layout import Layout, divided
from model_foundry.sharding.safetensors_file import pack
from model_foundry.sharding.stages import needed_shards, stage_layers
from model_foundry.sharding.stored import EMBEDDING
from orion_py.manifest.architecture import Architecture
from orion_py.manifest.derived import Expansion
from orion_py.manifest.manifest import Golden, Manifest, Recipe, Source
from orion_py.manifest.reading import parse_manifest
from orion_py.manifest.shards import Shard
from orion_py.manifest.sight import Sight
from orion_py.manifest.variants import SessionSpec, Stage, Variant

_TOKENIZER, _GRAPH, _WEIGHTS = 0, 10, 20
"""Fetch priorities: small files first, then weights in the order of the forward pass."""


@dataclass(frozen=True)
class WrittenWeights:
    """What a manifest says of the weights. ``original_bytes``: what the source's own take on the wire."""

    architecture: Architecture
    eos_tokens: tuple[int, ...]
    source: Source
    tokenizer: Shard
    shards: tuple[Shard, ...]
    original_bytes: int


@dataclass(frozen=True)
class WrittenVariants:
    graphs: tuple[Shard, ...]
    variants: tuple[Variant, ...]


def write_weights(
    model: ModelDescription, layout: Layout, folder: ContentFolder, progress: Progress
) -> tuple[Shard, ...]:
    """Writes the weight shards and describes them. Raises UnknownLayout."""
    shards, parts = [], divided(model, layout)
    for index, part in enumerate(parts):
        progress("writing weight shards", index, len(parts))
        file = pack(part.arrays)
        shards.append(
            Shard(
                sha256=folder.put(file.data),
                size=len(file.data),
                role=part.role,
                priority=_WEIGHTS + index,
                layers=part.layers,
                tensors=file.tensors,
            )
        )
    progress("writing weight shards", len(parts), len(parts))
    return tuple(shards)


def write_graphs(
    architecture: Architecture,
    weights: tuple[Shard, ...],
    folder: ContentFolder,
    progress: Progress,
    plans: Iterable[VariantPlan] = VARIANTS,
) -> WrittenVariants:
    """Writes the graphs of all variants that compute the model; graphs that come out the same are one file."""
    graphs: dict[str, Shard] = {}
    variants = []
    tied = architecture.tied_embeddings
    for plan in plans:
        if not plan.computes(architecture):
            continue
        progress(f"building {plan.id}", 0, 1)
        expansions: tuple[Expansion, ...] = ()
        if plan.expands:
            planned = (plan_expansion(shard, lambda source: tied or source != EMBEDDING) for shard in weights)
            expansions = tuple(expansion for expansion in planned if expansion)
        widths = _looked_up if plan.expands else _readable
        widenings = tuple(widening for shard in weights if (widening := plan_widening(shard, widths)))
        stored = StoredWeights(weights, expansions, widenings)
        specs = []
        for session in (plan.prefill, plan.decode):
            stages = []
            for layers in stage_layers(weights) if session.kv == "grow" else [range(architecture.layers)]:
                data = session.build("decoder", architecture, stored, layers)
                sha256 = folder.put(data)
                graphs[sha256] = Shard(sha256=sha256, size=len(data), role="graph", priority=_GRAPH)
                stages.append(Stage(graph=sha256, shards=needed_shards(data, weights)))
            specs.append(
                SessionSpec(
                    graph=stages[0].graph,
                    kv=session.kv,
                    verifies=session.max_draft_tokens,
                    stages=tuple(stages) if len(stages) > 1 else (),
                )
            )
        variants.append(
            Variant(
                id=plan.named(weights),
                backend=plan.backend,
                exact=plan.exact,
                prefill=specs[0],
                decode=specs[1],
                expansions=expansions,
                widenings=widenings,
                tolerance_kl=plan.tolerance_kl,
            )
        )
        progress(f"building {plan.id}", 1, 1)
    return WrittenVariants(tuple(graphs.values()), tuple(variants))


def _looked_up(source: str, bits: int) -> int | None:
    """Beside int8 maps only the token table is read from the blocks, a byte a weight."""
    return 8 if source == EMBEDDING else None


def _readable(source: str, bits: int) -> int | None:
    """MatMulNBits reads 4 and 8 bits."""
    return 8 if source == EMBEDDING or bits > 4 else 4


def write_tokenizer(tokenizer: TokenizerDescription, folder: ContentFolder) -> Shard:
    """Writes the tokenizer shard."""
    data = tokenizer.shard_bytes()
    return Shard(sha256=folder.put(data), size=len(data), role="tokenizer", priority=_TOKENIZER)


def assemble_manifest(
    recipe: BuildRecipe,
    weights: WrittenWeights,
    written: WrittenVariants,
    golden: tuple[Golden, ...],
    sight: Sight | None = None,
) -> Manifest:
    """The manifest, through the engine's own parser. Raises InvalidManifest."""
    manifest = Manifest(
        format=1,
        model=recipe.model,
        version=recipe.version,
        licence=recipe.licence,
        source=weights.source,
        recipe=Recipe(
            name=recipe.procedure,
            tool=f"model_foundry {model_foundry.__version__}",
            options={
                "layers_per_shard": recipe.layers_per_shard,
                "context_cap": recipe.context_cap,
                "shared_table": recipe.shared_table,
                "equalization": recipe.equalization or "none",
                **recipe.options,
            },
        ),
        seed=0,
        architecture=weights.architecture,
        eos_tokens=weights.eos_tokens,
        tokenizer=weights.tokenizer.sha256,
        shards=(weights.tokenizer, *written.graphs, *weights.shards),
        variants=written.variants,
        golden=golden,
        sight=sight,
    )
    return parse_manifest(manifest.model_dump_json())
