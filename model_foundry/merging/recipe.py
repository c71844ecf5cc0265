"""Defines a merge recipe: mergekit's YAML as typed data.

The language is mergekit's (https://github.com/arcee-ai/mergekit, README, "Merge configuration").
What the foundry doesn't support is refused by its name; so is an unknown key. One key
is ours: ``random_seed``, which mergekit takes on its command line.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, TypeAlias, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from model_foundry.errors import MalformedMerge
from model_foundry.merging.plain_yaml import read_yaml

_ELSEWHERE = {
    "modules": "merging each module of a model by its own rules",
    "residual_weight": "a residual weight for a slice",
    "chat_template": "replacing the chat template",
    "tokens": "choosing the embedding of single tokens",
    "override_architecture": "overriding a model's architecture",
    "lora": "merging an adapter into a parent",
    "revision": "choosing a revision on a hub",
}
"""Keys that mergekit knows and the foundry doesn't, and what they would do."""

OTHER_METHODS = (
    "nuslerp",
    "multislerp",
    "karcher",
    "model_stock",
    "arcee_fusion",
    "nearswap",
    "sce",
    "ram",
    "ramplus_tl",
    "breadcrumbs",
    "breadcrumbs_ties",
    "della",
    "della_linear",
)
"""Merge methods of mergekit's that the foundry hasn't."""


def _number(value: object) -> object:
    # mergekit also takes a truth value for a number: `normalize: true`.
    if isinstance(value, bool):
        return float(value)
    return value


Number = Annotated[float, Field(allow_inf_nan=False), BeforeValidator(_number)]
Gradient = Annotated[list[Number], Field(min_length=1, max_length=1024)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=False, hide_input_in_errors=True)


class Conditional(_Part):
    """A value for the tensors whose name contains ``filter``; without one, or with "*", for all."""

    value: Number | Gradient
    filter: str | None = None


Setting: TypeAlias = Number | Gradient | Conditional | Annotated[list[Conditional], Field(min_length=1)]
"""A scalar, a gradient over the layers, or values by tensor name, the first fitting one winning."""

Parameters: TypeAlias = dict[str, Setting]


def _model_name(value: object) -> object:
    if isinstance(value, dict):
        value = _flattened(value)
    if isinstance(value, str):
        if "+" in value:
            raise ValueError(f"the model {value!r} names an adapter after a plus sign, which isn't known here")
        if "@" in value:
            raise ValueError(f"the model {value!r} names a revision after an @, which isn't known here")
        if not value.strip() or any(ord(letter) < 32 for letter in value):
            raise ValueError("a model's name is empty or has control characters")
    return value


def _flattened(value: dict[object, object]) -> object:
    """The name in mergekit's long form, {model: {path: NAME}}."""
    for key in value:
        if key in _ELSEWHERE and value[key] is not None:
            raise ValueError(f"{key} ({_ELSEWHERE[str(key)]}) is mergekit's and isn't known here")
    inner = value.get("model", value.get("path"))
    return _flattened(inner) if isinstance(inner, dict) else inner


ModelName = Annotated[str, BeforeValidator(_model_name), Field(max_length=1024)]


class ModelInput(_Part):
    model: ModelName
    parameters: Parameters = {}


class SliceInput(ModelInput):
    """Layers ``layer_range[0]`` up to, not including, ``layer_range[1]`` of ``model``."""

    layer_range: tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0, le=100_000)]]

    @model_validator(mode="after")
    def _runs_forward(self) -> SliceInput:
        if self.layer_range[0] >= self.layer_range[1]:
            raise ValueError(f"the layer range {list(self.layer_range)} of {self.model} holds no layer")
        return self

    @property
    def length(self) -> int:
        return self.layer_range[1] - self.layer_range[0]


class OutputSlice(_Part):
    sources: Annotated[list[SliceInput], Field(min_length=1)]
    base_model: ModelName | None = None
    parameters: Parameters = {}

    @model_validator(mode="after")
    def _is_even(self) -> OutputSlice:
        lengths = {source.length for source in self.sources}
        if len(lengths) > 1:
            ranges = ", ".join(f"{source.model} {list(source.layer_range)}" for source in self.sources)
            raise ValueError(f"the sources of a slice have different numbers of layers: {ranges}")
        return self


class TokenizerChoice(_Part):
    source: ModelName = "union"
    pad_to_multiple_of: Annotated[int, Field(ge=1, le=65_536)] | None = None


DType = Literal["float32", "float16", "bfloat16"]
Method = Literal["linear", "slerp", "task_arithmetic", "ties", "dare_ties", "dare_linear", "passthrough"]


class MergeRecipe(_Part):
    """``dtype`` is what parents are rounded to before merging, ``out_dtype`` what is written."""

    merge_method: Method
    models: Annotated[list[ModelInput], Field(min_length=1)] | None = None
    slices: Annotated[list[OutputSlice], Field(min_length=1)] | None = None
    base_model: ModelName | None = None
    parameters: Parameters = {}
    dtype: DType | None = None
    out_dtype: DType | None = None
    tokenizer_source: ModelName | None = None
    tokenizer: TokenizerChoice | None = None
    random_seed: Annotated[int, Field(ge=0, lt=2**63)] | None = None

    @model_validator(mode="after")
    def _has_one_kind_of_input(self) -> MergeRecipe:
        if (self.models is None) == (self.slices is None):
            raise ValueError("a recipe has either models or slices")
        if self.tokenizer_source is not None and self.tokenizer is not None:
            raise ValueError("a recipe has either tokenizer_source or tokenizer")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """Every model that the recipe names as a parent, the base first, each once."""
        named = [self.base_model] if self.base_model else []
        named += [source.model for source in self.models or []]
        for part in self.slices or []:
            named += [part.base_model] if part.base_model else []
            named += [source.model for source in part.sources]
        return tuple(dict.fromkeys(named))


def load_recipe(path: Path) -> MergeRecipe:
    """Raises MalformedMerge, which names the key."""
    return _validated(read_yaml(path))


def average(models: Sequence[str], ratios: Sequence[float]) -> MergeRecipe:
    """mergekit's ``linear``: the weighted mean of ``models``, their ``ratios`` divided by the sum of them.

    Raises MalformedMerge unless there is one ratio a model.
    """
    if len(models) != len(ratios):
        raise MalformedMerge(f"{len(models)} models need as many ratios, and these are {len(ratios)}")
    weighted = [{"model": model, "parameters": {"weight": ratio}} for model, ratio in zip(models, ratios, strict=True)]
    return _validated({"merge_method": "linear", "models": weighted})


def _validated(document: dict[str, object]) -> MergeRecipe:
    method = document.get("merge_method")
    if method in OTHER_METHODS:
        raise MalformedMerge(
            f"the merge method {method} is mergekit's and isn't known here; known are {', '.join(get_args(Method))}"
        )
    try:
        return MergeRecipe.model_validate(document)
    except ValidationError as error:
        raise MalformedMerge(f"the recipe is faulty: {_told(error)}") from error


def _told(error: ValidationError) -> str:
    """What is wrong and where, in one line; a union's branches are reported once."""
    reasons: dict[str, str] = {}
    for fault in error.errors(include_url=False, include_context=False):
        # A setting's location goes on with the branches of its union, which mean nothing to a reader.
        path = [str(step) for step in fault["loc"] if not str(step)[:1].isupper() and "[" not in str(step)]
        key = path[-1] if path else ""
        if fault["type"] == "extra_forbidden":
            reason = f"the key {key} is unknown"
            if key in _ELSEWHERE:
                reason = f"the key {key} ({_ELSEWHERE[key]}) is mergekit's and isn't known here"
        else:
            reason = fault["msg"].removeprefix("Value error, ")
        reasons.setdefault(".".join(path), reason)
    return "; ".join(f"{where}: {reason}" if where else reason for where, reason in list(reasons.items())[:5])
