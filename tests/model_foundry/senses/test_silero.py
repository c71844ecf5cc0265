"""Silero's graph over many frames gives what its definition gives frame by frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest

from model_foundry.errors import MalformedGraph
from model_foundry.senses.silero import read_silero, vad_graph
from tests.model_foundry.senses.tiny_silero import probability, weights, written

FRAMES = np.random.default_rng(3).standard_normal((9, 576)).astype(np.float32)


def test_many_frames_at_once_are_as_each_by_itself() -> None:
    made = weights()
    session = ort.InferenceSession(vad_graph(made))
    hidden = cell = np.zeros(128, np.float32)
    expected = []
    for frame in FRAMES:
        chance, hidden, cell = probability(made, frame, hidden, cell)
        expected.append(chance)
    speech, state = session.run(None, {"frames": FRAMES, "state": np.zeros((2, 1, 128), np.float32)})
    assert np.abs(speech - expected).max() < 1e-4
    assert np.abs(state[:, 0] - [hidden, cell]).max() < 1e-4
    assert np.ptp(speech) > 0.01, "the numbers say something"


def test_the_state_goes_from_one_call_to_the_next() -> None:
    session = ort.InferenceSession(vad_graph(weights()))
    state = np.zeros((2, 1, 128), np.float32)
    whole, last = session.run(None, {"frames": FRAMES, "state": state})
    parts = []
    for part in (FRAMES[:1], FRAMES[1:5], FRAMES[5:]):
        speech, state = session.run(None, {"frames": part, "state": state})
        parts.append(speech)
    assert np.allclose(np.concatenate(parts), whole, atol=1e-5)
    assert np.allclose(state, last, atol=1e-5)


def test_the_weights_for_16_khz_are_taken_from_the_published_file(tmp_path: Path) -> None:
    found = read_silero(written(tmp_path / "vad.onnx", weights(1), weights(2, taps=128)))
    assert found.keys() == weights().keys()
    assert all(np.array_equal(found[name], value) for name, value in weights(1).items())


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text.onnx").write_bytes(b"no graph at all")
    lacking = {name: value for name, value in weights().items() if "rnn" not in name}
    for path in (
        tmp_path / "text.onnx",
        tmp_path / "none.onnx",
        written(tmp_path / "lacking.onnx", lacking, weights(2, taps=128)),
    ):
        with pytest.raises(MalformedGraph, match=f"{path.name} isn't Silero's graph"):
            read_silero(path)
    with pytest.raises(MalformedGraph, match="aren't Silero's"):
        vad_graph(lacking)
