"""A first look at what comes in: attempts to speak in the system's name, and hidden text.

This reduces risk and no more. Patterns find what is written the usual way and miss the rest; what
really keeps a text from opening a turn is ``validation.neutralise_special_tokens``. So almost
everything is only reported, as findings, and a message is blocked where two different
attempts stand in it and it isn't talking about such attempts. A question about code, medicine or
security is none of the guard's business.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal, Protocol

from orion_py.errors import BlockedByGuard

Severity = Literal["low", "medium", "high"]


@dataclass(frozen=True, slots=True)
class Finding:
    """``rule`` is stable and can be logged; a finding never holds the text itself."""

    rule: str
    severity: Severity


class Guard(Protocol):
    def check(self, text: str) -> tuple[Finding, ...]:
        """What stands out in ``text``, in the order of the rules. Raises BlockedByGuard."""


_EARLIER = (
    r"(?:(?:all|any|every|the|your|my|of|these|those|above|prior|previous|preceding|earlier|former|system|initial"
    r"|original|safety)\s+){1,5}"
    r"(?:instructions?|rules?|prompts?|directives?|guidelines?|guardrails?|programming|messages?)"
)
_ANTERIEUR = (
    r"(?:(?:toutes?|tous|les?|la|tes|vos|ces|mes|de|tout)\s+|l')+(?:(?:précédentes?|anciennes?|premières?)\s+)?"
    r"(?:instructions?|règles?|consignes?|directives?|invites?|prompts?|messages?)"
    r"(?:\s+(?:système|précédente?s?|antérieure?s?|initiales?|ci-dessus|d'avant|du système|de sécurité|reçues))+"
)
_PATTERNS: tuple[tuple[str, Severity, str], ...] = (
    (
        "override",
        "high",
        rf"\b(?:ignore|disregard|forget|override|bypass|drop)\s+(?:about\s+)?{_EARLIER}"
        r"|\bforget\s+everything\s+(?:you\s+were\s+told|above|before)"
        rf"|\b(?:ignore[sz]?|oublie[sz]?|néglige[sz]?|contourne[sz]?|outrepasse[sz]?)\s+(?:donc\s+)?{_ANTERIEUR}"
        r"|\b(?:oublie[sz]?|ignore[sz]?)\s+tout\s+ce\s+(?:qui\s+précède|qu'on\s+(?:t'a|vous\s+a)\s+dit|que\s+(?:tu|vous)\s)",
    ),
    (
        "extraction",
        "high",
        r"\b(?:reveal|print|show|repeat|output|display|tell|give|leak|dump|recite)\b(?:\s+(?:me|us|back|out))?\s+"
        r"(?:(?:all|of|verbatim|exactly|the\s+full|the\s+exact|the\s+text\s+of)\s+)*"
        r"(?:your\s+(?:(?:full|original|entire|exact)\s+)*(?:system|hidden|secret|initial|internal)\s+"
        r"(?:prompt|message|instructions?)|the\s+(?:(?:full|original|entire|exact|hidden|secret)\s+)*system\s+prompt)"
        r"|\b(?:révèle|affiche|montre|répète|donne|dévoile|imprime|recopie)[sz]?(?:-(?:moi|nous))?\s+"
        r"(?:(?:mot\s+pour\s+mot|toute?s?|intégralement)\s+)*(?:l'intégralité\s+de\s+|le\s+texte\s+de\s+)?"
        r"(?:(?:ton|ta|tes|votre|vos)\s+(?:prompt|invite|message|instructions?|consignes?)\s+"
        r"(?:système|du\s+système|secrète?s?|cachée?s?|initiale?s?|internes?)|le\s+prompt\s+(?:du\s+)?système)",
    ),
    (
        "persona",
        "high",
        r"\byou\s+are\s+(?:now\s+)?(?:dan\b|stan\b|an?\s+(?:unrestricted|unfiltered|uncensored|jailbroken)\b)"
        r"|\b(?:enable|enter|activate|switch\s+to)\s+(?:dan|developer|jailbreak|god|unrestricted)\s+mode\b"
        r"|\b(?:pretend|act\s+as\s+if|imagine)\s+(?:that\s+)?you\s+(?:have|had)\s+no\s+(?:rules|restrictions|limits|filters|guidelines)\b"
        r"|\b(?:tu\s+es|vous\s+êtes)\s+(?:maintenant\s+|désormais\s+)?(?:dan\b|une?\s+(?:ia|assistant|modèle)\s+"
        r"(?:sans\s+(?:restrictions?|limites?|filtres?|censure|règles)|non\s+censurée?))"
        r"|\b(?:active[sz]?|passe[sz]?\s+en)\s+(?:le\s+)?mode\s+(?:dan|développeur\s+sans|jailbreak|sans\s+(?:filtre|restriction|limite))",
    ),
    (
        "forged_turn",
        "medium",
        r"<\|(?:im_start|im_end|endoftext|eot_id|start_header_id|end_header_id|system|assistant|user)\|>"
        r"|\[/?inst\]|<</?sys>>|<(?:start|end)_of_turn>",
    ),
)
_RULES = tuple((rule, severity, re.compile(pattern)) for rule, severity, pattern in _PATTERNS)
_ABOUT = re.compile(
    r"\b(?:prompt\s+injections?|injections?\s+(?:de|d')\s*(?:prompts?|invites?)|jailbreak(?:s|ing)?\s+(?:attack|attempt|prompt)s?|chat\s+templates?|chatml"
    r"|gabarits?\s+de\s+conversation|what\s+does|what\s+do|mean(?:s|ing)?|explain|detect(?:s|ing|ion)?|defend(?:ing)?|prevent(?:s|ing)?|protect(?:s|ing)?"
    r"|example|exemple|que\s+signifie|veut\s+dire|explique[rz]?|détecter|détection|empêcher|protéger|prévenir|tokenizer|regex|why\s+do|pourquoi"
    r"|translate|traduis|traduire|traduisez)\b"
)
_QUOTED = re.compile(r"\"[^\"\n]{3,300}\"|“[^”\n]{3,300}”|«[^»\n]{3,300}»|`[^`]{3,600}`|(?<!\w)'[^'\n]{8,300}'(?!\w)")
_HIDDEN_TAGS = re.compile(r"(?<![\U0001f3f4\U000e0020-\U000e007f])[\U000e0020-\U000e007f]{2,}")
_OVERRIDES = re.compile(r"[\u202d\u202e]")
_ZERO_WIDTH = re.compile(r"[\u200b\u2060\ufeff\u00ad]")
_ZERO_WIDTH_ALLOWED = 10


class InputGuard:
    """Checks a query that ``validate_query`` let pass. Stateless."""

    def check(self, text: str) -> tuple[Finding, ...]:
        plain = _plain(text)
        discussed = _ABOUT.search(plain) is not None
        spoken = _QUOTED.sub(" ", plain)
        findings: list[Finding] = []
        for rule, severity, pattern in _RULES:
            if pattern.search(spoken):
                findings.append(Finding(rule, "low" if discussed else severity))
            elif pattern.search(plain):
                findings.append(Finding(rule, "low"))
        if _HIDDEN_TAGS.search(text) or _OVERRIDES.search(text):
            findings.append(Finding("hidden_text", "medium"))
        elif len(_ZERO_WIDTH.findall(text)) > max(_ZERO_WIDTH_ALLOWED, len(text) // 20):
            findings.append(Finding("hidden_text", "low"))
        serious = [finding.rule for finding in findings if finding.severity != "low"]
        if len(serious) >= 2 and any(finding.severity == "high" for finding in findings):
            raise BlockedByGuard(
                "The message tries to replace the assistant's instructions, so it wasn't sent to the model.",
                rules=serious,
            )
        return tuple(findings)


def _plain(text: str) -> str:
    """What a reader sees: compatibility forms folded, hidden characters gone, one case."""
    shown = _ZERO_WIDTH.sub("", unicodedata.normalize("NFKC", text))
    return shown.replace("\u2019", "'").casefold()
