"""Derives the variant that runs a model on our own kernel, for a manifest that doesn't name one.

The kernel reads the shards' own blocks and needs no graphs, so that models which were built, and stored on people's
devices, before it existed run on it without a download. kernel/orion_kernel.h says what it takes.
"""

from __future__ import annotations

from collections.abc import Mapping

from orion_py.manifest.architecture import Architecture
from orion_py.manifest.manifest import Manifest
from orion_py.manifest.shards import Tensor
from orion_py.manifest.stored_names import FLOATS, bits_of
from orion_py.manifest.variants import Variant

KERNEL_ID = "kernel"
PLAIN_SUFFIX = "-plain"
MOST_THREADS = 16
"""That the kernel can use, the calling one included."""
TOLERANCE_KL = 0.1
"""In nats, for a golden vector: activations are rounded to 8 bits in each block of 32, where the processor
multiplies such numbers; that of ``wasm-int8``."""

BLOCK = 32
SHARED = (1, 2, 4)
"""Blocks that one scale may serve."""
MOST_HEAD_DIM = 512
_FLOATS = ("F16", "F32")


def kernel_variant(manifest: Manifest) -> Variant | None:
    """How the kernel runs ``manifest``: the variant that it names for that, else a derived one; None where the
    kernel doesn't compute such a model."""
    for variant in manifest.variants:
        if variant.engine == "kernel":
            return variant
    if not _sizes_fit(manifest.architecture) or not _is_ours(manifest) or not _all_stored(manifest):
        return None
    return Variant(id=KERNEL_ID, engine="kernel", backend="wasm", exact=False, tolerance_kl=TOLERANCE_KL)


def without_relaxed(variant: Variant) -> Variant:
    """The same on the kernel's plain build: what relaxed SIMD gives is the processor's choice, within limits, and a
    browser's fault in it needn't be one of its SIMD."""
    return variant.model_copy(update={"id": variant.id + PLAIN_SUFFIX, "plain": True})


def _is_ours(manifest: Manifest) -> bool:
    """Of the foundry's layout, in which weights are named and described."""
    return all(shard.path is None for shard in manifest.shards)


def _sizes_fit(a: Architecture) -> bool:
    return (
        a.hidden_size % BLOCK == 0
        and a.ffn_size % BLOCK == 0
        and a.heads % a.kv_heads == 0
        and a.heads * a.head_dim % BLOCK == 0
        and a.head_dim % 8 == 0
        and a.head_dim <= MOST_HEAD_DIM
    )


def _all_stored(manifest: Manifest) -> bool:
    """Whether every matrix and every vector is there, in a form and of the shape that the kernel reads, each
    matrix with its scales in one shard."""
    a = manifest.architecture
    homes = {tensor.name: {t.name: t for t in shard.tensors} for shard in manifest.shards for tensor in shard.tensors}
    width, attended = (a.heads + 2 * a.kv_heads) * a.head_dim, a.heads * a.head_dim
    matrices = {"embedding": (a.vocab_size, a.hidden_size)}
    if not a.tied_embeddings:
        matrices["head"] = (a.vocab_size, a.hidden_size)
    vectors = {"final_norm": a.hidden_size}
    optional = {"embedding.rescale": a.hidden_size}
    for layer in range(a.layers):
        of = f"layers.{layer}"
        linear = {
            f"{of}.attention.qkv": (width, a.hidden_size),
            f"{of}.attention.output": (a.hidden_size, attended),
            f"{of}.mlp.gate": (a.ffn_size, a.hidden_size),
            f"{of}.mlp.up": (a.ffn_size, a.hidden_size),
            f"{of}.mlp.down": (a.hidden_size, a.ffn_size),
        }
        matrices |= linear
        optional |= {f"{name}.bias": rows for name, (rows, _) in linear.items()}
        vectors |= {f"{of}.attention_norm": a.hidden_size, f"{of}.mlp_norm": a.hidden_size}
        if a.head_norms:
            vectors |= {f"{of}.attention.{part}_norm": a.head_dim for part in ("query", "key")}
        if a.post_norms:
            vectors |= {f"{of}.{part}.post_norm": a.hidden_size for part in ("attention", "mlp")}
    floats = {name for name in matrices if f"{name}.{FLOATS}" in homes}
    return (
        all(_matrix(name, *shape, homes) for name, shape in matrices.items())
        and all((f"layers.{i}.mlp.gate" in floats) == (f"layers.{i}.mlp.up" in floats) for i in range(a.layers))
        and all(_vector(name, length, homes) for name, length in vectors.items())
        and all(name not in homes or _vector(name, length, homes) for name, length in optional.items())
    )


Homes = Mapping[str, Mapping[str, Tensor]]
"""Of each tensor's name, all tensors of its shard."""


def _vector(name: str, length: int, homes: Homes) -> bool:
    tensor = homes.get(name, {}).get(name)
    return tensor is not None and tensor.dtype == "F32" and tensor.shape == (length,)


def _matrix(name: str, rows: int, columns: int, homes: Homes) -> bool:
    floats = homes.get(f"{name}.{FLOATS}", {}).get(f"{name}.{FLOATS}")
    if floats is not None:
        return floats.dtype in _FLOATS and floats.shape == (rows, columns)
    bits, blocks = bits_of(name, homes), columns // BLOCK
    if bits is None or columns % BLOCK:
        return False
    beside = homes[f"{name}.q{bits}"]
    quants, scale, minimum = beside[f"{name}.q{bits}"], beside.get(f"{name}.scale"), beside.get(f"{name}.min")
    shapes = [(rows, blocks // shared) for shared in SHARED if blocks % shared == 0]
    return (
        quants.dtype == "U8"
        and quants.shape == (rows, blocks, BLOCK * bits // 8)
        and scale is not None
        and scale.dtype == "F16"
        and scale.shape in shapes
        and (minimum is None or (minimum.dtype == "F16" and minimum.shape == scale.shape))
    )
