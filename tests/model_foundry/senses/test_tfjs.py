"""A TensorFlow.js graph as ONNX: each operation against its definition, and files that are none."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest

from model_foundry.errors import MalformedGraph
from model_foundry.senses.tfjs import tfjs_graph

SHAPE = [1, 4, 4, 2]


def text(value: str) -> dict[str, str]:
    return {"s": base64.b64encode(value.encode()).decode()}


def node(name: str, op: str, *inputs: str, **attributes: Any) -> dict[str, Any]:
    return {"name": name, "op": op, "input": list(inputs), "attr": attributes}


def written(
    folder: Path,
    nodes: list[dict[str, Any]],
    weights: dict[str, np.ndarray],
    shape: list[int] = SHAPE,
    **quantized: Any,
) -> tuple[Path, dict[str, Path]]:
    """A model with the input x and the output y; its weight file."""
    sides = {"dim": [{"size": str(side)} for side in shape]}
    entries = []
    for name, value in weights.items():
        kind = {"f": "float32", "i": "int32"}.get(value.dtype.kind, "float32")
        entry: dict[str, Any] = {"name": name, "shape": list(value.shape), "dtype": kind}
        if name in quantized:
            entry["quantization"] = quantized[name]
        entries.append(entry)
    document = {
        "modelTopology": {"node": [node("x", "Placeholder"), *nodes]},
        "weightsManifest": [{"paths": ["w.bin"], "weights": entries}],
        "signature": {
            "inputs": {"x:0": {"name": "x:0", "tensorShape": {"dim": [{"size": str(s)} for s in SHAPE]}}},
            "outputs": {"y:0": {"name": "y:0", "tensorShape": sides}},
        },
    }
    (folder / "model.json").write_text(json.dumps(document))
    (folder / "w.bin").write_bytes(b"".join(value.tobytes() for value in weights.values()))
    return folder / "model.json", {"w.bin": folder / "w.bin"}


def run(model: Path, files: dict[str, Path], picture: np.ndarray) -> np.ndarray:
    graph = tfjs_graph(model, files, {"x": "picture"}, {"y": "found"}, "tiny")
    session = ort.InferenceSession(graph, providers=["CPUExecutionProvider"])
    assert [value.name for value in session.get_inputs()] == ["picture"]
    (out,) = session.run(["found"], {"picture": picture})
    return np.asarray(out)


@pytest.fixture
def picture() -> np.ndarray:
    return np.random.default_rng(1).normal(size=SHAPE).astype(np.float32)


def test_sums_products_and_activations(tmp_path: Path, picture: np.ndarray) -> None:
    nodes = [
        node("a", "Mul", "x", "w"),
        node("b", "AddV2", "a", "w"),
        node("c", "Relu", "b"),
        node("y", "Sigmoid", "c"),
    ]
    weights = {"w": np.array([2.0, -3.0], np.float32)}
    expected = 1 / (1 + np.exp(-np.maximum(picture * weights["w"] + weights["w"], 0)))
    assert np.allclose(run(*written(tmp_path, nodes, weights), picture), expected, atol=1e-6)


def test_a_convolution_of_one_pixel_mixes_channels(tmp_path: Path, picture: np.ndarray) -> None:
    kernel = np.random.default_rng(2).normal(size=(1, 1, 2, 3)).astype(np.float32)
    attributes = {
        "padding": text("SAME"),
        "strides": {"list": {"i": ["1", "1", "1", "1"]}},
        "dilations": {"list": {"i": ["1", "1", "1", "1"]}},
    }
    model = written(tmp_path, [node("y", "Conv2D", "x", "w", **attributes)], {"w": kernel}, [1, 4, 4, 3])
    assert np.allclose(run(*model, picture), picture @ kernel[0, 0], atol=1e-5)


def test_a_depthwise_convolution_sums_over_its_window(tmp_path: Path, picture: np.ndarray) -> None:
    attributes = {"padding": text("VALID"), "strides": {"list": {"i": ["1", "2", "2", "1"]}}}
    nodes = [node("y", "DepthwiseConv2dNative", "x", "w", **attributes)]
    model = written(tmp_path, nodes, {"w": np.ones((2, 2, 2, 1), np.float32)}, [1, 2, 2, 2])
    expected = picture.reshape(1, 2, 2, 2, 2, 2).sum(axis=(2, 4))
    assert np.allclose(run(*model, picture), expected, atol=1e-5)


def test_pooling_transposing_reshaping_and_joining(tmp_path: Path, picture: np.ndarray) -> None:
    pool = {
        "padding": text("VALID"),
        "strides": {"list": {"i": ["1", "2", "2", "1"]}},
        "ksize": {"list": {"i": ["1", "2", "2", "1"]}},
    }
    nodes = [
        node("p", "MaxPool", "x", **pool),
        node("t", "Transpose", "p", "order"),
        node("r", "Reshape", "t", "shape"),
        node("y", "ConcatV2", "r", "r", "axis"),
    ]
    weights = {
        "order": np.array([0, 3, 1, 2], np.int32),
        "shape": np.array([1, 8], np.int32),
        "axis": np.array(1, np.int32),
    }
    pooled = picture.reshape(1, 2, 2, 2, 2, 2).max(axis=(2, 4)).transpose(0, 3, 1, 2).reshape(1, 8)
    out = run(*written(tmp_path, nodes, weights, [1, 16]), picture)
    assert np.allclose(out, np.concatenate([pooled, pooled], axis=1))


def test_weights_of_8_and_16_bits_are_unpacked(tmp_path: Path, picture: np.ndarray) -> None:
    stored = np.array([0, 255], np.uint8)
    quantized = {"dtype": "uint8", "scale": 0.5, "min": -1.0}
    model = written(tmp_path, [node("y", "Mul", "x", "w")], {"w": stored}, w=quantized)
    assert np.allclose(run(*model, picture), picture * np.array([-1, 126.5]), atol=1e-4)
    half = {"w": np.array([1.5, -2.0], np.float16)}
    model = written(tmp_path, [node("y", "Mul", "x", "w")], half, w={"dtype": "float16"})
    assert np.allclose(run(*model, picture), picture * half["w"].astype(np.float32))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d["modelTopology"]["node"][1].update(op="Einsum"), "Einsum isn't an operation"),
        (lambda d: d["modelTopology"]["node"][1].update(input=["y", "w"]), "needs itself"),
        (lambda d: d["modelTopology"]["node"][1].update(input=["nowhere", "w"]), "nowhere"),
        (lambda d: d["weightsManifest"][0].update(paths=["../secret"]), "secret"),
        (lambda d: d["weightsManifest"][0]["weights"][0].update(shape=[3]), "isn't a TensorFlow.js"),
        (lambda d: d.pop("signature"), "signature"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, change: Any, words: str) -> None:
    model, files = written(tmp_path, [node("y", "Mul", "x", "w")], {"w": np.ones(2, np.float32)})
    document = json.loads(model.read_text())
    change(document)
    model.write_text(json.dumps(document))
    with pytest.raises(MalformedGraph, match=words):
        tfjs_graph(model, files, {"x": "picture"}, {"y": "found"}, "tiny")


def test_a_file_that_is_no_json_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    path.write_bytes(b"\x80\x04")
    with pytest.raises(MalformedGraph, match=r"model\.json"):
        tfjs_graph(path, {}, {}, {"y": "y"}, "tiny")
