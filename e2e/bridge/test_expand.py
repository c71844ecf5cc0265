"""What JavaScript makes of a shard, expanded or widened, is numpy's, bit for bit."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from e2e.bridge.conftest import MODELS, Lab
from orion_py.manifest.derived import ExpandedWeight, Expansion, WidenedWeight, Widening
from orion_py.manifest.expansion import expand, widen
from orion_py.manifest.reading import parse_manifest
from orion_py.manifest.shards import Shard, Tensor
from orion_py.manifest.stored_names import WIDTHS

MAKE = """
    const shard = new Uint8Array(await (await fetch(url)).arrayBuffer());
    const digest = await crypto.subtle.digest("SHA-256", lab[what](shard, tensors, made));
    return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
"""


class Drawn:
    """A weight shard of random tensors."""

    def __init__(self, seed: int, *, start: int = 8) -> None:
        self._random = np.random.default_rng(seed)
        self._data = bytearray(start)
        self._tensors: list[Tensor] = []
        self._weights: list[ExpandedWeight] = []
        self._size = 0
        self._wide: list[WidenedWeight] = []
        self._wide_size = 0

    def add(
        self,
        source: str,
        k: int,
        n: int,
        bits: int,
        *,
        affine: bool | None = None,
        exponent: int = 0,
        zero_rows: tuple[int, ...] = (),
    ) -> None:
        """``exponent`` moves the scales through float16's range, down to its subnormal numbers."""
        blocks = k // 32
        scale = (self._random.uniform(0.5, 2, (n, blocks)) * 2.0**exponent).astype("<f2")
        minimum = (-self._random.uniform(4, 12, (n, blocks)) * scale).astype("<f2")
        scale[list(zero_rows)] = 0
        minimum[list(zero_rows)] = 0
        quants = self._random.integers(0, 256, n * k * bits // 8, np.uint8)
        self._put(f"{source}.q{bits}", "U8", (n, blocks, 32 * bits // 8), quants)
        self._put(f"{source}.scale", "F16", (n, blocks), scale)
        if bits == 4 if affine is None else affine:
            self._put(f"{source}.min", "F16", (n, blocks), minimum)
        self._expanded(source, k, n)
        wide = {"bits": 4 if bits < 4 else 8, "offset": self._wide_size}
        self._wide.append(WidenedWeight.model_validate({"source": source, "k": k, "n": n, **wide}))
        self._wide_size += k * n * wide["bits"] // 8 + 4

    def add_floats(self, source: str, k: int, n: int, dtype: str, values: np.ndarray | None = None) -> None:
        """Without ``values`` they are normal, but for a row of zeros and one of the least numbers of all."""
        if values is None:
            values = self._random.normal(0, 0.05, (n, k))
            values[:2] = np.array([[0.0], [1e-43]])[: len(values[:2])]
        kind = {"F16": "<f2", "F32": "<f4"}[dtype]
        self._put(f"{source}.weight", dtype, (n, k), values.astype(kind))
        self._expanded(source, k, n)

    def _expanded(self, source: str, k: int, n: int) -> None:
        offsets = {"weight_offset": self._size, "scale_offset": self._size + k * n + 3 & ~3}
        offsets["sum_offset"] = offsets["scale_offset"] + 4 * n
        self._weights.append(ExpandedWeight(source=source, k=k, n=n, **offsets))
        self._size = offsets["sum_offset"] + 4 * n + 4  # the last bytes belong to nothing and stay 0

    def _put(self, name: str, dtype: Any, shape: tuple[int, ...], values: np.ndarray) -> None:
        raw = values.tobytes()
        self._tensors.append(Tensor(name=name, dtype=dtype, shape=shape, offset=len(self._data), length=len(raw)))
        self._data += raw

    def finished(self) -> tuple[bytes, Shard, Expansion, Widening]:
        data = bytes(self._data)
        sha256 = hashlib.sha256(data).hexdigest()
        shard = Shard(sha256=sha256, size=len(data), role="weights", tensors=tuple(self._tensors))
        expansion = Expansion(shard=sha256, size=self._size, weights=tuple(self._weights))
        return data, shard, expansion, Widening(shard=sha256, size=self._wide_size, weights=tuple(self._wide))


def in_browser(lab: Lab, url: str, shard: Shard, made: Expansion | Widening) -> str:
    tensors = [tensor.model_dump(mode="json") for tensor in shard.tensors]
    what = "expand" if isinstance(made, Expansion) else "widen"
    digest: str = lab.run(MAKE, what=what, url=url, tensors=tensors, made=made.model_dump(mode="json"))
    return digest


def in_python(data: bytes, shard: Shard, made: Expansion | Widening) -> str:
    raw = np.frombuffer(data, np.uint8)
    result = expand(made, shard, raw) if isinstance(made, Expansion) else widen(made, shard, raw)
    return hashlib.sha256(result.tobytes()).hexdigest()


def drawn_shapes() -> dict[str, Drawn]:
    usual = Drawn(1)
    usual.add("a", 576, 192, 4)
    usual.add("b", 1536, 64, 4, exponent=-7)
    usual.add("head", 96, 320, 8, exponent=-8)
    ragged = Drawn(2)  # rows that fill no tile, or not even a word
    for n in (1, 3, 30, 65, 100, 132):
        ragged.add(f"n{n}", 64, n, 4)
        ragged.add(f"m{n}", 64, n, 8)
    unaligned = Drawn(3, start=13)
    unaligned.add("a", 64, 68, 4)
    unaligned.add("b", 64, 68, 8)
    zeros = Drawn(4)
    zeros.add("a", 64, 66, 4, zero_rows=(0, 7, 65))
    zeros.add("b", 64, 66, 8, zero_rows=(1, 64))
    tiny = Drawn(5)
    tiny.add("a", 64, 64, 4, exponent=-16)
    tiny.add("b", 64, 64, 8, exponent=-20)
    widths = Drawn(7)
    for bits in WIDTHS:
        widths.add(f"s{bits}", 128, 70, bits, affine=False, exponent=-5)
        widths.add(f"a{bits}", 96, 66, bits, affine=True, exponent=-3)
    floats = Drawn(8, start=14)
    floats.add("block", 64, 66, 4)
    for place, (k, n) in enumerate([(64, 64), (576, 192), (75, 70), (1, 3), (33, 1), (40, 132)]):
        for dtype in ("F16", "F32"):
            floats.add_floats(f"{dtype}.{place}", k, n, dtype)
    extremes = np.array(
        [[3.4e38, -3.4e38, 1.0, 2.0**-149], [2.0**-119, -(2.0**-126), 0, 2.0**-121], [-0.0, 1e-45, 0, 0]]
    )
    floats.add_floats("extremes", 4, 3, "F32", extremes)
    halves = np.arange(31 * 2048, dtype="<u2").view("<f2").reshape(-1, 64)[: 31 * 16]  # every finite positive one
    floats.add_floats("halves", 64, len(halves), "F16", halves)
    return {
        "floats": floats,
        "widths": widths,
        "usual": usual,
        "ragged": ragged,
        "unaligned": unaligned,
        "zeros": zeros,
        "subnormal": tiny,
    }


@pytest.mark.parametrize("name", drawn_shapes())
def test_drawn_shards_agree(lab: Lab, site: Path, name: str) -> None:
    data, shard, expansion, widening = drawn_shapes()[name].finished()
    (site / f"{name}.bin").write_bytes(data)
    for made in (expansion, widening):
        assert in_browser(lab, f"{name}.bin", shard, made) == in_python(data, shard, made)


@pytest.mark.model
def test_the_models_own_shards_agree(lab: Lab, manifest: dict[str, Any]) -> None:
    file = MODELS / manifest["model"] / "manifest.json"
    parsed = parse_manifest(file.read_text())
    for expansion in parsed.variant("wasm-int8").expansions:
        data = (MODELS / "shards" / expansion.shard).read_bytes()
        shard = parsed.shard(expansion.shard)
        url = f"models/shards/{expansion.shard}"
        assert in_browser(lab, url, shard, expansion) == in_python(data, shard, expansion), shard.role


@pytest.mark.parametrize("fault", ["missing", "short", "outside"])
def test_tensors_that_do_not_fit_are_an_invalid_manifest(lab: Lab, site: Path, fault: str) -> None:
    drawn = Drawn(6)
    drawn.add("a", 64, 64, 4)
    data, shard, expansion, _ = drawn.finished()
    (site / "fault.bin").write_bytes(data)
    tensors = [tensor.model_dump(mode="json") for tensor in shard.tensors]
    if fault == "missing":
        tensors = [tensor for tensor in tensors if not tensor["name"].endswith("scale")]
    elif fault == "short":
        tensors[0]["length"] -= 32
    else:
        tensors[0]["offset"] = len(data) - 8
    answer = lab.run(
        """
        const shard = new Uint8Array(await (await fetch("fault.bin")).arrayBuffer());
        return lab.attempt((async () => lab.expand(shard, tensors, expansion).length)());
        """,
        tensors=tensors,
        expansion=expansion.model_dump(mode="json"),
    )
    assert answer["code"] == "invalid_manifest"
