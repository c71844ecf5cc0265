"""tokenizer.json, rebuilt from what a GGUF says about its tokenizer.

Format: https://huggingface.co/docs/tokenizers. A GGUF holds tokens, their types, merges and the
*name* of a pre-tokenizer; the names and what they mean are llama.cpp's (llama-vocab.cpp). A name
that isn't in ``PRE_TOKENIZERS`` is refused: a tokenizer that is nearly right is wrong.
"""

from __future__ import annotations

from typing import Any

from model_foundry.description import TokenizerDescription
from model_foundry.errors import MalformedGguf, UnknownTokenizer
from model_foundry.importing.gguf_file import GgufFile

_CONTROL, _USER_DEFINED = 3, 4
"""Token types in GGUF; 1 is an ordinary token."""

_BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}

_QWEN2_WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)

PRE_TOKENIZERS: dict[str, dict[str, Any]] = {
    "smollm": {
        "type": "Sequence",
        "pretokenizers": [{"type": "Digits", "individual_digits": True}, _BYTE_LEVEL],
    },
    "qwen2": {
        "type": "Sequence",
        "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": _QWEN2_WORDS}, "behavior": "Isolated", "invert": False},
            {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False},
        ],
    },
}

_NORMALIZERS: dict[str, dict[str, Any]] = {"qwen2": {"type": "NFC"}}
"""What the model's own tokenizer.json does to a text before it is split, where that is anything."""

_END_OF_TEXT = ("<|endoftext|>", "<|im_end|>")
"""Tokens that end an answer in any model that has them as control tokens."""


def read_tokenizer(file: GgufFile) -> TokenizerDescription:
    """Raises UnknownTokenizer or MalformedGguf."""
    kind = file.text("tokenizer.ggml.model")
    if kind != "gpt2":
        raise UnknownTokenizer(f"the tokenizer type {kind} isn't known; gpt2 (byte-level BPE) is")
    pre = file.text("tokenizer.ggml.pre")
    if pre not in PRE_TOKENIZERS:
        raise UnknownTokenizer(f"the pre-tokenizer {pre} isn't known; known are {', '.join(PRE_TOKENIZERS)}")
    tokens, types = file.texts("tokenizer.ggml.tokens"), file.integers("tokenizer.ggml.token_type")
    if len(types) != len(tokens) or len(set(tokens)) != len(tokens):
        raise MalformedGguf("the tokens are not distinct, or have no type each")
    control = [(token, index) for index, token in enumerate(tokens) if types[index] == _CONTROL]
    user = [(token, index) for index, token in enumerate(tokens) if types[index] == _USER_DEFINED]
    merges = file.texts("tokenizer.ggml.merges")
    vocabulary = {token: index for index, token in enumerate(tokens)}
    _check_merges(merges, vocabulary)
    bos = _named(file, "tokenizer.ggml.bos_token_id", tokens)
    eos = _named(file, "tokenizer.ggml.eos_token_id", tokens)
    ends = [vocabulary[eos], *(index for token, index in control if token in _END_OF_TEXT)]
    return TokenizerDescription(
        definition=_definition(vocabulary, merges, control, user, pre),
        chat_template=file.text("tokenizer.chat_template"),
        bos_token=bos,
        eos_token=eos,
        eos_tokens=tuple(dict.fromkeys(ends)),
    )


def _named(file: GgufFile, key: str, tokens: list[str]) -> str:
    index = file.integer(key)
    if not 0 <= index < len(tokens):
        raise MalformedGguf(f"metadata {key} names token {index} of {len(tokens)}")
    return tokens[index]


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
            "ignore_merges": False,
            "vocab": vocabulary,
            "merges": merges,
        },
    }
