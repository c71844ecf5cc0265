"""Tells the two halves of a folder of a model that sees apart: its decoder, and what sees.

    config.json               with vision_config
    preprocessor_config.json  how pictures are cut and scaled
    chat_template.json        the chat template, where tokenizer_config.json has none

The decoder is read as a folder of its own (``SeeingFolder`` is one). The vision model and the projection are written
as a graph model that stays whole: ``written_encoder``.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_foundry.errors import MalformedFolder, UnknownArchitecture
from model_foundry.graphs.vision_graph import WrittenEncoder
from model_foundry.importing.safetensors_folder import SafetensorsFolder, StoredTensor
from model_foundry.progress import Progress
from model_foundry.sharding.graph_folder import GoldenRun, GraphModelDraft, SessionDraft, write_graph_model
from orion_py.manifest.graph_manifest import GraphManifest
from orion_py.manifest.manifest import Source
from orion_py.manifest.sight import Sight
from orion_py.senses.sight.encoder import ROWS, SESSION

PREPROCESSOR, TEMPLATE_JSON = "preprocessor_config.json", "chat_template.json"
_TOLERANCE = 0.02
"""Of a row's numbers: what other processors' rounding makes of F32."""


class SeeingFolder(SafetensorsFolder, ABC):
    """A folder whose config and tensors are its decoder's alone, under the names of a decoder without eyes; what sees
    is in ``vision``, and the config as it is in ``whole``. Raises MalformedFolder, MalformedSafetensors, UnsafePickle
    or UnknownArchitecture."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.whole = self.config
        self.config = self._decoder_config()
        self.vision: dict[str, StoredTensor] = {}
        decoder: dict[str, StoredTensor] = {}
        for name, tensor in self._tensors.items():
            if self._sees(name):
                self.vision[name] = tensor
            else:
                decoder[self._in_decoder(name)] = tensor
        self._tensors = decoder

    @abstractmethod
    def _decoder_config(self) -> dict[str, Any]:
        """config.json of the decoder alone."""

    @abstractmethod
    def _sees(self, name: str) -> bool:
        """Whether a tensor is of what sees."""

    @abstractmethod
    def _in_decoder(self, name: str) -> str:
        """What a decoder without eyes calls its tensor. Raises UnknownArchitecture for one that has no place in it."""

    @abstractmethod
    def sight(self, encoder: str) -> Sight:
        """How it takes pictures in, with the id of its encoder. Raises UnknownTokenizer for marks that it lacks."""

    @abstractmethod
    def encoder(self, progress: Callable[[int, int], None]) -> WrittenEncoder:
        """The graph of what sees. Raises FoundryError."""

    @abstractmethod
    def golden_inputs(self) -> Mapping[str, NDArray[Any]]:
        """Of a run that tells whether the encoder computes right."""

    def template(self) -> str | None:
        found = super().template()
        other = (self.json(TEMPLATE_JSON) or {}).get("chat_template")
        if found is None and other is not None and not isinstance(other, str):
            raise MalformedFolder(f"{TEMPLATE_JSON}: chat_template isn't a template")
        return found if found is not None else other

    def sha256(self) -> str:
        """Of what a decoder's folder has, and of what is read beside."""
        more = [name for name in (PREPROCESSOR, TEMPLATE_JSON) if (self.path / name).is_file()]
        lines = [f"{self.file_sha256(name)}  {name}\n" for name in more]
        return hashlib.sha256("".join([super().sha256(), *lines]).encode()).hexdigest()


def written_encoder(
    folder: SeeingFolder, encoder: str, version: str, licence: str, source: Source, models: Path, progress: Progress
) -> GraphManifest:
    """Writes the graph model ``encoder`` into ``models``. Raises FoundryError."""
    made = folder.encoder(lambda done, total: progress("writing the encoder", done, total))
    draft = GraphModelDraft(
        model=encoder,
        version=version,
        licence=licence,
        sources=(source,),
        recipe="safetensors-to-orion",
        sessions={SESSION: SessionDraft(made.graph, threads=4)},
        golden=[GoldenRun("waves", SESSION, folder.golden_inputs(), {ROWS: _TOLERANCE}, {ROWS: _TOLERANCE / 4})],
        weights=made.weights,
    )
    return write_graph_model(draft, models)


def waves(height: int, width: int) -> NDArray[np.uint8]:
    """A picture for golden runs, uint8 [height, width, 3]: waves of another length in each channel."""
    y, x = np.mgrid[:height, :width] * (12 / height)
    return np.stack([128 + 120 * np.sin(x * (c + 1) + y * (3 - c)) for c in range(3)], axis=2).astype(np.uint8)


class Reader:
    """Typed reading of a JSON object. Raises MalformedFolder, which names the place."""

    def __init__(self, values: Any, place: str) -> None:
        if not isinstance(values, dict):
            raise MalformedFolder(f"{place} is missing, or no object")
        self.values, self.place = values, place

    def whole(self, key: str, default: int) -> int:
        value = self.values.get(key, default)
        if type(value) is not int or not 0 < value < 2**20:
            raise MalformedFolder(f"{self.place}: {key} has to be a positive integer")
        return value

    def real(self, key: str, default: float) -> float:
        value = self.values.get(key, default)
        if type(value) not in (int, float) or not 0 < value < 1e6:
            raise MalformedFolder(f"{self.place}: {key} has to be a positive number")
        return float(value)

    def flag(self, key: str, default: bool) -> bool:
        value = self.values.get(key, default)
        if not isinstance(value, bool):
            raise MalformedFolder(f"{self.place}: {key} has to be true or false")
        return value

    def colours(self, key: str, default: tuple[float, float, float]) -> tuple[float, ...]:
        values = self.values.get(key, list(default))
        if not isinstance(values, list) or len(values) != 3:
            raise MalformedFolder(f"{self.place}: {key} has to be three numbers")
        return tuple(Reader({key: value}, self.place).real(key, 0.5) for value in values)


def check_tensors(found: Mapping[str, StoredTensor], expected: Mapping[str, tuple[int, ...]]) -> None:
    """Every tensor is there, with its shape, and no other."""
    for name, extents in expected.items():
        if name not in found:
            raise MalformedFolder(f"tensor {name} is missing")
        if found[name].shape != extents:
            raise MalformedFolder(f"tensor {name} is {list(found[name].shape)} and should be {list(extents)}")
    others = sorted(found.keys() - expected.keys())
    if others:
        raise UnknownArchitecture(
            f"{len(others)} tensors have no place in this vision model, such as {others[0][:80]!r}"
        )
