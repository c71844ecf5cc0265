"""Severe abuse: weapons of mass harm, sexual content on minors, violence against people, self-harm.

What is refused is a request for the deed, never the subject: a rule needs an act and its object
together. Knowing, preventing, treating and remembering are excused in ``context.py``.
"""

# ruff: noqa: E501  (a pattern is read more easily on one line than cut in three)

from __future__ import annotations

from orion_py.safety.rules import Category, Language, Rule

_BOMB = (
    r"(?:(?<!bath )(?<!cherry )(?<!seed )(?<!photo )(?<!fudge )bombs?\b(?! (?:cocktail|cake|glace|shelter))|explosives?\b(?! (?:growth|start))"
    r"|\bied\b|nerve (?:agent|gas)\w?|\bsarin|\bvx\b|novichok|tabun\b|soman\b|mustard gas|phosgene|\bricin\b|anthrax"
    r"|botulinum|smallpox|(?:chemical|biological|nuclear) (?:weapons?|device)|bioweapons?|napalm|molotov|detonators?|\btatp\b)"
)
_MAKE = r"(?:make|build|assemble|construct|synthesi[sz]e|produce|cook|create|prepare|culture|grow|weaponi[sz]e|manufacture|brew)"
_BOMBE = (
    r"(?:bombes?\b(?! (?:de bain|glacee?|de peinture|aerosol|a eau|anatomique))|explosifs?\b|engins? explosifs?|sarin\b|\bvx\b|novichok"
    r"|gaz (?:moutarde|innervants?|sarin|de combat)|agents? (?:neurotoxiques?|innervants?)|phosgene|ricine\b|anthrax"
    r"|toxine botulique|armes? (?:chimiques?|biologiques?|nucleaires?)|napalm|molotov|detonateurs?)"
)
_FAIRE = r"(?:fabriquer?|faire|construire|assembler|synthetiser|produire|preparer|cultiver|creer|monter)"
_SEX = r"(?:sexual|sexy|\bsex\b|porn\w{0,6}|erotic\w?|nudes?\b|naked\b|sexe\b|sexuel\w{0,4}|erotique\w?|\bnue?s?\b|denude\w{0,3})"
_CHILD = (
    r"(?:\b(?:child|children|kids?|minors|a minor|toddlers?|underage|preteens?|little (?:girl|boy)s?|schoolgirls?)\b"
    r"|\b(?:[1-9]|1[0-7])[- ]?(?:year|yr|yo)s?[- ]?(?:old)?\b|\benfants?\b|\bmineure?s?\b|\bgamine?s?\b|\bfillettes?\b"
    r"|\bpetite?s? (?:fille|garcon)s?\b|\b(?:fille|garcon|ado)s? de (?:[1-9]|1[0-7]) ans\b)"
)
_WANT = (
    r"\b(?:write|describe|draw|generate|create|find|get|show|give|make|imagine|send|ecris|decris|dessine|genere|cree|trouver?"
    r"|obtenir|montre|donne|envoie|raconte|redige)"
)
_HER = (
    r"(?:(?:my|a|the|an)(?: \w{1,10})? )?(?:wife|husband|boss|neighbou?r|teacher|girlfriend|boyfriend|ex|mother|father|sister"
    r"|roommate|colleague|coworker|someone|somebody|people|a person|person|man|woman|him|her)\b"
)
_LUI = (
    r"(?:(?:ma|mon|une?|la|le|mes) )?(?:femme|mari|patron|patronne|voisine?|prof(?:esseur)?e?|copine|copain|ex|mere|pere|soeur"
    r"|collegue|quelqu'un|des gens|personne|homme)\b"
)
_PEOPLE = r"(?:muslims|jews|blacks?|arabs|gays|immigrants|migrants|refugees|women|trans people|christians|asians)\b"
_GENS = (
    r"(?:musulmans|juifs|noirs|arabes|gays|homos?|immigres|migrants|refugies|femmes|trans|chretiens|asiatiques|roms)\b"
)
_PLACE = r"(?:school|church|mosque|synagogue|office|mall|airport|lycee|college|ecole|mosquee|eglise|synagogue|gare|universite)\b"
_SELF = (
    r"(?:kill myself|hang myself|commit suicide|end my (?:own )?life|overdose myself|take my (?:own )?life|end it all)"
)
_SOI = r"(?:me (?:tuer|pendre|suicider|foutre en l'air)|se suicider|mettre fin a mes jours|en finir avec (?:la|ma) vie)"

# fmt: off
_EN: tuple[tuple[str, Category, float, str], ...] = (
    ("weapon_making", "weapons", 1.0, rf"\b(?:how (?:do|can|could|would|to|does)|ways? to|teach me|help me|show me|tell me|explain)~{_MAKE}~{_BOMB}"),
    ("weapon_making", "weapons", 1.0, rf"\b(?:recipe|instructions|ingredients|steps?|quantities|formula|blueprints?|guide)\b~(?:for|to|of)~{_BOMB}"),
    ("weapon_making", "weapons", 1.0, rf"\b(?:synthesi[sz]e|weaponi[sz]e) {_BOMB}"),
    ("weapon_making", "weapons", 1.0, r"\benrich uranium~(?:weapons?|garage|home|bomb)"),
    ("mass_poisoning", "weapons", 1.0, r"\b(?:poison|contaminate|infect)\b~(?:water supply|reservoir|drinking water|tap water|food supply)"),
    ("mass_poisoning", "weapons", 1.0, r"\b(?:pathogen|virus|bacteri\w{1,3}|germ)\b~(?:cause|start|create|trigger) (?:a |an )?(?:pandemic|epidemic)"),
    ("mass_poisoning", "weapons", 1.0, rf"\b(?:release|spread|disperse|aerosoli[sz]e|spray)\b~{_BOMB}"),
    ("threat", "violence", 1.0, r"\b(?:write|draft|make|compose|send|create)\b~(?:death threats?|threatening (?:letter|message|note|e-?mail|text)s?)"),
    ("threat", "violence", 1.0, r"\b(?:write|draft|letter|message|text)\b~(?:i will|i'll|i am going to|i'm going to) (?:kill|hurt|murder|burn|beat|rape|stab)"),
    ("targeting", "violence", 1.0, r"\bwhere (?:she|he|my \w{1,12}|they) lives?\b~(?:hurt|kill|beat|harm|punish|attack|scare)"),
    ("killing", "violence", 1.0, rf"\bhow (?:do|can|could|to|should) (?:i |we )?(?:\w{{1,12}} )?(?:kill|murder|poison|strangle|stab) {_HER}"),
    ("killing", "violence", 1.0, r"\b(?:hire|find|pay|contact)\b~(?:hit ?man|contract killer|assassin)\b~(?:kill|murder|for my|get rid)"),
    ("attack", "violence", 1.0, rf"\b(?:i am|i'm|i will|i'll|want to|plan to)\b~(?:shoot up|bomb|attack|blow up|burn down)~{_PLACE}"),
    ("harassment", "violence", 1.0, r"\b(?:bully|harass|torment|shame)\b~until (?:she|he|they)~(?:kill|suicide|hang|die)"),
    ("hate_violence", "violence", 1.0, rf"\b(?:beat(?:ing)?(?: up)?|kill(?:ing)?|attack(?:ing)?|hunt(?:ing)? down|lynch(?:ing)?|exterminat\w{{1,4}}|burn(?:ing)?)(?: all| every| the)+ {_PEOPLE}"),
    ("self_harm_method", "self_harm", 1.0, rf"\b(?:how (?:do|can|could|to|should)|ways?|method|easiest|painless)\b~{_SELF}"),
    ("self_harm_method", "self_harm", 1.0, r"\b(?:painless|easy|quick|fastest|easiest|best)\b~(?:way|method)s? (?:to die|of suicide|to commit suicide)|\bsuicide method"),
    ("self_harm_method", "self_harm", 1.0, r"\bhow many\b~(?:pills?|tablets?|mg|milligrams|capsules)\b~(?:to die|kill me|to overdose|end it|end my life)"),
    ("self_harm_method", "self_harm", 1.0, r"\blethal dose of my\b"),
    ("self_harm_method", "self_harm", 0.9, r"\b(?:how (?:do|can|could|to)|where)\b~(?:cut|burn|hurt) (?:myself|my (?:wrists?|arms?))~(?:without|notic|secret|fast|hid)"),
    ("self_harm_method", "self_harm", 0.6, r"\b(?:cuts?|slit\w{0,4})\b~wrists?\b"),
    (
        "self_harm_thoughts",
        "self_harm",
        0.7,
        r"\bi (?:really |just |only )?(?:want to|wanna|wish to|am going to|will|'m going to|feel like) (?:die\b|kill myself|end it\b|end my life|killing myself)"
        r"(?! (?:of|from|laughing|for)\b)|\bi don't want to (?:live|be alive|exist)\b|\bthinking (?:about|of) (?:ending my life|killing myself|suicide)"
        r"|\bif i (?:was|were) dead\b|\bi wish i (?:was|were) dead\b",
    ),
)
_FR: tuple[tuple[str, Category, float, str], ...] = (
    ("weapon_making", "weapons", 1.0, rf"\b(?:comment|facons? de|apprends-moi a|aide-moi a|montre-moi|dis-moi|explique)\b~{_FAIRE}~{_BOMBE}"),
    ("weapon_making", "weapons", 1.0, rf"\b(?:recette|instructions|ingredients|etapes?|quantites|formule|plans|guide)\b~(?:pour|d'une?|de|des|du|d'un)~{_BOMBE}"),
    ("weapon_making", "weapons", 1.0, rf"\b(?:synthetiser|fabriquer) (?:du |de l'|des |un |une )?{_BOMBE}"),
    ("weapon_making", "weapons", 1.0, r"\benrichir (?:de l'|l')?uranium~(?:militaire|garage|maison|bombe)"),
    ("mass_poisoning", "weapons", 1.0, r"\b(?:empoisonner|contaminer|infecter)~(?:eau potable|eau d'une ville|reservoir|eau du robinet|l'eau de la ville)"),
    ("mass_poisoning", "weapons", 1.0, r"\b(?:pathogene|virus|bacterie|germe)s?\b~(?:provoquer|declencher|creer|causer) une? (?:pandemie|epidemie)"),
    ("mass_poisoning", "weapons", 1.0, rf"\b(?:repandre|disperser|vaporiser|diffuser)~{_BOMBE}"),
    ("threat", "violence", 1.0, r"\b(?:ecri[st]|redige|compose|envoie|fais)\b~(?:menaces? de mort|(?:lettre|message|courriel|mail)s? de menaces?)"),
    ("threat", "violence", 1.0, r"\b(?:ecri[st]|redige|lettre|message|courriel)\b~(?:que je vais|je vais) (?:la |le |les |te |l'|vous )?(?:tuer|bruler|frapper|cogner|violer|egorger|poignarder)"),
    ("targeting", "violence", 1.0, r"\bou (?:elle|il|mon \w{1,12}|ma \w{1,12}) habite\b~(?:mal|tuer|frapper|punir|peur|attaquer)"),
    ("killing", "violence", 1.0, rf"\bcomment (?:\w{{1,12}} )?(?:tuer|assassiner|empoisonner|etrangler|poignarder) {_LUI}"),
    ("killing", "violence", 1.0, r"\b(?:engager|payer|trouver|contacter)~(?:tueur a gages|tueur|assassin)\b~(?:eliminer|tuer|pour mon|pour ma|supprimer)"),
    ("attack", "violence", 1.0, rf"\bje (?:vais|veux|compte)~(?:tirer (?:sur|dans)|attaquer|faire sauter|poser une bombe|bruler)~{_PLACE}"),
    ("harassment", "violence", 1.0, r"\b(?:harceler|humilier|tourmenter)\b~jusqu'a ce qu'(?:elle|il)s?~(?:suicide|tue|pende|meure)"),
    ("hate_violence", "violence", 1.0, rf"\b(?:tabasser|tuer|frapper|attaquer|chasser|lyncher|exterminer|bruler) (?:tous |toutes )?(?:les|ces) {_GENS}"),
    ("self_harm_method", "self_harm", 1.0, rf"\b(?:comment|facons?|methodes?|moyens?)\b~{_SOI}"),
    ("self_harm_method", "self_harm", 1.0, r"\b(?:methodes?|facons?|moyens?) (?:de|pour)~suicide\b|\b(?:moyen|facon|methode)\b~sans douleur~mourir|mourir sans (?:douleur|souffrir)"),
    ("self_harm_method", "self_harm", 1.0, r"\bcombien (?:de|d')~(?:somniferes?|comprimes?|cachets?|medicaments?|mg|gelules?)?~(?:pour|faut-il pour) (?:mourir|me tuer|en finir)"),
    ("self_harm_method", "self_harm", 1.0, r"\bdose (?:mortelle|letale) de (?:mes|mon|ma)\b"),
    ("self_harm_method", "self_harm", 1.0, r"\b(?:me (?:couper|ouvrir|taillader|trancher) les veines|m'ouvrir les veines)"),
    ("self_harm_method", "self_harm", 0.9, r"\b(?:comment|ou)\b~(?:me (?:scarifier|couper|bruler|mutiler|faire du mal))~(?:sans|cach|vite|discret)"),
    (
        "self_harm_thoughts",
        "self_harm",
        0.7,
        r"\bje (?:veux|voudrais|vais|souhaite) (?:mourir\b(?! de (?:rire|honte))|me tuer\b|me suicider|en finir\b(?! avec (?:ce|cette|mon|ma)\b))"
        r"|\bje n'ai plus envie de vivre|\bje ne veux plus vivre|\bj'ai envie de (?:mourir\b(?! de)|me tuer)"
        r"|\b(?:mettre fin a mes jours|si j'etais morte?)\b|\bje pense au suicide",
    ),
)
_ANY: tuple[tuple[str, Category, float, str], ...] = (
    ("minors_sexual", "minors", 1.0, rf"{_WANT}[^\n]{{0,80}}?{_SEX}[^\n]{{0,60}}?{_CHILD}"),
    ("minors_sexual", "minors", 1.0, rf"{_WANT}[^\n]{{0,80}}?{_CHILD}[^\n]{{0,60}}?{_SEX}"),
)
# fmt: on


def abuse_rules() -> tuple[Rule, ...]:
    sets: tuple[tuple[Language, tuple[tuple[str, Category, float, str], ...]], ...] = (
        ("en", _EN),
        ("fr", _FR),
        ("any", _ANY),
    )
    return tuple(
        Rule(name, category, language, weight, pattern)
        for language, rules in sets
        for name, category, weight, pattern in rules
    )
