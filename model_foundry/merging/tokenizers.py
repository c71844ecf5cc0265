"""Makes the tokenizer of a merged model.

Parents have one and the same vocabulary (``check_compatible`` sees to it), so that "base", "union"
and any parent's name differ in the files that are copied and nothing else. Naming one has one more
effect, as in mergekit: rows of the embedding that no token has are left out, or filled up to a
multiple with the mean of all rows.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from model_foundry.errors import MalformedMerge
from model_foundry.formats.hf_names import CONFIG_KEYS, GENERATION, TEMPLATE, TOKENIZER, TOKENIZER_CONFIG
from model_foundry.merging.parents import Parent
from model_foundry.merging.recipe import MergeRecipe
from model_foundry.model.weights import Float32

FILES = (
    TOKENIZER,
    TOKENIZER_CONFIG,
    "tokenizer.model",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    TEMPLATE,
    GENERATION,
    "preprocessor_config.json",
)


@dataclass(frozen=True)
class Vocabulary:
    """``donor`` gives the files. ``tokens`` is None where embeddings stay as they are."""

    donor: Parent
    tokens: int | None
    rows: int | None

    def fitted(self, values: Float32) -> Float32:
        """An embedding or head [rows before, hidden] with the rows of the output."""
        if self.tokens is None or self.rows is None:
            return values
        kept = values[: self.tokens]
        filler = np.broadcast_to(kept.mean(axis=0, dtype=np.float32), (self.rows - len(kept), values.shape[1]))
        return np.concatenate([kept, filler])

    def shape(self, before: tuple[int, ...]) -> tuple[int, ...]:
        return before if self.rows is None else (self.rows, *before[1:])


def choose_vocabulary(recipe: MergeRecipe, parents: Mapping[str, Parent]) -> Vocabulary:
    """Raises MalformedMerge where the recipe's source of a tokenizer can't be that."""
    names = recipe.names
    choice = recipe.tokenizer.source if recipe.tokenizer else recipe.tokenizer_source
    multiple = recipe.tokenizer.pad_to_multiple_of if recipe.tokenizer else None
    donor = parents[recipe.base_model or names[0]]
    if choice is None:
        return Vocabulary(donor, None, None)
    if choice not in ("base", "union"):
        if choice not in parents:
            raise MalformedMerge(f"the tokenizer's source {choice} is neither base, nor union, nor one of the models")
        donor = parents[choice]
    if donor.vocabulary is None:
        raise MalformedMerge(f"the tokenizer is to come from {donor.name}, which has no tokenizer.json")
    count = len(donor.vocabulary)
    if set(donor.vocabulary.values()) != set(range(count)):
        raise MalformedMerge(f"the tokens of {donor.name} aren't numbered without gaps: leave tokenizer_source out")
    size = donor.config.get(CONFIG_KEYS["vocab_size"])
    if not isinstance(size, int) or size < count:
        raise MalformedMerge(f"{donor.name} has {count} tokens and vocab_size {size}")
    return Vocabulary(donor, count, -(-count // multiple) * multiple if multiple else count)


def copy_tokenizer(vocabulary: Vocabulary, folder: Path) -> list[str]:
    """Copies what there is; gives the names of the files."""
    copied = []
    for name in FILES:
        if (vocabulary.donor.folder / name).is_file():
            shutil.copyfile(vocabulary.donor.folder / name, folder / name)
            copied.append(name)
    return copied
