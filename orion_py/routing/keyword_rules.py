"""Lists the keyword router's phrases, each with a weight for one agent; its words are in ``keyword_words.py``.

Everything is matched on folded text: lower case, no accents, straight apostrophes (``fold`` in
``keyword.py``), except some of ``keyword_forms.py``, which see the text as it was typed. A weight of
2 decides where nothing else speaks, 1 is a hint. The rules were written with
tests/routing/examples.tsv in view and never with held_out.tsv.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

_LANGUAGE = (
    r"(?:english|french|spanish|german|italian|portuguese|chinese|japanese|arabic|russian|dutch|korean|latin|greek|"
    r"swahili|thai|vietnamese|czech|danish|norwegian|finnish|hungarian|romanian|ukrainian|hebrew|persian|welsh|irish|"
    r"mandarin|hindi|turkish|polish|swedish|anglais|francais|espagnol|allemand|italien|portugais|chinois|japonais|"
    r"arabe|russe|neerlandais|coreen|grec|turc|polonais|suedois|danois|tcheque|hongrois|roumain|ukrainien|hebreu|"
    r"breton|catalan|basque|corse|occitan)\b"
)
_PROGRAM = (
    r"(?:functions?|fonctions?|scripts?|programs?|programmes?|class|classes?|classe|code|snippet|regex|quer(?:y|ies)|"
    r"requetes?|algorithms?|algorithmes?|unit tests?|tests? unitaires?|tests? pour|tests? for|apps?|applications?|"
    r"page html|website|web page|web app|site web|apis?|endpoints?|macros?|makefile|boucles?|loops?|parser|decorator|"
    r"component|composant|sql|cli|bot|pipeline|crawler|scraper|header|footer|navbar|dropdown)"
)
_MADE = (
    r"(?:poems?|story|stories|tale|song|letter|speech|dialogues?|scene|novel|chapter|essay|emails?|e-mail|mail|toast|"
    r"post|caption|tweet|article|blog|slogans?|lyrics|haikus?|rap|play|sketch|invitation|message|card|text|note|ad|"
    r"descriptions?|review|monologue|bio|poemes?|histoires?|contes?|chansons?|lettres?|discours|scenes?|romans?|"
    r"chapitres?|nouvelles?|textes?|courriels?|legendes?|articles?|paroles|couplets?|blagues?|cartes?|voeux|mots?|"
    r"annonces?|faire-part|textos?|sms|pubs?|publicites?|eloges?|requisitoire)"
)
_MAKE = (
    r"(?:write|rewrite|compose|invent|imagine|draft|pen|make up|come up with|ecris|ecrivez|ecrire|redige|redigez|"
    r"rediger|invente|inventez|inventer|imaginez|imaginer|composer|raconte|racontez)"
)
_MAYBE_MAKE = r"(?:create|generate|brainstorm|cree|creez|propose|proposez|trouve|genere|describe|decris)"
_ASKING = (
    r"(?:please |can you |could you |would you |peux-tu |tu peux |pourrais-tu |pouvez-vous |stp |s'il te plait,? |"
    r"i want you to |i'd like you to |help me |help me to |aide-moi a |je voudrais que tu )"
)
_PICTURE = (
    r"(?:images?|pictures?|pics?|photos?|photographs?|screenshots?|captures? d'ecran|drawings?|dessins?|scans?)\b"
)
_SOUND = (
    r"(?:recordings?|audio|voice (?:messages?|memos?|notes?)|messages? vocal|messages? vocaux|memos? vocal|"
    r"notes? vocales?|enregistrements?|sound clip|voicemails?|podcast)\b"
)
_NUMBER = (
    r"(?:\d+(?:[.,]\d+)?|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty|hundred|"
    r"dozen|deux|trois|quatre|cinq|sept|huit|neuf|dix|onze|douze|quinze|vingt|trente|quarante|cinquante|soixante|"
    r"cent|mille|douzaine)"
)
NUMBER = re.compile(rf"(?<![\w.,]){_NUMBER}(?!\d)")
MEASURED = re.compile(
    r"\d ?(?:€|\$|£|%|km|kg|cm|mm|m|g|h|l|ml|mph|euros?|dollars?|cents|centimes|pounds|miles|metres?|meters?|minutes?|"
    r"min|"
    r"hours?|heures?|days?|jours?|weeks?|semaines?|months?|mois|years?|ans|litres?|gallons?|machines|billes|"
    r"marbles)(?!\w)"
)

Rule = tuple[str, float, str]
_RULES: Sequence[Rule] = (
    # -- code
    ("code", 3, r"```"),
    (
        "code",
        2.5,
        r"\b(?:write|create|make|build|give me|need an?|fix|debug|implement|review|ecris|fais|cree|code|corrige|"
        r"optimise|"
        rf"optimize|developpe|explain|explique|programme)\b[^.!?\n]{{0,28}}\b{_PROGRAM}\b",
    ),
    (
        "code",
        3,
        r"segmentation fault|stack ?trace|null pointer|syntax error|time complexity|big[- ]o\b|unit tests?|"
        r"tests? unitaires?|"
        r"pull requests?|merge conflicts?|data structures?|structures? de donnees|boucles? (?:for|while)|(?:for|"
        r"while) loop\b|"
        r"mot[- ]cle \w+ en|base de donnees|linked list|liste chainee|command line|ligne de commande|"
        r"object[- ]oriented|"
        r"(?:center|centrer) (?:a|une?) (?:div|image)|dernier commit|variables? d'environnement|environment variables?|"
        r"environnement virtuel|stack overflow|permission denied|hello world|(?:bubble|merge|insertion) sort|"
        r"tri a bulles?|"
        r"(?:binary search|recherche dichotomique|code source|source code|open source)|(?:cle|foreign|"
        r"primary) (?:etrangere|"
        r"primaire|key)|not (?:a function|defined)|virtual host|page web|web page|push to origin|infinite loop|"
        r"keyword (?:do|mean)|ligne par ligne|line by line|tic[- ]tac[- ]toe|morpion|excel (?:formula|column|macro)|"
        r"(?:remove|supprimer les) (?:duplicates|doublons)",
    ),
    (
        "code",
        2,
        r"\b(?:in|en|with|avec|to|into|using) (?:python|java|javascript|typescript|js|c|c\+\+|c#|rust|go|php|ruby|"
        r"swift|"
        r"kotlin|sql|bash|react|html|css|scala|r|matlab|excel|vue|vba)\b(?!')",
    ),
    (
        "code",
        5,
        r"\b(?:translate|convert|port|traduis|convertis|transforme)\b[^.!?\n]{0,20}\b(?:code|script|function|fonction|"
        r"class|"
        r"classe|program|programme|python|java|javascript|sql)\b",
    ),
    (
        "code",
        -2.5,
        r"code (?:de carte|postal|de la route|vestimentaire|promo|civil|penal|secret|d'entree|pin|de triche)|"
        r"(?:dress|zip|postal|pin|area|promo|bar|morse|discount|cheat) code|programme (?:tele|de la|scolaire|"
        r"politique)|"
        r"(?:tv|training|workout|school|loyalty) program|\b(?:to|can't|cannot) function\b|file (?:a|my) (?:complaint|"
        r"taxes)",
    ),
    (
        "code",
        3,
        r"dependency injection|injection de dependances?|race condition|design patterns?|garbage collect|"
        r"ramasse-miettes|"
        r"out of range|chaines? de caracteres|lignes? de code|(?:text|csv|log|config) files?\b|fichiers? (?:texte|csv|"
        r"log)|"
        r"\b(?:get|post|put) (?:and|et|or|ou|vs) (?:get|post|put)\b|version control|login form|formulaire de connexion|"
        r"\b(?:developpe|programme|build|make)\S* (?:une?|an?) (?:\w+ )?(?:calculatrice|appli|calculator|chatbot|game|"
        r"jeu)\b|"
        r"\bimplement\w* (?:an?|the|une?|le|la)\b|virtual machine|machine virtuelle|load balancer|unsigned|type hints?",
    ),
    ("code", -2, r"java (?:island|coffee|sea)|(?:ile|volcan|cafe) de java"),
    # -- logical
    (
        "logical",
        3,
        r"\d\s*[+*×÷^]\s*\d|\d\s+-\s+\d|[²³√∫π]|\bsin\(|\bcos\(|\bf\(x\)|\b[a-z]\s*\^\s*\d|\)\s*\^\s*\d|\d{2,}/\d+",
    ),
    ("logical", 2.5, r"(?<![\w#-])\d*[xyz]\s*[-+=]\s*[\dxyz]|\d\s*x\s*\d|\d\s*/\s*\d+\s*(?:=|\?)|tend vers"),
    (
        "logical",
        3,
        rf"{_NUMBER} (?:plus|minus|times|moins|fois|over|multiplied by|divided by|divise par|multiplie par) {_NUMBER}",
    ),
    ("logical", 2, r"\d\s*(?:%|percent|pour ?cent) (?:of|de|off|d'|pendant|sur)|-\d+ ?%|in percent\b|en pourcentage"),
    ("logical", 2.5, r"(?:\d+\s*,\s*){2,}\d+"),
    (
        "logical",
        3,
        r"square root|cube root|racine (?:carree|cubique)|prime numbers?|nombres? (?:premiers?|pairs?|impairs?|"
        r"entiers?)|"
        r"odd numbers?|even numbers?|logic puzzle|how many ways|de combien de (?:facons|manieres)|what number|"
        r"quel nombre|"
        r"lance[rz]? (?:un|deux|trois) des?\b|coin (?:flip|toss)|rolling (?:a|two|three)|pile ou face|is \d+ (?:prime|"
        r"even|odd)|"
        r"cross (?:a|the) river|traverser (?:une|la) riviere|most likely to win|least common|greatest common",
    ),
    (
        "logical",
        3,
        r"\b(?:all|some|no|every) [\w ]{1,25}\b(?:are|is)\b.{1,80}\b(?:all|some|no|is|are|do|can|therefore)\b.{1,60}\?"
        r"|\b(?:tous|toutes|aucun|certains) .{1,30}\b(?:sont|est|n'est|ne sont|\w+ent)\b.{1,90}\b(?:aucun|certains|"
        r"tous|"
        r"peut|est-ce|sont-ils|donc|\w+-t-il)\b|\beither \w+ .{1,60}\bor\b.{1,80}\bwho\b",
    ),
    (
        "logical",
        3,
        r"\b(?:taller|older|younger|bigger|faster|heavier|shorter|richer) than\b.{1,60}\bthan\b.{1,80}\b(?:who|which)\b"
        r"|\bplus (?:grand|vieux|jeune|petit|lourd|rapide|age|riche|cher)e? que\b.{1,60}\bque\b.{1,80}\b(?:qui|lequel|"
        r"laquelle)\b",
    ),
    (
        "logical",
        3,
        r"\bif (?:today|yesterday|tomorrow) (?:is|was)\b|\bsi (?:aujourd'hui|hier|demain|on est)\b.{1,60}\bquel jour\b",
    ),
    (
        "logical",
        2.5,
        r"\b(?:add|subtract|multiply|divide|additionne|soustrais|multiplie|divise)\w* (?:\w+ )?\d|\d/\d\D{1,20}\d/\d|"
        r"what is the sum of|average of|moyenne de|[a-z]\([a-z] ?[-+] ?\d\)|tell(?:s|ing)? the truth|always lies|"
        r"ment toujours|"
        r"dit (?:toujours )?la verite|only one .{1,40}\b(?:is true|tells)|une seule .{1,40}\bvraie|"
        r"(?:always|toujours) (?:even|odd|positive|divisible|pair|impair|positif)\b|how many (?:seconds|minutes|hours|"
        r"days|weeks) "
        r"(?:are |is )?(?:there |it |in)|combien de (?:secondes|minutes|heures|jours|semaines) (?:y a|dans|font)|"
        r"in how many days",
    ),
    ("logical", 2.5, r"\bconver\w+ \d+(?:[.,]\d+)? ?\w+ (?:to|into|in|en)\b"),
    # -- creative
    ("creative", 2.5, rf"\b(?:{_MAKE}|{_MAYBE_MAKE})\b[^.!?\n]{{0,60}}\b{_MADE}\b"),
    (
        "creative",
        2.5,
        r"\b(?:i'd like|i would like|i want|i need|looking for|je veux|je voudrais|j'aimerais|il me faut|"
        r"j'ai besoin d'|"
        rf"fais-moi|give me|donne-moi)\b[^.!?\n]{{0,30}}\b{_MADE}\b",
    ),
    (
        "creative",
        3,
        r"\b(?:tell|raconte|read|dis|invente)\S* (?:\S+ ){0,3}(?:story|stories|tale|histoire|conte|legende|joke|"
        r"blague)\b|"
        r"\bonce upon a time|il etait une fois|\bcontinue[rz]? (?:the|this|my|cette|l'|mon) ?(?:story|histoire|tale|"
        r"conte|"
        r"recit|scene|poem|poeme)|(?:the|an|happy|different|nouvelle|autre) ending\b|\bla suite d|make me laugh|"
        r"fais-moi rire",
    ),
    (
        "creative",
        3,
        r"\b(?:pretend (?:to be|you|that you)|role ?-?play|act (?:as|like) (?:a|an|the|if)|play the role|"
        r"joue[sz]? le role|"
        r"fais(?:ons)? semblant|mets-toi dans la peau|jouons a|fais comme si|imagine (?:que tu|you are|you're)|incarne|"
        r"in the (?:style|voice) of|dans le style d|a la maniere d|as if you were|comme si tu|parle comme|talk like)",
    ),
    (
        "creative",
        2.5,
        r"^(?:you are|you're|tu es|vous etes) (?!sure|sur\b|right|able|welcome|there|la\b|pret|ok)(?:an? |une? |the |"
        r"le |la )?\w+",
    ),
    (
        "creative",
        3,
        r"\b(?:come up with|brainstorm|suggest|give me|think of|find|propose|trouve|donne|cherche|invente|il me faut|"
        r"i need)\S* (?:\S+ ){0,4}(?:names?|titles?|slogans?|taglines?|captions?|mottos?|noms?|titres?|surnoms?|"
        r"devises?|"
        r"jeux de mots|hashtags?|pseudos?|nicknames?)\b|\b(?:title|name|caption|titre|nom|legende) (?:for|pour) (?:my|"
        r"a|mon|ma|un)\b",
    ),
    (
        "creative",
        3,
        r"\b(?:movie|film|short film|theatre|theater|tv|video|youtube) (?:script|scene)|(?:script|pitch) de (?:film|"
        r"video)",
    ),
    (
        "creative",
        1.5,
        r"\b(?:battle|dialogue|conversation|duel) (?:between|entre)\b|\bbedtime|for (?:a|my) (?:birthday|wedding)",
    ),
    (
        "creative",
        3,
        r"plot twist|\bname (?:my|our|this)\b|(?:short|petite|courte|funny|scary) (?:story|histoire)|histoire courte|"
        r"une histoire (?:qui|de|sur|ou|d')|jeu de role|maitre du jeu|(?:more|plus) (?:poetic|romantic|poetique|"
        r"romantique|drole)|"
        r"fai[st] parler|donne la parole a|(?:let's|lets) play\b.*\byou are|children's (?:song|book|story)",
    ),
    (
        "creative",
        2.5,
        r"^(?:describe|decris)(?:-moi| me)? (?:an?|the|une?|le|la|les|l')(?!.{0,60}\b(?:difference|process|steps|how|"
        r"images?|photos?|pictures?|fonctionnement|etapes|symptom\w*)\b)",
    ),
    # -- multilingual
    (
        "multilingual",
        3,
        r"\bhow (?:do|does|would|can|to|should|is) (?:\w+ )?(?:say|said|that in|pronounced)\b|comment (?:dit-on|"
        r"on dit|dire|se dit|"
        r"dis-tu|tu dis|ecrit-on|on ecrit|se prononce|prononce-t-on|prononcer|demande-t-on)|false friends?|faux amis|"
        r"mother tongue|langue maternelle|past tense|irregular verbs?|verbes? irreguliers?|\bon dit [\"«“]",
    ),
    (
        "multilingual",
        2.5,
        r"what (?:does|do|is the meaning of) (?:[\"'“«]|.{1,40}\bmean in\b|it say in)|what's the meaning of|"
        rf"(?:que (?:veut dire|signifie)|(?:ca|cela|ca|qu'est-ce que ca) (?:veut dire|signifie))\b(?=.*(?:[\"«“]|"
        rf"{_LANGUAGE}))|"
        r"\bword for\b",
    ),
    (
        "multilingual",
        1.5,
        rf"\b(?:in|into|to|from|en|vers|entre le|de l'|du|correct|proper|good|my|mon|speak|parle|version|learn|"
        rf"apprendre) {_LANGUAGE}"
        rf"|\bl'{_LANGUAGE}",
    ),
    ("multilingual", 1.5, rf"[\"«“].*{_LANGUAGE}|{_LANGUAGE}.*[\"«“]|\bis it [\"'“«]\w+[\"'”»] or\b"),
    (
        "multilingual",
        2,
        r"\bis it [\"'“«]\w+[\"'”»] or\b|\bversion (?:anglaise|francaise|espagnole|allemande|italienne)\b",
    ),
    (
        "multilingual",
        1.5,
        r"\b(?:answer|reply|respond|speak|talk|put|say|reponds|repondez|parle|mets|ecris|dis|teach|learn|practi[sc]e|"
        rf"apprends|apprendre|apprenez|passe)\S* (?:\S+ ){{0,4}}(?:(?:in|en|de|to|into) )?{_LANGUAGE}",
    ),
    (
        "multilingual",
        1.5,
        rf"\b(?:mots?|phrases?|words?|sentences?|texte|text|idiom|expression|proverbe?)\b.{{0,40}}{_LANGUAGE}",
    ),
    (
        "multilingual",
        1.5,
        r"\b(?:phrase|sentence|grammar|grammaire|orthographe|spelling|fautes?)\b.{0,30}\b(?:english|french|anglaise?|"
        r"francaise?|espagnole?|allemande?|italienne?)\b|\b(?:correct|corrige|proofread|check)\b.{0,20}\b(?:grammar|"
        r"grammaire|"
        r"spelling|orthographe)\b",
    ),
    (
        "multilingual",
        2.5,
        r"\b(?:der|die|das|ser|estar|por|para|since|su|sa)\b,? (?:and|et|or|ou|vs|versus) (?:das|die|der|estar|para|"
        r"ser|for|son)\b|"
        r"(?:present|past|future) (?:perfect|simple|continuous)|passe (?:compose|simple)|plus-que-parfait|modal verbs?|"
        r"how (?:do|is|to) (?:you )?pronounce|what does (?:the )?(?:\w+ )?(?:word|phrase|expression|saying)\b|"
        r"native speaker|in your language|langue etrangere|foreign language",
    ),
    # -- vision
    (
        "vision",
        2.5,
        r"\b(?:this|attached|these|cette|cet|ces|ce|my|(?:on|in|from|at) (?:the|my|this)|(?:sur|dans|de|regarde|lis|"
        r"decris) "
        rf"(?:la|ma|une|l'|mon)|the attached) ?{_PICTURE}|{_PICTURE} (?:attached|below|above|ci-joint|ci-dessous|"
        rf"ci-dessus|"
        rf"jointe)|\({_PICTURE}\)",
    ),
    (
        "vision",
        1.5,
        r"\b(?:what(?:'s| is| do| does| are| kind)|which|who(?:'s| is)|describe|identify|recogni[sz]e|read|see|"
        r"look at|how many|"
        r"colou?r|decris|vois|voit|lis|lire|regarde|reconnais|reconnaitre|identifie|quel|quelle|que represente|"
        r"qui est|qu'y a|"
        rf"qu'est-ce|combien|analyse|extract|extrais|extrait|compte|ocr)\b.{{0,60}}{_PICTURE}",
    ),
    (
        "vision",
        -4,
        r"image de marque|docker|disk image|image disque|\biso\b|profile picture|big picture|photo de profil|<img|css|"
        r"\b(?:my|the) images? (?:of|is too)|caption|legende",
    ),
    ("vision", 3, rf"\b(?:here's|here is|here are|voici|voila) (?:an?|the|my|une?|la|ma|mon|l') ?{_PICTURE}"),
    # -- speech
    ("speech", 3, r"\b(?:re)?transcri(?:be|bes|s|re|ption|vez|t)\b"),
    (
        "speech",
        4,
        r"\b(?:read|say|speak|lis|lire|dis|prononce|lisez)\b.{0,60}\b(?:aloud|out loud|voix haute|haute voix)\b",
    ),
    (
        "speech",
        3,
        r"text[- ]to[- ]speech|speech[- ]to[- ]text|synthese vocale|(?:into|to) (?:speech|spoken)\b|\bdictee vocale|"
        rf"{_SOUND} (?:in)?to text|{_SOUND} en texte|\ben audio\b|(?:as|into|to) audio\b",
    ),
    ("speech", 2, rf"\b(?:this|the|that|my|cet|cette|ce|mon|ma|l')\s?{_SOUND}"),
    (
        "speech",
        1.5,
        rf"\b(?:listen|ecoute\w*|hear|entend|says?|said|dit|dit-on|resume|summari[sz]e|what's in|"
        rf"who)\b.{{0,40}}{_SOUND}",
    ),
    (
        "speech",
        2.5,
        r"\bdict(?:ate|e|ee)\b|(?:voice (?:note|memo|message)|message vocal|note vocale|memo vocal|voicemail)|"
        r"en parole\b|"
        r"voice[- ]?over|voix off|(?:aloud|out loud|voix haute|haute voix)\b(?<!thinking out loud)",
    ),
    # -- conversation: talk about a thing is no order to make one
    (
        "conversation",
        2,
        r"\bdo you (?:like|think|prefer|love|have)|\btu (?:preferes|aimes)|your (?:favou?rite|opinion)|ta \w+ preferee",
    ),
    ("conversation", 2, r"^(?:who|qui)(?: a| wrote| is| was| est| etait)\b(?!.{0,40}\d)"),
)


@cache
def phrases() -> tuple[tuple[str, float, re.Pattern[str]], ...]:
    """Agent, weight, pattern. Compiled when first asked for: in a browser it takes a tenth of a second."""
    return tuple((agent, weight, re.compile(pattern)) for agent, weight, pattern in _RULES)


ORDERS = re.compile(rf"(?:^|[.!?:\n]\s*){_ASKING}?(?:me |moi |nous )?{_MAKE}\b")
"""An order to write or invent. What is to be written decides first; if nothing does, it's creative."""
