"""Whisper's graphs, regrouped for transformers.js, compute what ORION's compute."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime as ort
import pytest

from bench.hearing.peer_model import graphs
from model_foundry.senses.ctranslate2_file import CTranslate2File
from model_foundry.senses.whisper import WhisperShape, decoder_graph, encoder_graph, kept
from tests.model_foundry.senses.tiny_whisper import FRAMES, HEADS, HIDDEN, variables

FILE = CTranslate2File("WhisperSpec", 3, variables())
MEL = np.random.default_rng(5).standard_normal((1, 80, 2 * FRAMES)).astype(np.float32)
TOKENS = [3, 17, 5, 39]
NOTHING = np.zeros((1, HEADS, 0, HIDDEN // HEADS), np.float32)


def run(graph: bytes, inputs: dict[str, Any]) -> dict[str, Any]:
    made = ort.InferenceSession(graph)
    return dict(zip([out.name for out in made.get_outputs()], made.run(None, inputs), strict=True))


@pytest.fixture(scope="module")
def expected() -> Any:
    """ORION's logits after the last token."""
    past = dict.fromkeys(kept(WhisperShape(FILE)).values(), NOTHING)
    cross = run(encoder_graph(FILE), {"mel": MEL})
    return run(decoder_graph(FILE), {"tokens": np.array([TOKENS]), **cross, **past})["logits"]


def test_a_first_call_hears_and_the_next_ones_are_given_what_it_heard(expected: Any) -> None:
    encoder, decoder = graphs(FILE)
    heard = run(encoder, {"input_features": MEL})["last_hidden_state"]
    names = [each.name for each in ort.InferenceSession(decoder).get_inputs() if each.name.startswith("past")]
    past = dict.fromkeys(names, NOTHING)
    logits = None
    for step, tokens in enumerate((TOKENS[:2], TOKENS[2:3], TOKENS[3:])):
        found = run(
            decoder,
            {
                "input_ids": np.array([tokens]),
                "encoder_hidden_states": heard if step == 0 else np.zeros_like(heard),
                "use_cache_branch": np.array([step > 0]),
                **past,
            },
        )
        past = {name: found[name.replace("past_key_values", "present")] for name in names}
        logits = found["logits"]
    assert logits is not None
    assert logits.shape == (1, 1, expected.shape[1])
    # Activations are quantized by the call: some tokens at once differ a little from one after the other.
    assert np.abs(logits[0] - expected).max() < 0.05 * np.abs(expected).max()
