"""Runs mergekit on recipes: for the environment that has it (model_foundry/training/requirements.lock).

    python mergekit_side.py FOLDER

FOLDER holds the parents and NAME.yml recipes; what mergekit makes of each goes to FOLDER/out/NAME.
Where there is a NAME.masks.npz, DARE draws nothing and keeps what the masks say: for a tensor T and
the i-th model that isn't the base, the mask is named "i:T".
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import torch
from mergekit.config import MergeConfiguration
from mergekit.merge import run_merge
from mergekit.merge_methods.generalized_task_arithmetic import GeneralizedTaskArithmeticMerge
from mergekit.options import MergeOptions
from yaml import safe_load

MERGE_GROUP, BERNOULLI = GeneralizedTaskArithmeticMerge.merge_group, torch.bernoulli


def feed_masks(masks: dict[str, np.ndarray]) -> None:
    """Lets ``torch.bernoulli`` answer with the masks of the tensor that is being merged, model by model."""
    waiting = []

    def merge_group(method, group, /, **parameters):  # type: ignore[no-untyped-def]
        waiting[:] = [
            masks[f"{place}:{group.metadata.name}"]
            for place, entry in enumerate(group.non_base)
            if parameters["density"][entry.id] < 1
        ]
        return MERGE_GROUP(method, group, **parameters)

    def bernoulli(probabilities):  # type: ignore[no-untyped-def]
        return torch.from_numpy(waiting.pop(0)).reshape(probabilities.shape).to(probabilities.dtype)

    GeneralizedTaskArithmeticMerge.merge_group, torch.bernoulli = merge_group, bernoulli


def main(folder: Path) -> None:
    os.chdir(folder)
    for recipe in sorted(Path().glob("*.yml")):
        masks = recipe.with_suffix(".masks.npz")
        if masks.exists():
            feed_masks(dict(np.load(masks)))
        config = MergeConfiguration.model_validate(safe_load(recipe.read_text()))
        options = MergeOptions(device="cpu", quiet=True, write_model_card=False)
        run_merge(config, str(Path("out") / recipe.stem), options)
        GeneralizedTaskArithmeticMerge.merge_group, torch.bernoulli = MERGE_GROUP, BERNOULLI


if __name__ == "__main__":
    main(Path(sys.argv[1]))
