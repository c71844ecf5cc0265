"""Reads tokenizer.json, the chat template and the end tokens from a model's folder."""

from __future__ import annotations

import json
from typing import Any

from tokenizers import Tokenizer

from model_foundry.errors import MalformedFolder, UnknownTokenizer
from model_foundry.formats.hf_names import CONFIG, GENERATION, TOKENIZER, TOKENIZER_CONFIG
from model_foundry.importing.safetensors_folder import MAX_TEMPLATE, SafetensorsFolder
from model_foundry.model.description import TokenizerDescription
from orion_py.errors import OrionError
from orion_py.generation.chat_template import examine
from orion_py.generation.end_tokens import END_TOKENS
from orion_py.generation.pictured_template import examine_seeing
from orion_py.native.chat_template import NativeChatTemplate

PLAIN_TEMPLATE = "{{ bos_token }}{% for message in messages %}{{ message['content'] }}\n\n{% endfor %}"
"""For a model that was never taught to chat: the texts, one after the other."""

MAX_ENDS = 16


def read_folder_tokenizer(folder: SafetensorsFolder, vocab_size: int) -> tuple[TokenizerDescription, list[str]]:
    """The tokenizer, and notes on what it lacks. Raises UnknownTokenizer or MalformedFolder."""
    definition = folder.json(TOKENIZER)
    if definition is None:
        raise UnknownTokenizer(f"there is no {TOKENIZER}; save the tokenizer as a fast one with transformers")
    definition |= {"truncation": None, "padding": None}
    vocabulary = _vocabulary(definition)
    if vocabulary and max(vocabulary.values()) >= vocab_size:
        raise MalformedFolder(f"{TOKENIZER} has ids up to {max(vocabulary.values())}; the model has {vocab_size} rows")
    settings = folder.json(TOKENIZER_CONFIG) or {}
    notes: list[str] = []
    template = folder.template() or _template(settings.get("chat_template"))
    if template is None:
        notes.append("there is no chat template: a conversation is put to the model as plain text")
        template = PLAIN_TEMPLATE
    bos, eos = _token(settings, "bos_token"), _token(settings, "eos_token")
    check_template(template, bos, eos, folder.picture_token)
    return TokenizerDescription(
        definition=definition,
        chat_template=template,
        bos_token=bos,
        eos_token=eos,
        eos_tokens=_ends(folder, definition, vocabulary, eos),
    ), notes


def check_template(template: str, bos_token: str, eos_token: str, picture_token: str | None = None) -> None:
    """Returns if the chat template works natively and on the page alike. ``picture_token``: how that of a model that
    sees marks a picture. Raises UnknownTokenizer."""
    try:
        native = NativeChatTemplate(template, bos_token, eos_token)
        examine(native) if picture_token is None else examine_seeing(native, picture_token)
    except OrionError as error:
        raise UnknownTokenizer(str(error)) from error


def _vocabulary(definition: dict[str, Any]) -> dict[str, int]:
    """Text to id, by the library that is going to use it."""
    try:
        vocabulary: dict[str, int] = Tokenizer.from_str(json.dumps(definition)).get_vocab(with_added_tokens=True)
    except BaseException as error:
        # The Rust library raises bare Exception, and lets a panic through as a BaseException.
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise UnknownTokenizer(f"{TOKENIZER} can't be understood: {str(error)[:200]}") from error
    return vocabulary


def _template(value: Any) -> str | None:
    """A template, or the one called "default" of several. Raises MalformedFolder."""
    if isinstance(value, list):
        named = {entry.get("name"): entry.get("template") for entry in value if isinstance(entry, dict)}
        value = named.get("default")
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > MAX_TEMPLATE:
        raise MalformedFolder(f"{TOKENIZER_CONFIG}: chat_template isn't a template")
    return value


def _token(settings: dict[str, Any], key: str) -> str:
    """A token's text, "" where the model has none. Raises MalformedFolder."""
    value = settings.get(key)
    if isinstance(value, dict):
        value = value.get("content")
    if value is None:
        return ""
    if not isinstance(value, str):
        raise MalformedFolder(f"{TOKENIZER_CONFIG}: {key} isn't a token")
    return value


def _ends(
    folder: SafetensorsFolder, definition: dict[str, Any], vocabulary: dict[str, int], eos: str
) -> tuple[int, ...]:
    """Ids that end an answer: those that the folder names, and special tokens that always do."""
    ends = [vocabulary[eos]] if eos in vocabulary else []
    for name, values in ((GENERATION, folder.json(GENERATION) or {}), (CONFIG, folder.config)):
        named = values.get("eos_token_id")
        ids = named if isinstance(named, list) else [] if named is None else [named]
        if not all(type(index) is int and 0 <= index <= max(vocabulary.values(), default=0) for index in ids):
            raise MalformedFolder(f"{name}: eos_token_id isn't the id of a token")
        ends += ids
    added = definition.get("added_tokens") or []
    special = {entry["content"] for entry in added if entry.get("special")}
    ends += [vocabulary[token] for token in END_TOKENS if token in special and token in vocabulary]
    distinct = tuple(dict.fromkeys(ends))
    if not distinct or len(distinct) > MAX_ENDS:
        raise MalformedFolder(
            f"the folder names {len(distinct)} tokens that end an answer; there have to be 1 to {MAX_ENDS}"
        )
    return distinct
