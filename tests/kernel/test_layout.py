"""How a model is described to the kernel."""

from __future__ import annotations

import numpy as np
import pytest

from model_foundry.reference.llama import ReferenceModel
from orion_py.errors import BackendUnavailable
from orion_py.manifest.shards import Shard, Tensor
from orion_py.native.kernel_layout import Layout, kernel_tensors, rotary_table
from tests.kernel.models import Form, Recipe, Stored


def layout(recipe: Recipe) -> Layout:
    stored = Stored.of(recipe.model())
    return Layout(stored.architecture, stored.shards, 64, 1, 1000)


def shard(*tensors: Tensor) -> Shard:
    return Shard(sha256="a" * 64, size=10_000, role="weights", tensors=tensors)


def test_each_matrix_says_its_form() -> None:
    tensors = {tensor.name: tensor for tensor in layout(Recipe(Form(5, block=32), Form(8, affine=False))).tensors}
    table, gate = tensors["embedding"], tensors["layers.1.mlp.gate"]
    assert (table.role, table.form, table.bits, table.rows, table.columns, table.minimum) == (0, 2, 8, 101, 64, 0)
    assert (gate.role, gate.layer, gate.form, gate.bits, gate.rows, gate.columns) == (13, 1, 3, 5, 96, 64)
    assert gate.minimum > gate.scale > 0


def test_a_scale_for_larger_blocks_is_noticed() -> None:
    recipe = Recipe(Form(4, block=64), Form(8, False), sizes={"ffn_size": 128})
    tensors = layout(recipe).tensors
    assert {t.blocks_per_scale for t in tensors if t.bits} == {1, 2}


def test_a_tied_model_has_no_other_head() -> None:
    stored = Stored.of(Recipe(sizes={"tied_embeddings": False}).model())
    assert {t.role for t in kernel_tensors(stored.shards, tied=False)} >= {0, 3}
    assert 3 not in {t.role for t in kernel_tensors(stored.shards, tied=True)}


def test_nothing_overlaps_and_all_is_aligned() -> None:
    found = layout(Recipe())
    found.planned(5000, 7000)
    starts = [found.decoder, found.table, found.tokens, found.positions, found.embeddings, found.rope]
    starts += [*found.shard_at.values(), found.workspace, found.cache]
    assert starts == sorted(starts)
    assert all(at % 64 == 0 for at in starts)
    assert found.cache - found.workspace >= 5000


def test_vectors_that_the_kernel_has_no_role_for_are_passed_over() -> None:
    unknown = Tensor(name="layers.0.mystery", dtype="F32", shape=(4,), offset=8, length=16)
    assert kernel_tensors([shard(unknown)], tied=True) == ()


@pytest.mark.parametrize("dtype", ["BF16", "I32"])
def test_a_form_that_the_kernel_does_not_read_is_refused(dtype: str) -> None:
    width = 2 if dtype == "BF16" else 4
    tensor = Tensor.model_validate(
        {"name": "final_norm", "dtype": dtype, "shape": (4,), "offset": 8, "length": 4 * width}
    )
    with pytest.raises(BackendUnavailable, match="final_norm"):
        kernel_tensors([shard(tensor)], tied=True)


def test_a_matrix_without_its_scales_is_refused() -> None:
    tensor = Tensor(name="embedding.q4", dtype="U8", shape=(2, 1, 16), offset=8, length=32)
    with pytest.raises(BackendUnavailable, match="scales in one shard"):
        kernel_tensors([shard(tensor)], tied=True)


SCALING = {
    "kind": "llama3",
    "factor": 8.0,
    "low_frequency_factor": 1.0,
    "high_frequency_factor": 4.0,
    "original_context": 64,
}


@pytest.mark.parametrize(
    "changes", [{}, {"rope_scaling": SCALING}, {"rope_factors": (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0)}]
)
def test_the_rotary_table_is_the_references(changes: dict[str, object]) -> None:
    recipe = Recipe(sizes=changes)
    table = rotary_table(recipe.architecture, 200)
    angles = np.arange(200)[:, None] * ReferenceModel(recipe.model())._frequencies(8)
    assert table.shape == (200, 16)
    assert np.allclose(table, np.concatenate([np.cos(angles), np.sin(angles)], axis=1), atol=1e-6)
