"""Reads a built model back as a ModelDescription, from its shards and without the graphs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open

from model_foundry.errors import NotBuilt
from model_foundry.model.description import Layer, Linear, ModelDescription, TokenizerDescription
from model_foundry.model.weights import Affine, Dense, Matrix, Symmetric
from model_foundry.recipes import load_recipe, recipe_names
from model_foundry.sharding.safetensors_file import Array
from model_foundry.sharding.stored import EMBEDDING, EMBEDDING_SCALE, FINAL_NORM, HEAD, linear_names, norm_names
from orion_py.errors import OrionError
from orion_py.faults import reason
from orion_py.manifest.bit_stream import unpack
from orion_py.manifest.manifest import Manifest
from orion_py.manifest.reading import parse_manifest
from orion_py.manifest.stored_names import FLOATS, bits_of
from orion_py.native.store import read_verified


def load_manifest(models: Path, model: str) -> Manifest:
    """The manifest of a built model, by its id or the short name of its recipe. Raises NotBuilt."""
    short = model in recipe_names()
    path = models / (load_recipe(model).model if short else model) / "manifest.json"
    try:
        return parse_manifest(path.read_bytes())
    except FileNotFoundError as error:
        built = [found.parent.name for found in sorted(models.glob("*/manifest.json")) if _is_a_models(found)]
        known = f"built are: {', '.join(built)}" if built else "nothing is built there"
        build = f"; build it with: python3 build.py models {model}" if short else ""
        raise NotBuilt(f"{model} isn't built in {models}; {known}{build}") from error
    except (OSError, OrionError) as error:
        raise NotBuilt(f"{path} isn't the manifest of a built model: {reason(error)}") from error


def _is_a_models(path: Path) -> bool:
    """Whether the manifest is a language model's: the router has one, too."""
    try:
        parse_manifest(path.read_bytes())
    except (OSError, OrionError):
        return False
    return True


def restore(manifest: Manifest, shards: Path) -> ModelDescription:
    """The model that ``manifest`` describes, from the folder of its shards. Raises NotBuilt."""
    try:
        parts = json.loads(read_verified(shards, manifest.tokenizer))
        arrays: dict[str, Array] = {}
        for shard in manifest.shards:
            if shard.role not in ("graph", "tokenizer"):
                read_verified(shards, shard.sha256)
                with safe_open(shards / shard.sha256, framework="np") as file:
                    arrays |= {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        return _described(manifest, arrays, parts)
    except (OSError, OrionError, SafetensorError, KeyError, ValueError) as error:
        raise NotBuilt(f"the shards of {manifest.model} can't be read: {error!r}") from error


def _described(manifest: Manifest, arrays: dict[str, Array], parts: dict[str, Any]) -> ModelDescription:
    architecture = manifest.architecture
    return ModelDescription(
        architecture=architecture,
        embedding=_matrix(EMBEDDING, arrays),
        layers=tuple(_layer(index, arrays) for index in range(architecture.layers)),
        final_norm=_vector(FINAL_NORM, arrays),
        head=None if architecture.tied_embeddings else _matrix(HEAD, arrays),
        tokenizer=TokenizerDescription(
            definition=parts["tokenizer"],
            chat_template=parts["chat_template"],
            bos_token=parts["bos_token"],
            eos_token=parts["eos_token"],
            eos_tokens=manifest.eos_tokens,
        ),
        source=manifest.source,
        embedding_scale=_vector(EMBEDDING_SCALE, arrays) if EMBEDDING_SCALE in arrays else None,
    )


def _layer(index: int, arrays: dict[str, Array]) -> Layer:
    parts: dict[str, Any] = {field: _linear(name, arrays) for field, name in linear_names(index).items()}
    parts |= {field: _vector(name, arrays) for field, name in norm_names(index).items() if name in arrays}
    return Layer(**parts)


def _linear(name: str, arrays: dict[str, Array]) -> Linear:
    bias = f"{name}.bias"
    return Linear(_matrix(name, arrays), _vector(bias, arrays) if bias in arrays else None)


def _vector(name: str, arrays: dict[str, Array]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return arrays[name].astype(np.float32)


def _matrix(name: str, arrays: dict[str, Array]) -> Matrix:
    if f"{name}.{FLOATS}" in arrays:
        values = arrays[f"{name}.{FLOATS}"]
        return Dense(values.astype(np.float32), "F16" if values.dtype == np.float16 else "F32")
    scale = arrays[f"{name}.scale"].astype(np.float16)
    bits = bits_of(name, arrays) or 8
    quants = unpack(arrays[f"{name}.q{bits}"].astype(np.uint8, copy=False), bits)
    if f"{name}.min" in arrays:
        return Affine(bits, quants, scale, arrays[f"{name}.min"].astype(np.float16))
    centred = quants.astype(np.int16) - 2 ** (bits - 1)
    return Symmetric(bits, centred.astype(np.int8), scale)
