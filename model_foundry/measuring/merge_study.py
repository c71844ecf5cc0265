"""Measures what merging kept and lost: parents and merges on the same texts.

A specialised model and the corpus that it was trained on go by one name. How much of its gain a
merge keeps is given in nats a token: (log P_base - log P_merge) / (log P_base - log P_specialised).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from model_foundry.errors import FoundryError, MalformedMerge
from model_foundry.merging.merge import Merge, prepare
from model_foundry.merging.recipe import load_recipe
from model_foundry.progress import Progress

Perplexities = dict[str, dict[str, float]]
"""By model, then by text."""

Measure = Callable[[Mapping[str, Path]], Perplexities]


@dataclass(frozen=True)
class Study:
    """``base`` is the model that others are held against; ``kept`` is, by merge and specialised model, the
    share of that model's gain on its own corpus: 1 is all, 0 none, less than 0 a loss."""

    base: str
    perplexity: Perplexities
    kept: dict[str, dict[str, float]]

    def as_json(self) -> dict[str, object]:
        return asdict(self)


def study(
    models: Mapping[str, Path], recipes: Mapping[str, Path], folder: Path, measure: Measure, progress: Progress
) -> Study:
    """Makes every merge below ``folder`` and measures it beside ``models``, whose first is the base.

    ``recipes``: names of merges to mergekit's YAML, which names parents as ``models`` does. All of
    them are checked before the first is made. Raises FoundryError.
    """
    taken = sorted(models.keys() & recipes.keys())
    if taken:
        raise FoundryError(f"{taken[0]} is the name of a model and of a merge: give the model or the recipe another")
    prepared = {name: _prepared(path, models) for name, path in recipes.items()}
    made: dict[str, Path] = {}
    for name, merge in prepared.items():
        made[name] = folder / name
        if any(made[name].resolve() == parent.resolve() for parent in models.values()):
            raise FoundryError(f"{made[name]} is a parent: the merges need a folder of their own")

        def tell(what: str, done: int, total: int, name: str = name) -> None:
            progress(f"{what} {name}", done, total)

        merge.run(made[name], tell)
    found = measure({**models, **made})
    base = next(iter(models))
    return Study(base, found, {name: _kept(found, base, list(models), name) for name in made})


def _prepared(path: Path, models: Mapping[str, Path]) -> Merge:
    recipe = load_recipe(path)
    missing = [name for name in recipe.names if name not in models]
    if missing:
        raise MalformedMerge(f"{path.name} names the model {missing[0]}; given are {', '.join(models)}")
    return prepare(recipe, path.parent, {name: models[name] for name in recipe.names})


def _kept(found: Perplexities, base: str, models: list[str], merge: str) -> dict[str, float]:
    kept = {}
    for name in models:
        if name == base or name not in found[base]:
            continue
        gain = math.log(found[base][name] / found[name][name])
        # A model that learnt nothing of its corpus has nothing to keep.
        if gain > 0:
            kept[name] = math.log(found[base][name] / found[merge][name]) / gain
    return kept
