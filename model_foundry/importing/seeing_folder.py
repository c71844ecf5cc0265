"""Opens a folder of a model that sees, of the family of Idefics3 and SmolVLM, and tells its two halves apart.

    config.json               with text_config and vision_config
    preprocessor_config.json  how pictures are cut and scaled
    chat_template.json        the chat template, where tokenizer_config.json has none

The decoder is read as a folder of its own (``SeeingFolder`` is one). The vision model and the projection are written
as a graph model that stays whole: ``written_encoder``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from model_foundry.errors import MalformedFolder, UnknownArchitecture, UnknownTokenizer
from model_foundry.formats.hf_names import CLASSES, CONFIG, LM_HEAD, TOKENIZER
from model_foundry.graphs.siglip import SiglipNames, SiglipShape, encoder_graph
from model_foundry.importing.safetensors_folder import SafetensorsFolder, StoredTensor
from model_foundry.progress import Progress
from model_foundry.sharding.graph_folder import GoldenRun, GraphModelDraft, SessionDraft, write_graph_model
from orion_py.manifest.graph_manifest import GraphManifest
from orion_py.manifest.manifest import Source
from orion_py.manifest.sight import Tiles
from orion_py.senses.sight.encoder import PIXELS, ROWS, SESSION
from orion_py.senses.sight.tiles import AROUND, WHOLE, tile_mark

PREPROCESSOR, TEMPLATE_JSON = "preprocessor_config.json", "chat_template.json"
SEEING = frozenset({"Idefics3ForConditionalGeneration", "SmolVLMForConditionalGeneration"})
"""What config.json may call the architecture."""
MARK = "<image>"
_TEXT, _VISION, _PROJECTION = (
    "model.text_model.",
    "model.vision_model.",
    "model.connector.modality_projection.proj.weight",
)
_LANCZOS = 1
"""Pillow's number of it."""
_TOLERANCE = 0.02
"""Of a row's numbers, relative to the largest: what other processors' rounding makes of F32."""


def open_folder(path: Path) -> SafetensorsFolder:
    """The folder, as a ``SeeingFolder`` where it is one. Raises as these."""
    folder = SafetensorsFolder(path)
    named = folder.config.get("architectures")
    return SeeingFolder(path) if isinstance(named, list) and SEEING.issuperset(named) and named else folder


class SeeingFolder(SafetensorsFolder):
    """A folder whose config and tensors are its decoder's alone, under the names of a decoder without eyes; what sees
    is in ``vision``. Raises MalformedFolder, MalformedSafetensors, UnsafePickle or UnknownArchitecture."""

    picture_token = MARK

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.whole = self.config
        self.config = _decoder_config(self.whole)
        self.vision: dict[str, StoredTensor] = {}
        decoder: dict[str, StoredTensor] = {}
        for name, tensor in self._tensors.items():
            if name.startswith(_TEXT):
                decoder[f"model.{name.removeprefix(_TEXT)}"] = tensor
            elif name == LM_HEAD:
                decoder[name] = tensor
            elif name.startswith(_VISION) or name == _PROJECTION:
                self.vision[name] = tensor
            else:
                raise UnknownArchitecture(f"the tensor {name[:80]!r} has no place in a model that sees")
        self._tensors = decoder
        self.eyes = _eyes(self)

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

    def sight(self, encoder: str) -> Tiles:
        """How it takes pictures in, with the id of its encoder. Raises UnknownTokenizer for marks that it lacks."""
        eyes = self.eyes
        form = Tiles(
            kind="tiles",
            encoder=encoder,
            token=MARK,
            side=eyes.shape.side,
            longest=eyes.longest,
            splits=eyes.splits,
            rows=eyes.shape.rows,
        )
        _check_marks(self.json(TOKENIZER) or {}, form)
        return form


@dataclass(frozen=True)
class Eyes:
    """``longest``: pixels of a picture's longer side; ``splits``: whether it is cut into tiles."""

    shape: SiglipShape
    longest: int
    splits: bool


def written_encoder(
    folder: SeeingFolder, encoder: str, version: str, licence: str, source: Source, models: Path, progress: Progress
) -> GraphManifest:
    """Writes the graph model ``encoder`` into ``models``. Raises FoundryError."""
    shape = folder.eyes.shape
    made = encoder_graph(
        shape,
        SiglipNames(_VISION, _PROJECTION),
        lambda name: folder.vision[name].read(),
        lambda done, total: progress("writing the encoder", done, total),
    )
    picture = _test_picture(shape.side)
    draft = GraphModelDraft(
        model=encoder,
        version=version,
        licence=licence,
        sources=(source,),
        recipe="safetensors-to-orion",
        sessions={SESSION: SessionDraft(made.graph, threads=4)},
        golden=[GoldenRun("waves", SESSION, {PIXELS: picture[None]}, {ROWS: _TOLERANCE}, {ROWS: _TOLERANCE / 4})],
        weights=made.weights,
    )
    return write_graph_model(draft, models)


def _test_picture(side: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """uint8 [side, side, 3]: waves of another length in each channel."""
    y, x = np.mgrid[:side, :side] * (12 / side)
    return np.stack([128 + 120 * np.sin(x * (c + 1) + y * (3 - c)) for c in range(3)], axis=2).astype(np.uint8)


def _decoder_config(whole: dict[str, Any]) -> dict[str, Any]:
    text = whole.get("text_config")
    if not isinstance(text, dict):
        raise MalformedFolder(f"{CONFIG} of a model that sees has to have a text_config")
    kind = text.get("model_type", "llama")
    if kind != "llama":
        raise UnknownArchitecture(f"the decoder of a model that sees has to be llama, and it is {str(kind)[:40]}")
    tied = whole.get("tie_word_embeddings", False)
    return {**text, "architectures": [CLASSES["llama"]], "tie_word_embeddings": tied}


def _eyes(folder: SeeingFolder) -> Eyes:
    """Raises MalformedFolder or UnknownArchitecture."""
    vision = _Reader(folder.whole.get("vision_config"), f"{CONFIG}: vision_config")
    how = _Reader(folder.json(PREPROCESSOR), PREPROCESSOR)
    activation = vision.values.get("hidden_act", "gelu_pytorch_tanh")
    if activation not in ("gelu_pytorch_tanh", "gelu"):
        raise UnknownArchitecture(f"the activation {str(activation)[:40]} of the vision model isn't known")
    if vision.whole("num_channels", 3) != 3:
        raise UnknownArchitecture("only pictures of three colours are known")
    if how.values.get("resample", _LANCZOS) != _LANCZOS:
        raise UnknownArchitecture(f"{PREPROCESSOR}: pictures are scaled by Lanczos' filter (resample 1), and no other")
    side, hidden = vision.whole("image_size", 224), vision.whole("hidden_size", 1152)
    tile = _edge(how, "max_image_size", side)
    if tile != side:
        raise UnknownArchitecture(f"tiles of {tile} pixels in a vision model for {side} aren't known")
    shape = SiglipShape(
        layers=vision.whole("num_hidden_layers", 12),
        hidden=hidden,
        heads=vision.whole("num_attention_heads", 16),
        side=side,
        patch=vision.whole("patch_size", 32),
        shuffle=_Reader(folder.whole, CONFIG).whole("scale_factor", 2),
        epsilon=vision.real("layer_norm_eps", 1e-6),
        tanh=activation == "gelu_pytorch_tanh",
        scale=how.real("rescale_factor", 1 / 255) if how.flag("do_rescale", True) else 1.0,
        mean=how.colours("image_mean", 0.5) if how.flag("do_normalize", True) else (0.0, 0.0, 0.0),
        deviation=how.colours("image_std", 0.5) if how.flag("do_normalize", True) else (1.0, 1.0, 1.0),
    )
    if side % shape.patch or shape.across % shape.shuffle or hidden % shape.heads:
        raise MalformedFolder(
            f"{CONFIG}: {side} pixels in patches of {shape.patch}, {shape.shuffle} of which are one row, or "
            f"{shape.heads} heads of {hidden} numbers don't fit together"
        )
    _check_tensors(folder.vision, shape, vision.whole("intermediate_size", 3072), int(folder.config["hidden_size"]))
    return Eyes(shape, _edge(how, "size", 4 * side), how.flag("do_image_splitting", True))


def _edge(how: _Reader, key: str, default: int) -> int:
    return _Reader(how.values.get(key) or {}, f"{how.place}: {key}").whole("longest_edge", default)


class _Reader:
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

    def colours(self, key: str, default: float) -> tuple[float, ...]:
        values = self.values.get(key, [default] * 3)
        if not isinstance(values, list) or len(values) != 3:
            raise MalformedFolder(f"{self.place}: {key} has to be three numbers")
        return tuple(_Reader({key: value}, self.place).real(key, default) for value in values)


def _check_tensors(found: Mapping[str, StoredTensor], shape: SiglipShape, inner: int, width: int) -> None:
    """Every tensor is there, with its shape, and no other."""
    expected = _expected(shape, inner, width)
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


def _expected(shape: SiglipShape, inner: int, width: int) -> dict[str, tuple[int, ...]]:
    hidden = shape.hidden
    made: dict[str, tuple[int, ...]] = {
        f"{_VISION}embeddings.patch_embedding.weight": (hidden, 3, shape.patch, shape.patch),
        f"{_VISION}embeddings.patch_embedding.bias": (hidden,),
        f"{_VISION}embeddings.position_embedding.weight": (shape.across**2, hidden),
        _PROJECTION: (width, hidden * shape.shuffle**2),
    }
    linears = {f"self_attn.{part}_proj": (hidden, hidden) for part in ("q", "k", "v", "out")}
    linears |= {"mlp.fc1": (inner, hidden), "mlp.fc2": (hidden, inner)}
    norms = [f"{_VISION}post_layernorm"]
    for index in range(shape.layers):
        layer = f"{_VISION}encoder.layers.{index}."
        norms += [f"{layer}layer_norm1", f"{layer}layer_norm2"]
        for name, extents in linears.items():
            made |= {f"{layer}{name}.weight": extents, f"{layer}{name}.bias": extents[:1]}
    for norm in norms:
        made |= {f"{norm}.weight": (hidden,), f"{norm}.bias": (hidden,)}
    return made


def _check_marks(tokenizer: dict[str, Any], form: Tiles) -> None:
    """The marks are control tokens: a person can't type them, and each is one token. Raises UnknownTokenizer."""
    special = {entry.get("content") for entry in tokenizer.get("added_tokens") or () if entry.get("special")}
    most = form.longest // form.side if form.splits else 0
    wanted: Sequence[str] = [MARK, AROUND, WHOLE]
    wanted = [*wanted, *(tile_mark(row + 1, column + 1) for row in range(most) for column in range(most))]
    lacking = [mark for mark in wanted if mark not in special]
    if lacking:
        raise UnknownTokenizer(f"{len(lacking)} marks of pictures aren't control tokens of it, such as {lacking[0]}")
