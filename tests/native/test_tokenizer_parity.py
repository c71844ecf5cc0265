"""Rust's tokenizer natively and JavaScript's on the page give the same ids and texts, for every tokenizer here."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from orion_py.native.tokenizer import NativeTokenizer
from tests.bridge_in_node import Node, Refused, bridge
from tests.model_foundry.built import imported
from tests.model_foundry.tiny_gguf import TinyModel

FAMILIES = Path(__file__).parents[1] / "model_foundry" / "families"
SCRIPT = """
import { ChatTokenizer } from "./bridge/worker/tokenizer/tokenizer.js";
const made = new Map();
function answer({ name, definition, texts, ids }) {
  if (definition) made.set(name, new ChatTokenizer(definition, () => ""));
  const tokenizer = made.get(name);
  return { ids: texts?.map((text) => tokenizer.encode(text)), texts: ids?.map((row) => tokenizer.decode(row)) };
}
"""
HARD = """
I'll we're don't I'VE it's o'clock 'tis ''s
1 12 123 1234567 3.14 1,000 ½ ² Ⅷ ٣ ४ 五 ⑦ ₂ x² 1½
a\u00a0b\u3000c\u2009d\u202fe\u200bf\u2060g\ufeffh
\ufeffstart \ufeff middle\ufeff
e\u0301 é o\u0308 ö n\u0303 \u0301 a\u0300\u0301 ﬁ ﬀ ™ ſ ŉ Å
🙂 👩‍👩‍👧‍👦 🇫🇷 👍🏽 ❤️ 🏴\U000e0067\U000e0062 🧑🏿‍🚀
ภาษาไทยเขียนติดกัน สวัสดีครับ
السلام عليكم ورحمة الله، كيف الحال؟ ١٢٣
नमस्ते दुनिया क्षत्रिय १२३
日本語のテキスト、漢字とかな。 中文没有空格 한국어 띄어쓰기
<|im_start|>user<|im_end|> <|endoftext|> <s></s> <bos><eos> <|end|> <start_of_turn> <|im_start <|im_end|
<unk> <0x41> <unused3> ▁ ▁▁a Ġ Ċ <pad> [INST] <|reserved_1|>
  leading, trailing   and   many    spaces     \t\ttabs
line one\nline two\r\nline three\n\n\nfour \n five\r
a\x00b \x01\x07\x1b[0m \x7f \x85 \x1c \x1f \u2028 \u2029 \x0b\x0c
snake_case camelCase __init__ x+=1 // -> => != <= #include <a.h> $HOME C:\\path \\u0041
https://example.org/a?b=c&d=%20 user@example.org #tag @name
Straße ÇA İstanbul ıŞ Ωμέγα ПРИВЕТ Привет שלום
\ud7ff \ue000 \ufffd \uffff \U0010ffff \U0001d54f 𝟙𝟚𝟛
{\x06{ a\x02a \x05\x06\x1e
the thin then inner on one ther the  the\tthe
"""
TEXTS = [
    *HARD.splitlines(),
    HARD,
    " " * 300,
    "\n" * 40,
    "",
    " ",
    "a" * 300,
    "é" * 99,
    "🙂" * 50,
    "\u0301" * 9,
    "1" * 70,
]


def definitions(folder: Path, models: Path) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(FAMILIES.glob("*/tokenizer.json")):
        found[path.parent.name] = parts(json.loads(path.read_text("utf-8")))
    for name, pre in (("tiny", "smollm"), ("tiny-qwen2", "qwen2"), ("tiny-default", "default")):
        found[name] = json.loads(imported(folder, TinyModel(pre_tokenizer=pre)).tokenizer.shard_bytes())
    for manifest in sorted(models.glob("*/manifest.json")):
        shard = json.loads(manifest.read_text("utf-8")).get("tokenizer")
        if shard is None:
            continue  # what sees or hears isn't given text
        found[manifest.parent.name] = json.loads((models / "shards" / shard).read_text("utf-8"))
    return found | VARIANTS


def parts(tokenizer: dict[str, Any]) -> dict[str, Any]:
    return {"tokenizer": tokenizer, "chat_template": "", "bos_token": "", "eos_token": ""}


ALPHABET = [*"abcdefghijthinero ABCDEFGHIJ.,!'éñ", " ", "\t", "\n", "\r", "▁"]


def made(**changes: Any) -> dict[str, Any]:
    """A small tokenizer with other parts: characters, some merges, bytes for the rest."""
    base = json.loads((FAMILIES / "mistral" / "tokenizer.json").read_text("utf-8"))
    model = base["model"]
    for letter in ALPHABET:
        model["vocab"].setdefault(letter, len(model["vocab"]))
    return parts({**base, "normalizer": None, **changes})


def split(pattern: dict[str, str], behavior: str = "Isolated", invert: bool = False) -> dict[str, Any]:
    return {"type": "Split", "pattern": pattern, "behavior": behavior, "invert": invert}


def byte_level(**changes: Any) -> dict[str, Any]:
    base = json.loads((FAMILIES / "llama" / "tokenizer.json").read_text("utf-8"))
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    return parts({**base, "pre_tokenizer": {**level, **changes}})


def added(content: str, number: int, **changes: bool) -> dict[str, Any]:
    plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    return {"id": number, "content": content, **plain, **changes}


SMALL: dict[str, int] = made()["tokenizer"]["model"]["vocab"]
METASPACE = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
VARIANTS = {
    "metaspace": made(pre_tokenizer=METASPACE, decoder=METASPACE),
    "metaspace-first": made(pre_tokenizer={**METASPACE, "prepend_scheme": "first", "split": False}),
    "metaspace-never": made(pre_tokenizer={**METASPACE, "prepend_scheme": "never"}),
    "digits": made(pre_tokenizer={"type": "Digits", "individual_digits": False}),
    "digits-alone": made(pre_tokenizer={"type": "Digits", "individual_digits": True}),
    "whitespace": made(pre_tokenizer={"type": "Whitespace"}),
    "whitespace-split": made(pre_tokenizer={"type": "WhitespaceSplit"}),
    "punctuation": made(pre_tokenizer={"type": "Punctuation", "behavior": "Isolated"}),
    "punctuation-runs": made(pre_tokenizer={"type": "Punctuation", "behavior": "Contiguous"}),
    "bert": made(pre_tokenizer={"type": "BertPreTokenizer"}),
    "split-removed": made(pre_tokenizer=split({"String": " "}, "Removed")),
    "split-inverted": made(pre_tokenizer=split({"Regex": r"\w+"}, invert=True)),
    "split-matches": made(pre_tokenizer=split({"Regex": r"\p{L}+|\s+"}, "Removed", invert=True)),
    "split-text": made(pre_tokenizer=split({"String": "a"})),
    "strip": made(normalizer={"type": "Strip", "strip_left": True, "strip_right": True}),
    "strip-left": made(normalizer={"type": "Strip", "strip_left": True, "strip_right": False}),
    "nfkc": made(normalizer={"type": "NFKC"}),
    "nfd-accents": made(normalizer={"type": "Sequence", "normalizers": [{"type": "NFD"}, {"type": "StripAccents"}]}),
    "prefix-space": byte_level(add_prefix_space=True),
    "prefix-space-whole": byte_level(add_prefix_space=True, use_regex=False),
    "whole": byte_level(use_regex=False),
    "added": made(
        added_tokens=[
            *(added(text, number) for number, text in enumerate(["<unk>", "<s>", "</s>", "<|start|>", "<|end|>"])),
            added("th", SMALL["th"], special=False),
            added("<|r|>", len(SMALL), rstrip=True),
            added("<|l|>", len(SMALL) + 1, lstrip=True),
            added("the <|end|>", len(SMALL) + 2, special=False, normalized=True),
        ]
    ),
}


class Pair:
    def __init__(self, node: Node, name: str, definition: dict[str, Any]) -> None:
        text = json.dumps(definition)
        self.node, self._name, self._native = node, name, NativeTokenizer(text.encode())
        node.ask({"name": name, "definition": text})

    def encoded(self, texts: list[str]) -> tuple[list[list[int]], list[list[int]]]:
        return [self._native.encode(text) for text in texts], self.node.ask({"name": self._name, "texts": texts})["ids"]

    def decoded(self, ids: list[list[int]]) -> tuple[list[str], list[str]]:
        return [self._native.decode(row) for row in ids], self.node.ask({"name": self._name, "ids": ids})["texts"]


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Pair]]:
    models = Path(__file__).parents[2] / "public" / "models"
    folder = tmp_path_factory.mktemp("bridge")
    with bridge(folder, SCRIPT) as node:
        yield {name: Pair(node, name, made) for name, made in definitions(folder, models).items()}


def test_hard_strings_have_the_same_ids(pairs: dict[str, Pair]) -> None:
    told = {}
    for name, pair in pairs.items():
        for text, native, page in zip(TEXTS, *pair.encoded(TEXTS), strict=True):
            if native != page:
                told[name, text[:60]] = (native[:40], page[:40])
    assert told == {}


def test_what_was_encoded_decodes_to_the_same_text(pairs: dict[str, Pair]) -> None:
    told = {}
    for name, pair in pairs.items():
        rows = [row for row in pair.encoded(TEXTS)[0] if row]
        halves = [row[:cut] for row in rows for cut in (1, 2, 3, 5)] + [row[cut:] for row in rows for cut in (1, 2)]
        for row, native, page in zip(rows + halves, *pair.decoded(rows + halves), strict=True):
            if native != page:
                told[name, str(row[:20])] = (native[:60], page[:60])
    assert told == {}


def test_no_tokens_are_no_text_and_ids_without_a_token_mean_nothing(pairs: dict[str, Pair]) -> None:
    for pair in pairs.values():
        native, page = pair.decoded([[], [10**6], [10**6, 5, 10**6]])
        assert native == page
        assert native[:2] == ["", ""]


PIECES = st.sampled_from(
    [
        *"aAthe nrino1 9½²Ⅷ٣🙂é\u0301ſKİ\ufeff\u00a0\u3000\u200b\u0085\x1c\x00\r\n\t.,!'’-_▁Ġ中ไก็ن",
        *("'s", "'LL", "<|end|>", "<|start|>", "<s>", "<unk>", "<0x41>", "<|r|>", "<|l|>", "the <|end|>", "  ", "\n\n"),
    ]
)
ASSIGNED = st.characters(exclude_categories=("Cs",)).filter(lambda c: unicodedata.ucd_3_2_0.category(c) != "Cn")
"""What came later is a letter for the one and nothing for the other, by the version of Unicode that each knows."""
TEXT = st.lists(PIECES, max_size=14).map("".join) | st.text(ASSIGNED, max_size=10)


UNIGRAM = ("use-multilingual-router",)


def same(name: str, native: list[list[int]], page: list[list[int]]) -> bool:
    """Whether both cut the texts alike. A unigram model finds a text in two orders of the same pieces equally likely:
    the rounding of the sum decides."""
    if name in UNIGRAM:
        return [sorted(ids) for ids in native] == [sorted(ids) for ids in page]
    return native == page


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(texts=["\x1fggg\x1f"])
@given(texts=st.lists(TEXT, min_size=1, max_size=6))
def test_any_text_has_the_same_ids_and_comes_back_the_same(pairs: dict[str, Pair], texts: list[str]) -> None:
    for name, pair in pairs.items():
        native, page = pair.encoded(texts)
        assert same(name, native, page), name
        native_texts, page_texts = pair.decoded(native)
        assert native_texts == page_texts, name


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ids=st.lists(st.integers(0, 330), max_size=12))
def test_any_ids_decode_to_the_same_text(pairs: dict[str, Pair], ids: list[int]) -> None:
    for name, pair in pairs.items():
        native, page = pair.decoded([ids])
        assert native == page, name


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"normalizer": {"type": "Lowercase"}}, "Lowercase"),
        ({"normalizer": {"type": "Sequence", "normalizers": [{"type": "Precompiled"}]}}, "Precompiled"),
        ({"pre_tokenizer": split({"String": "a"}, "MergedWithNext")}, "MergedWithNext"),
        ({"pre_tokenizer": {"type": "UnicodeScripts"}}, "UnicodeScripts"),
        ({"added_tokens": [added("<unk>", 0, single_word=True)]}, "whole word"),
    ],
)
def test_a_part_that_cannot_be_had_is_refused_by_its_name(
    pairs: dict[str, Pair], changes: dict[str, Any], named: str
) -> None:
    node = next(iter(pairs.values())).node
    with pytest.raises(Refused, match=named):
        node.ask({"name": "refused", "definition": json.dumps(made(**changes))})
