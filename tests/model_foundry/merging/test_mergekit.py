"""The foundry's merges equal mergekit's: its recorded outputs always, mergekit itself where it is installed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from model_foundry.importing.safetensors_folder import SafetensorsFolder
from model_foundry.merging.merge import prepare
from model_foundry.training import environment
from tests.model_foundry.merging.cases import CASES, SEED, write_parents
from tests.model_foundry.merging.mergekit_outputs import Outputs, recorded, run_mergekit
from tests.model_foundry.merging.written import recipe_from

TOLERANCE = {"F32": 3e-6, "F16": 2e-3, "BF16": 2e-2}
"""Absolute and relative: a few roundings of the type that was worked in. The foundry works in
float32 and rounds once, mergekit rounds after each operation."""


@pytest.fixture(scope="module")
def parents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("parents")
    write_parents(folder)
    return folder


@pytest.fixture(scope="module")
def as_recorded() -> Outputs:
    return recorded()


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Outputs:
    python = environment.python()
    if python is None:
        pytest.skip("mergekit isn't installed (it needs torch, over a gigabyte): foundry environment")
    return run_mergekit(python, tmp_path_factory.mktemp("mergekit"))


@pytest.mark.parametrize("case", CASES)
def test_a_merge_equals_what_mergekit_made_of_the_recipe(case: str, parents: Path, as_recorded: Outputs) -> None:
    check(case, parents, as_recorded)


@pytest.mark.parametrize("case", CASES)
def test_a_merge_equals_what_mergekit_makes_of_the_recipe_now(case: str, parents: Path, live: Outputs) -> None:
    check(case, parents, live)


def check(case: str, parents: Path, outputs: Outputs) -> None:
    tensors, types, settings = outputs[case]
    merge = prepare(recipe_from(CASES[case]), parents, seed=SEED)
    out = parents / "out" / case
    merge.run(out, lambda what, done, total: None)
    folder = SafetensorsFolder(out)
    ours = folder.tensors
    assert {name: tensor.dtype for name, tensor in ours.items()} == types
    assert {key: folder.config[key] for key in settings} == settings
    for name, expected in tensors.items():
        tolerance = TOLERANCE[types[name]]
        np.testing.assert_allclose(ours[name].read(), expected, rtol=tolerance, atol=tolerance, err_msg=name)
