"""Ears are lent: both models for as long as somebody hears, and given back however that ends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from orion_py.cancellation import CancelToken
from orion_py.errors import OutOfMemory
from orion_py.runtime.graphs import Graph, GraphModel
from orion_py.senses.hearing.lent import LentEars
from orion_py.senses.hearing.transcriber import VAD, WHISPER
from tests.senses.hearing.scripted_ears import tiny_files


class Model:
    """A graph model whose sessions are their names."""

    async def file(self, name: str) -> bytes:
        tokenizer, rules = tiny_files()
        return tokenizer if name == "tokenizer.json" else rules

    def graph(self, session: str) -> Graph:
        return cast(Any, session)


class Lender:
    def __init__(self, without: str = "") -> None:
        self.without, self.out, self.tokens = without, list[str](), list[CancelToken]()

    @asynccontextmanager
    async def lend(self, name: str, cancel: CancelToken) -> AsyncIterator[GraphModel]:
        if name == self.without:
            raise OutOfMemory("no room")
        self.out.append(name)
        self.tokens.append(cancel)
        try:
            yield cast(Any, Model())
        finally:
            self.out.remove(name)


async def test_both_models_are_lent_while_somebody_hears_and_then_given_back() -> None:
    lender, cancel = Lender(), CancelToken()
    async with LentEars(lender.lend).ears(cancel) as ears:
        assert lender.out == [WHISPER, VAD]
        assert lender.tokens == [cancel, cancel]
        assert (ears.whisper.encoder, ears.whisper.decoder, ears.vad) == ("encoder", "decoder", "vad")
    assert lender.out == []


async def test_the_same_recording_is_heard_the_same_each_time() -> None:
    drawn = []
    for _ in range(2):
        async with LentEars(Lender().lend).ears(CancelToken()) as ears:
            drawn.append([ears.whisper.uniform() for _ in range(3)])
    assert drawn[0] == drawn[1]


async def test_what_was_lent_is_given_back_where_the_other_fails() -> None:
    lender = Lender(without=VAD)
    with pytest.raises(OutOfMemory):
        async with LentEars(lender.lend).ears(CancelToken()):
            raise AssertionError("nobody hears")
    assert lender.out == []
