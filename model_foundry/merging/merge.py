"""Merges by a recipe into a folder, tensor by tensor."""

from __future__ import annotations

import json
import os
import platform
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from model_foundry.errors import FoundryError, MalformedMerge
from model_foundry.exporting.weight_writer import SHARD_BYTES, Planned, WeightWriter
from model_foundry.formats.float_formats import NAMED, STORED_AS, rounded
from model_foundry.formats.hf_names import CONFIG, CONFIG_KEYS
from model_foundry.merging.parents import Parent, check_compatible, find_folder
from model_foundry.merging.plan import Plan, PlannedTensor, plan
from model_foundry.merging.recipe import MergeRecipe
from model_foundry.merging.tokenizers import Vocabulary, choose_vocabulary, copy_tokenizer
from model_foundry.model.weights import Float32
from model_foundry.progress import Progress

RECORD = "merge.json"


@dataclass(frozen=True)
class Merge:
    """A merge that has been checked and not begun."""

    recipe: MergeRecipe
    parents: Mapping[str, Parent]
    plan: Plan
    vocabulary: Vocabulary
    seed: int

    def run(self, out: Path, progress: Progress, shard_bytes: int = SHARD_BYTES) -> dict[str, Any]:
        """Writes the folder ``out`` and gives its record. An earlier merge there is replaced when all is written.

        Raises FoundryError before it begins where ``out`` holds something else, which would be lost.
        """
        if out.exists() and not (out / RECORD).is_file() and (not out.is_dir() or any(out.iterdir())):
            raise FoundryError(f"{out} exists and isn't a merged model; choose another folder, or empty this one")
        partial = out.with_name(f".{out.name}.{os.getpid()}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        try:
            self._write_weights(partial, progress, shard_bytes)
            self._write_config(partial)
            files = copy_tokenizer(self.vocabulary, partial)
            record = {**self._record(), "tokenizer_files": files}
            (partial / RECORD).write_text(json.dumps(record, indent=2) + "\n", "utf-8")
            if out.exists():
                shutil.rmtree(out)
            partial.rename(out)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        return record

    def _write_weights(self, folder: Path, progress: Progress, shard_bytes: int) -> None:
        tensors = self.plan.tensors
        planned = [Planned(tensor.name, self._stored_as(tensor), self._shape(tensor)) for tensor in tensors]
        with WeightWriter(folder, planned, shard_bytes) as writer:
            for index, tensor in enumerate(tensors):
                progress("merging", index, len(tensors))
                writer.put(tensor.name, self.merged(tensor))
        progress("merging", len(tensors), len(tensors))

    def merged(self, tensor: PlannedTensor) -> Float32:
        """One tensor of the output, in float32."""
        work = STORED_AS.get(self.recipe.dtype or "")
        values = [one.tensor.read() for one in tensor.inputs]
        if work:
            values = [rounded(value, work) for value in values]
        if tensor.is_vocabulary:
            values = [self.vocabulary.fitted(value) for value in values]
        result = self.plan.method.merge(tensor.job(values, self.seed))
        if not np.isfinite(result).all():
            raise MalformedMerge(f"{tensor.name} isn't finite after merging: a parent or a parameter is at fault")
        return rounded(result, work) if work else result

    def _shape(self, tensor: PlannedTensor) -> tuple[int, ...]:
        return self.vocabulary.shape(tensor.shape) if tensor.is_vocabulary else tensor.shape

    def _stored_as(self, tensor: PlannedTensor) -> str:
        name = self.recipe.out_dtype or self.recipe.dtype
        if name:
            return STORED_AS[name]
        base = next((one for one in tensor.inputs if one.is_base), tensor.inputs[0])
        return base.tensor.dtype

    def _write_config(self, folder: Path) -> None:
        first = self.parents[self.recipe.base_model or self.recipe.names[0]]
        config = dict(first.config)
        config[CONFIG_KEYS["layers"]] = self.plan.layers
        if isinstance(config.get("layer_types"), list) and len(config["layer_types"]) != self.plan.layers:
            kinds = set(config["layer_types"])
            if len(kinds) > 1:
                raise MalformedMerge("layers of several kinds can't be cut into slices here")
            config["layer_types"] = list(kinds) * self.plan.layers
        if self.vocabulary.rows is not None:
            config[CONFIG_KEYS["vocab_size"]] = self.vocabulary.rows
        for key in ("torch_dtype", "dtype"):
            if key in config or key == "torch_dtype":
                config[key] = NAMED[self._stored_as(self.plan.tensors[0])]
        (folder / CONFIG).write_text(json.dumps(config, indent=2, ensure_ascii=False) + "\n", "utf-8")

    def _record(self) -> dict[str, Any]:
        return {
            "recipe": self.recipe.model_dump(mode="json", exclude_defaults=True),
            "parents": [parent.record() for parent in self.parents.values()],
            "seed": self.seed,
            "notes": list(self.plan.notes),
            "versions": {"python": platform.python_version(), "numpy": np.__version__},
        }


def prepare(recipe: MergeRecipe, root: Path, given: Mapping[str, Path] | None = None, seed: int | None = None) -> Merge:
    """Finds, opens and checks everything; reads no weights.

    ``root`` is what the recipe's paths are relative to; ``given`` has folders for names in the
    recipe. Raises MalformedMerge, IncompatibleParents, or what
    ``Parent.open`` raises.
    """
    given = given or {}
    unused = sorted(given.keys() - set(recipe.names))
    if unused:
        raise MalformedMerge(f"the recipe names no model {unused[0]}; it names {', '.join(recipe.names)}")
    parents = {name: Parent.open(name, find_folder(name, root, given)) for name in recipe.names}
    check_compatible(list(parents.values()))
    chosen = seed if seed is not None else recipe.random_seed or 0
    return Merge(recipe, parents, plan(recipe, parents), choose_vocabulary(recipe, parents), chosen)
