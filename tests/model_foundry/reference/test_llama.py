"""The reference implementation answers as Hugging Face's does.

``expected_logits.json`` was computed once with torch 2.13.0 and transformers 5.23.0
(LlamaForCausalLM, float32, weights dequantized by the gguf package): for a tiny random model the
last token's logits, for SmolLM2 the highest ones after some golden inputs and in their middle.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model_foundry.reference.golden import CONTINUATION, TOP, golden_vector
from model_foundry.reference.llama import ReferenceModel
from model_foundry.sharding.restore import load_manifest, restore
from tests.model_foundry.built import imported
from tests.model_foundry.tiny_gguf import TinyModel

EXPECTED: dict[str, Any] = json.loads((Path(__file__).parent / "expected_logits.json").read_text())


def test_a_tiny_model_has_the_logits_of_transformers(tmp_path: Path) -> None:
    model = imported(tmp_path, TinyModel(tied=False, seed=4))
    logits = ReferenceModel(model).forward(EXPECTED["tiny"]["tokens"])[-1]
    np.testing.assert_allclose(logits, EXPECTED["tiny"]["logits"], atol=2e-5)


def test_a_sequence_may_be_continued(tmp_path: Path) -> None:
    reference = ReferenceModel(imported(tmp_path, TinyModel()))
    whole = reference.forward([5, 9, 200, 31])
    reference.reset()
    parts = np.concatenate([reference.forward([5, 9]), reference.forward([200]), reference.forward([31])])
    np.testing.assert_allclose(parts, whole, atol=1e-5)


def test_a_golden_vector_holds_the_highest_logits_and_the_greedy_continuation(tmp_path: Path) -> None:
    reference = ReferenceModel(imported(tmp_path, TinyModel()))
    tokens = [5, 9, 200, 31]
    golden = golden_vector(reference, "g", tokens)
    assert len(golden.top) == TOP
    assert len(golden.continuation) == len(golden.margins) == CONTINUATION
    values = [value for _, value in golden.top]
    assert values == sorted(values, reverse=True)
    assert golden.continuation[0] == golden.top[0][0]
    assert golden.margins[0] == pytest.approx(values[0] - values[1], abs=2e-3)
    reference.reset()
    following = reference.forward([*tokens, *golden.continuation[:-1]])[len(tokens) - 1 :]
    assert [int(row.argmax()) for row in following] == list(golden.continuation)


@pytest.mark.model
def test_the_real_model_has_the_logits_of_transformers(models_folder: Path) -> None:
    manifest = load_manifest(models_folder, "smollm2-135m-instruct")
    reference = ReferenceModel(restore(manifest, models_folder / "shards"))
    for name, expected in EXPECTED["smollm2"].items():
        reference.reset()
        logits = reference.forward(expected["tokens"])
        ids, values = zip(*expected["top"], strict=True)
        np.testing.assert_allclose(logits[-1][list(ids)], values, atol=1e-3, err_msg=name)
        total = np.log(np.exp(logits[-1].astype(np.float64)).sum())
        assert total == pytest.approx(expected["log_sum_exp"], abs=1e-3)
        ids, values = zip(*expected["middle_top"], strict=True)
        np.testing.assert_allclose(logits[len(logits) // 2][list(ids)], values, atol=1e-3, err_msg=name)
