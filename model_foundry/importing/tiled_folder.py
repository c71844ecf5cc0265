"""Reads a folder of Idefics3 or SmolVLM: SigLIP, a projection, and a decoder of the llama family."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from model_foundry.errors import MalformedFolder, UnknownArchitecture, UnknownTokenizer
from model_foundry.formats.hf_names import CLASSES, CONFIG, LM_HEAD, TOKENIZER
from model_foundry.graphs.siglip import SiglipNames, SiglipShape, encoder_graph
from model_foundry.graphs.vision_graph import WrittenEncoder
from model_foundry.importing.seeing_folder import PREPROCESSOR, Reader, SeeingFolder, check_tensors, waves
from orion_py.manifest.sight import Tiles
from orion_py.senses.sight.encoder import PIXELS
from orion_py.senses.sight.tiles import AROUND, WHOLE, tile_mark

TILED = frozenset({"Idefics3ForConditionalGeneration", "SmolVLMForConditionalGeneration"})
"""What config.json may call the architecture."""
MARK = "<image>"
_TEXT, _VISION = "model.text_model.", "model.vision_model."
_PROJECTION = "model.connector.modality_projection.proj.weight"
_LANCZOS = 1
"""Pillow's number of it."""


@dataclass(frozen=True)
class Eyes:
    """``longest``: pixels of a picture's longer side; ``splits``: whether it is cut into tiles."""

    shape: SiglipShape
    longest: int
    splits: bool


class TiledFolder(SeeingFolder):
    """Raises as ``SeeingFolder``."""

    picture_token = MARK

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.eyes = _eyes(self)

    def sight(self, encoder: str) -> Tiles:
        """Raises UnknownTokenizer for marks that it lacks."""
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

    def encoder(self, progress: Callable[[int, int], None]) -> WrittenEncoder:
        names = SiglipNames(_VISION, _PROJECTION)
        return encoder_graph(self.eyes.shape, names, lambda name: self.vision[name].read(), progress)

    def golden_inputs(self) -> Mapping[str, NDArray[Any]]:
        side = self.eyes.shape.side
        return {PIXELS: waves(side, side)[None]}

    def _decoder_config(self) -> dict[str, Any]:
        text = self.whole.get("text_config")
        if not isinstance(text, dict):
            raise MalformedFolder(f"{CONFIG} of a model that sees has to have a text_config")
        kind = text.get("model_type", "llama")
        if kind != "llama":
            raise UnknownArchitecture(f"the decoder of a model that sees has to be llama, and it is {str(kind)[:40]}")
        tied = self.whole.get("tie_word_embeddings", False)
        return {**text, "architectures": [CLASSES["llama"]], "tie_word_embeddings": tied}

    def _sees(self, name: str) -> bool:
        return name.startswith(_VISION) or name == _PROJECTION

    def _in_decoder(self, name: str) -> str:
        if name.startswith(_TEXT):
            return f"model.{name.removeprefix(_TEXT)}"
        if name == LM_HEAD:
            return name
        raise UnknownArchitecture(f"the tensor {name[:80]!r} has no place in a model that sees")


def _eyes(folder: TiledFolder) -> Eyes:
    """Raises MalformedFolder or UnknownArchitecture."""
    vision = Reader(folder.whole.get("vision_config"), f"{CONFIG}: vision_config")
    how = Reader(folder.json(PREPROCESSOR), PREPROCESSOR)
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
        shuffle=Reader(folder.whole, CONFIG).whole("scale_factor", 2),
        epsilon=vision.real("layer_norm_eps", 1e-6),
        tanh=activation == "gelu_pytorch_tanh",
        scale=how.real("rescale_factor", 1 / 255) if how.flag("do_rescale", True) else 1.0,
        mean=how.colours("image_mean", (0.5, 0.5, 0.5)) if how.flag("do_normalize", True) else (0.0, 0.0, 0.0),
        deviation=how.colours("image_std", (0.5, 0.5, 0.5)) if how.flag("do_normalize", True) else (1.0, 1.0, 1.0),
    )
    if side % shape.patch or shape.across % shape.shuffle or hidden % shape.heads:
        raise MalformedFolder(
            f"{CONFIG}: {side} pixels in patches of {shape.patch}, {shape.shuffle} of which are one row, or "
            f"{shape.heads} heads of {hidden} numbers don't fit together"
        )
    inner, width = vision.whole("intermediate_size", 3072), Reader(folder.config, CONFIG).whole("hidden_size", 0)
    check_tensors(folder.vision, _expected(shape, inner, width))
    return Eyes(shape, _edge(how, "size", 4 * side), how.flag("do_image_splitting", True))


def _edge(how: Reader, key: str, default: int) -> int:
    return Reader(how.values.get(key) or {}, f"{how.place}: {key}").whole("longest_edge", default)


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
