"""Rebuilds tokenizer.json from a GGUF's metadata.

Format: https://huggingface.co/docs/tokenizers. A GGUF holds tokens, their types, merges and the
*name* of a pre-tokenizer; the names and what they mean are llama.cpp's (llama-vocab.cpp). A name
that isn't in ``PRE_TOKENIZERS`` is refused: a tokenizer that is nearly right is wrong.

Only the kind, the tokens and the merges have to be there. What else is absent gets llama.cpp's own
default (src/llama-vocab.cpp, ``llama_vocab::impl::load``): the pre-tokenizer "default", tokens without
types that are ordinary, token 11 as the beginning and the end where that is a control token, and
ChatML for the conversation.
"""

from __future__ import annotations

from typing import Any

from model_foundry.errors import MalformedGguf, UnknownTokenizer
from model_foundry.importing.gguf_file import GgufFile
from model_foundry.importing.hf_tokenizer import PLAIN_TEMPLATE, check_template
from model_foundry.model.description import TokenizerDescription
from orion_py.generation.end_tokens import END_TOKENS

_ORDINARY, _CONTROL, _USER_DEFINED = 1, 3, 4
"""Token types in GGUF."""

_DEFAULT_SPECIAL = 11
"""Falcon's <|endoftext|>, with which llama.cpp's byte-level BPE began."""

_BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}

_QWEN2_WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)

_LLAMA3_WORDS = _QWEN2_WORDS.replace(r"\p{N}|", r"\p{N}{1,3}|")

_DEFAULT_WORDS = (
    r"[\p{P}\$\+<=>\^~\|]+",
    r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)",
    r"\p{N}+",
    r"[0-9][0-9][0-9]",
)
"""One after the other: what a pattern doesn't match stays a piece as well."""


def _split(pattern: str) -> dict[str, Any]:
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}


_BYTES = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}

PRE_TOKENIZERS: dict[str, dict[str, Any]] = {
    "smollm": {
        "type": "Sequence",
        "pretokenizers": [{"type": "Digits", "individual_digits": True}, _BYTE_LEVEL],
    },
    "qwen2": {
        "type": "Sequence",
        "pretokenizers": [_split(_QWEN2_WORDS), _BYTES],
    },
    "llama-bpe": {
        "type": "Sequence",
        "pretokenizers": [_split(_LLAMA3_WORDS), _BYTES],
    },
    "smaug-bpe": {
        "type": "Sequence",
        "pretokenizers": [_split(_LLAMA3_WORDS), _BYTES],
    },
    "default": {
        "type": "Sequence",
        "pretokenizers": [*map(_split, _DEFAULT_WORDS), _BYTES],
    },
}

_NORMALIZERS: dict[str, dict[str, Any]] = {"qwen2": {"type": "NFC"}}
"""What the model's own tokenizer.json does to a text before it is split, where that is anything."""

_WHOLE_WORDS = frozenset({"llama-bpe", "smaug-bpe"})
"""Of Llama 3's vocabulary, which SmolLM3 has too: a piece that is a token is that token, whatever merges make of it."""

_END_KEYS = tuple(f"tokenizer.ggml.{name}_token_id" for name in ("eos", "eot", "eom"))

CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)


def read_tokenizer(file: GgufFile) -> TokenizerDescription:
    """Raises UnknownTokenizer or MalformedGguf."""
    kind = file.text("tokenizer.ggml.model")
    if kind != "gpt2":
        raise UnknownTokenizer(f"the tokenizer type {kind} isn't known; gpt2 (byte-level BPE) is")
    pre = file.text("tokenizer.ggml.pre", "default")
    if pre not in PRE_TOKENIZERS:
        raise UnknownTokenizer(f"the pre-tokenizer {pre} isn't known; known are {', '.join(PRE_TOKENIZERS)}")
    tokens = file.texts("tokenizer.ggml.tokens")
    types = file.integers("tokenizer.ggml.token_type", [_ORDINARY] * len(tokens))
    if len(types) != len(tokens) or len(set(tokens)) != len(tokens):
        raise MalformedGguf("the tokens are not distinct, or have no type each")
    vocabulary = {token: index for index, token in enumerate(tokens)}
    begins = _named(file, "tokenizer.ggml.bos_token_id", tokens, types)
    named = [_named(file, key, tokens, types) for key in _END_KEYS[:1]]
    named += [_named(file, key, tokens, types) for key in _END_KEYS[1:] if file.has(key)]
    if not file.has("tokenizer.ggml.token_type"):
        types = _typed(tokens, [begins, *named])
    control = [(token, index) for index, token in enumerate(tokens) if types[index] == _CONTROL]
    user = [(token, index) for index, token in enumerate(tokens) if types[index] == _USER_DEFINED]
    merges = file.texts("tokenizer.ggml.merges")
    _check_merges(merges, vocabulary)
    known = [vocabulary[token] for token in END_TOKENS if token in vocabulary and types[vocabulary[token]] == _CONTROL]
    ends = [index for index in (*named, *known) if index is not None]
    if not ends:
        raise UnknownTokenizer(f"nothing says which token ends an answer: no {_END_KEYS[0]}, and no control token does")
    bos, eos = "" if begins is None else tokens[begins], tokens[ends[0]]
    template = _template(file, {token for token, _ in control})
    check_template(template, bos, eos)
    return TokenizerDescription(
        definition=_definition(vocabulary, merges, control, user, pre),
        chat_template=template,
        bos_token=bos,
        eos_token=eos,
        eos_tokens=tuple(dict.fromkeys(ends)),
    )


def _template(file: GgufFile, control: set[str]) -> str:
    """The file's template; without one ChatML, as in llama.cpp, where the model has its tokens, else plain text."""
    return file.text("tokenizer.chat_template", CHATML if {"<|im_start|>", "<|im_end|>"} <= control else PLAIN_TEMPLATE)


def _named(file: GgufFile, key: str, tokens: list[str], types: list[int]) -> int | None:
    """The token that ``key`` names; None where the file has no such key and the model no such token."""
    if not file.has(key):
        default = len(tokens) > _DEFAULT_SPECIAL and types[_DEFAULT_SPECIAL] == _CONTROL
        return _DEFAULT_SPECIAL if default else None
    index = file.integer(key)
    if not 0 <= index < len(tokens):
        raise MalformedGguf(f"metadata {key} names token {index} of {len(tokens)}")
    return index


def _typed(tokens: list[str], named: list[int | None]) -> list[int]:
    """Types where the file has none: what it names as special, and what always is, are control tokens."""
    special = {*END_TOKENS, "<|im_start|>"}
    return [_CONTROL if index in named or token in special else _ORDINARY for index, token in enumerate(tokens)]


def _check_merges(merges: list[str], vocabulary: dict[str, int]) -> None:
    for merge in merges:
        left, space, right = merge.partition(" ")
        if not space or left + right not in vocabulary:
            raise MalformedGguf(f"the merge {merge!r} makes no token")


def _definition(
    vocabulary: dict[str, int],
    merges: list[str],
    control: list[tuple[str, int]],
    user: list[tuple[str, int]],
    pre: str,
) -> dict[str, Any]:
    added = [(token, index, True) for token, index in control] + [(token, index, False) for token, index in user]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {
                "id": index,
                "content": token,
                "single_word": False,
                "lstrip": False,
                "rstrip": False,
                "normalized": False,
                "special": special,
            }
            for token, index, special in sorted(added, key=lambda item: item[1])
        ],
        "normalizer": _NORMALIZERS.get(pre),
        "pre_tokenizer": PRE_TOKENIZERS[pre],
        "post_processor": None,
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": pre in _WHOLE_WORDS,
            "vocab": vocabulary,
            "merges": merges,
        },
    }
