"""The kernel's modules against float32 arithmetic on the dequantized weights, and against themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from model_foundry.model.weights import Float32
from model_foundry.reference.llama import ReferenceModel
from orion_py.errors import Cancelled
from orion_py.native.kernel_module import HEAD_STRIDE, LAYER_STRIDE, ROW_BYTES, VALUES, KernelModel
from tests.kernel.decoder import Decoder
from tests.kernel.models import Extras, Form, Recipe, Stored, kl

BUILDS = ("plain", "relaxed")
LIMITS = {"plain": 1e-5, "relaxed": 4e-3}
"""Mean KL in nats to the dequantized weights; that of 16-bit activations is rounding alone."""
NARROW_LIMIT = 4.5e-3
"""The same with keys and values of 8 bits."""

FAMILIES = {
    "llama": Recipe(),
    "llama, untied and symmetric": Recipe(Form(4, affine=False), sizes={"tied_embeddings": False}),
    "qwen2": Recipe(
        Form(5, affine=False), biases=True, sizes={"family": "qwen2", "heads": 14, "kv_heads": 2, "head_dim": 16}
    ),
    "mistral": Recipe(Form(6), sizes={"family": "mistral", "heads": 8, "kv_heads": 1, "head_dim": 8}),
    "gemma": Recipe(
        rescaled=True,
        sizes={"family": "gemma", "heads": 4, "kv_heads": 1, "head_dim": 32, "activation": "gelu_tanh"},
    ),
    "qwen3": Recipe(sizes={"family": "qwen3", "head_dim": 32, "head_norms": True}),
    "smollm3": Recipe(sizes={"family": "smollm3", "layers": 4, "unrotated": (0, 3)}),
    "gemma3": Recipe(
        rescaled=True,
        sizes={
            "family": "gemma3_text",
            "layers": 3,
            "kv_heads": 1,
            "head_dim": 32,
            "activation": "gelu_tanh",
            "head_norms": True,
            "post_norms": True,
            "windows": (17, 0, 17),
            "local_rope_theta": 300.0,
        },
    ),
    "long blocks": Recipe(Form(4, block=64), Form(8, affine=False, block=64), sizes={"ffn_size": 128}),
    "longer blocks": Recipe(
        Form(3, block=128), Form(8, block=128), sizes={"hidden_size": 128, "heads": 8, "ffn_size": 128}
    ),
    "two bits": Recipe(Form(2)),
    "bytes": Recipe(Form(8, affine=False)),
    "halves": Recipe(Form(None, dtype="F16"), Form(None, dtype="F16")),
    "floats": Recipe(Form(None), Form(None), biases=True),
    "stretched": Recipe(
        sizes={
            "rope_scaling": {
                "kind": "llama3",
                "factor": 8.0,
                "low_frequency_factor": 1.0,
                "high_frequency_factor": 4.0,
                "original_context": 64,
            }
        }
    ),
}


def some_tokens(recipe: Recipe, count: int, seed: int = 1) -> list[int]:
    return np.random.default_rng(seed).integers(0, recipe.architecture.vocab_size, count).tolist()


def one_by_one(kernel: KernelModel, tokens: list[int], start: int = 0) -> Float32:
    return np.concatenate([kernel.forward([token], start + index) for index, token in enumerate(tokens)])


def cache_of(kernel: KernelModel, rows: int) -> bytes:
    """The first rows of keys and values of each layer and head."""
    words, a = kernel.description(), kernel.layout.architecture
    start = kernel.layout.cache
    return b"".join(
        kernel.memory[at : at + rows * int(words[ROW_BYTES])].tobytes()
        for side in (0, int(words[VALUES]))
        for layer in range(a.layers)
        for head in range(a.kv_heads)
        for at in (start + side + layer * int(words[LAYER_STRIDE]) + head * int(words[HEAD_STRIDE]),)
    )


@pytest.fixture(params=BUILDS)
def build(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=[16, 8], ids=["halves", "bytes"])
def bits(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def llama(build: str, bits: int) -> KernelModel:
    return Stored.of(FAMILIES["llama"].model()).opened(build, cache_bits=bits)


@pytest.mark.parametrize("family", FAMILIES)
def test_each_family_gives_what_its_dequantized_weights_give(family: str, build: str) -> None:
    recipe = FAMILIES[family]
    model, tokens = recipe.model(), some_tokens(recipe, 90)
    found = one_by_one(Stored.of(model).opened(build), tokens)
    assert kl(ReferenceModel(model).forward(tokens), found) < LIMITS[build]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_cache_of_bytes_costs_each_family_little(family: str, build: str) -> None:
    recipe = FAMILIES[family]
    model, tokens = recipe.model(), some_tokens(recipe, 90)
    found = one_by_one(Stored.of(model).opened(build, cache_bits=8), tokens)
    assert kl(ReferenceModel(model).forward(tokens), found) < NARROW_LIMIT


@pytest.mark.parametrize("family", FAMILIES)
def test_several_rows_at_once_give_the_bits_of_single_steps(family: str, build: str, bits: int) -> None:
    recipe = FAMILIES[family]
    stored, tokens = Stored.of(recipe.model()), some_tokens(recipe, 90)
    single, several = (stored.opened(build, cache_bits=bits) for _ in range(2))
    expected = one_by_one(single, tokens)
    sizes, found, position = np.random.default_rng(2), [], 0
    while position < len(tokens):
        count = min(int(sizes.integers(1, 9)), len(tokens) - position)
        found.append(several.forward(tokens[position : position + count], position, count))
        position += count
    assert np.array_equal(np.concatenate(found), expected)
    assert cache_of(several, len(tokens)) == cache_of(single, len(tokens))


@pytest.mark.parametrize("cuts", [(90,), (1, 89), (64, 26), (7, 50, 33)])
def test_a_prompt_gives_the_same_however_it_is_cut(llama: KernelModel, cuts: tuple[int, ...]) -> None:
    tokens = some_tokens(FAMILIES["llama"], 90)
    expected, rows = one_by_one(llama, tokens)[-1], cache_of(llama, 90)
    position, last = 0, expected
    for cut in cuts:
        last = llama.forward(tokens[position : position + cut], position)[0]
        position += cut
    assert np.array_equal(last, expected)
    assert cache_of(llama, 90) == rows


@pytest.mark.parametrize("name", ["plain-threads", "relaxed-threads"])
@pytest.mark.parametrize("family", ["llama", "qwen2", "floats"])
def test_the_number_of_threads_changes_no_bit(family: str, name: str, bits: int) -> None:
    recipe = FAMILIES[family]
    stored, tokens = Stored.of(recipe.model()), some_tokens(recipe, 200)
    found = []
    for threads in (1, 2, 3):
        kernel = stored.opened(name, threads, cache_bits=bits)
        assert kernel.threads == threads
        prompt = [kernel.forward(tokens[:128], 0, 0), kernel.forward(tokens[128:190], 128, 8)]
        found.append(([*prompt, one_by_one(kernel, tokens[190:], 190)], cache_of(kernel, 200)))
        kernel.close()
    for logits, rows in found[1:]:
        assert all(np.array_equal(one, two) for one, two in zip(logits, found[0][0], strict=True))
        assert rows == found[0][1]


@pytest.mark.parametrize("family", ["llama", "gemma"])
def test_threads_that_lag_phases_or_passes_behind_change_no_bit(family: str, bits: int) -> None:
    # Seven threads on fewer cores: most come late to most phases, and some to the next pass only.
    recipe = FAMILIES[family]
    stored, tokens = Stored.of(recipe.model()), some_tokens(recipe, 200)
    single, many = (
        stored.opened("relaxed-threads", 1, cache_bits=bits),
        stored.opened("relaxed-threads", 7, cache_bits=bits),
    )
    expected = one_by_one(single, tokens)
    assert np.array_equal(one_by_one(many, tokens), expected)
    assert cache_of(many, 200) == cache_of(single, 200)
    many.close()


def test_a_module_without_threads_gives_the_bits_of_one_with_them() -> None:
    stored, tokens = Stored.of(FAMILIES["llama"].model()), some_tokens(FAMILIES["llama"], 40)
    assert np.array_equal(
        one_by_one(stored.opened("relaxed"), tokens), one_by_one(stored.opened("relaxed-threads"), tokens)
    )


def test_a_lower_position_takes_back_what_came_after(llama: KernelModel) -> None:
    tokens = some_tokens(FAMILIES["llama"], 60)
    expected = one_by_one(llama, tokens)
    llama.forward(some_tokens(FAMILIES["llama"], 30, seed=9), 30)
    assert np.array_equal(one_by_one(llama, tokens[30:], 30), expected[30:])


def test_rows_of_the_cache_can_be_copied_out_and_in(build: str, bits: int) -> None:
    stored, tokens = Stored.of(FAMILIES["llama"].model()), some_tokens(FAMILIES["llama"], 60)
    first, second = (stored.opened(build, cache_bits=bits) for _ in range(2))
    expected = one_by_one(first, tokens)
    cache = slice(first.layout.cache, first.layout.cache + first.layout.cache_bytes)
    second.memory[cache] = first.memory[cache]
    assert np.array_equal(one_by_one(second, tokens[50:], 50), expected[50:])


def test_a_second_cache_holds_another_conversation(build: str) -> None:
    recipe = FAMILIES["llama"]
    kernel = Stored.of(recipe.model()).opened(build, caches=2)
    tokens = some_tokens(recipe, 20)
    expected = one_by_one(kernel, tokens)
    assert kernel.call("orion_use_cache", *kernel.layout.more_caches) == 0
    one_by_one(kernel, some_tokens(recipe, 15, seed=7))
    assert kernel.call("orion_use_cache", kernel.layout.cache) == 0
    assert np.array_equal(one_by_one(kernel, tokens[10:], 10), expected[10:])


def test_embeddings_take_the_place_of_tokens(llama: KernelModel) -> None:
    recipe = FAMILIES["llama"]
    tokens = some_tokens(recipe, 50)
    rows = Decoder(recipe.model()).embeddings(tokens)
    assert np.array_equal(llama.forward([], 0, embeddings=rows), one_by_one(llama, tokens)[-1:])


def test_positions_are_data(build: str) -> None:
    recipe = FAMILIES["llama"]
    model, tokens = recipe.model(), some_tokens(recipe, 40)
    positions = [3 * index + 5 for index in range(40)]
    decoder = Decoder(model)
    expected = decoder.logits(decoder.embeddings(tokens), positions)[-8:]
    found = Stored.of(model).opened(build).forward(tokens, 0, 8, positions=positions)
    assert kl(expected, found) < LIMITS[build]


def extras_of(recipe: Recipe) -> Extras:
    random, a = np.random.default_rng(3), recipe.architecture
    names = {"attention.query_norm": a.head_dim, "attention.key_norm": a.head_dim}
    names |= {"attention.post_norm": a.hidden_size, "mlp.post_norm": a.hidden_size}
    return {
        f"layers.{layer}.{name}": random.uniform(0.5, 1.5, length).astype(np.float32)
        for layer in range(a.layers)
        for name, length in names.items()
    }


SPECIALS: dict[str, dict[str, Any]] = {
    "windows": {"windows": (9, 0)},
    "norms of queries and keys, and norms behind": {"extras": True},
    "soft caps": {"logit_cap": 1.5, "attention_cap": 0.7},
    "scales": {"embedding_scale": 3.0, "attention_scale": 0.5},
}


@pytest.mark.parametrize("special", SPECIALS)
def test_what_other_families_need_is_computed(special: str, build: str, bits: int) -> None:
    recipe, wishes = FAMILIES["llama"], dict(SPECIALS[special])
    model, tokens = recipe.model(), some_tokens(recipe, 90)
    extras = extras_of(recipe) if wishes.pop("extras", False) else {}
    decoder = Decoder(model, extras, **wishes)
    expected = decoder.logits(decoder.embeddings(tokens))
    words = {"embedding_scale": 14, "attention_scale": 15, "logit_cap": 16, "attention_cap": 17}
    options = {words[name]: value for name, value in wishes.items() if name in words}
    stored = Stored.of(model, extras)
    kernel = stored.opened(build, options=options, windows=wishes.get("windows", ()), cache_bits=bits)
    found = one_by_one(kernel, tokens)
    assert kl(expected, found) < (LIMITS[build] if bits == 16 else NARROW_LIMIT)
    assert np.array_equal(kernel.forward(tokens, 0, 8), found[-8:])


def test_a_pass_that_is_cancelled_leaves_the_rows_before_it(llama: KernelModel) -> None:
    tokens = some_tokens(FAMILIES["llama"], 60)
    expected = one_by_one(llama, tokens)
    llama.cancel()
    with pytest.raises(Cancelled):
        llama.forward(tokens[30:], 30)
    llama.cancel(False)
    assert np.array_equal(one_by_one(llama, tokens[30:], 30), expected[30:])


def test_the_context_can_be_filled_to_its_last_row(llama: KernelModel) -> None:
    tokens = some_tokens(FAMILIES["llama"], 300)
    for start in range(0, 299, 100):
        llama.forward(tokens[start : min(299, start + 100)], start, 0)
    assert np.isfinite(llama.forward(tokens[299:], 299)).all()
