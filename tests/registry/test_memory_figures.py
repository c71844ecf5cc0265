"""``memory_bytes`` of the registry is what the kernel takes, for every model that was made here."""

from __future__ import annotations

import json

import pytest

from bench.benches.memory_bytes import THREADS, compared
from build_support import paths
from orion_py.config import EngineConfig
from orion_py.manifest.reading import parse_manifest
from orion_py.memory.cache_width import kernel_bytes
from orion_py.native.kernel_layout import Layout
from orion_py.native.kernel_module import KernelModel
from orion_py.native.kernel_runner import BUILT

ENTRIES = {entry["id"]: entry for entry in json.loads((paths.ROOT / "models.json").read_text("utf-8"))["models"]}


@pytest.mark.model
@pytest.mark.parametrize("model", sorted(ENTRIES))
def test_the_registrys_figure_is_the_kernels_memory(model: str) -> None:
    """As ``bench memory_bytes`` compares them in a browser; here the same module plans its memory natively."""
    path = paths.MODELS / model / "manifest.json"
    if not path.is_file():
        pytest.skip(f"{model} wasn't made here")
    manifest = parse_manifest(path.read_bytes())
    shards = [shard for shard in manifest.shards if shard.tensors]
    context = EngineConfig().context_tokens
    planned = KernelModel(
        BUILT / "relaxed-threads.wasm", lambda base: Layout(manifest.architecture, shards, context, THREADS, base)
    )
    try:
        for target in compared(model, ENTRIES[model]["memory_bytes"], planned.memory_bytes):
            assert target.met, f"{target.title}: {target.value:.1f} %"
    finally:
        planned.close()


@pytest.mark.model
@pytest.mark.parametrize("bits", [16, 8])
@pytest.mark.parametrize("model", sorted(ENTRIES))
def test_what_the_engine_expects_of_a_width_of_the_cache_is_what_the_kernel_takes(model: str, bits: int) -> None:
    path = paths.MODELS / model / "manifest.json"
    if not path.is_file():
        pytest.skip(f"{model} wasn't made here")
    manifest = parse_manifest(path.read_bytes())
    shards = [shard for shard in manifest.shards if shard.tensors]
    for context in (2048, 4096):
        planned = KernelModel(
            BUILT / "relaxed.wasm",
            lambda base, size=context: Layout(manifest.architecture, shards, size, THREADS, base, cache_bits=bits),
        )
        assert kernel_bytes(manifest, context, bits) == pytest.approx(planned.memory_bytes, rel=0.02)


def test_memory_is_told_in_whole_megabytes_for_both_runners() -> None:
    """``bench memory_bytes`` measures them in a browser."""
    for entry in ENTRIES.values():
        assert entry["memory_bytes"] % 1_000_000 == entry["onnxruntime_memory_bytes"] % 1_000_000 == 0
        assert entry["onnxruntime_memory_bytes"] > entry["memory_bytes"]
