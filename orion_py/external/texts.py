"""Parses a folder's small metadata files, written for transformers and transformers.js, as hostile input.

What is taken from them: what config.json says of the decoder, how its turns are written and end
(tokenizer_config.json, generation_config.json, chat_template.jinja), and the licence in the front
matter of README.md (https://huggingface.co/docs/hub/model-cards). Sizes, depths and numbers are
bounded before anything is built from them; keys that aren't needed are ignored.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Annotated, Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from orion_py.errors import InvalidModelFolder, UnsupportedModel
from orion_py.faults import first_fault
from orion_py.generation.end_tokens import END_TOKENS
from orion_py.manifest.architecture import Architecture
from orion_py.manifest.manifest import ChatFormat

FAMILIES: tuple[str, ...] = get_args(Architecture.model_fields["family"].annotation)
"""Those that a manifest can describe."""
MAX_TEXT = 4 * 2**20
"""Characters of a JSON file or a README. Old Llama tokenizer configurations have 50 kB, some 3 MB."""
MAX_DEPTH = 32
MAX_STOPS = 16
UNSTATED = "not stated"

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"?', re.DOTALL)  # one without an end matches too: linear on any text
_FRONT_MATTER = re.compile(r"\A\ufeff?---[ \t]*\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_LINE = re.compile(r"^(license|license_name):(.{0,200})$", re.MULTILINE)
_LICENCE = re.compile(r"^[A-Za-z0-9][A-Za-z0-9 .,_+()-]{0,79}$")

Model = TypeVar("Model", bound=BaseModel)
TokenId = Annotated[int, Field(ge=0, lt=2**20)]
Count = Annotated[int, Field(gt=0, le=2**20)]


class _Lenient(BaseModel):
    """Of a file with many keys, those that matter, strictly typed."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


class Config(_Lenient):
    """config.json of a decoder, as transformers names its parts."""

    num_hidden_layers: Annotated[int, Field(gt=0, le=512)]
    hidden_size: Annotated[int, Field(gt=0, le=2**16)]
    num_attention_heads: Annotated[int, Field(gt=0, le=512)]
    num_key_value_heads: Annotated[int, Field(gt=0, le=512)] | None = None
    head_dim: Annotated[int, Field(gt=0, le=1024)] | None = None
    intermediate_size: Annotated[int, Field(gt=0, le=2**18)]
    vocab_size: Count
    max_position_embeddings: Annotated[int, Field(gt=0, le=2**31)] = 2048
    rope_theta: Annotated[float | int, Field(gt=0, le=1e12)] = 10000.0
    rms_norm_eps: Annotated[float | int, Field(gt=0, lt=1)] = 1e-6
    tie_word_embeddings: bool = False
    eos_token_id: TokenId | list[TokenId] | None = None

    @model_validator(mode="after")
    def _heads_fit(self) -> Config:
        if self.head_dim is None and self.hidden_size % self.num_attention_heads:
            raise ValueError("hidden_size isn't a multiple of num_attention_heads")
        return self

    def architecture(self, family: str) -> Architecture:
        """Of one of ``FAMILIES``: what a session and its cache have to know; the graph itself knows the rest."""
        heads = self.num_attention_heads
        return Architecture(
            family=family,  # type: ignore[arg-type]
            layers=self.num_hidden_layers,
            hidden_size=self.hidden_size,
            heads=heads,
            kv_heads=self.num_key_value_heads or heads,
            head_dim=self.head_dim or self.hidden_size // heads,
            ffn_size=self.intermediate_size,
            vocab_size=self.vocab_size,
            context_length=min(self.max_position_embeddings, 2**20),
            rope_theta=float(self.rope_theta),
            norm_epsilon=float(self.rms_norm_eps),
            tied_embeddings=self.tie_word_embeddings,
        )


class _AddedToken(_Lenient):
    content: Annotated[str, Field(max_length=200)]
    special: bool = False


class _NamedTemplate(_Lenient):
    name: Annotated[str, Field(max_length=100)]
    template: Annotated[str, Field(max_length=100_000)]


class TokenizerConfig(_Lenient):
    """tokenizer_config.json. A special token is a string, or an object that has one."""

    bos_token: Annotated[str, Field(max_length=200)] | None = None
    eos_token: Annotated[str, Field(max_length=200)] | None = None
    chat_template: Annotated[str, Field(max_length=100_000)] | list[_NamedTemplate] | None = None
    added_tokens_decoder: dict[str, _AddedToken] = {}

    @field_validator("bos_token", "eos_token", mode="before")
    @classmethod
    def _text_of(cls, value: Any) -> Any:
        return value.get("content") if isinstance(value, dict) else value

    @property
    def template(self) -> str | None:
        """The chat template; of several the one called "default"."""
        if isinstance(self.chat_template, list):
            named = {row.name: row.template for row in self.chat_template}
            return named.get("default")
        return self.chat_template

    def ids_of(self, text: str | None, special: bool = False) -> list[int]:
        """The ids that the added tokens give ``text``; ``special``: those that are special tokens alone."""
        rows = self.added_tokens_decoder.items()
        found = [key for key, token in rows if token.content == text and (token.special or not special)]
        return [int(key) for key in found if key.isascii() and key.isdigit() and len(key) < 8]


class Tokens(_Lenient):
    """What tokenizer.json says of its tokens: those that were added to the vocabulary, and the vocabulary."""

    class Added(_AddedToken):
        id: TokenId

    class Model(_Lenient):
        vocab: dict[str, int] | list[tuple[str, float] | list[Any]] = {}

    added_tokens: list[Added] = []
    model: Model = Model()

    def ids_of(self, text: str) -> list[int]:
        """The ids of the token ``text``; an added token counts before one of the vocabulary."""
        added = [token.id for token in self.added_tokens if token.content == text]
        vocabulary = self.model.vocab
        if added or not isinstance(vocabulary, dict):
            return added or [index for index, row in enumerate(vocabulary) if row[0] == text][:1]
        return [vocabulary[text]] if text in vocabulary else []


class GenerationConfig(_Lenient):
    eos_token_id: TokenId | list[TokenId] | None = None
    stop_strings: Annotated[str, Field(max_length=200)] | list[Annotated[str, Field(max_length=200)]] | None = None


def parse_json(text: str, what: str, most: int | None = None) -> Any:
    """The value in ``text``, which is called ``what`` in the error. Raises InvalidModelFolder where it is
    longer than ``most`` characters (``MAX_TEXT``), too deep, or no JSON."""
    most = MAX_TEXT if most is None else most
    if len(text) > most:
        raise InvalidModelFolder(f"{what} has {len(text):,} characters; {most:,} are the most", path=what)
    depth = deepest = 0
    for bracket in re.findall(r"[\[\]{}]", _STRING.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        deepest = max(deepest, depth)
    if deepest > MAX_DEPTH:
        raise InvalidModelFolder(f"{what} is nested more than {MAX_DEPTH} deep", path=what)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidModelFolder(f"{what} isn't JSON: {str(error)[:120]}", path=what) from None


def _read(model: type[Model], value: Any, what: str) -> Model:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        path, fault = first_fault(error)
        raise InvalidModelFolder(f"{what}: {path[:180] or '(top)'}: {fault}", path=what) from None


def read_config(text: str) -> tuple[Config, Architecture]:
    """config.json. Raises UnsupportedModel for another architecture, InvalidModelFolder."""
    value = parse_json(text, "config.json")
    kind = value.get("model_type") if isinstance(value, dict) else None
    family = next((name for name in FAMILIES if name == kind), None)
    if family is None:
        said = repr(kind)[:60] if isinstance(kind, str) else "no model_type"
        raise UnsupportedModel(f"config.json says {said}; supported are {', '.join(FAMILIES)}.", model_type=said)
    config = _read(Config, value, "config.json")
    return config, config.architecture(family)


def read_chat(tokenizer_config: str, template: str | None) -> tuple[TokenizerConfig, ChatFormat]:
    """Reads how turns are written; ``template`` is chat_template.jinja, which counts before the one inside.

    Raises UnsupportedModel where there is none: a model without one can't converse.
    """
    config = _read(TokenizerConfig, parse_json(tokenizer_config, "tokenizer_config.json"), "tokenizer_config.json")
    found = template if template is not None else config.template
    if not found or not found.strip():
        raise UnsupportedModel("The folder has no chat template: its model continues texts and doesn't converse.")
    value = {"chat_template": found, "bos_token": config.bos_token or "", "eos_token": config.eos_token or ""}
    return config, _read(ChatFormat, value, "chat template")


def read_generation(text: str | None) -> GenerationConfig:
    """Reads generation_config.json; None: there is no such file."""
    if text is None:
        return GenerationConfig()
    return _read(GenerationConfig, parse_json(text, "generation_config.json"), "generation_config.json")


def read_tokens(text: str, most: int) -> Tokens:
    """tokenizer.json. Raises InvalidModelFolder."""
    return _read(Tokens, parse_json(text, "tokenizer.json", most), "tokenizer.json")


def names_its_end(tokenizer: TokenizerConfig) -> bool:
    """Whether tokenizer_config.json says itself which id its end token has, if it names one."""
    return not tokenizer.eos_token or bool(tokenizer.ids_of(tokenizer.eos_token))


def end_tokens(
    config: Config, generation: GenerationConfig, tokenizer: TokenizerConfig, tokens: Tokens | None = None
) -> tuple[int, ...]:
    """The tokens that end a turn, from all files that name them; special ones that always do are among them.
    ``tokens`` is needed unless ``names_its_end``. Raises InvalidModelFolder where no file names one, or where one
    isn't in the vocabulary."""
    named: list[int] = []
    for value in (generation.eos_token_id, config.eos_token_id):
        named += [value] if isinstance(value, int) else value or []
    named += tokenizer.ids_of(tokenizer.eos_token)
    if tokens is not None and tokenizer.eos_token:
        named += tokens.ids_of(tokenizer.eos_token)
    for token in END_TOKENS:
        named += tokenizer.ids_of(token, special=True)
        named += [row.id for row in (tokens.added_tokens if tokens else ()) if row.content == token and row.special]
    ids = tuple(dict.fromkeys(named))
    if not ids:
        raise InvalidModelFolder("No file says which token ends a turn.", path="generation_config.json")
    if len(ids) > MAX_STOPS or any(token >= config.vocab_size for token in ids):
        raise InvalidModelFolder(f"End tokens {ids[:4]} don't fit the vocabulary.", path="generation_config.json")
    return ids


def stop_strings(generation: GenerationConfig) -> tuple[str, ...]:
    given = generation.stop_strings
    texts: Iterable[str] = [given] if isinstance(given, str) else given or []
    return tuple(text for text in dict.fromkeys(texts) if text)[:MAX_STOPS]


def licence_in(readme: str) -> str:
    """What the README's front matter calls its licence, in one line, or ``UNSTATED``.

    Where ``license`` is "other" its name counts. Only plain names are taken: the text is shown.
    """
    matter = _FRONT_MATTER.match(readme[:200_000])
    if matter is None:
        return UNSTATED
    said = {key: value.strip().strip("\"'") for key, value in reversed(_LINE.findall(matter.group(1)))}
    licence = said.get("license", "")
    if licence == "other":
        licence = said.get("license_name", "other")
    return licence if _LICENCE.match(licence) else UNSTATED
