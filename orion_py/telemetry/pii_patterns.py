"""Lists the patterns of secrets and personal data, with check digits where there are any.

Each shape is a mask, a pattern and a check, which says how much of a match to mask (0: none of
it). Compiled on first use.
"""

# ruff: noqa: E501  (a pattern is read more easily on one line than cut in three)

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

Check = Callable[[str], int]


def luhn(text: str) -> int:
    """All of ``text`` if its digits pass the check of payment cards, 13 to 19 digits."""
    digits = [int(c) for c in text if c.isdigit()]
    total = sum(d if place % 2 == 0 else (2 * d - 9 if d > 4 else 2 * d) for place, d in enumerate(reversed(digits)))
    return len(text) if 13 <= len(digits) <= 19 and total % 10 == 0 and any(digits) else 0


def iban(text: str) -> int:
    """The length of the longest beginning of ``text`` that is an IBAN by its mod-97 check."""
    for end in range(len(text), 14, -1):
        compact = text[:end].replace(" ", "")
        if text[end - 1] == " " or not 15 <= len(compact) <= 34 or text[end : end + 1].isalnum():
            continue
        if int("".join(str(int(c, 36)) for c in compact[4:] + compact[:4])) % 97 == 1:
            return end
    return 0


def french_social_security(text: str) -> int:
    """All of ``text`` if the number's key is right: 97 less the number modulo 97."""
    compact = re.sub(r"[ .]", "", text).upper()
    number = compact[:13].replace("2A", "19").replace("2B", "18")
    return len(text) if number.isdigit() and 97 - int(number) % 97 == int(compact[13:15]) else 0


def ipv6(text: str) -> int:
    """All of ``text`` unless it is a name such as ``fee::add``, which only looks like an address."""
    return len(text) if any(c.isdigit() for c in text) and text.count(":") <= 7 else 0


def whole(text: str) -> int:
    return len(text)


_VENDORS = (
    r"\b(?:sk|pk|rk|whsec)[-_][\w-]{12,}|\bhf_\w{12,}|\bgh[opsur]_\w{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}"
    r"|\bxox[abeoprs]-[\w-]{10,}|\bxapp-[\w-]{10,}|\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{12,}|\bAIza[\w-]{20,}|\bya29\.[\w-]{10,}"
    r"|\bGOCSPX-[\w-]{10,}|\bnpm_\w{20,}|\bpypi-[\w-]{20,}|\bSG\.[\w-]{10,}\.[\w-]{10,}|\b\d{8,10}:AA[\w-]{30,}"
    r"|\bdop_v1_\w{20,}|\bshp(?:at|ca|pa|ss)_\w{16,}|\bsq0\w{3}-[\w-]{16,}|\bgsk_\w{16,}|\bxai-\w{16,}|\br8_\w{16,}|\bpplx-\w{16,}"
    r"|\bdapi[0-9a-f]{32}\b|\blin_api_\w{16,}|\bntn_\w{16,}|\bfigd_[\w-]{16,}|\bhvs\.[\w-]{16,}|\bAGE-SECRET-KEY-\w{10,}"
    r"|\bhooks\.slack\.com/services/[\w/]{10,}|-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[\s\S]*"
)
_ASSIGNED = (
    r"(?i:(?<![A-Za-z0-9])(?:\w{0,30}_)?(?:api[_-]?key|accountkey|password|passwd|pwd|passphrase|mot de passe|mdp|secret"
    r"|access[_-]?key|client[_-]?secret|(?:auth|access|refresh|session)?[_-]?token)(?![A-Za-z0-9]))"
    r"[\"']?\s{0,3}[=:]\s{0,3}[\"']?[^\s\"',;\[][^\s\"',;]{2,}"
)
_SHAPES: tuple[tuple[str, str, Check], ...] = (
    ("[url]", r"\b[A-Za-z][A-Za-z0-9+.-]{1,15}://[^\s/@:\"'<>]{0,64}:[^\s/@\"'<>]{1,128}@[^\s\"'<>]*", whole),
    ("[email]", r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+", whole),
    ("[token]", r"(?i:\b(?:bearer|basic)\s{1,3})[\w.~+/=-]{6,}|\beyJ[\w-]{6,}\.[\w-]{6,}(?:\.[\w-]*)?", whole),
    ("[key]", _VENDORS, whole),
    ("[secret]", _ASSIGNED, whole),
    ("[key]", r"\b(?=[\w-]{0,200}[a-z])(?=[\w-]{0,200}[A-Z])(?=[\w-]{0,200}\d)[\w-]{32,}\b", whole),
    ("[path]", r"\bfile://\S+|\b[A-Za-z]:\\[^\s\"'<>|]+|\\\\[\w.-]+\\[^\s\"'<>|]+", whole),
    ("[path]", r"(?<![\w/:.~<*)\]])~?/(?:[^\s/\"'<>|:,;()]+/)+[^\s/\"'<>|:,;()]*", whole),
    ("[iban]", r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}", iban),
    (
        "[nir]",
        r"(?<!\w)[1-478][ .]?\d{2}[ .]?\d{2}[ .]?(?:\d{2}|2[ABab])[ .]?\d{3}[ .]?\d{3}[ .]?\d{2}(?!\w)",
        french_social_security,
    ),
    ("[card]", r"(?<![\w.])[2-6]\d{3}(?:[ -]?\d){9,15}(?!\w)", luhn),
    ("[phone]", r"(?<![\w.+])(?:(?:\+|00)33[ .-]?(?:\(0\)[ .-]?)?|0)[1-9](?:[ .-]?\d{2}){4}(?!\w)", whole),
    (
        "[phone]",
        r"(?<![\w+])(?:\+|00)[1-9]\d{0,2}(?:[ .-]?\(?\d{1,4}\)?){2,6}(?!\w)",
        lambda t: len(t) if _digits(t) >= 9 else 0,
    ),
    ("[phone]", r"(?<![\w.(-])(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}(?![\w.])", whole),
    (
        "[ip]",
        r"(?<![\w.])(?!127\.0\.0\.1|0\.0\.0\.0)(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w.])",
        whole,
    ),
    (
        "[ip]",
        r"(?<![\w:.])(?:(?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}|(?:[0-9A-Fa-f]{1,4}:){1,6}(?::[0-9A-Fa-f]{1,4}){1,6}"
        r"|::(?:[0-9A-Fa-f]{1,4}:){1,6}[0-9A-Fa-f]{1,4})(?![\w:])",
        ipv6,
    ),
)

_PLAIN = re.compile(r"[a-z ]{1,24}")
"""Too short, and of too few kinds of characters, for any of the shapes."""


@cache
def shapes() -> tuple[tuple[str, re.Pattern[str], Check], ...]:
    return tuple((mask, re.compile(pattern), check) for mask, pattern, check in _SHAPES)


def mask(text: str) -> str:
    """``text`` with everything of a known shape masked. Nothing of a known shape survives."""
    if _PLAIN.fullmatch(text):  # most of a log: event names and keys
        return text
    while (masked := _once(text)) != text:  # again: taking one thing out can lay another bare
        text = masked
    return text


def _once(text: str) -> str:
    for name, pattern, check in shapes():
        text = _replaced(text, name, pattern, check)
    return text


def _replaced(text: str, name: str, pattern: re.Pattern[str], check: Check) -> str:
    if pattern.search(text) is None:
        return text
    kept, done, position = [], 0, 0
    while (match := pattern.search(text, position)) is not None:
        size = check(match.group())
        if size:
            kept += [text[done : match.start()], name]
            done = position = match.start() + size
        else:
            position = match.start() + 1
    return "".join(kept) + text[done:]


def _digits(text: str) -> int:
    return sum(c.isdigit() for c in text)
