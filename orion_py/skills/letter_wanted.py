"""Tells whether a message asks for a letter or an e-mail, who writes it, and to whom."""

from __future__ import annotations

import re
from dataclasses import dataclass

from orion_py.skills.letter_words import FAMILY

_MAKE = (
    r"(?:write|draft|compose|prepare|need|want|help me with|r[ée]dige[rz]?|[ée]cri(?:s|re|vez)?|fai(?:s|re|tes)|"
    r"pr[ée]pare[rz]?|besoin|faudrait|aide[- ]moi)"
)
_EMAIL = re.compile(r"\b(?:e-?mails?|mails?|courriels?)\b", re.IGNORECASE)
_LETTER = re.compile(
    r"\b(?:letters?|lettres?|thank[- ]you (?:note|card)|(?:mot|carte) de remerciements?|reference for)\b", re.IGNORECASE
)
_ASKS = re.compile(rf"\b{_MAKE}\b.{{0,60}}(?:{_EMAIL.pattern}|{_LETTER.pattern})", re.IGNORECASE | re.DOTALL)
_DEED = re.compile(
    r"(?:^\W*(?:(?:hi|hello|hey|bonjour|salut)\W+)?(?:please |can you |could you |peux-tu |pourrais-tu |stp )*"
    r"|\basked me to |\bneed to |\bdemandé de |\bje dois )"
    r"(?:decline|accept|cancel|thank (?!you)|congratulate|invite|remind (?!me)|apologi[sz]e to|complain to"
    r"|d[ée]cline|remercie|f[ée]licite|relance|pr[ée]viens|rappelle[rz]? [àa] )",
    re.IGNORECASE,
)
"""What a letter does; with a signature it is one."""
_WRITE_TO = re.compile(
    r"^\W*(?:can you |could you |please |peux-tu |pouvez-vous )*"
    r"(?:write|reply|respond|[ée]cris|r[ée]ponds?|r[ée]dige)\b"
    r".{0,20}\b(?:to|[àa]|au|aux) (?:my|our|the|m[ao]n|notre|la|le|l'|mrs?|ms|mme|m\.|[A-ZÀ-Ý])",
    re.IGNORECASE,
)
_BEGINS = re.compile(r"\W*(?:an? |une? )?(?:short |petite? )?(?:e-?mail|mail|lettre|letter)\b", re.IGNORECASE)
_NOT = re.compile(
    r"\b(?:how (?:do|should|can) (?:i|you|we)|how to|comment (?:je |on |faire|écrire|rédiger)|what is|summar"
    r"|r[ée]sum|translat|tradui|poem|po[èe]me|story|histoire|function|fonction|regex|code|letters? in|lettres? dans"
    r"|capital letter|says?:|corrig|correct|subject line|fix (?:the|my)|make (?:this|it)|shorten|raccourci)\b",
    re.IGNORECASE,
)
_NAME = r"(?:(?:Mr|Mrs|Ms|Dr|M|Mme|Mlle)\.? )?[A-ZÀ-Ý][\w’'-]*(?: (?:[A-ZÀ-Ý][\w’'-]*|de|du|la|le|von|van|of))*"
_NAMES = rf"{_NAME}(?:(?: and | et | & |, ){_NAME})*"
_SENDER = (
    re.compile(
        rf"\b(?:[Ss]ign(?:ed|ez|e|é|ée|és)?(?: it| them)?(?: as| by| par)?|[Ff]rom|[Yy]ours,?|[Dd]e la part d(?:e |')"
        rf"|[Ll]ove,?|[Nn]om|[Mm]y name is|[Ii]'?m called|[Jj]e m'appelle|mon nom(?: est)?|[Ii] am|[Jj]e suis)"
        rf"\s*:?\s+(?P<name>{_NAMES})"
    ),
    re.compile(rf"(?:^|[.!?:)\n]\s*)(?P<name>{_NAMES})\W*$"),
)
_NO_NAME = re.compile(
    r"^(?:I|My|The|Keep|Not|He|She|They|We|It|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|Please|Court|Merci|Thanks"
    r"|Reste|Ton|Je|Il|Elle)$"
)
_TITLE = r"(?:Mr|Mrs|Ms|Miss|Dr|Prof|Sir|Lady|Auntie?|Uncle|M|Mme|Mlle|Me|Monsieur|Madame|Maître|Docteur)\.?"
_FIRM = "agenc[ey]|compagnie|company|club|council|bank|banque|society|société|association|shop|boutique|hotel|hôtel"
_TO = re.compile(
    rf"\b(?:to|remind|à|au|aux|pour|for|correspondante?)\b"
    rf"(?: (?!(?:to|chez|{_FIRM})\b)(?!\w'(?:{_FIRM})\b)[\w'’-]+){{0,5}}?,? (?P<name>(?:{FAMILY}) {_NAME}"
    rf"|[A-ZÀ-Ý][\w'’-]+)",
)
_TITLED = re.compile(rf"\b(?P<name>{_TITLE} [A-ZÀ-Ý][\w’'-]*(?: [A-ZÀ-Ý][\w’'-]*)*)")
_LOWER_NAME = re.compile(
    r"\b(?:my name is|my name's|i'?m called|je m'appelle|mon nom(?: est| c'est)?|signed|signé)[ :]+"
    r"(?P<name>[a-zà-ÿ'-]{2,20}(?: (?!(?:and|et|i|je|from|de|but|mais|on|we)\b)[a-zà-ÿ'-]{2,20})?)"
)
_LOWER_TITLED = re.compile(r"\b(?P<name>(?:mrs|mr|ms|mme|mlle|dr) [a-zà-ÿ'-]{2,20})\b")
"""As people write them who use no capitals."""
_ASKED_US = re.compile(r"\b(?P<name>[A-ZÀ-Ý][\w’'-]+) (?:has (?:asked|invited)|asked|invited|m'a|nous a|a invité)")

_WHEN_OR_WHERE = re.compile(
    r"^(?:(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|January|February|March|April|May|June|July|August|September|October"
    r"|November|December|MOT|VAT|Noël|Pâques|Christmas|Easter)\b"
)
_SIGNED = re.compile(
    rf"(?:\b[Ss]ign(?:ed|ez|e|é|ée|és)?(?: it)?|\b[Mm]y name is|\b[Jj]e m'appelle|(?:^"
    rf"|[.!?\n] *)[Ff]rom)\s*:?\s+{_NAMES}"
)
"""A signature that is meant as one."""


@dataclass(frozen=True, slots=True)
class Letter:
    """``sender`` and ``recipient`` as they are signed and greeted, "" where nothing tells them."""

    email: bool
    sender: str
    recipient: str


def letter_wanted(query: str) -> Letter | None:
    """The letter that ``query`` asks for, or None where it asks for none."""
    plain = query.replace("’", "'")
    asks = _ASKS.search(plain) or _BEGINS.match(plain)
    does = _DEED.search(plain) and _SIGNED.search(plain)
    if _NOT.search(plain) or not (asks or _WRITE_TO.search(plain) or does):
        return None
    sender = _sender(plain)
    return Letter(_EMAIL.search(plain) is not None, sender, _recipient(plain, sender))


def _sender(query: str) -> str:
    for pattern in _SENDER:
        found = [match["name"] for match in pattern.finditer(query)]
        names = [re.sub(r"[.'-]+$", "", name).strip() for name in found]
        names = [name for name in names if name and not _NO_NAME.match(name) and len(name) > 1]
        if names:
            return names[-1]
    lower = _LOWER_NAME.search(query)
    return lower["name"].title() if lower else ""


def _recipient(query: str, sender: str) -> str:
    for pattern in (_TITLED, _TO, _ASKED_US):
        for match in pattern.finditer(query):
            name = match["name"].strip(" .,")
            if name not in sender and not _NO_NAME.match(name) and not _WHEN_OR_WHERE.search(name):
                return name
    lower = _LOWER_TITLED.search(query)
    return lower["name"].title() if lower else ""
