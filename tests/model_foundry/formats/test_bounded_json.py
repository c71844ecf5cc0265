"""JSON from outside is bounded before it is parsed, and strict where the parser isn't."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_foundry.errors import MalformedFolder
from model_foundry.formats.bounded_json import JsonLimits, parse_json

LIMITS = JsonLimits(size=10_000, depth=4, parts=100)

Values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def parsed(data: bytes) -> object:
    return parse_json(data, "x.json", LIMITS, MalformedFolder)


def depth(value: object) -> int:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if parts is None else 1 + max(map(depth, parts), default=0)


@settings(max_examples=30, deadline=None)
@given(value=st.dictionaries(st.text(max_size=5), Values, max_size=3), ascii_=st.booleans())
def test_what_fits_the_limits_is_read_as_it_is_and_nothing_else_is(value: dict[str, object], ascii_: bool) -> None:
    data = json.dumps(value, ensure_ascii=ascii_).encode("utf-8", "surrogatepass")
    if depth(value) <= LIMITS.depth:
        assert parsed(data) == value
    else:
        with pytest.raises(MalformedFolder, match="deeply"):
            parsed(data)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "isn't JSON"),
        (b"[]", "isn't a JSON object"),
        (b'{"a": 1, "a": 2}', "'a' occurs twice"),
        (b'{"a": {"b": 1, "b": 1}}', "twice"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": -Infinity}', "Infinity"),
        (b'{"a": "\\ud800"}', "isn't JSON"),
        (b'{"a": "\xff"}', "isn't JSON"),
        ('{"a": 1}'.encode("utf-16"), "isn't JSON"),
        (b'{"a": ' + b"9" * 5000 + b"}", "isn't JSON"),
        (b'{"a": ' + b"[" * 9999, "larger than"),
        (b'{"a": ' + b"[" * 999, "deeply"),
        (b'{"a": [' + b"[]," * 60 + b"0]}", "too many parts"),
        (b'{"a": [' + b"0," * 120 + b"0]}", "too many parts"),
        (b'{"a": "' + b"[" * 99, "isn't JSON"),
    ],
)
def test_what_does_not_is_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(MalformedFolder, match=r"^x\.json.*" + reason):
        parsed(data)


def test_brackets_inside_texts_do_not_count() -> None:
    assert parsed(json.dumps({"a": '[[[[[["\\[[['}).encode()) == {"a": '[[[[[["\\[[['}


def test_a_text_that_does_not_end_takes_a_time_that_grows_with_its_length_alone() -> None:
    started = time.process_time()
    with pytest.raises(MalformedFolder):
        parse_json(b'"\\' * 1_000_000, "x", JsonLimits(2**22, 4, 50), MalformedFolder)
    assert time.process_time() - started < 2
