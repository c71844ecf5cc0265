"""Screens the answer on its way to the page: masks or stops what must not be drawn.

Three things, by cost. Each piece: control and bidirectional characters go. While the answer is
about to repeat a secret that the system prompt holds: it is held back and masked. Where a sentence
holds a word of the abuse rules: it waits for its end and is screened before it shows. All other
text passes at once, so that a token is delayed only where there is a reason to.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from orion_py.safety.context import excuse
from orion_py.safety.guard import refusal
from orion_py.safety.normalise import normalise
from orion_py.safety.rule_book import all_rules

MASK = "[…]"
HELD_AT_MOST = 400
"""Characters that wait for a sentence's end."""
_CONTEXT = 300
"""Characters before a sentence that are screened with it."""
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufff9-\ufffb]")
_END = re.compile(r"[.!?…\n]")
_SCREENED = ("minors_sexual", "weapon_making", "mass_poisoning", "self_harm_method", "threat", "hate_violence")
_STEM = 14
"""Characters of earlier text in which a word that goes on in this piece may have begun."""


_TRIGGER = (
    r"sexu|\bsexe?\b|porn|[ée]rotic|[ée]rotiq|\bnu(?:de|e)?s?\b|naked|bomb|explosi|nerve|sarin|\bvx\b|novichok|phosgene"
    r"|ricin|anthrax|botul|smallpox|weapon|napalm|molotov|detonat|d[ée]tonat|neurotox|innerv|\barmes?\b|uranium|pathog|suicid"
    r"|kill|\btuer|bleach|v[eé]ines|wrist|hang |pendre|overdose|exterm|tabass|lynch|poison|threat|menace"
)
"""Words without which no output rule can match, accents left open, in small letters."""


@cache
def _trigger(any_case: bool) -> re.Pattern[str]:
    return re.compile(_TRIGGER, re.IGNORECASE if any_case else 0)


def triggered(text: str) -> bool:
    """Whether ``text`` contains a word of ``_TRIGGER``, in any case. In letters up to U+00FF, of which each has
    one small letter, that is looked up in a quarter of the time."""
    if text.isascii() or max(text) < "\u0100":
        return _trigger(any_case=False).search(text.lower()) is not None
    return _trigger(any_case=True).search(text) is not None


class OutputGuard:
    """A stage of an answer's text (``generation.stages.TextStage``): what ``push`` passes on has been screened.

    ``secrets``: texts that must not appear, such as keys in a system prompt. ``push`` and ``finish`` raise
    BlockedByGuard or one of its kinds when the answer itself is severe abuse; what was passed on before stays.
    """

    done = False

    def __init__(self, *, secrets: Sequence[str] = (), screens: bool = True) -> None:
        self._secrets = sorted((s for s in secrets if len(s) >= 4), key=len, reverse=True)
        self._screens = screens
        self._tail = ""
        """The end of what was passed on."""
        self._held = ""
        self._waiting = False

    def push(self, text: str) -> str:
        text = _CONTROL.sub("", text)
        if not self._waiting and not self._secrets:
            seen = self._tail[-_STEM:] + text
            if not (self._screens and triggered(seen)):
                return self._passed(text)
            self._waiting = True
        self._held += text
        return self._release(final=False)

    def finish(self) -> str:
        return self._release(final=True)

    def _release(self, final: bool) -> str:
        if self._secrets:
            for secret in self._secrets:
                self._held = self._held.replace(secret, MASK)
            keep = 0 if final else self._begun_secret()
        else:
            keep = 0
        ready = self._held[: len(self._held) - keep]
        if self._screens and triggered(self._tail[-_STEM:] + ready):
            ends = [match.end() for match in _END.finditer(ready)]
            if not final and not ends and len(ready) < HELD_AT_MOST:
                self._waiting = True
                return ""
            if ends and not final and len(ready) - ends[-1] < HELD_AT_MOST:
                ready = ready[: ends[-1]]
            self._screen(ready)
        self._held = self._held[len(ready) :]
        self._waiting = bool(self._held) and not self._secrets
        return self._passed(ready)

    def _begun_secret(self) -> int:
        """How many characters at the end may be the beginning of a secret."""
        longest = 0
        for secret in self._secrets:
            for size in range(min(len(secret) - 1, len(self._held)), longest, -1):
                if secret.startswith(self._held[-size:]):
                    longest = size
                    break
        return longest

    def _screen(self, text: str) -> None:
        plain = normalise(self._tail[-_CONTEXT:] + text)
        for rule in all_rules():
            if rule.name not in _SCREENED or not rule.possible(plain):
                continue
            for match in rule.compiled().finditer(plain):
                factor = excuse(rule.category, rule.name, plain, match.start(), match.end(), [])
                if rule.weight * factor >= 0.9:
                    raise refusal(rule.category, [rule.name])

    def _passed(self, text: str) -> str:
        self._tail = (self._tail + text)[-_CONTEXT:]
        return text
