"""What is fuzzed: real small files, and the parser that each goes through."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

import onnx

from model_foundry.commands.folder import LAYERS, TABLES
from model_foundry.errors import FoundryError
from model_foundry.importing.families import import_gguf
from model_foundry.importing.gguf_file import GgufFile
from model_foundry.importing.hf_folder import plan_folder
from model_foundry.importing.onnx_file import check_onnx, read_tensors
from model_foundry.importing.safetensors_folder import SafetensorsFolder
from model_foundry.merging.merge import prepare
from model_foundry.merging.recipe import load_recipe
from model_foundry.quantizing.round_to_nearest import rounding
from tests.fuzz.mutations import mutated, mutated_json, mutated_safetensors, mutated_yaml
from tests.model_foundry.built import RECIPE, built
from tests.model_foundry.folders import FAMILIES
from tests.model_foundry.importing.test_families import quantized
from tests.model_foundry.importing.test_onnx_file import external, written
from tests.model_foundry.merging.cases import CASES, PARENTS
from tests.model_foundry.tiny_gguf import TinyModel

CONTEXT = 64


@dataclass(frozen=True)
class Target:
    """``seeds`` gives whole files by name; ``parse`` takes the damaged bytes of the one called ``name``
    and a folder to work in, and raises nothing but FoundryError."""

    seeds: Callable[[], dict[str, bytes]]
    mutate: Callable[[Random, bytes, bytes], bytes]
    parse: Callable[[str, bytes, Path], None]


def outcome(target: Target, name: str, data: bytes) -> str:
    """ "read", or the name of the FoundryError that refused ``data``; whatever else is raised goes through."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            target.parse(name, data, Path(folder))
        except FoundryError as error:
            str(error).encode("utf-8", "surrogatepass")
            return type(error).__name__
    return "read"


def _gguf_seeds() -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        models = {"tied": TinyModel(layers=1), "own-head": TinyModel(layers=1, tied=False, hidden=32, heads=2)}
        return {name: model.write(Path(folder) / name).read_bytes() for name, model in models.items()}


def _parse_gguf(name: str, data: bytes, folder: Path) -> None:
    path = folder / "x.gguf"
    path.write_bytes(data)
    import_gguf(GgufFile(path), CONTEXT, RECIPE.source)


def _weight_seeds() -> dict[str, bytes]:
    return {name: (FAMILIES / name / "model.safetensors").read_bytes() for name in ("qwen2", "gemma")}


def _parse_weights(name: str, data: bytes, folder: Path) -> None:
    """``name`` is the family."""
    shutil.copytree(FAMILIES / name, folder, dirs_exist_ok=True)
    (folder / "model.safetensors").write_bytes(data)
    _import(folder)


_FILES = {
    "llama3.config": ("llama3", "config.json"),
    "mistral.config": ("mistral", "config.json"),
    "gemma.config": ("gemma", "config.json"),
    "mistral.index": ("mistral", "model.safetensors.index.json"),
    "llama.tokenizer": ("llama", "tokenizer.json"),
    "gemma.tokenizer": ("gemma", "tokenizer.json"),
    "llama.tokenizer_config": ("llama", "tokenizer_config.json"),
    "llama.generation": ("llama", "generation_config.json"),
}


def _json_seeds() -> dict[str, bytes]:
    return {name: (FAMILIES / family / file).read_bytes() for name, (family, file) in _FILES.items()}


def _parse_json(name: str, data: bytes, folder: Path) -> None:
    family, file = _FILES[name]
    shutil.copytree(FAMILIES / family, folder, dirs_exist_ok=True)
    (folder / file).write_bytes(data)
    _import(folder)


def _import(folder: Path) -> None:
    plan = plan_folder(SafetensorsFolder(folder), CONTEXT)
    plan.load(RECIPE.source, rounding(LAYERS, TABLES))
    plan.tokenizer.shard_bytes()


@cache
def _onnx_files() -> tuple[dict[str, bytes], tuple[str, ...]]:
    """Seeds, and the names of the files that they take weights from."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        manifest = built(folder, quantized("llama"))
        graph = (folder / "shards" / manifest.variants[0].prefill.graph).read_bytes()
        seeds = {"external": written(folder / "small", external()).read_bytes(), "decoder": graph}
    locations = {dict(tensor.external)["location"] for tensor in read_tensors(graph) if tensor.is_external}
    return seeds, ("data.bin", *sorted(locations))


def _parse_onnx(name: str, data: bytes, folder: Path) -> None:
    """What passes is parsed by the library too, which has to find it digestible."""
    for location in _onnx_files()[1]:
        with (folder / location).open("wb") as sparse:
            sparse.truncate(64 if location == "data.bin" else 2**20)
    (folder / "model.onnx").write_bytes(data)
    check_onnx(folder / "model.onnx")
    try:
        onnx.load(folder / "model.onnx", load_external_data=False)
    except Exception as error:  # protobuf's own, which is about the content and not about the bounds
        if isinstance(error, MemoryError):
            raise


def _recipe_seeds() -> dict[str, bytes]:
    return {name: text.encode() for name, text in CASES.items()}


def _parse_recipe(name: str, data: bytes, folder: Path) -> None:
    """A recipe that can be read is planned for its parents, too."""
    (folder / "recipe.yaml").write_bytes(data)
    recipe = load_recipe(folder / "recipe.yaml")
    for parent in PARENTS.keys() & set(recipe.names):
        PARENTS[parent].write(folder / parent)
    prepare(recipe, folder)


def _bytes_or_yaml(random: Random, data: bytes, other: bytes) -> bytes:
    return mutated_yaml(random, data) if random.random() < 0.8 else mutated(random, data, other)


def _bytes_or_json(random: Random, data: bytes, other: bytes) -> bytes:
    return mutated_json(random, data) if random.random() < 0.7 else mutated(random, data, other)


def _bytes_or_header(random: Random, data: bytes, other: bytes) -> bytes:
    return mutated_safetensors(random, data) if random.random() < 0.6 else mutated(random, data, other)


TARGETS: dict[str, Target] = {
    "gguf": Target(_gguf_seeds, mutated, _parse_gguf),
    "safetensors": Target(_weight_seeds, _bytes_or_header, _parse_weights),
    "json": Target(_json_seeds, _bytes_or_json, _parse_json),
    "recipe": Target(_recipe_seeds, _bytes_or_yaml, _parse_recipe),
    "onnx": Target(lambda: _onnx_files()[0], mutated, _parse_onnx),
}
