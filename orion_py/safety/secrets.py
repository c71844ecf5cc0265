"""Finds the secrets of a system prompt, which its agent may need and no reader does.

A log masks whatever might be personal (``telemetry.pii_patterns``), since a word too many costs nothing there.
Here a word too many is taken out of an answer that somebody reads. So a text counts as a secret only if
its value looks like one, and never for the word before it alone: "For each token: print its type" names
no token, and "basic physics" is no Authorization header.
"""

from __future__ import annotations

import re
from functools import cache

SHORTEST = 4
"""Characters of a secret: what is shorter would be masked in the middle of other words."""
_PATTERNS = {
    # The credentials of an address, such as postgres://user:hunter22@host/db.
    "url": r"\b[A-Za-z][A-Za-z0-9+.-]{1,15}://[^\s/@:\"'<>]{0,64}:[^\s/@\"'<>]{1,128}@[^\s\"'<>]*",
    "header": r"(?i:\bauthorization\b[\"']?\s{0,3}[=:]\s{0,3}[\"']?)(?:[A-Za-z]{1,20}\s{1,3})?([\w.~+/=-]{6,})",
    "scheme": r"(?i:\b(?:bearer|basic))\s{1,3}([\w.~+/=-]{8,})",
    "jwt": r"\beyJ[\w-]{6,}\.[\w-]{6,}(?:\.[\w-]*)?",
    "issued": (
        r"\b(?:sk|pk|rk|whsec)[-_](?:live|test|proj|ant|or)[-_][\w-]{6,}|\b(?:sk|pk|rk|whsec)[-_][\w-]{12,}|\bhf_\w{12,}"
        r"|\bgh[opsur]_\w{16,}|\bgithub_pat_\w{16,}|\bglpat-[\w-]{16,}|\bxox[abeoprs]-[\w-]{10,}|\bxapp-[\w-]{10,}"
        r"|\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{12,}|\bAIza[\w-]{20,}|\bya29\.[\w-]{10,}|\bGOCSPX-[\w-]{10,}|\bnpm_\w{20,}"
        r"|\bSG\.[\w-]{10,}\.[\w-]{10,}|\b\d{8,10}:AA[\w-]{30,}|\bgsk_\w{16,}|\bxai-\w{16,}|\bpplx-\w{16,}|\bhvs\.[\w-]{16,}"
    ),
    "private_key": r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|\Z)",
    "assigned": (
        r"(?i:(?<![A-Za-z0-9])(?:\w{0,30}[_-])?(?P<name>api[_ -]?key|account[_-]?key|password|passwd|pwd|passphrase"
        r"|mot de passe|mdp|secret|access[_-]?key|client[_-]?secret|token|pin|code secret|cl[eé] (?:api|secr[eè]te))"
        r"(?![A-Za-z0-9]))"
        r"(?:[\"']?\s{0,3}[=:]\s{0,3}|\s(?:is|est)\s)[\"'«“]?\s?(?P<value>[^\s\"',;»”\[\]<>(){}]{3,})"
    ),
    "random": r"(?<![\w/.-])(?=[\w-]{0,200}[a-z])(?=[\w-]{0,200}[A-Z])(?=[\w-]{0,200}\d)[A-Za-z0-9_-]{32,}(?![\w/-])",
}
_PASSWORDS = ("password", "passwd", "pwd", "passphrase", "mot de passe", "mdp", "pin", "code secret")
_UNIT = re.compile(r"\s(?:characters?|letters?|digits?|tokens?|words?|caract[eè]res?|lettres?|chiffres?|mots?)\b", re.I)


@cache
def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(_PATTERNS[name])


def secrets_in(system: str) -> list[str]:
    """The keys, tokens and passwords that a system prompt holds, each once, as written."""
    found: list[str] = []
    for name in ("url", "jwt", "issued", "private_key", "random"):
        found += [match.group() for match in _pattern(name).finditer(system) if name != "issued" or _is_issued(match)]
    for name in ("header", "scheme"):
        found += [match[1] for match in _pattern(name).finditer(system) if _is_encoded(match[1])]
    found += [_value(match) for match in _pattern("assigned").finditer(system) if _is_assigned(match, system)]
    return [secret for secret in dict.fromkeys(found) if len(secret) >= SHORTEST]


def _value(match: re.Match[str]) -> str:
    return match["value"].rstrip(".:!?…")


def _is_issued(match: re.Match[str]) -> bool:
    """``sk-learn-pipeline`` has a vendor's prefix and is none of its keys: those hold digits."""
    text = match.group()
    return any(c.isdigit() for c in text) or re.match(r"\w{2,5}[-_](?:live|test|proj|ant)[-_]", text) is not None


def _is_encoded(text: str) -> bool:
    """Whether ``text`` is a credential of an Authorization header and not a word: base64 or hexadecimal
    text mixes digits, capitals and small letters, or ends in its padding."""
    kinds = (any(c.isdigit() for c in text), any(c.isupper() for c in text[1:]), any(c.islower() for c in text))
    return text.endswith("=") or sum(kinds) >= 2


def _is_assigned(match: re.Match[str], system: str) -> bool:
    """Whether what follows ``password:`` and the like is a value. A word is one only where no blank is
    between, as in a configuration, or in quotation marks; a number only after a password's name."""
    value, name = _value(match), match["name"].casefold()
    password = any(name.startswith(word) for word in _PASSWORDS)
    said = re.search(r"\s(?:is|est)\s", match.group()[: match.start("value") - match.start()]) is not None
    if said and not password:
        return False  # "the token is …" goes on with anything
    if value.isdigit():
        return password and len(value) >= SHORTEST and _UNIT.match(system, match.end()) is None
    if any(c.isdigit() for c in value) and any(c.isalpha() for c in value):
        return not re.fullmatch(r"\d+(?:[.,]\d+)?(?:[a-z]{1,3}|[kKMG]B)", value)  # 12px, 10MB
    if re.search(r"[^\w.'’/-]", value) and any(c.isalnum() for c in value):
        return not re.fullmatch(r"[\w.]+\(?\)?|\W*\w+\W*", value)
    between = system[match.start("name") + len(match["name"]) : match.start("value")]
    quoted = between[-1:] in "\"'" and len(between) > 1
    return len(value) >= 6 and value.isalpha() and (between in ("=", ":") or (quoted and password))
