"""Reads a folder of Qwen2-VL: a vision model for pictures of any size, and a decoder of the qwen2 family.

The decoder's places have three axes: time, row and column.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from model_foundry.errors import MalformedFolder, UnknownArchitecture, UnknownTokenizer
from model_foundry.formats.hf_names import CLASSES, CONFIG, LM_HEAD, TOKENIZER
from model_foundry.graphs.qwen_vision import QwenVisionShape, qwen_encoder_graph
from model_foundry.graphs.vision_graph import WrittenEncoder
from model_foundry.importing.seeing_folder import PREPROCESSOR, Reader, SeeingFolder, check_tensors, waves
from orion_py.manifest.sight import Grid
from orion_py.senses.sight.encoder import COSINE, PIXELS, SINE
from orion_py.senses.sight.grid import turns_of

GRIDDED = frozenset({"Qwen2VLForConditionalGeneration"})
MARK, AROUND = "<|image_pad|>", ("<|vision_start|>", "<|vision_end|>")
_BICUBIC = 3
"""Pillow's number of it."""
_CLIP_MEAN, _CLIP_DEVIATION = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)


class GridFolder(SeeingFolder):
    """Raises as ``SeeingFolder``."""

    picture_token = MARK

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        vision = Reader(self.whole.get("vision_config"), f"{CONFIG}: vision_config")
        how = Reader(self.json(PREPROCESSOR), PREPROCESSOR)
        if vision.values.get("hidden_act", "quick_gelu") != "quick_gelu":
            raise UnknownArchitecture("the activation of the vision model has to be quick_gelu")
        if vision.whole("temporal_patch_size", 2) != how.whole("temporal_patch_size", 2):
            raise MalformedFolder(f"{CONFIG} and {PREPROCESSOR} differ in temporal_patch_size")
        if how.values.get("resample", _BICUBIC) != _BICUBIC:
            raise UnknownArchitecture(f"{PREPROCESSOR}: pictures are scaled by a bicubic filter (resample 3), no other")
        normal = how.flag("do_normalize", True)
        self.shape_of_eyes = QwenVisionShape(
            layers=vision.whole("depth", 32),
            hidden=vision.whole("embed_dim", 1280),
            heads=vision.whole("num_heads", 16),
            patch=vision.whole("patch_size", 14),
            merge=vision.whole("spatial_merge_size", 2),
            scale=how.real("rescale_factor", 1 / 255) if how.flag("do_rescale", True) else 1.0,
            mean=how.colours("image_mean", _CLIP_MEAN) if normal else (0.0, 0.0, 0.0),
            deviation=how.colours("image_std", _CLIP_DEVIATION) if normal else (1.0, 1.0, 1.0),
        )
        shape = self.shape_of_eyes
        if shape.hidden % shape.heads or shape.hidden // shape.heads % 4:
            raise MalformedFolder(f"{CONFIG}: {shape.heads} heads don't divide {shape.hidden} into fours")
        size = Reader(how.values.get("size") or {}, f"{PREPROCESSOR}: size")
        self.least = how.whole("min_pixels", size.whole("shortest_edge", 56 * 56))
        self.most = how.whole("max_pixels", size.whole("longest_edge", 28 * 28 * 1280))
        width = Reader(self.config, CONFIG).whole("hidden_size", 0)
        inner = int(shape.hidden * vision.real("mlp_ratio", 4))
        frames = vision.whole("temporal_patch_size", 2)
        check_tensors(self.vision, self._expected(shape, inner, width, frames))

    def sight(self, encoder: str) -> Grid:
        """Raises UnknownTokenizer for marks that it lacks."""
        added = (self.json(TOKENIZER) or {}).get("added_tokens") or ()
        special = {entry.get("content") for entry in added if entry.get("special")}
        lacking = [mark for mark in (MARK, *AROUND) if mark not in special]
        if lacking:
            raise UnknownTokenizer(f"the mark of pictures {lacking[0]} isn't a control token of it")
        shape = self.shape_of_eyes
        return Grid(
            kind="grid",
            encoder=encoder,
            token=MARK,
            patch=shape.patch,
            merge=shape.merge,
            least=min(self.least, self.most),
            most=self.most,
            head=shape.hidden // shape.heads,
        )

    def encoder(self, progress: Callable[[int, int], None]) -> WrittenEncoder:
        return qwen_encoder_graph(self.shape_of_eyes, self._prefix, lambda name: self.vision[name].read(), progress)

    def golden_inputs(self) -> Mapping[str, NDArray[Any]]:
        shape = self.shape_of_eyes
        high, wide = 4 * shape.merge, 6 * shape.merge
        cosine, sine = turns_of(high, wide, shape.hidden // shape.heads)
        return {PIXELS: waves(high * shape.patch, wide * shape.patch)[None], COSINE: cosine, SINE: sine}

    @property
    def _prefix(self) -> str:
        """Of the vision model's tensors: transformers' later versions keep both halves in one more module."""
        return "model.visual." if any(name.startswith("model.visual.") for name in self.vision) else "visual."

    def _decoder_config(self) -> dict[str, Any]:
        text = self.whole.get("text_config", self.whole)
        if not isinstance(text, dict):
            raise MalformedFolder(f"{CONFIG}: text_config has to be an object")
        tied = self.whole.get("tie_word_embeddings", text.get("tie_word_embeddings", False))
        return {**text, "architectures": [CLASSES["qwen2"]], "tie_word_embeddings": tied}

    def _sees(self, name: str) -> bool:
        return name.startswith(("visual.", "model.visual."))

    def _in_decoder(self, name: str) -> str:
        if name == LM_HEAD:
            return name
        if name.startswith("model."):
            return f"model.{name.removeprefix('model.').removeprefix('language_model.')}"
        raise UnknownArchitecture(f"the tensor {name[:80]!r} has no place in a model that sees")

    def _expected(self, shape: QwenVisionShape, inner: int, width: int, frames: int) -> dict[str, tuple[int, ...]]:
        hidden, square, prefix = shape.hidden, shape.hidden * shape.merge**2, self._prefix
        made: dict[str, tuple[int, ...]] = {
            f"{prefix}patch_embed.proj.weight": (hidden, 3, frames, shape.patch, shape.patch),
        }
        linears = {f"{prefix}merger.mlp.0": (square, square), f"{prefix}merger.mlp.2": (width, square)}
        norms = [f"{prefix}merger.ln_q"]
        for index in range(shape.layers):
            block = f"{prefix}blocks.{index}."
            norms += [f"{block}norm1", f"{block}norm2"]
            linears |= {
                f"{block}attn.qkv": (3 * hidden, hidden),
                f"{block}attn.proj": (hidden, hidden),
                f"{block}mlp.fc1": (inner, hidden),
                f"{block}mlp.fc2": (hidden, inner),
            }
        for name, extents in linears.items():
            made |= {f"{name}.weight": extents, f"{name}.bias": extents[:1]}
        for norm in norms:
            made |= {f"{norm}.weight": (hidden,), f"{norm}.bias": (hidden,)}
        return made
