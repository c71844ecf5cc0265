"""Says which French words are bound to the next one, and by which consonant.

Liaisons that everybody makes, after determiners, pronouns, short prepositions and adverbs, adjectives before their
noun, "est", "sont", "ont", and in set phrases. Those that some make, such as after a plural noun, aren't made.
"""

from __future__ import annotations

import re

_Z = """les des ces mes tes ses nos vos leurs aux quelques plusieurs certains certaines quels quelles différents
différentes divers diverses deux trois six dix cents quatre-vingts nous vous ils elles dans sans chez sous très plus
moins petits petites grands grandes gros grosses bons bonnes beaux belles nouveaux nouvelles vieux vieilles mauvais
mauvaises autres jeunes longs longues premiers premières derniers dernières anciens anciennes prochains mêmes"""
_N = "un mon ton son aucun bien rien on en bon ancien prochain plein certain"
_T = "tout vingt cent quand dont est c'est sont ont petit grand haut"
_AFTER = {
    **dict.fromkeys(_Z.split(), "z"), **dict.fromkeys(_N.split(), "n"), **dict.fromkeys(_T.split(), "t"),
    "trop": "p", "premier": "ʁ", "dernier": "ʁ", "léger": "ʁ",
}  # fmt: skip
_PRONOUNS = frozenset(["nous", "vous", "ils", "elles", "on"])
_OTHERWISE = {
    "bon": "bɔn", "ancien": "ɑ̃sjɛn", "prochain": "pʁɔʃɛn", "plein": "plɛn", "certain": "sɛʁtɛn",
    "premier": "pʁəmjɛʁ", "dernier": "dɛʁnjɛʁ", "léger": "leʒɛʁ", "neuf": "nœv",
}  # fmt: skip
"""Words that are said otherwise when they are bound, the consonant included."""
_PHRASES = frozenset(
    (
        "temps en", "mot à", "pied à", "nuit et", "plus ou", "pas à", "tout à", "vingt et", "accent aigu", "pot au",
        "fait accompli", "comment allez", "états unis", "champs élysées",
    )
)  # fmt: skip
"""Words that are bound in this phrase alone."""
_PHRASE_SOUND = {"p": "p", "d": "t", "t": "t", "s": "z", "x": "z", "z": "z", "g": "k"}
_NEVER_BEFORE = frozenset(["et", "ou", "oui", "onze", "onzième", "huit", "huitième", "ah", "eh", "oh", "hein"])
_NOT_AFTER_PRONOUNS = frozenset(["à", "aussi", "avec", "avant", "après", "au", "aux", "ensemble", "entre"])
_ASPIRATED = re.compile(
    r"(?:h(?:a(?:ch|dd|i[ent]|ï|l(?:l|t|og)|m(?:a[c]|b|eau|ster)|nch|nd|ng|nt|pp|r(?:a|c|d|e[mn]|g|i[c]|n|p|r)|s[a]|te|"
    r"tif|uss|ut|vr|y|mm|ck)|âte|âl|eni|enn|er(?:n|se|iss)|ér(?:iss|on$|ons$|os)|êtr|eurt|"
    r"i(?:b[o]|de|ér|pp|ss|t-|p-|c$)|"
    r"o(?:bb|ch|ck|l(?:d|l)|mard|ng|nt|qu|rd|rs|tt|u|ll)|u(?:b|ch|é|er|it|l|m[e]r?$|ppe|rl|ron|ss|tt))"
    r"|onz|oui$|ouistiti|uhlan|yaourt|yacht|yo|yé|ya|ye[mnt])"
)
_SPOKEN_FIRST = frozenset("aɑeɛəiyuoɔøœɥ")


def binding(word: str, following: str, sound: str, joined: bool) -> str | None:
    """The consonant that binds ``word`` to ``following``, both in small letters; None: nothing does. ``sound``: the
    phonemes of ``following``. ``joined``: a hyphen is between them."""
    if not begins_with_vowel(following, sound) or following in _NEVER_BEFORE - {"et", "ou"}:
        return None
    if f"{word} {following}" in _PHRASES:
        return _PHRASE_SOUND.get(word[-1])
    if joined:
        if following in ("il", "ils", "elle", "elles", "on"):
            return "t" if word[-1] in "td" else None
        if following in ("y", "en"):
            return "z" if word[-1] in "sxz" else None
    if following in _NEVER_BEFORE or (following.startswith("un") and word in ("cent", "vingt")):
        return None
    if word in _PRONOUNS and following in _NOT_AFTER_PRONOUNS:
        return None
    return _AFTER.get(word)


def bound(word: str, sound: str, consonant: str) -> str:
    """The phonemes of ``word``, which are ``sound`` by themselves, with the consonant that binds it."""
    if word in _OTHERWISE:
        return _OTHERWISE[word]
    return sound if sound.endswith(consonant) else sound + consonant


def before_vowel(word: str) -> str | None:
    """How a word that is no liaison changes before a vowel: "neuf heures", "neuf ans"."""
    return _OTHERWISE["neuf"] if word == "neuf" else None


def begins_with_vowel(word: str, sound: str) -> bool:
    """Whether words are bound and elided before ``word``."""
    if _ASPIRATED.match(word):
        return False
    bare = sound.lstrip("ˈˌ")
    if bare[:1] in _SPOKEN_FIRST:
        return True
    return word.startswith(("oi", "oue", "ouï")) or word in ("yeux", "y", "hier")
