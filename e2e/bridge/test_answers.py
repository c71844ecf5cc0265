"""What ``foundry validate --browser`` measures with: Chromium scores and answers as native onnxruntime does."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from e2e.support.site import DIST
from model_foundry.measuring.subjects.arguments import Place, open_subject
from model_foundry.measuring.subjects.base import GenerateRequest, ScoreRequest
from tests.model_foundry.built import built, imported
from tests.model_foundry.tiny_gguf import TinyModel

pytestmark = pytest.mark.e2e

SCORE = [ScoreRequest((5, 9, 12, 7), ((8,), (9, 10, 11))), ScoreRequest((5, 9, 40), ((8, 8, 8, 8),))]
GENERATE = [GenerateRequest((5, 9, 12), 20), GenerateRequest((5, 9, 12, 77, 3), 4)]


def test_a_browser_scores_and_answers_as_a_native_session_does(tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as apart:  # other tests' playwright has an event loop in this thread
        apart.submit(lambda: asyncio.run(both_agree(tmp_path))).result()


async def both_agree(tmp_path: Path) -> None:
    built(tmp_path, imported(tmp_path, TinyModel()))
    place = Place(tmp_path, DIST, threads=1)
    native = await open_subject("tiny@wasm-exact", place)
    browser = await open_subject("browser:tiny@wasm-exact", place)
    expected = [scored async for scored in native.score(SCORE)]
    found = [scored async for scored in browser.score(SCORE)]
    for ours, theirs in zip(found, expected, strict=True):
        for one, other in zip(ours, theirs, strict=True):
            assert one.logprobs == pytest.approx(other.logprobs, abs=1e-3)
            assert one.top == other.top
    assert [tokens async for tokens in browser.generate(GENERATE)] == [t async for t in native.generate(GENERATE)]
    await native.close()
