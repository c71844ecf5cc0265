"""Whisper's graphs compute what its definition says, a token at a time as all at once."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest

from model_foundry.errors import MalformedGraph
from model_foundry.senses.ctranslate2_file import CTranslate2File
from model_foundry.senses.whisper import WhisperShape, decoder_graph, encoder_graph, handed_on, int8_columns, kept
from tests.model_foundry.senses.tiny_whisper import (
    CONTEXT,
    FRAMES,
    HEADS,
    HIDDEN,
    LAYERS,
    VOCABULARY,
    Reference,
    variables,
)

FILE = CTranslate2File("WhisperSpec", 3, variables())
REFERENCE = Reference(variables())
MEL = np.random.default_rng(5).standard_normal((80, 20)).astype(np.float32)
TOKENS = [3, 17, 5, 39, 0]


@cache
def session(kind: str) -> Any:
    options = ort.SessionOptions()
    options.add_session_config_entry("session.x64quantprecision", "1")
    return ort.InferenceSession((encoder_graph if kind == "encoder" else decoder_graph)(FILE), options)


def run(kind: str, inputs: dict[str, Any]) -> dict[str, Any]:
    made = session(kind)
    return dict(zip([out.name for out in made.get_outputs()], made.run(None, inputs), strict=True))


def heard() -> dict[str, Any]:
    return run("encoder", {"mel": MEL[None]})


def nothing_before() -> dict[str, Any]:
    return {name: np.zeros((1, HEADS, 0, HIDDEN // HEADS), np.float32) for name in kept(WhisperShape(FILE)).values()}


def near(found: Any, expected: Any) -> bool:
    """Within what 8 bits cost."""
    return bool(np.abs(found - expected).max() < 0.05 * np.abs(expected).max())


def test_the_encoder_gives_the_keys_and_values_of_what_was_heard() -> None:
    states, size = REFERENCE.encoded(MEL), HIDDEN // HEADS
    out = heard()
    assert out.keys() == handed_on(WhisperShape(FILE), "decoder").keys()
    for index in range(LAYERS):
        both = states @ REFERENCE.w[f"decoder/layer_{index}/attention/linear_1/weight"].T
        both = both + REFERENCE.w[f"decoder/layer_{index}/attention/linear_1/bias"]
        for name, part in zip(("cross_key", "cross_value"), np.split(both, 2, axis=-1), strict=True):
            found = out[f"{name}.{index}"]
            assert found.shape == (1, HEADS, len(MEL[0]) // 2, size)
            assert near(found[0].transpose(1, 0, 2).reshape(-1, HIDDEN), part)


def test_the_decoder_gives_the_logits_after_the_last_token() -> None:
    out = run("decoder", {"tokens": np.array([TOKENS]), **heard(), **nothing_before()})
    assert out["logits"].shape == (1, VOCABULARY)
    assert near(out["logits"][0], REFERENCE.logits(REFERENCE.encoded(MEL), TOKENS))


def test_a_token_at_a_time_gives_the_same() -> None:
    past, cross, out = nothing_before(), heard(), dict[str, Any]()
    for token in TOKENS:
        out = run("decoder", {"tokens": np.array([[token]]), **cross, **past})
        past = {into: out[name] for name, into in kept(WhisperShape(FILE)).items()}
    assert past["past_key.0"].shape == (1, HEADS, len(TOKENS), HIDDEN // HEADS)
    assert near(out["logits"][0], REFERENCE.logits(REFERENCE.encoded(MEL), TOKENS))


def test_the_sizes_are_read_from_the_weights() -> None:
    shape = WhisperShape(FILE)
    assert (shape.hidden, shape.heads, shape.head, shape.mels) == (HIDDEN, HEADS, HIDDEN // HEADS, 80)
    assert (shape.frames, shape.context, shape.vocabulary) == (FRAMES, CONTEXT, VOCABULARY)
    assert (shape.encoder_layers, shape.decoder_layers) == (LAYERS, LAYERS)


@pytest.mark.parametrize(
    ("specification", "without"),
    [("TransformerSpec", ""), ("WhisperSpec", "decoder/embeddings/weight"), ("WhisperSpec", "decoder/num_heads")],
)
def test_other_models_are_refused(specification: str, without: str) -> None:
    left = {name: value for name, value in variables().items() if name != without}
    with pytest.raises(MalformedGraph):
        encoder_graph(CTranslate2File(specification, 3, left))


def test_eight_bits_a_column_are_within_half_a_step() -> None:
    matrix = np.random.default_rng(1).standard_normal((50, 7)).astype(np.float32)
    quants, scale = int8_columns(matrix)
    assert np.abs(quants * scale - matrix).max() <= scale.max() / 2 + 1e-6
    assert np.abs(quants).max() == 127
