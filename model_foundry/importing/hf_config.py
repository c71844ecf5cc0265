"""Reads config.json as an Architecture, family by family, or refuses it and says what is known.

Keys and their defaults are those of transformers' configuration classes. What changes the
computation and isn't known here is refused by its name: a model that is nearly right is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from pydantic import ValidationError

from model_foundry.errors import MalformedFolder, UnknownArchitecture
from model_foundry.formats.hf_names import CLASSES, CONFIG_KEYS
from orion_py.faults import first_fault
from orion_py.manifest.architecture import Architecture, RopeScaling

Activation = Literal["silu", "gelu_tanh"]

MAX_CONTEXT = 2**20
MAX_LAYERS = 512


@dataclass(frozen=True)
class Family:
    """What a class of transformers fixes, and what it takes where config.json is silent."""

    name: Literal["llama", "qwen2", "mistral", "gemma", "qwen3", "smollm3", "gemma3_text"]
    activation: Activation = "silu"
    tied: bool = False
    norm_offset: float = 0.0
    """Added to every norm's weight: Gemma stores them less 1."""
    scaled_embedding: bool = False
    """Rows of the token table are multiplied by the root of the hidden size."""
    attention_bias: bool = False
    """Queries, keys and values have biases, whatever the config says."""
    head_dim: int | None = None
    kv_heads: int | None = None
    head_norms: bool = False
    """Queries and keys have norms."""
    post_norms: bool = False
    """What attention and the MLP add has norms."""
    rope_theta: float = 10_000.0
    no_rope_interval: int = 0
    """Every so many layers one isn't rotated; 0: all are."""
    window_interval: int = 0
    """Every so many layers one sees all, and the others have a window; 0: windows are as ``_window`` says."""
    biased_output: bool = False
    """``attention_bias`` gives the attention's output one, too."""


FAMILIES: dict[str, Family] = {
    CLASSES["llama"]: Family("llama", biased_output=True),
    CLASSES["qwen2"]: Family("qwen2", attention_bias=True, kv_heads=32),
    CLASSES["mistral"]: Family("mistral", kv_heads=8),
    CLASSES["gemma"]: Family(
        "gemma",
        activation="gelu_tanh",
        tied=True,
        norm_offset=1.0,
        scaled_embedding=True,
        head_dim=256,
        kv_heads=16,
        biased_output=True,
    ),
    CLASSES["qwen3"]: Family("qwen3", head_dim=128, kv_heads=32, head_norms=True, biased_output=True),
    CLASSES["smollm3"]: Family(
        "smollm3", tied=True, kv_heads=4, rope_theta=2e6, no_rope_interval=4, biased_output=True
    ),
    CLASSES["gemma3_text"]: Family(
        "gemma3_text",
        activation="gelu_tanh",
        tied=True,
        norm_offset=1.0,
        scaled_embedding=True,
        head_dim=256,
        kv_heads=4,
        head_norms=True,
        post_norms=True,
        rope_theta=1e6,
        window_interval=6,
        biased_output=True,
    ),
}
"""Keyed by what config.json calls its architecture."""

_LACKING: dict[str, str] = {
    "Gemma2ForCausalLM": "soft caps on attention scores and logits, and norms behind each block",
    "Gemma3ForConditionalGeneration": "a vision model; the sizes without one are known",
    "Qwen3MoeForCausalLM": "a mixture of experts",
    "Phi3ForCausalLM": "fused projections and a partial rotary embedding",
    "MixtralForCausalLM": "a mixture of experts",
    "Qwen2MoeForCausalLM": "a mixture of experts",
    "GPT2LMHeadModel": "learned positions",
}
"""Relatives, with what they have and the decoder graph has not."""

_ACTIVATIONS: dict[str, Activation] = {
    "silu": "silu",
    "swish": "silu",
    "gelu_pytorch_tanh": "gelu_tanh",
    "gelu_new": "gelu_tanh",
}


@dataclass(frozen=True)
class ReadConfig:
    """``notes`` say what was left out and why that changes nothing."""

    architecture: Architecture
    family: Family
    attention_bias: bool
    output_bias: bool
    mlp_bias: bool
    query_scale: float
    """Queries are multiplied by it, beside what their size asks for."""
    notes: tuple[str, ...]


def read_config(config: dict[str, Any], context_cap: int | None) -> ReadConfig:
    """The architecture in ``config``, with its context capped at ``context_cap`` tokens, or by its
    sliding window where that is None.

    Raises UnknownArchitecture, or MalformedFolder where the config contradicts itself.
    """
    values = _Values(config)
    family = _family(values)
    _refuse_what_is_unknown(values, family)
    try:
        architecture, notes = _architecture(values, family, context_cap)
    except ValidationError as error:
        place, fault = first_fault(error)
        raise MalformedFolder(f"config.json: {place or '(all of it)'}: {fault}") from error
    biased = values.flag("attention_bias", False)
    return ReadConfig(
        architecture=architecture,
        family=family,
        attention_bias=family.attention_bias or biased,
        output_bias=biased and family.biased_output,
        mlp_bias=values.flag("mlp_bias", False) and family.name in ("llama", "smollm3"),
        query_scale=_query_scale(values, family, architecture.head_dim),
        notes=tuple(notes),
    )


class _Values:
    """Typed reading of config.json. Raises MalformedFolder, which names the key."""

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = values

    def get(self, key: str) -> Any:
        """None for what is absent or null."""
        return self._values.get(key)

    def has_null(self, key: str) -> bool:
        """Whether the key is there and says null, where silence would mean a default."""
        return key in self._values and self._values[key] is None

    def integer(self, key: str, default: int | None = None) -> int:
        value = default if self.get(key) is None else self.get(key)
        if type(value) is not int or not 0 < value < 2**31:
            raise MalformedFolder(f"config.json: {key} has to be a positive integer")
        return value

    def real(self, key: str, default: float) -> float:
        value = default if self.get(key) is None else self.get(key)
        if type(value) not in (int, float):
            raise MalformedFolder(f"config.json: {key} has to be a number")
        return float(value)

    def flag(self, key: str, default: bool) -> bool:
        value = default if self.get(key) is None else self.get(key)
        if not isinstance(value, bool):
            raise MalformedFolder(f"config.json: {key} has to be true or false")
        return value

    def table(self, key: str) -> dict[str, Any]:
        value = self.get(key)
        if value is not None and not isinstance(value, dict):
            raise MalformedFolder(f"config.json: {key} has to be an object")
        return value or {}


def _family(values: _Values) -> Family:
    named = values.get("architectures")
    if not isinstance(named, list) or len(named) != 1 or not isinstance(named[0], str):
        raise MalformedFolder(f"config.json has to name one architecture; {known_architectures()}")
    if named[0] in FAMILIES:
        return FAMILIES[named[0]]
    lacking = f" (it has {_LACKING[named[0]]})" if named[0] in _LACKING else ""
    raise UnknownArchitecture(f"the architecture {named[0][:80]} isn't known{lacking}; {known_architectures()}")


def known_architectures() -> str:
    """For messages: what can be imported."""
    return f"known are {', '.join(FAMILIES)}"


def _refuse_what_is_unknown(values: _Values, family: Family) -> None:
    if values.get("quantization_config") is not None:
        method = str(values.table("quantization_config").get("quant_method", "a method of its own"))[:40]
        raise UnknownArchitecture(
            f"the weights are quantized already, by {method}; take the folder in F16, BF16 or F32"
        )
    for key in ("attn_logit_softcapping", "final_logit_softcapping"):
        if values.get(key) is not None:
            raise UnknownArchitecture(f"{key}: soft caps aren't known here")
    if values.real("partial_rotary_factor", 1.0) != 1.0:
        raise UnknownArchitecture("partial_rotary_factor: only a full rotation is known")
    for key in ("num_experts", "num_local_experts"):
        if values.get(key) not in (None, 0, 1):
            raise UnknownArchitecture(f"{key}: a mixture of experts isn't known here")
    for key in ("logits_scaling", "residual_multiplier", "embedding_multiplier"):
        if values.real(key, 1.0) != 1.0:
            raise UnknownArchitecture(f"{key}: scaled streams aren't known here")
    known = {"no_rope_layers"} if family.no_rope_interval else set()
    known |= {"query_pre_attn_scalar"} if family.window_interval else set()
    for key in (
        "no_rope_layers",
        "query_pre_attn_scalar",
        "attention_multiplier",
        "use_qk_norm",
        "qk_layernorm",
        "use_bidirectional_attention",
    ):
        if key not in known and values.get(key) not in (None, False, []):
            raise UnknownArchitecture(f"{key} isn't known here, and changes what the model computes")


def _architecture(values: _Values, family: Family, context_cap: int | None) -> tuple[Architecture, list[str]]:
    notes: list[str] = []
    keys = CONFIG_KEYS
    hidden, heads = values.integer(keys["hidden_size"]), values.integer(keys["heads"])
    kv_heads = values.integer(keys["kv_heads"], family.kv_heads or heads)
    if heads % kv_heads:
        raise MalformedFolder(f"config.json: {heads} query heads can't share {kv_heads} key heads")
    if values.get(keys["head_dim"]) is None and family.head_dim is None and hidden % heads:
        raise MalformedFolder(f"config.json: a hidden size of {hidden} can't be shared by {heads} heads")
    head_dim = values.integer(keys["head_dim"], family.head_dim or hidden // heads)
    if head_dim % 16:
        raise UnknownArchitecture(f"heads of {head_dim} numbers: the kernels for attention want a multiple of 16")
    window = _window(values, family)
    context = min(context_cap or window or MAX_CONTEXT, values.integer(keys["context_length"]), MAX_CONTEXT)
    if window is not None:
        _check_window(window, context, notes)
    layers = values.integer(keys["layers"])
    if layers > MAX_LAYERS:
        raise MalformedFolder(f"config.json: {keys['layers']} is more than {MAX_LAYERS}")
    theta, scaling, sections = _rope(values, family)
    return Architecture(
        family=family.name,
        layers=layers,
        hidden_size=hidden,
        heads=heads,
        kv_heads=kv_heads,
        head_dim=head_dim,
        ffn_size=values.integer(keys["ffn_size"]),
        vocab_size=values.integer(keys["vocab_size"]),
        context_length=context,
        rope_theta=theta,
        norm_epsilon=values.real(keys["norm_epsilon"], 1e-6),
        tied_embeddings=values.flag(keys["tied_embeddings"], family.tied),
        activation=_activation(values, family, notes),
        rope_scaling=scaling,
        rope_sections=sections,
        head_norms=family.head_norms,
        post_norms=family.post_norms,
        unrotated=_unrotated(values, family, layers),
        windows=_windows(values, family, layers),
        local_rope_theta=_local_theta(values) if family.window_interval else None,
    ), notes


def _activation(values: _Values, family: Family, notes: list[str]) -> Activation:
    named = values.get("hidden_activation") or values.get("hidden_act")
    if named is None:
        return family.activation
    if named == "gelu" and family.name == "gemma":
        notes.append("gelu is taken as GELU by its tanh formula, which is what Gemma was trained with")
        return "gelu_tanh"
    if not isinstance(named, str) or named not in _ACTIVATIONS:
        raise UnknownArchitecture(f"the activation {str(named)[:40]} isn't known; known are {', '.join(_ACTIVATIONS)}")
    return _ACTIVATIONS[named]


_SWITCHED = ("qwen2", "qwen3", "smollm3")
"""Families whose sliding window has to be switched on."""


def _window(values: _Values, family: Family) -> int | None:
    """The sliding window, where the family has one and it isn't switched off."""
    if family.name in _SWITCHED and not values.flag("use_sliding_window", False):
        return None
    if family.name not in ("mistral", *_SWITCHED) or values.has_null("sliding_window"):
        return None
    return values.integer("sliding_window", 4096)


def _unrotated(values: _Values, family: Family, layers: int) -> tuple[int, ...] | None:
    """Layers without a rotary embedding: 0 in ``no_rope_layers``, whatever its name says."""
    if not family.no_rope_interval:
        return None
    every = values.integer("no_rope_layer_interval", family.no_rope_interval)
    rotated = values.get("no_rope_layers")
    if rotated is None:
        rotated = [int((layer + 1) % every != 0) for layer in range(layers)]
    if not isinstance(rotated, list) or len(rotated) != layers or not all(flag in (0, 1) for flag in rotated):
        raise MalformedFolder(f"config.json: no_rope_layers has to be a 0 or a 1 for each of {layers} layers")
    return tuple(layer for layer, flag in enumerate(rotated) if not flag) or None


_SLIDING, _FULL = _KINDS = ("sliding_attention", "full_attention")


def _windows(values: _Values, family: Family, layers: int) -> tuple[int, ...] | None:
    """Each layer's window, where layers differ in theirs."""
    if not family.window_interval:
        return None
    every = values.integer("sliding_window_pattern", family.window_interval)
    kinds = values.get("layer_types")
    if kinds is None:
        kinds = [_SLIDING if (layer + 1) % every else _FULL for layer in range(layers)]
    if not isinstance(kinds, list) or len(kinds) != layers or not all(kind in _KINDS for kind in kinds):
        raise MalformedFolder(f"config.json: layer_types has to be one of {_KINDS} for each of {layers} layers")
    window = values.integer("sliding_window", 4096)
    return tuple(window if kind == _SLIDING else 0 for kind in kinds)


def _local_theta(values: _Values) -> float:
    """The base in layers with a window, which transformers 5 keeps in ``rope_parameters``."""
    parameters = _Values(_Values(values.table("rope_parameters")).table(_SLIDING))
    return parameters.real(CONFIG_KEYS["rope_theta"], values.real("rope_local_base_freq", 10_000.0))


def _query_scale(values: _Values, family: Family, head_dim: int) -> float:
    """Scores are divided by the root of ``query_pre_attn_scalar``, and not by that of a head's size."""
    if not family.window_interval:
        return 1.0
    scalar = values.real("query_pre_attn_scalar", 256.0)
    if not 0 < scalar < 2**20:
        raise MalformedFolder("config.json: query_pre_attn_scalar has to be a positive number")
    return float((head_dim / scalar) ** 0.5)


def _check_window(window: int, context: int, notes: list[str]) -> None:
    """A window that is never left changes nothing; one that is would need another graph."""
    if window < context:
        raise UnknownArchitecture(
            f"the sliding window of {window} tokens is smaller than the context of {context}, and windows "
            f"aren't known here: take it with a context of {window} or less (--context {window})"
        )
    notes.append(f"the sliding window of {window} tokens is ignored: the context of {context} never leaves it")


_ROPE_KEYS = frozenset(
    {
        "rope_type",
        "type",
        "rope_theta",
        "partial_rotary_factor",
        "factor",
        "low_freq_factor",
        "high_freq_factor",
        "original_max_position_embeddings",
    }
)
"""Anything else, such as a table for each kind of layer, would be passed over."""


def _rope(values: _Values, family: Family) -> tuple[float, RopeScaling | None, tuple[int, ...] | None]:
    """The base, the scaling, and the sections of the frequencies where places have three axes; transformers 5 keeps all
    in ``rope_parameters``."""
    parameters = _Values(values.table("rope_parameters"))
    by_kind = family.window_interval and parameters.get(_FULL) is not None
    merged = (parameters.table(_FULL) if by_kind else values.table("rope_parameters")) | values.table("rope_scaling")
    theta = _Values(merged).real(CONFIG_KEYS["rope_theta"], values.real(CONFIG_KEYS["rope_theta"], family.rope_theta))
    sections = merged.pop("mrope_section", None)
    if sections is not None and not isinstance(sections, list):
        raise MalformedFolder("config.json: mrope_section has to be a list")
    kind = "default" if sections is not None else merged.get("rope_type", merged.get("type", "default"))
    if kind not in ("default", "llama3"):
        raise UnknownArchitecture(f"the rotary scaling {str(kind)[:40]} isn't known; known are default and llama3")
    others = sorted(set(merged) - _ROPE_KEYS)
    if others:
        raise UnknownArchitecture(f"the rotary embedding's setting {str(others[0])[:40]!r} isn't known here")
    if _Values(merged).real("partial_rotary_factor", 1.0) != 1.0:
        raise UnknownArchitecture("partial_rotary_factor: only a full rotation is known")
    if kind == "default":
        return theta, None, None if sections is None else tuple(sections)
    entries = _Values(merged)
    scaling = RopeScaling(
        kind="llama3",
        factor=entries.real("factor", 0.0),
        low_frequency_factor=entries.real("low_freq_factor", 0.0),
        high_frequency_factor=entries.real("high_freq_factor", 0.0),
        original_context=entries.integer("original_max_position_embeddings"),
    )
    return theta, scaling, None
