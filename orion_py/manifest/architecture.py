"""Describes the decoder that the weights are for."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from orion_py.manifest.fields import Strict, is_false, is_none


class RopeScaling(Strict):
    """Llama 3.1's stretching of the rotary embedding for contexts longer than ``original_context``.

    With f an angle per position and w = 2 pi / f its wavelength, in tokens: f stays where
    w < original_context / high_frequency_factor, becomes f / factor where
    w > original_context / low_frequency_factor, and is between the two in between, by how often
    the wave turns in the original context (transformers, ``_compute_llama3_parameters``).
    """

    kind: Literal["llama3"]
    factor: Annotated[float, Field(ge=1, le=1024)]
    low_frequency_factor: Annotated[float, Field(gt=0, le=1024)]
    high_frequency_factor: Annotated[float, Field(gt=0, le=1024)]
    original_context: Annotated[int, Field(gt=0, le=2**20)]

    @model_validator(mode="after")
    def _has_a_band_between(self) -> Self:
        if self.high_frequency_factor <= self.low_frequency_factor:
            raise ValueError("high_frequency_factor has to be greater than low_frequency_factor")
        return self


Rotation = Literal["usual", "local", "none"]


def _is_silu(value: str) -> bool:
    return value == "silu"


class Architecture(Strict):
    """What came after the first manifests isn't written where it is Llama's: they stay what they were,
    byte for byte."""

    family: Literal["llama", "qwen2", "mistral", "gemma", "qwen3", "smollm3", "gemma3_text"]
    layers: Annotated[int, Field(gt=0, le=512)]
    hidden_size: Annotated[int, Field(gt=0, le=2**16)]
    heads: Annotated[int, Field(gt=0, le=512)]
    kv_heads: Annotated[int, Field(gt=0, le=512)]
    head_dim: Annotated[int, Field(gt=0, le=1024)]
    ffn_size: Annotated[int, Field(gt=0, le=2**18)]
    vocab_size: Annotated[int, Field(gt=0, le=2**20)]
    context_length: Annotated[int, Field(gt=0, le=2**20)]
    rope_theta: Annotated[float, Field(gt=0)]
    norm_epsilon: Annotated[float, Field(gt=0, lt=1)]
    tied_embeddings: bool
    activation: Annotated[Literal["silu", "gelu_tanh"], Field(exclude_if=_is_silu)] = "silu"
    """Of the MLP's gate. ``gelu_tanh`` is GELU by its tanh formula (https://arxiv.org/abs/1606.08415)."""
    rope_scaling: Annotated[RopeScaling | None, Field(exclude_if=is_none)] = None
    rope_factors: Annotated[
        tuple[Annotated[float, Field(gt=0, le=1e9)], ...] | None,
        Field(min_length=1, max_length=512, exclude_if=is_none),
    ] = None
    """What each of the head_dim / 2 frequencies is divided by, where a GGUF says so itself
    (``rope_freqs.weight``). Not beside ``rope_scaling``; not written where there are none."""

    rope_sections: Annotated[
        tuple[Annotated[int, Field(gt=0, le=512)], ...] | None, Field(min_length=3, max_length=3, exclude_if=is_none)
    ] = None
    """How many frequencies turn with a place's time, how many with its row and how many with its column, one after the
    other, where pictures have places in three axes (https://arxiv.org/abs/2409.12191). Of a token all three are one."""

    head_norms: Annotated[bool, Field(exclude_if=is_false)] = False
    """Each query and each key has an RMS norm of its head's numbers, before the rotary embedding."""
    post_norms: Annotated[bool, Field(exclude_if=is_false)] = False
    """What attention adds to the stream has a norm of its own, and so has what the MLP adds."""
    unrotated: Annotated[tuple[Annotated[int, Field(ge=0, lt=512)], ...] | None, Field(exclude_if=is_none)] = None
    """The layers, by their numbers, whose queries and keys aren't rotated (https://arxiv.org/abs/2305.19466)."""
    windows: Annotated[tuple[Annotated[int, Field(ge=0, le=2**20)], ...] | None, Field(exclude_if=is_none)] = None
    """Of each layer, how many positions its queries see, their own among them; 0 for all."""
    local_rope_theta: Annotated[float | None, Field(gt=0, exclude_if=is_none)] = None
    """The base in layers that have a window, where it is another one there. It is never scaled."""

    def window(self, layer: int) -> int:
        """Positions that the layer's queries see; 0 for all, also where the context never leaves the window."""
        found = self.windows[layer] if self.windows is not None else 0
        return found if found < self.context_length else 0

    def rotation(self, layer: int) -> Rotation:
        """By which frequencies the layer's queries and keys turn."""
        if self.unrotated is not None and layer in self.unrotated:
            return "none"
        local = self.local_rope_theta is not None and self.windows is not None and self.windows[layer]
        return "local" if local else "usual"

    @model_validator(mode="after")
    def _what_differs_by_layer_fits_the_layers(self) -> Self:
        if self.windows is not None and (len(self.windows) != self.layers or 1 in self.windows):
            raise ValueError(f"windows have to be {self.layers} numbers, each 0 or at least 2")
        if self.unrotated is not None and not all(layer < self.layers for layer in self.unrotated):
            raise ValueError(f"unrotated has to name some of {self.layers} layers")
        if self.rope_sections is not None and (self.unrotated or self.local_rope_theta):
            raise ValueError("with rope_sections all layers have to turn alike")
        return self

    @model_validator(mode="after")
    def _a_section_for_each_frequency(self) -> Self:
        if self.rope_sections is not None and 2 * sum(self.rope_sections) != self.head_dim:
            raise ValueError(f"rope_sections have to be {self.head_dim // 2} frequencies together")
        return self

    @model_validator(mode="after")
    def _one_factor_a_frequency(self) -> Self:
        if self.rope_factors is not None and (self.rope_scaling or 2 * len(self.rope_factors) != self.head_dim):
            raise ValueError(f"rope_factors have to be {self.head_dim // 2} numbers, and the only scaling")
        return self
