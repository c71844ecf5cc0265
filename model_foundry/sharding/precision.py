"""What a model's weights are on the wire, in a few words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from model_foundry.sharding.stored import EMBEDDING, HEAD
from orion_py.loading.manifest import FLOATS, Shard


def precision(shards: Iterable[Shard]) -> str:
    """Such as ``layers q4-affine, embedding q8-symmetric``: the form of each kind of matrix, the commonest first."""
    forms: dict[str, Counter[str]] = {"layers": Counter(), EMBEDDING: Counter(), HEAD: Counter()}
    for shard in shards:
        names = {tensor.name for tensor in shard.tensors}
        for tensor in shard.tensors:
            source, _, kind = tensor.name.rpartition(".")
            if kind == FLOATS:
                form = tensor.dtype.lower()
            elif kind[:1] == "q" and kind[1:].isdecimal():
                form = f"{kind}-{'affine' if f'{source}.min' in names else 'symmetric'}"
            else:
                continue
            forms[source.split(".")[0]][form] += 1
    said = {part: " and ".join(form for form, _ in found.most_common()) for part, found in forms.items() if found}
    return ", ".join(f"{part} {form}" for part, form in said.items())
