"""Finds the models that a recipe names on this machine, opens them, and compares their shapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from model_foundry.errors import IncompatibleParents, MalformedFolder, MalformedMerge
from model_foundry.formats.hf_names import CONFIG, CONFIG_KEYS, LM_HEAD, TOKENIZER
from model_foundry.importing.safetensors_folder import SafetensorsFolder, StoredTensor
from model_foundry.merging.layout import Place, check_model_type, place

_SHAPING_KEYS = (
    "model_type",
    "hidden_size",
    "intermediate_size",
    "num_attention_heads",
    "num_key_value_heads",
    "head_dim",
    "vocab_size",
    "hidden_act",
    "tie_word_embeddings",
    "rope_theta",
    "rope_scaling",
    "rope_parameters",
    "mlp_bias",
    "rms_norm_eps",
    "attention_bias",
    "vision_config",
)
"""What must be the same for weights to mean the same. Rotary theta has no shape and still decides
what a query is; the number of layers is the plan's affair."""

_SHOWN = 3


@dataclass(frozen=True)
class Parent:
    name: str
    contents: SafetensorsFolder

    @classmethod
    def open(cls, name: str, path: Path) -> Parent:
        """Reads no weights, but makes sure that all of them can be.

        Raises MalformedFolder, MalformedSafetensors, UnsafePickle, UnknownQuantization or IncompatibleParents.
        """
        contents = SafetensorsFolder(path)
        check_model_type(contents.config.get("model_type"), name)
        for tensor in contents.tensors.values():
            tensor.check_type()
            if 0 in tensor.shape:
                raise MalformedFolder(f"{name}: {tensor.name} has the shape {list(tensor.shape)}, which holds nothing")
        return cls(name, contents)

    @property
    def config(self) -> dict[str, Any]:
        return self.contents.config

    @property
    def folder(self) -> Path:
        return self.contents.path

    @cached_property
    def layers(self) -> int:
        count = self.config.get(CONFIG_KEYS["layers"])
        found = {spot.layer for spot in self.places if spot.layer is not None}
        if type(count) is not int or found != set(range(count)):
            raise MalformedFolder(f"{self.name}: config.json says {count} layers, the weights have {len(found)}")
        return count

    @cached_property
    def places(self) -> dict[Place, StoredTensor]:
        placed = ((place(name), tensor) for name, tensor in self.contents.tensors.items())
        return {spot: tensor for spot, tensor in placed if spot is not None}

    @cached_property
    def vocabulary(self) -> dict[str, int] | None:
        """Token to id, the added ones with it; None where there is no tokenizer.json."""
        definition = self.contents.json(TOKENIZER)
        if definition is None:
            return None
        try:
            tokens = dict(definition["model"]["vocab"])
            tokens |= {added["content"]: added["id"] for added in definition.get("added_tokens") or []}
        except (KeyError, TypeError, ValueError) as error:
            raise MalformedFolder(f"{self.folder / TOKENIZER} has no vocabulary of tokens and ids") from error
        return tokens

    def record(self) -> dict[str, object]:
        """What was merged, to the byte."""
        return {
            "name": self.name,
            "model_type": self.config["model_type"],
            "config_sha256": self.contents.file_sha256(CONFIG),
            "weights_sha256": self.contents.weights_sha256(),
        }


def find_folder(name: str, root: Path, given: Mapping[str, Path]) -> Path:
    """The folder that ``name`` in a recipe refers to: the one given for it, or one below ``root``.

    Raises MalformedMerge for a name that would lead elsewhere: a recipe is not trusted.
    """
    if name in given:
        return given[name]
    path = Path(name)
    hint = f"give its folder with --parent '{name}=FOLDER'"
    if path.is_absolute() or ".." in path.parts or name.startswith("~") or "\\" in name or ":" in name:
        raise MalformedMerge(f"the model {name!r} isn't a path below {root}; {hint}")
    try:
        folder = (root / path).resolve()
        found = folder.is_dir()
    except (OSError, RuntimeError) as error:  # too long a name, or links in a circle
        raise MalformedMerge(f"the model {name[:80]!r} can't be the name of a folder; {hint}") from error
    if not folder.is_relative_to(root.resolve()):
        raise MalformedMerge(f"the model {name!r} leads out of {root} by a link; {hint}")
    if not found:
        raise MalformedMerge(
            f"there is no folder {root / path} for the model {name}; nothing is downloaded here: {hint}"
        )
    return folder


def check_compatible(parents: Sequence[Parent]) -> None:
    """Raises IncompatibleParents, which says in what the first two that differ do."""
    first = parents[0]
    for other in parents[1:]:
        differences = [*_config_differences(first, other), *_vocabulary_differences(first, other)]
        differences = differences or _tensor_differences(first, other)
        if differences:
            raise IncompatibleParents(f"{first.name} and {other.name} can't be merged: {'; '.join(differences)}")


def _config_differences(first: Parent, other: Parent) -> list[str]:
    differences = []
    for key in _SHAPING_KEYS:
        left, right = _value(first.config, key), _value(other.config, key)
        if left != right:
            differences.append(f"{key} is {_text(left)} in {first.name} and {_text(right)} in {other.name}")
    return differences


def _value(config: Mapping[str, Any], key: str) -> object:
    """A key that isn't written has its default, where that follows from other keys."""
    value = config.get(key)
    if value is not None:
        return value
    if key == "num_key_value_heads":
        return config.get("num_attention_heads")
    if key == "head_dim":
        hidden, heads = config.get("hidden_size"), config.get("num_attention_heads")
        return hidden // heads if isinstance(hidden, int) and isinstance(heads, int) and heads else None
    if key in ("attention_bias", "tie_word_embeddings"):
        return False
    if key == "rope_theta":
        nested = config.get("rope_parameters") or {}
        return nested.get("rope_theta", 10_000.0) if isinstance(nested, dict) else None
    return None


def _text(value: object) -> str:
    text = "absent" if value is None else repr(value)
    return text if len(text) < 120 else text[:117] + "…"


def _vocabulary_differences(first: Parent, other: Parent) -> list[str]:
    left, right = first.vocabulary, other.vocabulary
    if left is None or right is None or left == right:
        return []
    only_left = sorted(left.keys() - right.keys(), key=left.__getitem__)
    only_right = sorted(right.keys() - left.keys(), key=right.__getitem__)
    moved = sorted((token for token in left.keys() & right.keys() if left[token] != right[token]), key=left.__getitem__)
    differences = []
    for tokens, where in ((only_left, f"only in {first.name}"), (only_right, f"only in {other.name}")):
        if tokens:
            differences.append(f"{len(tokens)} tokens are {where}, such as {', '.join(map(repr, tokens[:_SHOWN]))}")
    if moved:
        example = moved[0]
        differences.append(
            f"{len(moved)} tokens have other ids, such as {example!r} "
            f"({left[example]} in {first.name}, {right[example]} in {other.name})"
        )
    return differences


def _tensor_differences(first: Parent, other: Parent) -> list[str]:
    """Tensors outside the layers, and inside any layer, that one lacks or has in another shape."""
    left, right = _shapes(first), _shapes(other)
    differences = []
    for name in sorted(left.keys() ^ right.keys()):
        # A tied head is the embedding: whether a file repeats it makes no difference.
        if name == LM_HEAD and first.config.get("tie_word_embeddings"):
            continue
        owner, lacking = (first, other) if name in left else (other, first)
        differences.append(f"{owner.name} has {name} and {lacking.name} hasn't")
    for name in sorted(left.keys() & right.keys()):
        if left[name] != right[name]:
            differences.append(f"{name} is {list(left[name])} in {first.name} and {list(right[name])} in {other.name}")
    if len(differences) > _SHOWN:
        differences = [*differences[:_SHOWN], f"and {len(differences) - _SHOWN} more"]
    return differences


def _shapes(parent: Parent) -> dict[str, tuple[int, ...]]:
    """Shape by name; all layers of a parent must be alike, so one is enough."""
    shapes: dict[str, tuple[int, ...]] = {}
    layers: dict[int, set[str]] = {}
    for spot, tensor in parent.places.items():
        name = spot.name if spot.layer is None else f"model.layers.*.{spot.name}"
        if shapes.setdefault(name, tensor.shape) != tensor.shape:
            raise MalformedFolder(f"{parent.name}: {tensor.name} is {list(tensor.shape)}, others {list(shapes[name])}")
        if spot.layer is not None:
            layers.setdefault(spot.layer, set()).add(spot.name)
    if len({frozenset(names) for names in layers.values()}) > 1:
        raise MalformedFolder(f"{parent.name}: its layers don't hold the same tensors")
    return shapes
