"""Finds the matrices of a shard by its tensors' names in the manifest (their form: ``stored``)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from model_foundry.sharding.stored import EMBEDDING, HEAD
from orion_py.manifest.bit_stream import BLOCK
from orion_py.manifest.shards import Shard
from orion_py.manifest.stored_names import FLOATS


@dataclass(frozen=True, slots=True)
class ShardMatrix:
    """``n`` outputs and ``k`` inputs. ``form`` is such as q4-affine, q8-symmetric, f16 or f32; ``bits`` is None
    for floats."""

    name: str
    bits: int | None
    n: int
    k: int
    form: str


def shard_matrices(shard: Shard) -> Iterator[ShardMatrix]:
    """In the order in which they lie in ``shard``; vectors are left out."""
    names = {tensor.name for tensor in shard.tensors}
    for tensor in shard.tensors:
        name, _, kind = tensor.name.rpartition(".")
        if kind.startswith("q") and kind[1:].isdecimal() and len(tensor.shape) == 3:
            form = f"{kind}-{'affine' if f'{name}.min' in names else 'symmetric'}"
            yield ShardMatrix(name, int(kind[1:]), tensor.shape[0], tensor.shape[1] * BLOCK, form)
        elif kind == FLOATS:
            yield ShardMatrix(name, None, tensor.shape[0], tensor.shape[1], tensor.dtype.lower())


def precision(shards: Iterable[Shard]) -> str:
    """The form of each kind of matrix, the commonest first: ``layers q4-affine, embedding q8-symmetric``."""
    forms: dict[str, Counter[str]] = {"layers": Counter(), EMBEDDING: Counter(), HEAD: Counter()}
    for shard in shards:
        for matrix in shard_matrices(shard):
            forms[matrix.name.split(".")[0]][matrix.form] += 1
    said = {part: " and ".join(form for form, _ in found.most_common()) for part, found in forms.items() if found}
    return ", ".join(f"{part} {form}" for part, form in said.items())
