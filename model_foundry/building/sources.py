"""Opens what a build may start from: a GGUF that a recipe names, or a version that was built before."""

from __future__ import annotations

import hashlib
from pathlib import Path

from model_foundry.building.pipeline import Job, gguf_job
from model_foundry.building.versions import MANIFEST, MODELS, SHARDS, VERSIONS
from model_foundry.errors import UnknownSource
from model_foundry.model.description import ModelDescription
from model_foundry.progress import Progress
from model_foundry.recipes import BuildRecipe, load_recipe, recipe_names
from model_foundry.sharding.layout import SameShards
from model_foundry.sharding.restore import restore
from orion_py.errors import OrionError
from orion_py.faults import reason
from orion_py.manifest.manifest import Manifest
from orion_py.manifest.reading import parse_manifest

_LAYERS_PER_SHARD = 3


DERIVED = "derived_from"
"""Option of a manifest's recipe: the version whose weights were quantized for it."""


def open_source(source: str, recipe: str, models: Path, original: bool = False) -> Job:
    """The job that builds ``source`` as it is; what is wanted otherwise is changed in it.

    ``source`` is the path of a GGUF (read as ``recipe`` says), the path of a manifest, or a built
    model: its id or the short name of its recipe, looked up in ``models`` and then in the default
    folder. Of a built model the current version is meant, or with ``original`` the one that was
    quantized for it, since quantizing twice loses twice. Raises UnknownSource, UnknownRecipe.
    """
    path = Path(source)
    if path.suffix == ".json":
        return manifest_job(path)
    if path.is_file():
        return gguf_job(load_recipe(recipe), path)
    named = source in recipe_names()
    model = load_recipe(source).model if named else source
    folders = dict.fromkeys([models, MODELS])  # with --out elsewhere, models are still read where they are built
    for folder in folders:
        built = folder / model / MANIFEST
        if built.is_file():
            return manifest_job(_original(built) if original else built)
    if named:
        raise UnknownSource(f"{source} isn't built yet; build it with: python3 build.py models {source}")
    places = " or ".join(str(folder) for folder in folders)
    raise UnknownSource(
        f"{source} is neither a GGUF, nor a folder of safetensors, nor a manifest, nor the id of a model in {places}; "
        f"these can be built by name: {', '.join(recipe_names())}"
    )


def _original(path: Path) -> Path:
    """The manifest of the version that was quantized for the one at ``path``; or that one itself."""
    _, manifest = _read(path)
    derived = manifest.recipe.options.get(DERIVED)
    if derived is None:
        return path
    original = path.parent / VERSIONS / f"{derived}.json"
    if not original.is_file():
        raise UnknownSource(
            f"{manifest.model} {manifest.version} was quantized from {derived}, which isn't kept; start from its source"
        )
    return original


def _read(path: Path) -> tuple[bytes, Manifest]:
    try:
        text = path.read_bytes()
        return text, parse_manifest(text)
    except (OSError, OrionError) as error:
        raise UnknownSource(f"{path} isn't the manifest of a built model: {reason(error)}") from error


def manifest_job(path: Path) -> Job:
    """Of a built version: its own weights, in its own shards. Raises UnknownSource."""
    text, manifest = _read(path)
    folder = path.parents[2 if path.parent.name == VERSIONS else 1] / SHARDS
    options = dict(manifest.recipe.options)
    per_shard = options.get("layers_per_shard")
    origin = manifest.source
    recipe = BuildRecipe(
        model=manifest.model,
        version=manifest.version,
        licence=manifest.licence,
        source_name=origin.name,
        source_file=origin.file,
        source_sha256=origin.sha256,
        source_revision=origin.revision,
        layers_per_shard=per_shard if isinstance(per_shard, int) and per_shard > 0 else _LAYERS_PER_SHARD,
        context_cap=manifest.architecture.context_length,
        procedure=manifest.recipe.name,
        options=options,
        golden_prompts={},
        golden_texts={},
    )

    def read(progress: Progress) -> ModelDescription:
        progress("reading shards", 0, 1)
        model = restore(manifest, folder)
        progress("reading shards", 1, 1)
        return model

    return Job(
        recipe=recipe,
        read=read,
        label=f"manifest {hashlib.sha256(text).hexdigest()}",
        layout=SameShards.of(manifest.shards),
        golden={golden.name: golden.tokens for golden in manifest.golden},
        sight=manifest.sight,
    )
