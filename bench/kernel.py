"""Describes our kernel to the benches: the variant that runs a model on it, and the bytes that a token reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from build_support.errors import StepFailed
from orion_py.manifest.kernel_variant import kernel_variant
from orion_py.manifest.manifest import Manifest
from orion_py.manifest.reading import parse_manifest
from orion_py.manifest.shards import Tensor
from orion_py.manifest.variants import Variant
from orion_py.memory.cache_width import with_cache

TABLE = "embedding."
"""How the stored names of the token table begin."""


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes of one shard that lie side by side."""

    shard: str
    offset: int
    bytes: int


def manifest_of(site: Path, model: str) -> Manifest:
    """Of ``model`` in the built ``site``."""
    return parse_manifest((site / "models" / model / "manifest.json").read_bytes())


def derived(manifest: Manifest) -> dict[str, Any]:
    """The kernel's variant as a page adds it to the manifest. Raises StepFailed where the kernel doesn't
    compute the model."""
    return _told(_variant(manifest))


def narrow(manifest: Manifest) -> dict[str, Any]:
    """As ``derived``, with keys and values of 8 bits."""
    return _told(with_cache(_variant(manifest), 8))


def _variant(manifest: Manifest) -> Variant:
    variant = kernel_variant(manifest)
    if variant is None:
        raise StepFailed(f"The kernel doesn't compute {manifest.model}.", "Its manifest has a form that it can't read.")
    return variant


def _told(variant: Variant) -> dict[str, Any]:
    return variant.model_dump(mode="json", exclude_defaults=True) | {"expansions": []}


def reads(manifest: Manifest) -> list[Span]:
    """What one token reads of the weights, a span a shard: all of them once. Of a token table that isn't the
    head too it reads one row, which isn't counted; nor are the cache's rows, which grow with the context.

    The kernel arranges blocks in place, so its bytes are the shards' own.
    """
    tied = manifest.architecture.tied_embeddings
    spans = []
    for shard in manifest.shards:
        read = [tensor for tensor in shard.tensors if tied or not tensor.name.startswith(TABLE)]
        spans += [Span(shard.sha256, *span) for span in _merged(read)]
    return spans


def as_options(spans: Sequence[Span]) -> list[dict[str, Any]]:
    """``spans`` for a page."""
    return [asdict(span) for span in spans]


GAP = 4096
"""Bytes between two tensors, headers and padding, over which one read goes on."""


def _merged(tensors: Sequence[Tensor]) -> list[tuple[int, int]]:
    """(offset, bytes) of ``tensors``; those next to each other are one."""
    merged: list[tuple[int, int]] = []
    for tensor in sorted(tensors, key=lambda each: each.offset):
        if merged and tensor.offset - sum(merged[-1]) <= GAP:
            start = merged[-1][0]
            merged[-1] = (start, tensor.offset + tensor.length - start)
        else:
            merged.append((tensor.offset, tensor.length))
    return merged
