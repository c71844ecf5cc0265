"""Any form, any shape: the kernel computes what the dequantized weights say, one row at a time or several."""

from __future__ import annotations

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model_foundry.reference.llama import ReferenceModel
from orion_py.manifest.stored_names import WIDTHS
from tests.kernel.models import Form, Recipe, Stored, kl

BUILDS = {"plain": 2e-5, "relaxed": 8e-3}


@st.composite
def forms(draw: st.DrawFn) -> Form:
    if draw(st.integers(0, 7)) == 0:
        return Form(None, dtype=draw(st.sampled_from(["F16", "F32"])))
    return Form(draw(st.sampled_from(WIDTHS)), draw(st.booleans()), draw(st.sampled_from([32, 64, 128])))


@st.composite
def recipes(draw: st.DrawFn) -> Recipe:
    linear, table = draw(forms()), draw(forms())
    unit = max(32, *(form.block for form in (linear, table) if form.bits is not None), 32)
    kv_heads, group, head_dim = draw(st.integers(1, 3)), draw(st.integers(1, 6)), 8 * draw(st.integers(1, 4))
    heads = kv_heads * group
    while heads * head_dim % unit:
        heads += kv_heads
    sizes = {
        "layers": draw(st.integers(1, 2)),
        "hidden_size": unit * draw(st.integers(1, 2)),
        "heads": heads,
        "kv_heads": kv_heads,
        "head_dim": head_dim,
        "ffn_size": unit * draw(st.integers(1, 3)),
        "vocab_size": draw(st.integers(2, 40)),
        "tied_embeddings": draw(st.booleans()),
        "activation": draw(st.sampled_from(["silu", "gelu_tanh"])),
    }
    return Recipe(linear, table, draw(st.booleans()), draw(st.booleans()), sizes, draw(st.integers(0, 2**16)))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    recipes(),
    st.sampled_from(sorted(BUILDS)),
    st.sampled_from([16, 8]),
    st.lists(st.integers(1, 8), min_size=1, max_size=6),
)
def test_any_model_gives_what_its_dequantized_weights_give(
    recipe: Recipe, build: str, bits: int, counts: list[int]
) -> None:
    model = recipe.model()
    stored = Stored.of(model)
    tokens = np.random.default_rng(recipe.seed).integers(0, recipe.architecture.vocab_size, sum(counts)).tolist()
    single, several = (stored.opened(build, cache_bits=bits) for _ in range(2))
    expected = np.concatenate([single.forward([token], index) for index, token in enumerate(tokens)])
    found, position = [], 0
    for count in counts:
        found.append(several.forward(tokens[position : position + count], position, count))
        position += count
    assert np.array_equal(np.concatenate(found), expected)
    assert kl(ReferenceModel(model).forward(tokens), expected) < (BUILDS[build] if bits == 16 else 8e-3)
