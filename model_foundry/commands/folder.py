"""Takes a Hugging Face folder as the source of a ``foundry`` command: no recipe file, defaults from the folder."""

from __future__ import annotations

import argparse
import re
from dataclasses import replace
from pathlib import Path

from model_foundry.building.pipeline import Job, build
from model_foundry.errors import FoundryError, UnknownRecipe
from model_foundry.importing.hf_folder import as_stored, plan_folder
from model_foundry.importing.opening import open_folder
from model_foundry.importing.seeing_folder import SeeingFolder, written_encoder
from model_foundry.model.description import ModelDescription
from model_foundry.progress import Progress
from model_foundry.quantizing.round_to_nearest import rounding
from model_foundry.quantizing.scheme import Scheme
from model_foundry.recipes import BuildRecipe
from orion_py.faults import reason
from orion_py.manifest.manifest import Manifest, Source

CONTEXT = 4096
"""The context's cap where no other is asked for: its KV cache is what a browser can spare."""

LAYERS_PER_SHARD = 3
LAYERS, TABLES = Scheme.parse("q4"), Scheme.parse("q8")
"""What dense weights are rounded to; a quantization that is asked for starts from the weights themselves."""

PROMPTS = {
    "capital": "What is the capital of France?",
    "python": "Write a Python function that returns the largest of three numbers.",
    "bonjour": "Bonjour, comment allez-vous ?",
}
TEXTS = {
    "sky": "The sky is blue because sunlight is scattered by the air,",
    "ciel": "Le ciel est bleu parce que la lumière du soleil",
}

_FRONT_MATTER = re.compile(r"\A---\r?\n(.*?)^---", re.DOTALL | re.MULTILINE)
_LICENCE = re.compile(r"^license:[ \t]*[\"']?([A-Za-z0-9][A-Za-z0-9.+-]{0,79})", re.MULTILINE)


def add_options(parser: argparse.ArgumentParser) -> None:
    """What a folder, or a file, doesn't always say of itself."""
    group = parser.add_argument_group("for a folder of safetensors, which needs no recipe, and a GGUF that has none")
    group.add_argument("--name", help="the model's id (default: the folder's name; a GGUF that is named has no recipe)")
    group.add_argument("--licence", help="its licence (default: what the folder's README.md or the GGUF says)")
    group.add_argument("--model-version", default="1.0.0", help="default: 1.0.0")
    group.add_argument("--revision", default="", help="where the folder came from, such as a commit")
    group.add_argument(
        "--context", type=int, default=CONTEXT, help=f"cap of the context in tokens (default: {CONTEXT})"
    )


def describe(path: Path) -> dict[str, object]:
    """What is in the folder, without reading a weight. Raises FoundryError."""
    folder = open_folder(path)
    plan = plan_folder(folder, None)
    added = plan.tokenizer.definition.get("added_tokens") or []
    return {
        "folder": path.name,
        "sha256": folder.sha256(),
        **plan.architecture.model_dump(),
        "stored_as": ", ".join(sorted({tensor.dtype for tensor in folder.tensors.values()})),
        "eos_tokens": list(plan.tokenizer.eos_tokens),
        "special_tokens": sum(bool(entry.get("special")) for entry in added),
        "licence": licence_of(path) or "not said",
        "notes": list(plan.notes),
        **(
            {"sight": folder.sight("encoder").model_dump(exclude={"encoder"})}
            if isinstance(folder, SeeingFolder)
            else {}
        ),
    }


def folder_job(options: argparse.Namespace, exact: bool) -> Job:
    """The job that builds the folder ``options.source``. Raises FoundryError.

    ``exact``: the weights are read as they are, for a quantization to follow; else layers are rounded
    to the nearest of 4 bits, token table and head of 8.
    """
    if options.context < 1:
        raise FoundryError("the context has to be at least one token")
    folder = open_folder(Path(options.source))
    plan = plan_folder(folder, options.context)
    said = {} if exact else {"quantization": "q4, tables q8", "method": "rtn"}
    said |= {f"note_{index}": note for index, note in enumerate(plan.notes, 1)}
    path = Path(options.source)
    source = Source(name=path.resolve().name, file=".", sha256=folder.sha256(), revision=options.revision)
    recipe = recipe_of(options, source, licence_of(path), "safetensors-to-orion", said)
    quantizer = as_stored(folder) if exact else rounding(LAYERS, TABLES)

    def read(progress: Progress) -> ModelDescription:
        progress("importing", 0, 1)
        model = plan.load(recipe.source, quantizer, progress)
        progress("importing", 1, 1)
        return model

    job = Job(recipe, read, f"folder {folder.sha256()} {'exact' if exact else 'rounded'}")
    return _with_sight(job, folder) if isinstance(folder, SeeingFolder) else job


def _with_sight(job: Job, folder: SeeingFolder) -> Job:
    """``job`` with the model's encoder beside it. Raises UnknownTokenizer."""
    recipe, encoder = job.recipe, f"{job.recipe.model}-eyes"

    def write(models: Path, progress: Progress) -> None:
        written_encoder(folder, encoder, recipe.version, recipe.licence, recipe.source, models, progress)

    return replace(job, sight=folder.sight(encoder), beside=write)


def build_folder(path: Path, name: str, licence: str, revision: str, models: Path, progress: Progress) -> Manifest:
    """Builds the folder as the model ``name`` into ``models``, rounded as by default. Raises FoundryError."""
    options = {"source": str(path), "name": name, "licence": licence, "revision": revision}
    job = folder_job(argparse.Namespace(**options, model_version="1.0.0", context=CONTEXT), exact=False)
    return build(job, models, progress).manifest


def licence_of(path: Path) -> str | None:
    """The licence in the front matter of the folder's README.md, as its author spelt it."""
    try:
        with (path / "README.md").open(encoding="utf-8", errors="replace") as stream:
            front = _FRONT_MATTER.match(stream.read(65_536))
    except OSError:
        return None
    found = _LICENCE.search(front.group(1)) if front else None
    return found.group(1) if found else None


def recipe_of(
    options: argparse.Namespace, source: Source, licence: str | None, procedure: str, said: dict[str, str]
) -> BuildRecipe:
    """How ``source`` is built without a recipe of ours; it says itself that ``licence`` is its. Raises FoundryError."""
    name = options.name or re.sub(r"[^a-z0-9._-]+", "-", source.name.lower()).strip("-._")
    licence = options.licence or licence
    if not licence:
        raise FoundryError(
            f"{source.name} doesn't say its licence: look it up where the model came from, and give --licence"
        )
    fields = {
        "model": name,
        "version": options.model_version,
        "licence": licence,
        "layers_per_shard": LAYERS_PER_SHARD,
        "context_cap": options.context,
        "procedure": procedure,
        "options": said,
        "golden_texts": TEXTS,
        "golden_prompts": PROMPTS,
    }
    stated = {f"source_{field}": getattr(source, field) for field in ("name", "file", "sha256", "revision")}
    try:
        return BuildRecipe.model_validate(fields | stated)
    except ValueError as error:  # pydantic's ValidationError is one
        raise UnknownRecipe(
            f"{name!r} {options.model_version!r} can't be built under these names: {reason(error)}"
        ) from error
