"""A Whisper of a few random numbers: as a CTranslate2 file, and computed by its definition in numpy."""

from __future__ import annotations

import math
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
HIDDEN, HEADS, LAYERS, INNER, MELS, FRAMES, CONTEXT, VOCABULARY = 32, 2, 2, 64, 80, 24, 16, 40
_TYPES = {np.dtype("<f4"): 0, np.dtype("<i1"): 1, np.dtype("<i2"): 2, np.dtype("<i4"): 3, np.dtype("<f2"): 4}


def variables(seed: int = 0, vocabulary: int = VOCABULARY, positions: int = FRAMES) -> dict[str, NDArray[Any]]:
    """By CTranslate2's names; matrices [outputs, inputs]."""
    random = np.random.default_rng(seed)
    made: dict[str, NDArray[Any]] = {}

    def floats(name: str, *shape: int, scale: float = 0.3) -> None:
        made[name] = (random.standard_normal(shape) * scale).astype(np.float16)

    def linear(name: str, out: int, inputs: int) -> None:
        floats(f"{name}/weight", out, inputs)
        floats(f"{name}/bias", out)

    def norm(name: str) -> None:
        floats(f"{name}/gamma", HIDDEN)
        floats(f"{name}/beta", HIDDEN)

    def attention(name: str, outs: tuple[int, ...]) -> None:
        norm(f"{name}/layer_norm")
        for index, out in enumerate(outs):
            linear(f"{name}/linear_{index}", out, HIDDEN)

    floats("encoder/conv1/weight", HIDDEN, MELS, 3, scale=0.1)
    floats("encoder/conv1/bias", HIDDEN)
    floats("encoder/conv2/weight", HIDDEN, HIDDEN, 3)
    floats("encoder/conv2/bias", HIDDEN)
    floats("encoder/position_encodings/encodings", positions, HIDDEN)
    for index in range(LAYERS):
        attention(f"encoder/layer_{index}/self_attention", (3 * HIDDEN, HIDDEN))
        attention(f"decoder/layer_{index}/self_attention", (3 * HIDDEN, HIDDEN))
        attention(f"decoder/layer_{index}/attention", (HIDDEN, 2 * HIDDEN, HIDDEN))
        for part in ("encoder", "decoder"):
            norm(f"{part}/layer_{index}/ffn/layer_norm")
            linear(f"{part}/layer_{index}/ffn/linear_0", INNER, HIDDEN)
            linear(f"{part}/layer_{index}/ffn/linear_1", HIDDEN, INNER)
    norm("encoder/layer_norm")
    norm("decoder/layer_norm")
    floats("decoder/embeddings/weight", vocabulary, HIDDEN)
    floats("decoder/position_encodings/encodings", CONTEXT, HIDDEN)
    made["decoder/num_heads"] = np.array(HEADS, np.int16)
    return made


def ctranslate2_bytes(
    made: dict[str, NDArray[Any]], specification: str = "WhisperSpec", aliases: dict[str, str] | None = None
) -> bytes:
    """As CTranslate2's model_spec.py writes it."""

    def name(text: str) -> bytes:
        return struct.pack("<H", len(text) + 1) + text.encode() + b"\0"

    parts = [struct.pack("<I", 6), name(specification), struct.pack("<I", 3), struct.pack("<I", len(made))]
    for key, value in made.items():
        parts += [name(key), struct.pack("<B", value.ndim), struct.pack(f"<{value.ndim}I", *value.shape)]
        parts += [struct.pack("<BI", _TYPES[value.dtype], value.nbytes), value.tobytes()]
    parts += [struct.pack("<I", len(aliases or {}))]
    parts += [name(alias) + name(target) for alias, target in (aliases or {}).items()]
    return b"".join(parts)


def written(folder: Path, made: dict[str, NDArray[Any]] | None = None) -> Path:
    path = folder / "model.bin"
    path.write_bytes(ctranslate2_bytes(variables() if made is None else made))
    return path


class Reference:
    """Whisper by its definition, in floating point."""

    def __init__(self, made: dict[str, NDArray[Any]]) -> None:
        self.w = {name: value.astype(np.float32) for name, value in made.items()}

    def encoded(self, mel: Floats) -> Floats:
        """[80, 2 t] as [t, hidden]."""
        x = _gelu(self._conv(mel, "encoder/conv1", 1))
        x = _gelu(self._conv(x, "encoder/conv2", 2)).T
        x = x + self.w["encoder/position_encodings/encodings"][: len(x)]
        for index in range(LAYERS):
            layer = f"encoder/layer_{index}"
            queries, keys, values = np.split(
                self._linear(self._norm(x, f"{layer}/self_attention/layer_norm"), f"{layer}/self_attention/linear_0"),
                3,
                axis=-1,
            )
            x = x + self._linear(_attention(queries, keys, values, False), f"{layer}/self_attention/linear_1")
            x = self._feed_forward(x, layer)
        return self._norm(x, "encoder/layer_norm")

    def logits(self, heard: Floats, tokens: list[int]) -> Floats:
        """After the last of ``tokens``."""
        x = self.w["decoder/embeddings/weight"][tokens] + self.w["decoder/position_encodings/encodings"][: len(tokens)]
        for index in range(LAYERS):
            own, other = (f"decoder/layer_{index}/{part}" for part in ("self_attention", "attention"))
            queries, keys, values = np.split(
                self._linear(self._norm(x, f"{own}/layer_norm"), f"{own}/linear_0"), 3, axis=-1
            )
            x = x + self._linear(_attention(queries, keys, values, True), f"{own}/linear_1")
            asked = self._linear(self._norm(x, f"{other}/layer_norm"), f"{other}/linear_0")
            keys, values = np.split(self._linear(heard, f"{other}/linear_1"), 2, axis=-1)
            x = x + self._linear(_attention(asked, keys, values, False), f"{other}/linear_2")
            x = self._feed_forward(x, f"decoder/layer_{index}")
        return self._norm(x, "decoder/layer_norm")[-1] @ self.w["decoder/embeddings/weight"].T

    def _feed_forward(self, x: Floats, layer: str) -> Floats:
        inner = self._linear(self._norm(x, f"{layer}/ffn/layer_norm"), f"{layer}/ffn/linear_0")
        return x + self._linear(_gelu(inner), f"{layer}/ffn/linear_1")

    def _linear(self, x: Floats, name: str) -> Floats:
        return x @ self.w[f"{name}/weight"].T + self.w[f"{name}/bias"]

    def _norm(self, x: Floats, name: str) -> Floats:
        centred = x - x.mean(axis=-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-5)
        return scaled * self.w[f"{name}/gamma"] + self.w[f"{name}/beta"]

    def _conv(self, x: Floats, name: str, stride: int) -> Floats:
        """[in, n] as [out, n / stride], a kernel of 3 with zeros at both ends."""
        padded = np.pad(x, ((0, 0), (1, 1)))
        cut = np.stack([padded[:, start : start + 3] for start in range(0, x.shape[1], stride)])
        return np.einsum("nik,oik->on", cut, self.w[f"{name}/weight"]) + self.w[f"{name}/bias"][:, None]


def _gelu(x: Floats) -> Floats:
    return np.asarray(x * 0.5 * (1 + np.vectorize(math.erf)(x / math.sqrt(2))), np.float32)


def _attention(queries: Floats, keys: Floats, values: Floats, causal: bool) -> Floats:
    size = HIDDEN // HEADS
    out = []
    for head in range(HEADS):
        part = slice(head * size, (head + 1) * size)
        scores = queries[:, part] @ keys[:, part].T / math.sqrt(size)
        if causal:
            scores = np.where(np.tri(*scores.shape) > 0, scores, -np.inf)
        weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
        out.append(weights / weights.sum(axis=-1, keepdims=True) @ values[:, part])
    return np.concatenate(out, axis=-1)
