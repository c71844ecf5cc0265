"""Has the reference look at pictures, with the models' own weights."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.weights.prepare import interpreter
from build_support.downloads import obtain
from build_support.processes import run
from build_support.vision_sources import EFFICIENTNET, NANODET

REFERENCE = Path(__file__).parent / "reference.py"


def graphs() -> dict[str, bytes]:
    """The detector and the classifier as whole ONNX files, from the files that their authors published. Raises
    SourceUnavailable."""
    from model_foundry.formats.torch_file import torch_tensors
    from model_foundry.senses.efficientnet import efficientnet_graph
    from model_foundry.senses.tfjs import tfjs_graph
    from orion_py.senses.scenes.objects import STRIDES

    files = {source.name: path for source, path in obtain([*NANODET, *EFFICIENTNET]).items()}
    names = [*(f"scores_{stride}" for stride in STRIDES), *(f"sides_{stride}" for stride in STRIDES)]
    outputs = {f"Identity_{number}" if number else "Identity": name for number, name in enumerate(names)}
    weights = {"nanodet.bin": files["nanodet.bin"]}
    return {
        "detector": tfjs_graph(files["nanodet.json"], weights, {"input_1": "picture"}, outputs, "reference"),
        "classifier": efficientnet_graph(torch_tensors(files["weights.pth"])),
    }


def seen_there(home: Path, pictures: Mapping[str, NDArray[np.uint8]]) -> dict[str, Any]:
    """What the reference sees in each picture, by its name: see reference.py. ``home``: the environment of
    bench/reading. Raises StepFailed."""
    with tempfile.TemporaryDirectory() as work:
        for name, graph in graphs().items():
            (Path(work) / f"{name}.onnx").write_bytes(graph)
        for name, picture in pictures.items():
            np.save(Path(work) / f"{name}.npy", picture)
        run([interpreter(home), REFERENCE, work], what="the reference can't look at the pictures")
        found: dict[str, Any] = json.loads((Path(work) / "seen.json").read_text())
        return found
