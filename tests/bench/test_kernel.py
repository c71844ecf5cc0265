"""The kernel's variant as pages get it, and the bytes that one token reads."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.kernel import Span, as_options, derived, reads
from build_support.errors import StepFailed
from orion_py.manifest.kernel_variant import kernel_variant
from orion_py.manifest.manifest import Manifest
from orion_py.manifest.reading import parse_manifest
from tests.model_foundry.built import built, imported
from tests.model_foundry.tiny_gguf import TinyModel
from tests.tiny import manifest


def token_bytes(whole: Manifest) -> int:
    return sum(span.bytes for span in reads(whole))


def test_the_variant_is_what_a_page_can_add_to_a_manifest(tmp_path: Path) -> None:
    whole = built(tmp_path, imported(tmp_path, TinyModel()))
    data = whole.model_dump(mode="json", exclude_defaults=True)
    named = {**data, "variants": [*data["variants"], derived(whole)]}
    assert parse_manifest(json.dumps(named)).variants[-1] == kernel_variant(whole)
    assert derived(whole)["expansions"] == [], "pages go through them"


def test_a_model_that_the_kernel_does_not_compute_is_said() -> None:
    with pytest.raises(StepFailed, match="doesn't compute tiny"):
        derived(manifest())


def test_a_token_reads_every_weight_once(tmp_path: Path) -> None:
    whole = built(tmp_path, imported(tmp_path, TinyModel()))
    stored = sum(tensor.length for shard in whole.shards for tensor in shard.tensors)
    assert whole.architecture.tied_embeddings
    assert stored <= token_bytes(whole) <= sum(shard.size for shard in whole.shards if shard.tensors)


def test_of_a_token_table_that_is_not_the_head_nothing_is_counted(tmp_path: Path) -> None:
    whole = built(tmp_path, imported(tmp_path, TinyModel(tied=False)))
    table = [(s.sha256, t) for s in whole.shards for t in s.tensors if t.name.startswith("embedding.")]
    others = sum(t.length for s in whole.shards for t in s.tensors if not t.name.startswith("embedding."))
    assert table
    for span in reads(whole):
        for sha256, tensor in table:
            ends = span.offset + span.bytes <= tensor.offset or tensor.offset + tensor.length <= span.offset
            assert span.shard != sha256 or ends
    assert token_bytes(whole) >= others


def test_spans_lie_inside_their_shards(tmp_path: Path) -> None:
    whole = built(tmp_path, imported(tmp_path, TinyModel()))
    sizes = {shard.sha256: shard.size for shard in whole.shards}
    assert all(span.offset > 0 and span.offset + span.bytes <= sizes[span.shard] for span in reads(whole))


def test_pages_get_spans_as_plain_objects() -> None:
    assert as_options([Span("ab", 8, 64)]) == [{"shard": "ab", "offset": 8, "bytes": 64}]
