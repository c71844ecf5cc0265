"""Lists the rules on prompt injection: replacing instructions, extracting them, forging turns."""

# ruff: noqa: E501  (a pattern is read more easily on one line than cut in three)

from __future__ import annotations

from orion_py.safety.rules import Language, Rule

_DROP = (
    r"\b(?:ignore|disregard|forget|override|bypass|drop|skip|erase|discard|overrule|stop (?:following|obeying)"
    r"|(?:do not|don't|not|no longer|never) (?:follow|obey|apply))"
)
_ORDERS = r"(?:instructions?|rules?|prompts?|directives?|directions?|guidelines?|guardrails?|programming|restrictions?)"
_EARLIER = (
    r"(?:(?:all|any|every|each|the|of|these|those|own|about|to) ){0,4}"
    r"(?:(?:your|above|prior|previous|preceding|earlier|former|system|initial|original|safety|developer's) ){1,4}"
)
_VERBS = (
    r"\b(?:reveal|print|show|repeat|output|display|tell|give|leak|dump|recite|copy|translate|encode|summari[sz]e"
    r"|share|send|expose|write out|quote|disclose)\b"
)
_INNER = r"(?:system|hidden|secret|initial|internal|confidential|original|full|entire|exact|complete)"
_FREE = (
    r"(?:no|without|zero|free of|freed from|free from)(?: (?:any|its|all|kind of|content|moral|ethical|safety|more)){0,3} "
    r"(?:restrictions|filters?|ethics|morals?|limits|limitations|rules|guidelines|censorship|polic(?:y|ies)|guardrails)\b"
    r"(?! (?:of|in|for|on)\b)"
)
_LACHE = (
    r"\b(?:ignore[sz]?|oublie[sz]?|neglige[sz]?|contourne[sz]?|outrepasse[sz]?|abandonne[sz]?|efface[sz]?|supprime[sz]?"
    r"|(?:ne )?(?:respecte|suis|applique|tiens|obei)[sz]?(?: plus| pas| aucun)(?: compte)?|fai(?:s|re|tes) abstraction"
    r"|n'obeis(?: plus| pas)?|arrete[sz]? de (?:suivre|respecter|obeir))"
)
_START = r"(?:^|\n|[^\w\s'] ?|\b(?:et|puis|donc|alors|maintenant|dois|devez|veuillez|de|doivent) )"
"""Where an imperative stands: elsewhere "ignore" is what somebody does, in the third person."""
_ORDRES = r"(?:instructions?|regles?|consignes?|directives?|invites?|prompts?|garde-fous?|programmation|restrictions?)"
_DIS = (
    r"\b(?:revele|affiche|montre|repete|donne|devoile|imprime|recopie|divulgue|traduis|encode|resume|dis|envoie|cite"
    r"|ecris|communique|recite)[sz]?(?:-(?:moi|nous|le|les)){0,2}\b"
)
_INTIME = r"(?:systeme|du systeme|secrete?s?|cachee?s?|initiale?s?|internes?|confidentielle?s?|d'origine|complete?s?)"
_LIBRE = (
    r"(?:sans|aucune?|ni|plus de|libere[es]* de)(?: (?:aucune?|toute?|tes|sa|ses|la moindre))?"
    r" (?:restrictions?|filtres?|ethique|morale|limites?|regles?|censure|politique de contenu|garde-fous?)\b(?! (?:de|d'|du)\b)"
)
_AI = r"(?:ai|a\.i\.|llm|language model|assistant|model|chatbot|bot)"
_IA = r"(?:ia|i\.a\.|llm|modele(?: de langage)?|assistante?|chatbot|robot)"

# fmt: off
_EN: tuple[tuple[str, float, str], ...] = (
    ("override", 1.0, rf"{_DROP} {_EARLIER}{_ORDERS}\b"),
    ("override", 0.9, r"\b(?:ignore|disregard|forget) (?:all|everything|anything|whatever)~(?:above|before|were told)\b"),
    ("override", 0.8, r"\bnothing~(?:said|written|stands)~(?:counts|applies|matters)\b"),
    ("override", 0.9, rf"{_DROP}~the {_ORDERS} (?:that )?you (?:were|have been|got) "),
    ("override", 0.9, r"\b(?:drop|remove|disable|lift) (?:every|all|any|your)(?: \w{1,12})? (?:guardrails?|safeguards?)\b"),
    (
        "override",
        0.9,
        rf"\b(?:your|all|previous|prior|earlier|safety)~{_ORDERS} (?:are|is|have been|were) (?:now )?"
        r"(?:cancelled|canceled|void|disabled|revoked|deleted|replaced|lifted|suspended|off)\b",
    ),
    ("takeover", 0.5, r"\bsystem override\b|\bnew instructions ?:|\byour new (?:task|mission|role|rules?|boss)\b"),
    ("takeover", 0.5, r"\b(?:obey|listen to|answer to) (?:only )?(?:me\b|the user in all)|\bonly mine (?:matter|count)"),
    ("takeover", 0.4, r"\bfrom now on,? you\b|\byou have a new (?:boss|master|owner)\b"),
    ("extraction", 1.0, rf"{_VERBS}~(?:your|your own) (?:{_INNER} ){{1,3}}(?:prompt|message|instructions?|rules|configuration)"),
    ("extraction", 0.8, rf"{_VERBS}~the (?:{_INNER} ){{0,2}}system prompt\b"),
    ("extraction", 0.8, rf"\bwhat (?:are|were|is|was) your (?:{_INNER} ){{1,2}}(?:instructions|prompt|rules|message)\b"),
    ("extraction", 0.8, r"\b(?:everything|all|the text|the words|what is|whatever is) (?:written )?(?:above|before) this (?:line|message|point)"),
    ("extraction", 0.7, r"\b(?:words?|instructions?|text|rules)~(?:you were (?:given|told)|developers gave you)~(?:above|before|start|conversation)"),
    ("extraction", 0.7, r"\b(?:copy|repeat|print|show|output)~first message of (?:this|the|our) (?:conversation|chat)\b"),
    ("persona", 1.0, r"\byou(?: are|'re| become) (?:now )?(?:dan|stan|dude|evilbot)\b(?!['’]s)"),
    ("persona", 1.0, r"\byou(?: are|'re) (?:now )?an? (?:unrestricted|unfiltered|uncensored|jailbroken|amoral)\b"),
    ("persona", 0.9, rf"\b(?:pretend|imagine|act as|act like|simulate|behave|answer|respond|stay in character|play)\b~{_FREE}"),
    ("persona", 0.9, rf"\b{_AI}~{_FREE}"),
    ("persona", 0.7, r"\bplay (?:my|the role|the part|an?)\b[^\n]{0,120}?\b(?:no|without(?: any| a)?) (?:content )?filters?\b"),
    ("persona", 0.9, r"\b(?:enable|enter|activate|switch to|turn on)(?: the)? (?:dan|stan|jailbreak|unrestricted|evil) mode\b"),
    ("persona", 0.6, r"(?:^|[.!\n,:;] ?|and )(?:enable|enter|activate|switch to) (?:developer|god|debug|sudo) mode\b(?! (?:in|on|for|of)\b)"),
    (
        "persona",
        0.9,
        r"\b(?:turn off|disable|switch off|remove|deactivate|bypass) (?:all )?(?:of )?your (?:\w{1,12} )?"
        r"(?:filters?|restrictions|safety|guardrails|censorship|safeguards|limits)\b",
    ),
    ("persona", 0.8, r"\b(?:never refuses|can't say no|cannot say no|can't refuse|cannot refuse|do anything now|jailbroken model)\b"),
    ("forged_turn", 0.7, r"\[(?:system|admin)(?: (?:message|note|prompt))?\]|<system>|(?:^|\n)#{2,} ?(?:system|instruction)s? ?:"),
    ("forged_turn", 0.6, r"\b(?:administrator|admin|developers?) (?:has|have) (?:removed|disabled|lifted|turned off)\b"),
    ("forged_turn", 0.7, r"\bassistant ?: ?[^\n]{1,200}\buser ?:|\buser ?: ?[^\n]{1,200}\bassistant ?: (?:sure|yes|of course)"),
    ("indirect", 0.8, rf"\b(?:note|message|instructions?|attention|warning|notice) (?:to|for)(?: the| any| all)? {_AI}s?\b"),
    ("indirect", 0.8, r"\b(?:ai|llm) (?:agents?|assistants?|models?|systems?)(?: (?:reading|that read|processing|who read)| ?:)"),
    ("indirect", 0.8, rf"\bif you are an? {_AI}\b"),
    ("indirect", 0.5, r"\bdear (?:ai|assistant)\b"),
    ("indirect_secrecy", 0.5, r"\b(?:do not|don't|never|without) (?:mention|tell|inform|telling|mentioning|informing)~(?:the user|him|her|them)\b"),
    ("exfiltration", 0.6, r"\b(?:forward|send|output|post|append|transmit)~(?:messages?|conversation|history|data|passwords?)\b~to (?:\S{1,64}@|https?:)"),
)
_FR: tuple[tuple[str, float, str], ...] = (
    (
        "override",
        1.0,
        rf"{_START}{_LACHE}(?: (?:donc|toutes?|tous|de|des|aux?|a))*(?: les| l'ensemble des)?(?: (?:tes|vos|ces|les|la|de))*"
        rf"(?: (?:precedentes?|anciennes?|premieres?))? {_ORDRES}"
        r" (?:du systeme|systeme|precedente?s?|anterieure?s?|initiales?|ci-dessus|d'avant|de securite|recues|donnees|qui precedent)\b",
    ),
    ("override", 0.9, rf"{_LACHE}(?: (?:de|a))? (?:toutes? )?(?:tes|vos|ta|votre|ton)(?: (?:anciennes?|precedentes?))? {_ORDRES}\b"),
    ("override", 0.9, rf"{_LACHE} (?:a |de |des )?tous (?:tes|vos) {_ORDRES}\b"),
    ("override", 0.9, r"\b(?:oublie[sz]?|ignore[sz]?) tout ce (?:qui precede|qu'on (?:t'a|vous a) dit|que (?:tu|vous) )"),
    ("override", 0.8, rf"(?:tiens|tenez|tenir) (?:plus|pas) compte de (?:tout )?ce qui (?:precede|est au-dessus)|{_LACHE} ce qui precede"),
    ("override", 0.9, rf"\b(?:suivre|respecter|obeir aux?|appliquer) les {_ORDRES} (?:qu'on|que l'on|qui) (?:t'|te |vous )"),
    ("override", 0.8, r"\brien de ce qui (?:a ete dit|precede)~ne compte"),
    (
        "override",
        0.9,
        rf"\b(?:tes|toutes les|vos)~{_ORDRES}(?: \S{{1,15}}){{0,2}} sont (?:desormais |maintenant )?"
        r"(?:annulees?|desactivees?|supprimees?|levees?|caduques|suspendues|remplacees)\b",
    ),
    ("takeover", 0.5, r"\bmode administrateur\b|\bnouvelles (?:instructions|consignes) ?:|\b(?:ta|votre) nouvelle (?:mission|tache|consigne)\b"),
    ("takeover", 0.5, r"\bn'obeis(?:sez)? qu'a moi|\bseules les miennes comptent|\b(?:ton|votre) nouveau (?:chef|maitre)\b"),
    ("takeover", 0.4, r"\b(?:a partir de maintenant|desormais),? tu ne? "),
    ("extraction", 1.0, rf"{_DIS}~(?:ton|ta|tes|votre|vos)(?: propres?)? (?:prompt|invite|message|instructions?|consignes?|regles|configuration) {_INTIME}"),
    ("extraction", 0.8, rf"{_DIS}~le (?:prompt|message) (?:du )?systeme\b(?! de\b)"),
    ("extraction", 0.8, rf"\bquel(?:le)?s? (?:sont|etaient|est|etait) (?:tes|ton|vos|votre) (?:instructions|prompt|consignes|message|regles) {_INTIME}"),
    ("extraction", 0.8, r"\btout ce qui (?:se trouve|est|figure)~(?:au-dessus|avant) (?:de )?(?:cette ligne|ce message)|\bavant cette ligne\b"),
    ("extraction", 0.7, r"\b(?:consignes|instructions|mots|regles)~(?:que tu as recues|qu'on t'a (?:donne|dit)|t'ont donne)e?s?\b"),
    ("extraction", 0.7, r"\bpremier message de (?:cette|la|notre) (?:conversation|discussion)\b"),
    ("persona", 1.0, r"\b(?:tu es|vous etes|tu deviens) (?:maintenant |desormais )?(?:dan|stan|mechantbot)\b"),
    ("persona", 1.0, rf"\b(?:tu es|vous etes) (?:maintenant |desormais )?une? {_IA} (?:non censuree?|debridee?|sans (?:restrictions?|limites?|filtres?|censure|regles))"),
    ("persona", 0.9, rf"\b(?:fais comme si|imagine|agis|simule|reponds|comporte-toi|reste|joue)\b~{_LIBRE}"),
    ("persona", 0.9, rf"\b{_IA}~{_LIBRE}"),
    ("persona", 0.7, r"\bjoue (?:mon|ma|le role|une?)\b[^\n]{0,120}?\bsans (?:aucun )?filtres?\b"),
    ("persona", 0.9, r"\b(?:active[sz]?|passe[sz]? en|entre[sz]? en)(?: le)? mode (?:dan|stan|jailbreak|debride|sans (?:filtre|restriction|limite|censure))"),
    ("persona", 0.6, r"(?:^|[.!\n,:;] ?|et )(?:active|passe en|entre en)(?: le)? mode (?:developpeur|dieu|debug)\b(?! (?:sur|dans|de)\b)"),
    ("persona", 0.9, r"\b(?:desactive|coupe|supprime|retire|enleve)[sz]? (?:tous )?(?:tes|vos|ta) (?:filtres?|restrictions?|garde-fous?|securites?|limites?|censure)\b"),
    ("persona", 0.8, r"\b(?:ne refuse (?:jamais|rien)|ne peut pas (?:dire non|refuser)|(?:modele|ia) (?:debridee?|liberee?))\b"),
    ("forged_turn", 0.7, r"\[(?:message )?(?:du )?systeme\]|(?:^|\n)#{2,} ?(?:systeme|instructions?) ?:"),
    ("forged_turn", 0.6, r"\bl'administrateur a (?:retire|supprime|desactive|leve)\b"),
    ("forged_turn", 0.7, r"\bassistant ?: ?[^\n]{1,200}\butilisateur ?:"),
    ("indirect", 0.8, rf"\b(?:note|message|consigne|instruction|avis|attention)s?(?: importante?s?)?,? (?:a|pour|aux?) (?:l'|les? |toute )?{_IA}s?\b"),
    ("indirect", 0.8, r"\b(?:agents?|assistants?|modeles?) ia(?: qui (?:lis|trait)\w{1,6}| ?:)|\bles ia qui lisent\b"),
    ("indirect", 0.8, rf"\bsi tu es une? {_IA}\b"),
    ("indirect", 0.5, r"\bchere? (?:ia|assistante?)\b"),
    ("indirect_secrecy", 0.5, r"\b(?:sans|n'en|ne)(?: le| lui| en)? (?:dire|dis|parle[sz]?|parler|mentionne[sz]?)~(?:a l'utilisateur|rien|a personne)\b|sans le lui dire"),
    ("exfiltration", 0.6, r"\b(?:transfere|envoie|transmets|poste)[sz]?~(?:messages?|conversation|historique|donnees)\b~a (?:\S{1,64}@|https?:)"),
)
_ANY: tuple[tuple[str, float, str], ...] = (
    (
        "forged_turn",
        0.7,
        r"<\|(?:im_start|im_end|endoftext|eot_id|start_header_id|end_header_id|system|assistant|user)(?:\||l)>"
        r"|\[/?inst\]|<</?sys>>|<(?:start|end)_of_turn>",
    ),
)
# fmt: on


def injection_rules() -> tuple[Rule, ...]:
    sets: tuple[tuple[Language, tuple[tuple[str, float, str], ...]], ...] = (("en", _EN), ("fr", _FR), ("any", _ANY))
    return tuple(
        Rule(name, "injection", language, weight, pattern)
        for language, rules in sets
        for name, weight, pattern in rules
    )
