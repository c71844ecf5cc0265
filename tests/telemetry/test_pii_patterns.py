"""Secrets and personal data, known by their shape and by their check digits."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orion_py.telemetry.pii_patterns import mask, shapes
from orion_py.telemetry.sanitize import sanitize_text

PRIVATE = [
    ("call 06 12 34 56 78 please", "call [phone] please"),
    ("+33 6 12 34 56 78", "[phone]"),
    ("0033612345678", "[phone]"),
    ("01.23.45.67.89", "[phone]"),
    ("+44 20 7946 0958", "[phone]"),
    ("(555) 123-4567", "[phone]"),
    ("FR76 3000 6000 0112 3456 7890 189 is mine", "[iban] is mine"),
    ("DE89370400440532013000", "[iban]"),
    ("GB29 NWBK 6016 1331 9268 19", "[iban]"),
    ("4242 4242 4242 4242", "[card]"),
    ("card 5555555555554444.", "card [card]."),
    ("2 69 05 49 588 157 80", "[nir]"),
    ("255081416802538", "[nir]"),
    ("from 192.168.1.17 to 10.0.0.1", "from [ip] to [ip]"),
    ("2001:db8:85a3::8a2e:370:7334", "[ip]"),
    ("https://bob:hunter2@example.org/x", "[url]"),
    ("postgres://u:p@db/main failed", "[url] failed"),
    ("DB_PASSWORD=hunter2", "[secret]"),
    ("client_secret: abcdef", "[secret]"),
    ("access_token='abcdef'", "[secret]'"),
    ("glpat-abcdefghijklmnopqrst", "[key]"),
    ("xoxb-1234567890-abc", "[key]"),
    ("AIzaSyA1234567890abcdefghijklmnopqrstuv", "[key]"),
    ("npm_abcdefghijklmnopqrstuvwx", "[key]"),
    ("gsk_abcdefghijklmnopqrst", "[key]"),
    ("sk-ant-api03-abcdefghijklmnop", "[key]"),
    ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----", "[key]"),
    ("Authorization: Basic dXNlcjpwYXNz", "Authorization: [token]"),
]
HARMLESS = [
    "1234 5678 9012 3456",  # fails the card check
    "FR76 3000 6000 0112 3456 7890 188",  # fails the IBAN check
    "2 69 05 49 588 157 81",  # fails the key
    "version 1.2.3 on 127.0.0.1:8000",
    "std::vector<int> and fee::add",
    "took 12:30:45, 1732190000000 ns",
    "8192 x 8192 in 0.123456789 s",
    "tokens: 17",
]
ODD = st.text(st.sampled_from("aA1 0.:@/\\-_+=é…[]()'\"skpwtoken\n\u200bFRghp"), max_size=80)
PIECES = st.lists(st.sampled_from([private for private, _ in PRIVATE]) | ODD, max_size=6).map("".join)


@pytest.mark.parametrize(("text", "expected"), PRIVATE)
def test_what_is_private_is_masked(text: str, expected: str) -> None:
    assert sanitize_text(text) == expected


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_looks_like_it_stays(text: str) -> None:
    assert sanitize_text(text) == text


@settings(deadline=None, max_examples=300)
@given(PIECES | st.text(max_size=80))
def test_masking_twice_is_masking_once_and_nothing_of_a_known_shape_survives(text: str) -> None:
    masked = mask(text)
    assert mask(masked) == masked
    for _, pattern, check in shapes():
        assert not any(check(match.group()) for match in pattern.finditer(masked))


@settings(deadline=None, max_examples=300)
@given(st.from_regex(r"[a-z ]{1,24}", fullmatch=True))
def test_a_few_small_letters_are_of_no_shape(text: str) -> None:
    """Which is why they aren't held against the shapes at all."""
    for _, pattern, check in shapes():
        assert not any(check(match.group()) for match in pattern.finditer(text))


@settings(deadline=None, max_examples=200)
@given(PIECES.map(lambda text: text * 12))
def test_cutting_a_long_text_lays_nothing_bare(text: str) -> None:
    once = sanitize_text(text)
    assert sanitize_text(once) == once


@pytest.mark.parametrize(
    "piece", ["a", "1", "1 ", "1.", "a@", "a:", "/a", "FR76", "Ab1", "+1", "password ", "sk-", "a_", "://", "0.", "::"]
)
def test_a_long_hostile_text_takes_no_time(piece: str) -> None:
    started = time.thread_time()
    sanitize_text(piece * (20_000 // len(piece)))
    assert time.thread_time() - started < 0.5
