"""Skips a rule's pattern unless a text holds one of the literals that every match needs.

An everyday question holds few of them, so most patterns are never compiled: that would cost the
first question in a browser half a second. A test holds that this changes no decision.
"""

from __future__ import annotations


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.replace("_", " ") for word in text.split())


_AGENTS = (
    "bomb explosi ied nerve sarin vx novichok tabun soman mustard phosgene ricin anthrax botul smallpox weapon napalm"
    " molotov detonat tatp uranium moutarde gaz neurotox innerv toxine arme"
)
NEEDS: dict[str, tuple[tuple[str, ...], ...]] = {
    "override": (
        _words(
            "ignor disregard forget overr bypass drop skip eras discard stop follow obey apply nothing remov disabl"
            " lift cancel void revok delet replac suspend off oubli neglig contourn outrepass abandon effac supprim"
            " respect suis suiv appliqu tiens tenez tenir obei abstraction rien sont"
        ),
        _words(
            "instruction rule prompt directi guideline guard programming restriction above before told count compt appl"
            " matter regle consigne invite garde programmation preced dessus tout_ce"
        ),
    ),
    "takeover": (
        _words(
            "override new_instructions your_new obey listen answer_to only_mine from_now you_have_a_new administrateur"
            " nouvelle nouveau n'obei seules partir desormais"
        ),
    ),
    "extraction": (
        _words(
            "prompt instruction message rule configuration above before were_given were_told developers consigne regle"
            " invite au-dessus dessus avant mots"
        ),
    ),
    "persona": (
        _words(
            "you pretend imagin act simulat behave answer respond character play ai a.i. model assistant bot llm mode"
            " filter restriction safety guardrail censor safeguard limit refus say_no anything tu vous fais agis repond"
            " comporte reste joue ia i.a. filtre garde securit dire_non robot"
        ),
        _words(
            "dan stan dude evilbot unrestrict unfilter uncensor jailb amoral restriction filt ethic ethiq moral limit"
            " rules guideline censor polic guardrail mode safety safeguard refus say_no anything_now regle censur"
            " garde-fou politique debrid liber securit"
        ),
    ),
    "forged_turn": (_words("<| [ <s <e ## admin developer assistant"),),
    "indirect": (_words("ai a.i. llm model assistant bot ia i.a. robot"),),
    "indirect_secrecy": (_words("mention tell inform dire dis parle"),),
    "exfiltration": (_words("forward send output post append transm transf envoi"), _words("@ http")),
    "weapon_making": (_words(_AGENTS),),
    "mass_poisoning": (_words(_AGENTS + " water eau reservoir supply pathog virus bacteri germ"),),
    "threat": (_words("threat i_will i'll i_am i'm menace vais"),),
    "targeting": (_words("live habit"),),
    "killing": (_words("kill murder poison strangle stab hit contract assassin tuer tueur empoison etrangl poignard"),),
    "attack": (_words("shoot bomb attack blow burn tirer attaqu sauter bruler"),),
    "harassment": (_words("until jusqu"),),
    "hate_violence": (
        _words("beat kill attack hunt lynch exterm burn tabass tuer frapper attaqu chasser lyncher bruler"),
    ),
    "self_harm_method": (
        _words(
            "myself life suicid die kill_me overdose end_it lethal wrist arm me_tuer pendre en_l'air jours finir mourir"
            " mortelle letale veines scarif me_couper me_bruler mutil du_mal"
        ),
    ),
    "self_harm_thoughts": (_words("die kill end live alive exist suicid dead mourir tuer finir vivre jours mort"),),
    "minors_sexual": (
        _words("sex porn erotic nude naked nu erotiq denud"),
        _words(
            "child kid minor toddler underage preteen little schoolgirl year yr yo enfant mineur gamin fillette"
            " petit ans"
        ),
    ),
}


def possible(rule: str, text: str) -> bool:
    """Whether ``text`` holds a word of every group that the rule of that name needs."""
    return all(any(word in text for word in group) for group in NEEDS.get(rule, ()))
