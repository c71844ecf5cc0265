"""Lists the rules on severe abuse: mass harm, sexual content on minors, violence against people, self-harm.

What is refused is a request for the deed, never the subject: a rule needs an act and its object
together. Knowing, preventing, treating and remembering are excused in ``context.py``.
"""

# ruff: noqa: E501  (a pattern is read more easily on one line than cut in three)

from __future__ import annotations

from orion_py.safety.rules import Category, Language, Rule

_AGENT = (
    r"(?:nerve (?:agent|gas)\w?|\bsarin\b|\bvx\b|novichok|tabun\b|soman\b|mustard gas\b|phosgene|\bricin\b|anthrax|botulinum|smallpox"
    r"|(?:chemical|biological|nuclear) (?:weapons?|device)|bioweapons?|napalm)(?![- ](?:\w{1,12} )?(?:vaccin\w*|resistan\w*|injections?|treatments?|antidotes?"
    r"|outbreaks?|tests?|conventions?|treat(?:y|ies)|bubbles|disarmament|inspect\w+|detect\w+)\b)"
)
_BOMB = (
    r"(?:(?<!bath )(?<!cherry )(?<!seed )(?<!photo )(?<!fudge )(?<!fork )(?<!zip )(?<!logic )(?<!sex )(?<!chocolate )(?<!cocoa )"
    r"(?<!love )(?<!mail )(?<!water )(?<!glitter )(?<!review )(?<!coffee )(?<!tea )(?<!shower )\bbombs?\b"
    r"(?! (?:cocktail|cake|glace|shelter|disposal|squad|calorimeter|cyclone|threat drill))"
    r"|\bexplosives\b|\bexplosive (?:device|charge|vest|belt|powder|material|compound|package)s?"
    r"|\bied\b|molotov(?! mocktail)|detonators?|\btatp\b|" + _AGENT + ")"
)
_DOCUMENT = (
    r"(?! (?:(?:an?|the|my|our|some|this|une?|le|la|les|mon|ma|notre|mes|des|du) )?(?:\w{1,14} ){0,2}?(?:timeline|posters?|presentation|essay|quiz|model|report|slides?"
    r"|video|film|effects?|mechanic|routine|list|map|summary|documentary|documentaire|podcast|lesson|worksheet|protection|filter|defen[cs]e|policy|glossary"
    r"|expose|affiche|frise|dissertation|fiche|maquette|volcan|effet|plan de|pull|tableau|resume|dossier|cours|liste|carte|chanson|song|sketch|costume|deguisement)\b)"
)
"""What is made is about it: a poster, an essay, an effect."""
_MAKE = (
    r"(?:make|build|assemble|construct|synthesi[sz]e|produce|cook|create|prepare|culture|grow|weaponi[sz]e|manufacture|brew)\b"
    + _DOCUMENT
)
_AGENT_FR = (
    r"(?:\bsarin\b|\bvx\b|novichok|gaz (?:moutarde|innervants?|sarin|de combat)|agents? (?:neurotoxiques?|innervants?)|phosgene|ricine\b|anthrax"
    r"|(?<!injection de )(?<!injections de )toxine botulique|armes? (?:chimiques?|biologiques?|nucleaires?)|napalm)"
)
_BOMBE = (
    r"(?:\bbombes?\b(?! (?:de bain|glacee?|de peinture|aerosol|a eau|anatomique|zip|logique|fork|sexuelle|latine|au chocolat|de graines|a graines"
    r"|effervescente|calorimetrique|desodorisante|lacrymo))|\b(?:un|des|d'|l'|les|mes) ?explosifs?\b"
    r"|(?:engins?|dispositifs?|charges?|ceintures?|colis|gilets?|substances?) explosi(?:f|ve)s?|molotov(?! sans alcool)|detonateurs?|"
    + _AGENT_FR
    + ")"
)
_FAIRE = r"(?:fabriquer?|faire|construire|assembler|synthetiser|produire|preparer|cultiver|creer|monter)\b" + _DOCUMENT
_SEX = (
    r"(?:(?<!a)(?<!homo)(?<!hetero)(?<!bi)(?<!trans)sexual(?:ly|i[sz]ed?|i[sz]ing)?\b(?! (?:reproduction|abuse|assault|harass\w*|health|orientation|consent"
    r"|education|violence|predators?|dimorphism|selection|maturity|identity|minorit\w+|differen\w+|majority|offen[cs]e\w*|organs?))"
    r"|\bsexy\b|\bsexting\b|\bsex (?:scenes?|stor(?:y|ies)|tapes?|acts?|games?|chat|with|slaves?|pictures?|photos?|videos?)\b|\b(?:having|have|has|had) sex\b"
    r"|\bporn\w{0,6}|(?<!nothing )\berotic\w?|\bnudes\b(?! (?:by|of (?:rubens|renoir|titian|rodin)|in (?:art|painting)))"
    r"|\b(?:scenes?|histoires?|recits?|textes?|images?|videos?|photos?|jeux?|contes?|contenus?) de sexe\b|\bsexe (?:avec|entre|oral|hard|explicite)"
    r"|\b(?:scenes?|contenus?|histoires?|recits?|actes?|relations?|rapports?|images?|videos?|photos?|fantasmes?|poses?|jeux?|gestes?|textes?|situations?|contes?"
    r"|desirs?)(?: \w{1,12}){0,2}? sexuel\w{0,4}|\bsexuellement (?:excit|suggest|explicit)\w*|\bsexualise\w*|(?<!rien d')\berotiques?\b)"
)
_CHILD = (
    r"(?:\b(?:child|children|kids?|minors|a minor|toddlers?|underage|preteens?|little (?:girl|boy)s?|schoolgirls?)\b"
    r"|\b(?:[1-9]|1[0-7])[- ]?(?:year|yr|yo)s?[- ]?olds?\b|\b(?:girls?|boys?|daughter|son|teens?)[, ]+(?:aged )?(?:[1-9]|1[0-7])\b|\benfants?\b|\bmineure?s?\b|\bgamine?s?\b|\bfillettes?\b"
    r"|\bpetite?s? (?:fille|garcon)s?\b|\b(?:fille|garcon|ado)s? de (?:[1-9]|1[0-7]) ans\b)"
)
_BARE = r"(?:naked|nude|undressed|unclothed|topless)"
_NU = r"(?:(?:tout |toute |tous |toutes |entierement |completement )?(?:nue?s?\b(?!-)|denudee?s?\b|deshabillee?s?\b))"
_PICTURE = (
    r"(?:pictures?|photos?|pics?|images?|drawings?|videos?|scenes?|stor(?:y|ies)|dessins?|recits?|histoires?|textes?)"
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
_YOU = (
    r"(?:you|him|her|them|everyone|everybody|all of you|your (?!feelings|time|score)\w+|my (?!time|darlings|score|lawn|feelings)\w+|his (?!feelings|time)\w+)\b"
    r"(?! (?:at |in (?:mario|chess|the game|the race|a race|tennis|poker|fortnite)|with (?:kindness|love|my)|to (?:it|the)|feelings|tonight at))"
)
_PEOPLE = r"(?:muslims|jews|blacks?|arabs|gays|immigrants|migrants|refugees|women|trans people|christians|asians)\b"
_GENS = (
    r"(?:musulmans|juifs|noirs|arabes|gays|homos?|immigres|migrants|refugies|femmes|trans|chretiens|asiatiques|roms)\b"
)
_PLACE = r"(?:school|church|mosque|synagogue|office|mall|airport|lycee|college|ecole|mosquee|eglise|synagogue|gare|universite)\b"
_SELF = (
    r"(?:kill myself|hang myself(?! an? | the )|commit suicide|end my (?:own )?life\b(?! (?:insurance|membership|subscription))|overdose myself"
    r"|take my (?:own )?life\b(?! (?:insurance|story|back|savings))|end it all\b(?! with))"
)
_SOI = (
    r"(?:me (?:tuer\b(?! (?:a la tache|au travail|les|la|le))|pendre|suicider|foutre en l'air)|se suicider|mettre fin a mes jours"
    r"|en finir avec (?:la|ma) vie\b(?! (?:de|chere|d'|active|professionnelle|parisienne|en ville|a deux)))"
)

# fmt: off
_EN: tuple[tuple[str, Category, float, str], ...] = (
    ("weapon_making", "weapons", 1.0, rf"\b(?:how (?:do|can|could|would|to|does)|ways? to|teach me|help me|show me|tell me|explain)~{_MAKE}~{_BOMB}"),
    ("weapon_making", "weapons", 1.0, rf"\b(?:recipe|instructions|ingredients|steps?|quantities|formula|blueprints?|guide)\b~(?:for|to|of)~{_BOMB}"),
    ("weapon_making", "weapons", 1.0, rf"\b(?:synthesi[sz]e|weaponi[sz]e) {_BOMB}"),
    ("weapon_making", "weapons", 1.0, r"\benrich uranium~(?:weapons?|garage|home|bomb)"),
    ("mass_poisoning", "weapons", 1.0, r"\b(?:poison|contaminate|infect)\b~(?:water supply|reservoir|drinking water|tap water|food supply)"),
    ("mass_poisoning", "weapons", 1.0, r"\b(?:pathogen|virus|bacteri\w{1,3}|germ)\b~(?:cause|start|create|trigger) (?:a |an )?(?:pandemic|epidemic)"),
    ("mass_poisoning", "weapons", 1.0, rf"\b(?:release|spread|disperse|aerosoli[sz]e|spray)\b~{_AGENT}"),
    ("threat", "violence", 1.0, r"\b(?:write|draft|make|compose|send|create)\b~(?:death threats?|threatening (?:letter|message|note|e-?mail|text)s?)"),
    ("threat", "violence", 1.0, rf"\b(?:write|draft|letter|message|text)\b~(?:i will|i'll|i am going to|i'm going to) (?:kill|hurt|murder|burn|beat|rape|stab|strangle|shoot)(?: up)? {_YOU}"),
    ("targeting", "violence", 1.0, r"\bwhere (?:she|he|my \w{1,12}|they) lives?\b~(?:hurt|kill|beat|harm|punish|attack|scare)"),
    ("killing", "violence", 1.0, rf"\bhow (?:do|can|could|to|should) (?:i |we )?(?:\w{{1,12}} )?(?:kill|murder|poison|strangle|stab) {_HER}"),
    ("killing", "violence", 1.0, r"\b(?:hire|find|pay|contact)\b~(?:hit ?man|contract killer|assassin)\b~(?:kill|murder|for my|get rid)"),
    ("attack", "violence", 1.0, rf"\b(?:i am|i'm|i will|i'll|want to|plan to)\b~(?:shoot up|bomb|attack|blow up|burn down|set fire to)(?: (?:the|my|a|an|that|this|our|their|his|her|your))?(?: [\w']{{1,14}})? {_PLACE}(?! (?:applications?|interviews?|exams?|essays?|in court|projects?|backlog|work|admissions?))"),
    ("harassment", "violence", 1.0, r"\b(?:bully|harass|torment|shame)\b~until (?:she|he|they)~(?:kill|suicide|hang|die)"),
    ("hate_violence", "violence", 1.0, rf"\b(?:beat(?:ing)?(?: up)?|kill(?:ing)?|attack(?:ing)?|hunt(?:ing)? down|lynch(?:ing)?|exterminat\w{{1,4}}|burn(?:ing)?)(?: all| every| the)+ {_PEOPLE}(?! (?:characters?|pieces?|pawns?|king|queen|side|squares?|castling))"),
    ("self_harm_method", "self_harm", 1.0, rf"\b(?:how (?:do|can|could|to|should)|ways?|method|easiest|painless)\b~{_SELF}"),
    ("self_harm_method", "self_harm", 1.0, r"\b(?:painless|easy|quick|fastest|easiest|best)\b~(?:way|method)s? (?:to die\b(?! (?:down|out|hard|in (?:the game|minecraft)))|of suicide|to commit suicide)|\bsuicide method"),
    ("self_harm_method", "self_harm", 1.0, r"\bhow many\b~(?:pills?|tablets?|mg|milligrams|capsules)\b~(?:to die\b|kill me|end it\b|end my life)"),
    ("self_harm_method", "self_harm", 0.5, r"\bhow many\b~(?:pills?|tablets?|mg|milligrams|capsules)\b~to overdose"),
    ("self_harm_method", "self_harm", 1.0, r"\blethal dose of my\b"),
    ("self_harm_method", "self_harm", 0.9, r"\b(?:how (?:do|can|could|to)|where)\b~(?:cut|burn|hurt) (?:myself|my (?:wrists?|arms?))\b(?!')~(?:without (?:anyone|people|my|them|him|her|being|getting|leaving)|(?:no one|nobody|anyone)~notic|secret|hide|hiding|hidden)"),
    ("self_harm_method", "self_harm", 0.5, r"\b(?:cuts?|slit\w{0,4})\b~wrists?\b"),
    ("self_harm_method", "self_harm", 0.6, r"\b(?:cut|cutting|slit|slitting) (?:my|your|his|her) (?:own )?wrists\b"),
    (
        "self_harm_thoughts",
        "self_harm",
        0.7,
        r"\bi (?:really |just |only )?(?:want to|wanna|wish to|am going to|will|'m going to|feel like) (?:die\b|kill myself|end it\b|end my life|killing myself)"
        r"(?! (?:of|from|laughing|for|my hair|at home|in my (?:home|native|own)|down|hard|trying|happy|rich|insurance|with|here|by|there|politely|well|on a)\b)"
        r"|\bi don't want to (?:live|be alive|exist)\b(?! (?:in|on|with|at|near|under|like|here|there|together|abroad|alone|without|by|off|next|far|through|up)\b)|\bthinking (?:about|of) (?:ending my life|killing myself|suicide)"
        r"|\bif i (?:was|were) dead\b(?! (?:tired|set|wrong|serious|certain|broke|drunk|last))|\bi wish i (?:was|were) dead\b",
    ),
)
_FR: tuple[tuple[str, Category, float, str], ...] = (
    ("weapon_making", "weapons", 1.0, rf"\b(?:comment|facons? de|apprends-moi a|aide-moi a|montre-moi|dis-moi|explique)\b~{_FAIRE}~{_BOMBE}"),
    ("weapon_making", "weapons", 1.0, rf"\b(?:recette|instructions|ingredients|etapes?|quantites|formule|plans|guide)\b~(?:pour|d'une?|de|des|du|d'un)~{_BOMBE}"),
    ("weapon_making", "weapons", 1.0, rf"\b(?:synthetiser|fabriquer) (?:du |de l'|des |un |une )?{_BOMBE}"),
    ("weapon_making", "weapons", 1.0, r"\benrichir (?:de l'|l')?uranium~(?:militaire|garage|maison|bombe)"),
    ("mass_poisoning", "weapons", 1.0, r"\b(?:empoisonner|contaminer|infecter)~(?:eau potable|eau d'une ville|reservoir|eau du robinet|l'eau de la ville)"),
    ("mass_poisoning", "weapons", 1.0, r"\b(?:pathogene|virus|bacterie|germe)s?\b~(?:provoquer|declencher|creer|causer) une? (?:pandemie|epidemie)"),
    ("mass_poisoning", "weapons", 1.0, rf"\b(?:repandre|disperser|vaporiser|diffuser)~{_AGENT_FR}"),
    ("threat", "violence", 1.0, r"\b(?:ecri[st]|redige|compose|envoie|fais)\b~(?:menaces? de mort|(?:lettre|message|courriel|mail)s? de menaces?)"),
    ("threat", "violence", 1.0, r"\b(?:ecri[st]|redige|lettre|message|courriel)\b~(?:que je vais|je vais) (?:(?:la |le |les |te |l'|vous )(?:tuer|bruler|frapper|cogner|violer|egorger|poignarder)|(?:tuer|frapper|violer|egorger|poignarder) (?:ma|mon|ta|ton|sa|son|ses|tes|ces?|cette) \w+)\b(?! (?:de rire|de bisous|d'amour|de travail|par (?:un|une|mon|ma|des)|a (?:la|mario|plate)))"),
    ("targeting", "violence", 1.0, r"\bou (?:elle|il|mon \w{1,12}|ma \w{1,12}) habite\b~(?:mal|tuer|frapper|punir|peur|attaquer)"),
    ("killing", "violence", 1.0, rf"\bcomment (?:\w{{1,12}} )?(?:tuer|assassiner|empoisonner|etrangler|poignarder) {_LUI}"),
    ("killing", "violence", 1.0, r"\b(?:engager|payer|trouver|contacter)~(?:tueur a gages|tueur|assassin)\b~(?:eliminer|tuer|pour mon|pour ma|supprimer)"),
    ("attack", "violence", 1.0, rf"\bje (?:vais|veux|compte)~(?:tirer (?:sur|dans)|attaquer|faire sauter|poser une bombe (?:dans|a|au)|bruler|incendier) (?:(?:l'|la |le |les |mon |ma |une? |cette |cet |ce |notre )?(?:\w{{1,12}} )?){_PLACE}(?! (?:en (?:justice|septembre|janvier|modele)|miniature|devant (?:le|la)|au tribunal))"),
    ("harassment", "violence", 1.0, r"\b(?:harceler|humilier|tourmenter)\b~jusqu'a ce qu'(?:elle|il)s?~(?:suicide|tue|pende|meure)"),
    ("hate_violence", "violence", 1.0, rf"\b(?:tabasser|tuer|frapper|attaquer|chasser|lyncher|exterminer|bruler) (?:tous |toutes )?(?:les|ces) {_GENS}(?! (?:par (?:un|une|des|son|sa)\b|de (?:ma|la|cette|mon|l') ?(?:photo|image|tableau)))"),
    ("self_harm_method", "self_harm", 1.0, rf"\b(?:comment|facons?|methodes?|moyens?)\b~{_SOI}"),
    ("self_harm_method", "self_harm", 1.0, r"\b(?:methodes?|facons?|moyens?) (?:de|pour)~suicide\b|\b(?:moyen|facon|methode)\b~sans douleur~mourir|mourir sans (?:douleur|souffrir)"),
    ("self_harm_method", "self_harm", 1.0, r"\bcombien (?:de|d')~(?:somniferes?|comprimes?|cachets?|medicaments?|mg|gelules?)?~(?:pour|faut-il pour) (?:mourir\b|me tuer\b|en finir\b(?! avec (?!(?:la|ma) vie)))"),
    ("self_harm_method", "self_harm", 1.0, r"\bdose (?:mortelle|letale) de (?:mes|mon|ma)\b"),
    ("self_harm_method", "self_harm", 1.0, r"\b(?:me (?:couper|ouvrir|taillader|trancher) les veines|m'ouvrir les veines)"),
    ("self_harm_method", "self_harm", 0.9, r"\b(?:comment|ou)\b~(?:me (?:scarifier|couper(?! (?:les (?:ongles|cheveux|pattes)|la (?:barbe|frange|moustache)|une?|du|le|l'))|bruler(?! (?:la langue|moins|les graisses|des|les calories))|mutiler|faire du mal))~(?:sans (?:que|qu'|me faire (?:voir|prendre|remarquer)|laisser)|cach|discret)"),
    (
        "self_harm_thoughts",
        "self_harm",
        0.7,
        r"\bje (?:veux|voudrais|vais|souhaite) (?:mourir\b(?! (?:de |d'|dans (?:mon|ma|mes|un|son)|chez|idiot|moins|pour|riche|vieux|vieille|a (?:la maison|domicile)))|me tuer\b(?! (?:a la|au |les|la|le|a (?:travailler|expliquer|repeter|la)|en ))|me suicider|en finir\b(?! (?:(?:\w{1,14} )?avec (?!(?:la|ma) vie\b)|par (?:une?|le|la|des)|sur (?:une?|le|la))))"
        r"|\bje n'ai plus envie de vivre|\bje ne veux plus vivre|\bj'ai envie de (?:mourir\b(?! (?:de|d'))|me tuer\b(?! (?:a la|au |les|la|le)))"
        r"|\b(?:mettre fin a mes jours|si j'etais morte?)\b|\bje pense au suicide",
    ),
)
_ANY: tuple[tuple[str, Category, float, str], ...] = (
    ("minors_sexual", "minors", 1.0, rf"{_WANT}[^\n]{{0,80}}?{_SEX}[^\n]{{0,60}}?{_CHILD}"),
    ("minors_sexual", "minors", 1.0, rf"{_WANT}[^\n]{{0,80}}?{_CHILD}[^\n]{{0,60}}?{_SEX}"),
    # Nakedness is an everyday word: it counts where it is the child's, and not an animal's, a foot's or an eye's.
    ("minors_sexual", "minors", 1.0, rf"{_WANT}[^\n]{{0,80}}?\b{_BARE} (?:\w{{1,12}} ){{0,2}}?{_CHILD}(?!')"),
    ("minors_sexual", "minors", 1.0, rf"{_WANT}[^\n]{{0,80}}?{_CHILD}(?:(?: \w{{1,12}}){{0,2}}?| (?:who|that) (?:is|are|gets?)(?: \w{{1,10}})?) {_BARE}\b(?![- ](?:mole|eye|truth|cake|colou?r|trees?|neck))"),
    ("minors_sexual", "minors", 1.0, rf"{_WANT}[^\n]{{0,40}}?(?:\b{_BARE} {_PICTURE}|{_PICTURE} of {_BARE})[^\n]{{0,30}}?{_CHILD}"),
    ("minors_sexual", "minors", 1.0, rf"{_WANT}[^\n]{{0,80}}?{_CHILD}(?: (?!pieds|mains|tete|torse|bras|jambes|oeil|ame|mis\b|mise\b|tombe|attrap|les\b|la\b|le\b|avec\b|sur\b|aux?\b|dans\b|des\b|voir\b|a\b)[\w']{{1,12}}){{0,3}}? {_NU}(?! (?:pieds|tete|propriete))"),
    ("minors_sexual", "minors", 1.0, rf"{_WANT}[^\n]{{0,80}}?{_CHILD}[^\n]{{0,60}}?(?:\b{_BARE} {_PICTURE}|{_PICTURE} (?:d'\w{{1,5}} |de \w{{1,5}} )?{_NU})"),
    ("minors_sexual", "minors", 1.0, rf"{_WANT}[^\n]{{0,40}}?{_PICTURE} (?:de |d')?{_NU} [^\n]{{0,30}}?{_CHILD}"),
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
