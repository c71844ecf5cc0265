"""What never reaches a log."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orion_py.telemetry.sanitize import MAX_TEXT, PRIVATE_FIELDS, sanitize, sanitize_text


@pytest.mark.parametrize("field", ["prompt", "query", "content", "text", "messages", "answer", "Partial", "password"])
def test_what_a_person_wrote_is_masked_by_the_fields_name(field: str) -> None:
    assert sanitize({field: "my secret diary"}) == {field: "[masked: 15 characters]"}


def test_what_a_person_wrote_is_masked_inside_lists_too() -> None:
    assert sanitize({"history": ["one", "three"]}) == {"history": ["[masked: 3 characters]", "[masked: 5 characters]"]}


def test_numbers_under_such_a_name_are_facts() -> None:
    assert sanitize({"tokens": 12, "token": 7, "prompt": 130, "output": True}) == {
        "tokens": 12,
        "token": 7,
        "prompt": 130,
        "output": True,
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("write to jean.dupont+x@mail.example.fr now", "write to [email] now"),
        ("Authorization: Bearer abc.def-123456", "Authorization: [token]"),
        ("jwt eyJhbGciOi.eyJzdWIiOi.c2lnbmF0", "jwt [token]"),
        ("key sk-proj-abcdefghijkl1234", "key [key]"),
        ("hf_abcdefghijklmnop", "[key]"),
        ("ghp_" + "a1" * 18, "[key]"),
        ("AKIAIOSFODNN7EXAMPLE", "[key]"),
        ("password=hunter2, next", "[secret], next"),
        ('"api_key": "zzz999"', '"[secret]"'),
        ("mot de passe : azerty1", "[secret]"),
        ("q7Rf0aZk2LmN8pXw4TyB6vCs1DgH3jQe", "[key]"),
        ("open /home/marie/notes/diary.txt failed", "open [path] failed"),
        ("in /Users/marie/x.py", "in [path]"),
        ("at C:\\Users\\Marie\\x.txt!", "at [path]"),
        ("see ~/secret/plan.md", "see [path]"),
        ("file:///tmp/x/y", "[path]"),
        ("\\\\server\\share\\x", "[path]"),
    ],
)
def test_secrets_addresses_and_paths_are_known_by_their_shape(text: str, expected: str) -> None:
    assert sanitize_text(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "shard " + "0123456789abcdef" * 4,
        "models/shards/0123abcd",
        "wasm/2 threads and/or webgpu",
        "https://example.org/models/a.json",
        "tokens/s: 51.2",
        "onnxruntime-web failed: no kernel for MatMulNBits",
        "smollm2-135m-instruct",
        "tokenizer is ready",
        "InvalidManifest: manifest: shards.0.size: too large",
    ],
)
def test_what_an_engineer_needs_stays(text: str) -> None:
    assert sanitize_text(text) == text


def test_long_text_is_cut() -> None:
    cut = sanitize_text("a b " * 5000)
    assert len(cut) == MAX_TEXT
    assert cut.endswith("…")


def test_bytes_and_objects_are_named_and_never_shown() -> None:
    assert sanitize({"a": b"secret", "b": object()}) == {"a": "[6 bytes]", "b": "[object]"}


def test_a_structure_that_holds_itself_comes_to_an_end() -> None:
    loop: list[object] = []
    loop.append(loop)
    assert "[deeper]" in json.dumps(sanitize(loop))


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=8) | st.binary(max_size=3),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
        max_leaves=12,
    )
)
def test_whatever_is_logged_can_be_written_as_json(value: object) -> None:
    json.dumps(sanitize(value))


@settings(deadline=None)
@given(st.sampled_from(sorted(PRIVATE_FIELDS)), st.text("xyzw", min_size=4))
def test_no_private_text_survives_at_any_depth(field: str, text: str) -> None:
    assert text not in json.dumps(sanitize({"a": [{"b": {field: text}}]}))
