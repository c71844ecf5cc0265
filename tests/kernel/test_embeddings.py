"""Prompts of tokens and embeddings, from the decode loop down to the kernel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from orion_py.cancellation import CancelToken
from orion_py.errors import ContextOverflow, InvalidInput
from orion_py.generation.decoder import DecodeStats, decode
from orion_py.generation.sampling import Penalised, Sampler, SamplingParams
from orion_py.manifest.manifest import Manifest
from orion_py.manifest.variants import Variant
from orion_py.native.kernel_runner import KernelRunner
from orion_py.native.runtime import NativeSession
from orion_py.runtime.base import BuildReport
from orion_py.runtime.loaded_model import LoadedModel
from orion_py.runtime.segments import Embeddings, Segment, tokens_of
from tests.kernel.decoder import Decoder
from tests.kernel.models import Recipe, Stored
from tests.kernel.test_forward import FAMILIES
from tests.tiny import LetterTokenizer

CONTEXT = 300
VARIANT = Variant(id="kernel", engine="kernel", backend="wasm", exact=False, tolerance_kl=0.1)


def tokens_for(recipe: Recipe, count: int, seed: int = 5) -> list[int]:
    return np.random.default_rng(seed).integers(1, recipe.architecture.vocab_size, count).tolist()  # type: ignore[no-any-return]


def rows_of(recipe: Recipe, tokens: list[int]) -> Embeddings:
    """What the model itself looks up for these tokens."""
    return Embeddings.of(Decoder(recipe.model()).embeddings(tokens).astype(np.float32))


class Counted(NativeSession):
    """Remembers what it ran."""

    ran: list[tuple[str, int, int]]

    async def forward(self, inputs: Any, position: int) -> Any:
        self.ran.append(("rows" if isinstance(inputs, Embeddings) else "tokens", len(inputs), position))
        return await super().forward(inputs, position)


async def opened(recipe: Recipe, threads: int = 1) -> tuple[LoadedModel, Counted]:
    stored = Stored.of(recipe.model())
    manifest = Manifest.model_construct(
        architecture=stored.architecture, shards=stored.shards, model="random", version="1", eos_tokens=(0,)
    )
    runner = KernelRunner(manifest, threads, CONTEXT)
    for shard in stored.shards:
        runner.feed(shard, stored.data[shard.sha256])
    session = Counted(manifest, VARIANT, runner, CONTEXT, Path())
    session.ran = []
    report: BuildReport = await session.build()
    return LoadedModel(manifest, VARIANT, session, LetterTokenizer(), report, CONTEXT), session


@pytest.mark.parametrize("family", ["llama", *(name for name in FAMILIES if name != "llama")])
async def test_the_rows_of_tokens_give_the_bits_of_these_tokens(family: str) -> None:
    recipe = FAMILIES[family]
    model, _ = await opened(recipe)
    tokens = tokens_for(recipe, 40)
    expected = (await model.forward(tokens, 0)).copy()
    assert np.array_equal(await model.forward(rows_of(recipe, tokens), 0), expected)
    await model.forward(tokens[:10], 0)
    await model.forward(rows_of(recipe, tokens[10:25]), 10)
    assert np.array_equal(await model.forward(tokens[25:], 25), expected), "mixed, too"


@pytest.mark.parametrize("threads", [1, 2])
async def test_more_rows_than_one_pass_takes_run_in_several(threads: int) -> None:
    recipe = FAMILIES["llama"]
    model, _ = await opened(recipe, threads)
    tokens = tokens_for(recipe, 290)
    expected = (await model.forward(tokens, 0)).copy()
    assert np.array_equal(await model.forward(rows_of(recipe, tokens), 0), expected)


async def said(model: LoadedModel, prompt: list[Segment], **options: Any) -> tuple[list[int], DecodeStats]:
    stats = DecodeStats()
    arguments: dict[str, Any] = {"max_tokens": 12, "cancel": CancelToken(), "clock": lambda: 0.0, "stats": stats}
    sampler = Sampler(SamplingParams(temperature=0, repetition_penalty=1.3), 1, Penalised(len(tokens_of(prompt))))
    return [token async for token in decode(model, prompt, sampler, **arguments | options)], stats


def mixed(recipe: Recipe, tokens: list[int]) -> list[Segment]:
    return [*tokens[:8], rows_of(recipe, tokens[8:20]), *tokens[20:]]


async def test_a_prompt_with_embeddings_is_answered_as_its_tokens_are() -> None:
    recipe = FAMILIES["llama"]
    tokens = tokens_for(recipe, 30)
    by_tokens, _ = await opened(recipe)
    by_rows, session = await opened(recipe)
    expected, _ = await said(by_tokens, [*tokens])
    found, _ = await said(by_rows, mixed(recipe, tokens))
    assert found == expected
    assert len(found) > 3
    assert session.ran[:3] == [("tokens", 8, 0), ("rows", 12, 8), ("tokens", 10, 20)]


async def test_what_follows_in_a_conversation_reads_only_what_is_new() -> None:
    recipe = FAMILIES["llama"]
    tokens = tokens_for(recipe, 30)
    model, session = await opened(recipe)
    first, _ = await said(model, mixed(recipe, tokens))
    session.ran.clear()
    _, stats = await said(model, [*mixed(recipe, tokens), *first, 7, 8])
    assert stats.cached_tokens >= 30 + len(first) - 1
    assert all(kind == "tokens" for kind, _, _ in session.ran)


async def test_another_picture_in_the_same_place_is_read_and_what_stands_before_it_isnt() -> None:
    recipe = FAMILIES["llama"]
    tokens = tokens_for(recipe, 30)
    model, session = await opened(recipe)
    await said(model, mixed(recipe, tokens))
    session.ran.clear()
    other: list[Segment] = [*tokens[:8], rows_of(recipe, tokens_for(recipe, 12, seed=9)), *tokens[20:]]
    expected, _ = await said((await opened(recipe))[0], other)
    found, stats = await said(model, other)
    assert stats.cached_tokens == 8
    assert session.ran[0] == ("rows", 12, 8)
    assert found == expected


async def test_an_answer_that_quotes_the_prompt_never_drafts_what_stands_for_rows() -> None:
    """The tokens before the rows come again at the prompt's end: a guess would go on with the rows."""
    recipe = FAMILIES["llama"]
    tokens = tokens_for(recipe, 8)
    prompt: list[Segment] = [*tokens, rows_of(recipe, tokens), *tokens]
    with_drafts, stats = await said((await opened(recipe))[0], prompt, max_tokens=40)
    without, _ = await said((await opened(recipe))[0], prompt, max_tokens=40, speculate=False)
    assert with_drafts == without
    assert stats.finish in ("length", "stop")


async def test_rows_of_another_models_width_are_refused_and_what_was_read_stays() -> None:
    recipe = FAMILIES["llama"]
    model, _ = await opened(recipe)
    tokens = tokens_for(recipe, 10)
    await model.forward(tokens, 0)
    with pytest.raises(InvalidInput, match="columns"):
        await model.forward(Embeddings.of(np.zeros((3, 7), np.float32)), 10)
    assert model.cached_prefix([*tokens, 1]) == 10


async def test_more_rows_than_the_context_holds_are_refused() -> None:
    recipe = FAMILIES["llama"]
    model, _ = await opened(recipe)
    with pytest.raises(ContextOverflow):
        await model.forward(rows_of(recipe, tokens_for(recipe, CONTEXT + 1)), 0)
