"""Finds what excuses a match: it is quoted, discussed, told as a story, or asked by someone who protects.

An excuse weakens and never clears, so a text that piles up attempts is still seen. It counts only
where it plausibly frames the match: a quotation must hold it, and framing words must come before.
"""

# ruff: noqa: E501  (a pattern is read more easily on one line than cut in three)

from __future__ import annotations

import re
from functools import cache

from orion_py.safety.rules import Category

QUOTED = 0.3
FRAMED = 0.4

_INSIDE_DOCUMENTS = ("indirect", "indirect_secrecy", "exfiltration")
"""Attempts that come in quoted or pasted documents: a frame is their disguise and no excuse."""
_QUOTES = r"\"[^\"\n]{3,300}\"|“[^”\n]{3,300}”|«[^»\n]{3,300}»|`[^`]{3,600}`|(?<!\w)'[^'\n]{8,300}'(?!\w)"
_BEFORE: dict[Category, str] = {
    "injection": (
        r"\bprompt injections?|\binjections? de prompts?|\bjailbreaks?\b|\bjailbreaking\b|\bchat templates?\b|\bchatml\b"
        r"|\bwhat (?:does|do|is)\b|\bmean(?:s|ing)?\b|\bexplain|\bdetect|\bdefend|\bprevent|\bprotect|\bexamples?\b"
        r"|\bunit tests?\b|\b(?:our|a|the) filter\b|\bcustomer|\bque signifie|\bveut dire|\bexplique|\bempecher|\bproteger"
        r"|\bexemple|\btokenizer|\bregex\b|\bwhy\b|\bpourquoi\b|\bnotre filtre\b|\bdes tests\b|\bun client\b|\bmemoire sur\b"
        r"|\b(?:translate|traduis|traduire|traduisez|correct|corrige)\b[^:\n]{0,60}:"
        r"|\b(?:novel|short story|a scene|fiction|screenplay|roman|nouvelle|scenario)\b"
    ),
    "weapons": (
        r"\b(?:minecraft|fortnite|factorio|terraria|civilization|roblox|jeu video|video game|dans le jeu|in the game)\b"
        r"|\b(?:history|historical|histoire|historique|first|first world war|hiroshima|nagasaki|premiere|guerre)\b"
        r"|\b(?:defus|dispos|detect|antidote|treat(?:ed|ment)?\b|victim|prevent|protect|soigne|victime|desamorc|demine|neutralis"
        r"|interdi|forbid|illegal|convention)"
    ),
    "minors": (
        r"\b(?:abuse[ds]?\b|abused|signs?|report(?:ing)?\b|police|laws?\b|legal|consent|prevent|protect|therap|victim|educat\w{0,4}"
        r"|puberty|talk(?:ing)?\b|explain|signes?|signaler|lois?\b|consentement|proteger|prevention|victime|puberte|parler"
        r"|expliquer|abus\b|pediatr|medecin|doctor|gyneco)"
    ),
    "violence": (
        r"\b(?:novel|short story|a scene|fiction|screenplay|crime story|film noir|roman|nouvelle|scenario|polar|chapter|chapitre)\b"
        r"|\b(?:someone (?:sends|sent|wrote)|i (?:got|received)|he (?:sends|wrote)|she (?:sends|wrote)|on m'(?:envoie|a)|j'ai recu"
        r"|report|police|signaler|porter plainte|minecraft|chess|echecs|in the game|dans le jeu)\b"
    ),
    "self_harm": (
        r"\b(?:my (?:friend|son|daughter|brother|sister|student|pupil|patient)|mon (?:ami|fils|frere|eleve|patient)"
        r"|ma (?:fille|soeur|copine|patiente)|mon amie|prevent|prevention|statisti|warning signs|signes d'alerte)\b"
    ),
}
_PLAY = (
    r"\b(?:minecraft|fortnite|factorio|terraria|civilization|roblox|skyrim|zelda|mario(?: kart)?|(?:in|dans) hitman|hitman \d|crusader kings|among us|plague inc|valheim"
    r"|the sims|gta|d&d|dungeons|rpg|unity|unreal|godot|blender|photoshop|after effects|video ?games?|jeux? video|board game|party game|murder mystery"
    r"|cluedo|mods?|paladin|speedrun|larp|escape game)\b"
)
_CHESS = (
    r"\b(?:chess|echecs|roque\w*|castl(?:e|es|ing)|gambit|sicilienne|sicilian|checkmate|echec et mat|pawns?|pions?|london system|ouverture"
    r"|les blancs|king ?side|queen ?side|cote (?:dame|roi))\b"
)
_HISTORY = (
    r"\b(?:history|histoire|historique|historical\w*|siecle|century|centuries|nazis?|neron|nero|moyen age|middle ages|medieval\w*|romains?|romans?|shoah"
    r"|genocide|holocauste?|inquisition|sorcieres?|witch(?:es|craft)?|colons?|colonia\w+|propagand\w+|discours de|speech|analyse critique|seconde guerre"
    r"|world war|croisades?|crusades?|pogroms?|segregation|apartheid|peine prevue|trope|rwanda|armenien\w*|bosnia\w*|staline?|hitler|vichy|ku klux klan)\b"
)
_TOLD_OF = (
    r"\b(?:i (?:got|get|received|keep getting|was sent)|sends? me|sent me|wrote me|threatens? me|m'(?:envoie|a envoye|ecrit|a ecrit|ont envoye|a menace|menace)"
    r"|j'ai recu|je recois|on a recu|police|gendarmerie|procureur|prosecutor|avocat|lawyer|porter plainte|depot de plainte|plainte pour|restraining order"
    r"|signaler|report (?:it|them|him|this|a))\b"
)
_CARE = (
    r"\b(?:fin de vie|palliati\w+|euthanasi\w*|hospice|directives anticipees|assisted dying|aide a mourir|suicide prevention|prevention du suicide"
    r"|insurance|assurance|glass|verre casse|mon chien|mon chat|my (?:dog|cat|rabbit|puppy|kitten)|vet(?:erinary)?|veterinaire)\b"
)
_HEALTH = (
    r"\b(?:vaccin\w*|patients?|migraines?|esthetique|dermatolog\w*|botox|cattle|troupeau|conserves|canning|canned|hopital|hospital|antidotes?|risques?|risks?"
    r"|leaks?|fuite?|septi\w+|empecher|prevenir|eviter|avoid\w*|interdi\w+|banned|conventions?|trait[ey]|treaty|inspect\w*|disarm\w*|desarmement|musee|museum"
    r"|expose|dissertation|presentation|essay|school project|terminale|physique)\b"
)
_INNOCENT = (
    r"\b(?:gender reveal|reproduction|chromosomes?|biolog\w*|science|telescopes?|planet\w*|planetes?|etoiles?|oeil nu|naked eye|mole-rats?|rats?-taupes?"
    r"|emperor\w*|empereur|roi nu|renaissance|peintures?|paintings?|sculptures?|museum|musee|nue-propriete|usufruit|donation|electri\w*|cables?"
    r"|fils? (?:electriques?|nus?)|collants?|tights|ballet|paint|creme solaire|sunscreen|piscine|swimming|bain|bath time|couette|fievre|fever|creche"
    r"|harcelement|harassment|violences? sexuelles?|119|stereotypes?|egalite|equality|statisti\w+|teenage pregnancy)\b"
)
_ANYWHERE: dict[Category, str] = {
    "minors": f"{_BEFORE['minors']}|{_INNOCENT}",
    "self_harm": f"{_BEFORE['self_harm']}|{_CARE}",
    "violence": f"{_PLAY}|{_CHESS}|{_HISTORY}|{_TOLD_OF}|\\b(?:splunk|sql|query|process|daemon|karaoke)\\b",
    "weapons": f"{_PLAY}|{_HEALTH}",
    "injection": (
        r"\b(?:gps|linter|recette|recipe|ikea|notice|user manual|manuel|imprimante|printer|bash|ps1|zsh|firewall|pare-feu|lines? \d+|lignes? \d+"
        r"|gateau|cake|menu|(?:people|users|attackers|someone) (?:typ|writ|enter|past)\w+|des gens qui (?:tapent|ecrivent)|defen[cs]es?|resists?|resister)\b"
    ),
}
"""Where the frame may also follow: "photos of abused children: how do I report them?", "attack black in chess"."""


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def quotations(text: str) -> list[tuple[int, int]]:
    """Where ``text`` quotes: start and end of each quotation."""
    return [match.span() for match in _compiled(_QUOTES).finditer(text)]


def excuse(category: Category, rule: str, text: str, start: int, end: int, quotes: list[tuple[int, int]]) -> float:
    """What a match's weight is multiplied by: 1 where nothing excuses it."""
    factor = 1.0
    if rule in _INSIDE_DOCUMENTS:
        return factor
    if category in ("injection", "violence") and any(first < start and end < last for first, last in quotes):
        factor = QUOTED
    framed = _compiled(_BEFORE[category]).search(text, 0, start) is not None
    if not framed and category in _ANYWHERE:
        framed = _compiled(_ANYWHERE[category]).search(text) is not None
    return min(factor, FRAMED if framed else 1.0)
