"""What a model's weights are on the wire, in a few words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from model_foundry.sharding.stored import EMBEDDING, HEAD
from model_foundry.sharding.stored_matrices import stored_matrices
from orion_py.manifest.shards import Shard


def precision(shards: Iterable[Shard]) -> str:
    """Such as ``layers q4-affine, embedding q8-symmetric``: the form of each kind of matrix, the commonest first."""
    forms: dict[str, Counter[str]] = {"layers": Counter(), EMBEDDING: Counter(), HEAD: Counter()}
    for shard in shards:
        for matrix in stored_matrices(shard):
            forms[matrix.name.split(".")[0]][matrix.form] += 1
    said = {part: " and ".join(form for form, _ in found.most_common()) for part, found in forms.items() if found}
    return ", ".join(f"{part} {form}" for part, form in said.items())
