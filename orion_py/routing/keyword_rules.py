"""What the keyword router knows: words and turns of phrase, each with a weight for one agent.

Everything is matched on folded text: lower case, no accents, straight apostrophes (``fold`` in
``keyword.py``), except ``SYNTAX`` and ``SCRIPTS``, which see the text as it was typed. A weight of
3 decides alone, 1 is a hint. Rules are kept few and general; they were written with
tests/routing/examples.tsv in view and never with held_out.tsv.
"""

from __future__ import annotations

import re

WORDS: dict[str, dict[float, str]] = {
    "code": {
        3: "javascript typescript kotlin golang php html css sql mysql sqlite postgres c++ c# regex regexp numpy pandas "
        "django flask fastapi nodejs npm pip git github gitlab dockerfile kubernetes json yaml xml segfault traceback "
        "compiler compilateur refactor refactorise debug debugue debuguer deboguer powershell haskell matplotlib "
        "pytest webpack localhost stdin stdout async asyncio leetcode",
        2: "python java docker api apis bash code backend frontend database recursion recursive endpoint commit "
        "commits programming programmation algorithm algorithme algorithms react angular laravel linux ssh websocket "
        "tuple hashmap quicksort crud oop",
        1: "function fonction script scripts bug bugs compile program programme loop boucle variable string array "
        "pointer pointers pointeur pointeurs query requete terminal branch deploy rust swift ruby perl class classe "
        "library bibliotheque server serveur syntax syntaxe import module package framework cache",
    },
    "logical": {
        3: "equation equations derivative derivee integral integrale probability probabilite probabilites factorise "
        "factorize factoriser polynomial polynome logarithm theorem theoreme syllogism syllogisme enigme enigmes "
        "arithmetic pgcd ppcm modulo hypotenuse trigonometry permutations combinatorics",
        2: "calculate calcule calculer calculez compute riddle riddles devinette prove demontre demontrer matrice "
        "fraction fractions percent percentage pourcentage pourcent mediane median perimeter perimetre resous sudoku",
        1: "solve resoudre average moyenne sum somme twice double triple puzzle multiply divide divise multiplie "
        "logic logique dice volume area aire reste discount remise left",
    },
    "creative": {
        3: "poem poems poeme poemes haiku haikus limerick sonnet acrostiche acrostic slogan slogans lyrics fable "
        "screenplay monologue fanfiction tagline",
        1.5: "story stories histoire tale conte song chanson novel roman scene chapter chapitre dialogue discours "
        "letter lettre email mail caption legende tweet blog essay titres names toast invitation paroles "
        "poesie nouvelle rap jingle pun puns",
        1: "invente invent imagine dragon wizard sorcier magique magical enchanted enchantee enchante fantasy "
        "fantastique brainstorm speech creative rhyme rime rimes hero heros princess princesse",
    },
    "multilingual": {
        3: "translate translation traduis traduire traduisez traduction traductions conjugate conjugue conjuguer "
        "conjugaison",
        2: "subjonctif imparfait subjunctive",
        1: "english french spanish german italian portuguese chinese japanese arabic russian dutch korean latin "
        "mandarin hindi turkish polish anglais francais espagnol allemand italien portugais chinois japonais arabe "
        "russe neerlandais coreen turc polonais breton catalan verb verbe grammar grammaire vocabulary vocabulaire "
        "pronounce pronunciation prononce prononciation",
    },
    "conversation": {
        1.5: "boyfriend girlfriend husband wife boss colleague mari copain copine patron collegue feel feeling lonely "
        "tired sad stressed stresse fatigue triste favourite favorite preferee prefere preferes job boulot interview "
        "entretien earn gagne salary salaire career carriere developer developpeur zoo snake serpent coffee island "
        "ile voiture car vacances holiday thanks merci hello hi salut bonjour coucou recommend conseille advice "
        "conseil recipe recette movie film weather meteo",
    },
}

_LANGUAGE = (
    r"(?:english|french|spanish|german|italian|portuguese|chinese|japanese|arabic|russian|dutch|korean|latin|greek|"
    r"mandarin|hindi|turkish|polish|swedish|anglais|francais|espagnol|allemand|italien|portugais|chinois|japonais|"
    r"arabe|russe|neerlandais|coreen|grec|turc|polonais|suedois|breton|catalan)\b"
)
_PROGRAM = (
    r"(?:functions?|fonctions?|scripts?|programs?|programmes?|class|classes?|code|regex|quer(?:y|ies)|requetes?|"
    r"algorithms?|algorithmes?|unit tests?|tests? unitaires?|apps?|applications?|page html|website|web page|web app|"
    r"site web|apis?|endpoints?|macros?|makefile|boucles?|loops?|parser|decorator|component|composant|sql|cli|bot)"
)
_MADE = (
    r"(?:poems?|story|stories|tale|song|letter|speech|dialogues?|scene|novel|chapter|essay|email|e-mail|mail|toast|"
    r"post|caption|tweet|article|blog|slogans?|lyrics|haikus?|rap|script|play|sketch|invitation|message|card|"
    r"descriptions?|review|poemes?|histoires?|contes?|chansons?|lettres?|discours|scenes?|romans?|chapitres?|"
    r"nouvelles?|textes?|courriels?|legendes?|articles?|paroles|couplets?|blagues?|cartes?|voeux|mots?|annonces?)"
)
_MAKE = (
    r"(?:write|compose|invent|imagine|draft|create|make up|come up with|generate|brainstorm|ecris|ecrivez|redige|"
    r"redigez|invente|inventez|imaginez|cree|creez|compose|raconte|propose|trouve|genere)"
)
_PICTURE = r"(?:images?|pictures?|photos?|photographs?|screenshots?|captures? d'ecran|drawings?|dessins?|scans?)\b"
_SOUND = (
    r"(?:recordings?|audio|voice (?:messages?|memos?|notes?)|messages? vocal|memos? vocal|enregistrements?|"
    r"note vocale|sound clip|voicemail)\b"
)
_NUMBER = (
    r"(?:\d+(?:[.,]\d+)?|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty|hundred|"
    r"dozen|deux|trois|quatre|cinq|sept|huit|neuf|dix|onze|douze|quinze|vingt|trente|quarante|cinquante|soixante|"
    r"cent|mille|douzaine)"
)
NUMBER = re.compile(rf"(?<![\w.,]){_NUMBER}\b")

PHRASES: tuple[tuple[str, float, re.Pattern[str]], ...] = tuple(
    (agent, weight, re.compile(pattern))
    for agent, weight, pattern in (
        # code
        ("code", 3, r"```"),
        (
            "code",
            2.5,
            r"\b(?:write|create|make|build|give me|need|fix|debug|implement|ecris|fais|fais-moi|cree|code|corrige|"
            rf"optimise|optimize|developpe|explain|explique)\b[^.!?\n]{{0,28}}\b{_PROGRAM}\b",
        ),
        (
            "code",
            3,
            r"segmentation fault|stack ?trace|null pointer|syntax error|time complexity|big[- ]o\b|unit tests?|"
            r"tests? unitaires?|pull requests?|merge conflicts?|data structures?|structures? de donnees|"
            r"boucles? (?:for|while)|(?:for|while|my) loop\b|mot[- ]cle \w+ en|base de donnees|linked list|"
            r"liste chainee|command line|ligne de commande|object[- ]oriented|center a div|dernier commit|"
            r"variables? d'environnement|environment variables?|virtualenv|environnement virtuel|stack overflow",
        ),
        (
            "code",
            2,
            r"\b(?:in|en|with|avec|to|into) (?:python|java|javascript|typescript|c|c\+\+|c#|rust|go|php|ruby|swift|kotlin|"
            r"sql|bash|react|html|css|scala|r|matlab|excel vba)\b(?!')",
        ),
        (
            "code",
            5,
            r"\b(?:translate|convert|port|traduis|convertis|transforme)\b[^.!?\n]{0,20}\b(?:code|script|function|fonction|class|classe|"
            r"program|programme|python|java|javascript|sql)\b",
        ),
        # logical
        ("logical", 3, r"\d\s*[+*×÷^=]\s*\d|\d\s+-\s+\d|[²³√∫π]|\bsin\(|\bcos\(|\bf\(x\)|\b[a-z]\s*\^\s*\d"),
        ("logical", 2.5, r"(?<![\w#-])\d*[xyz]\s*[-+=]\s*\d|\d\s*x\s*\d|\d\s*/\s*\d+\s*(?:=|\?)"),
        (
            "logical",
            3,
            rf"{_NUMBER} (?:plus|minus|times|moins|fois|over|multiplied by|divided by|divise par|multiplie par) {_NUMBER}",
        ),
        ("logical", 2, rf"\d\s*(?:%|percent|pour ?cent) (?:of|de|off)\b|\b{_NUMBER} ?% "),
        ("logical", 2.5, r"(?:\d+\s*,\s*){2,}\d+"),
        (
            "logical",
            3,
            r"square root|cube root|racine (?:carree|cubique)|prime numbers?|nombres? (?:premiers?|pairs?|impairs?|entiers?)|"
            r"odd numbers?|even numbers?|deduce|logic puzzle|how many ways|de combien de (?:facons|manieres)|what number|"
            r"quel nombre|lance[rz]? (?:un|deux) des?\b|coin (?:flip|toss)|rolling|pile ou face",
        ),
        (
            "logical",
            3,
            r"\b(?:all|some|no|every) [\w ]{1,25}\b(?:are|is)\b.{1,80}\b(?:all|some|no|is|are|do|can|therefore)\b.{1,60}\?"
            r"|\b(?:tous|toutes|aucun|certains) .{1,25}\b(?:sont|est|n'est|ne sont)\b.{1,90}\b(?:aucun|certains|tous|peut|"
            r"est-ce|sont-ils|donc)\b",
        ),
        ("logical", 2.5, r"\bconver\w+ \d+(?:[.,]\d+)? ?\w+ (?:to|into|in|en)\b"),
        # creative
        ("creative", 2.5, rf"\b{_MAKE}\b[^.!?\n]{{0,60}}\b{_MADE}\b"),
        (
            "creative",
            3,
            r"\b(?:tell|raconte|read|dis|invente)\S* (?:\S+ ){0,3}(?:story|stories|tale|histoire|conte|legende)\b",
        ),
        (
            "creative",
            3,
            r"\b(?:pretend (?:to be|you|that you)|role ?-?play|act (?:as|like) (?:a|an|the|if)|play the role|joue[sz]? le role|"
            r"fais(?:ons)? semblant|mets-toi dans la peau|jouons a|fais comme si|imagine (?:que tu|you are|you're)|"
            r"incarne|write in the style|dans le style d)",
        ),
        (
            "creative",
            3,
            r"\b(?:come up with|brainstorm|suggest|give me|think of|find|propose|trouve|donne|cherche|invente|il me faut|i need)"
            r"\S* (?:\S+ ){0,4}(?:names?|titles?|slogans?|taglines?|captions?|mottos?|noms?|titres?|surnoms?|devises?|"
            r"jeux de mots|hashtags?|pseudos?)\b",
        ),
        (
            "creative",
            1.5,
            rf"(?:^|[.!?:\n]\s*)(?:please |can you |could you |peux-tu |tu peux |pourrais-tu |stp |i want you to |help me )?{_MAKE}\b",
        ),
        (
            "creative",
            3,
            r"\b(?:movie|film|short film|theatre|theater|tv|video|youtube) (?:script|scene)|script de (?:film|video)",
        ),
        ("creative", 2, r"\b(?:decris|describe)\b(?!.{0,20}\b(?:how|what|difference|process|comment)\b)"),
        # multilingual
        (
            "multilingual",
            3,
            r"\bhow (?:do|does|would|can|to|should) (?:\w+ )?say\b|comment (?:dit-on|on dit|dire|se dit|dis-tu|tu dis|ecrit-on|on ecrit|"
            r"se prononce|prononce-t-on|prononcer)|false friends?|faux amis|mother tongue|langue maternelle",
        ),
        (
            "multilingual",
            2.5,
            r"what (?:does|do|is the meaning of) (?:[\"'“«]|.{1,40}\bmean in\b)|what's the meaning of|"
            rf"(?:que (?:veut dire|signifie)|(?:ca|cela) veut dire quoi)\b(?=.*(?:[\"«“]|{_LANGUAGE}))|\bword for\b",
        ),
        (
            "multilingual",
            1.5,
            rf"\b(?:in|into|to|from|en|vers|entre le|de l'|du|correct|proper|good) {_LANGUAGE}|\bl'{_LANGUAGE}",
        ),
        (
            "multilingual",
            1.5,
            rf"\b(?:answer|reply|respond|speak|talk|put|say|reponds|repondez|parle|mets|ecris|dis)\S* (?:\S+ ){{0,3}}(?:in|en) {_LANGUAGE}",
        ),
        ("multilingual", 1.5, rf"\b(?:mot|phrase|word|sentence|texte|text|idiom|expression)s?\b.{{0,40}}{_LANGUAGE}"),
        (
            "multilingual",
            1.5,
            r"\b(?:phrase|sentence|grammar|grammaire|orthographe|spelling|fautes?)\b.{0,30}\b(?:english|french|anglaise?|francaise?|"
            r"espagnole?|allemande?|italienne?)\b|\b(?:correct|corrige)\b.{0,20}\b(?:grammar|grammaire|spelling|orthographe)\b",
        ),
        # vision
        (
            "vision",
            2.5,
            rf"\b(?:this|attached|these|cette|cet|ces|ce|(?:on|in|from) (?:the|my)|sur (?:la|ma|une|l')|dans (?:la|ma)|dans l'|the attached)"
            rf" ?{_PICTURE}|{_PICTURE} (?:attached|below|above|ci-joint|ci-dessous|ci-dessus|jointe)",
        ),
        (
            "vision",
            1.5,
            r"\b(?:what(?:'s| is| do| does| are)|which|who(?:'s| is)|describe|identify|recogni[sz]e|read|see|how many|colou?r|"
            r"decris|vois|voit|lis|lire|reconnais|reconnaitre|identifie|quel|quelle|qui est|qu'y a|qu'est-ce|combien|analyse|extract|"
            rf"extrais|compte|ocr)\b.{{0,60}}{_PICTURE}",
        ),
        (
            "vision",
            -4,
            r"image de marque|docker|disk image|image disque|\biso\b|profile picture|big picture|photo de profil|<img",
        ),
        # speech
        ("speech", 3, r"\btranscri(?:be|bes|s|re|ption|vez|t)\b"),
        (
            "speech",
            4,
            r"\b(?:read|say|speak|lis|lire|dis|prononce|lisez)\b.{0,60}\b(?:aloud|out loud|voix haute|haute voix)\b",
        ),
        (
            "speech",
            3,
            r"text[- ]to[- ]speech|speech[- ]to[- ]text|synthese vocale|(?:into|to) (?:speech|spoken)\b|\bdictee vocale",
        ),
        ("speech", 2, rf"\b(?:this|the|that|my|cet|cette|ce|mon|ma|l')\s?{_SOUND}"),
        (
            "speech",
            1.5,
            rf"\b(?:listen|ecoute\w*|hear|says?|said|dit|dit-on|resume|summari[sz]e|what's in|who)\b.{{0,40}}{_SOUND}",
        ),
        # conversation: talk about a thing is no order to make one
        (
            "conversation",
            2,
            r"\bdo you (?:like|think|prefer|love|have)|\b(?:tu (?:preferes|aimes)|your (?:favou?rite|opinion))|ta \w+ preferee",
        ),
        ("conversation", 2, r"^(?:who|qui)(?: a| wrote| is| was| est| etait)\b"),
    )
)

ASKS_ABOUT = re.compile(
    r"^(?:what(?:'s| is| are| was| makes)|who|why|when|where|which|explain|is|are|do|does|did|qui|que|qu'est|quel|quelle|quels|quelles|pourquoi|"
    r"explique|est-ce|c'est quoi|how|comment|can you (?:recommend|explain)|tu connais|do you know)\b"
)
"""A question about poems isn't an order for one."""

ASKS_AMOUNT = re.compile(
    r"\bhow (?:much|many|old|long|far|fast|tall)\b|\bwhen (?:do|will) they\b|\bwhat (?:was|is) the (?:original|total|final|price)\b|"
    r"\bcombien\b|\bquel (?:age|est le (?:prix|total))\b|\ba quelle heure\b|\bdans combien\b|\bhow much\b"
)

TRANSLATES = re.compile(
    r"\b(?:translat(?:e|ion)|traduis|traduire|traduisez|traduction|how (?:do|would|can) (?:you|i|we) say|comment (?:dit-on|on dit|dire)|"
    r"que (?:veut dire|signifie)|what does)\b"
)
"""Then what stands in quotes or after a colon is the text to be translated and asks for nothing."""

QUOTES = re.compile(r"\"[^\"\n]*\"|“[^”\n]*”|«[^»\n]*»")

SYNTAX = re.compile(
    r"\bdef \w+\s*\(|\bfunction\s*\w*\s*\(|=>|[;{]\s*(?:\n|$)|#include|console\.log|^\s*(?:import|from) \w+"
    r"|</?(?:div|button|html|span|img|script|input|form|body|table|ul|li|style|a|p)\b[^>]*>"
    r"|\bSELECT\b.+\bFROM\b|\bprint\(|\w\(\)|\b(?:for|while|if)\s*\(|\w\.\w+\(|===?|!=|&&|\|\||\w\+\+|\w\[\w+\]"
    r"|\b[A-Z]\w*(?:Error|Exception)\b|Traceback|\bERR_\w+|\bE[A-Z]{5,}\b|--[a-z]+-?[a-z]+\b|\$\w+ ?=",
    re.MULTILINE,
)
"""Code itself, an error's name or a command's option."""

SCRIPTS = re.compile(
    r"[\u0370-\u03ff\u0400-\u04ff\u0590-\u06ff\u0900-\u097f\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"
)
"""Greek, Cyrillic, Hebrew, Arabic, Devanagari, Thai, kana, Han, Hangul."""

FOREIGN: tuple[frozenset[str], ...] = tuple(
    frozenset(words.split())
    for words in (
        "donde esta como estas el los las por para con muy hola gracias quiero puedo cerca cual una mi es hay buenos dias",
        "ich wie und der das ist nicht zum zur ein eine mir mein bitte wo guten sie wir haben kann auf mit fur komme",
        "buongiorno vorrei che sono il per come dove grazie ciao questo sapere una di non ho mi posso quanto",
        "onde voce obrigado bom dia quero nao uma fica esta como para meu eu preciso tudo",
    )
)
"""Frequent words of Spanish, German, Italian and Portuguese. Three of one language say it's that."""

TOPICS: dict[str, tuple[str, str]] = {
    "conversation": ("an everyday question", "une question courante"),
    "code": ("a question about programming", "une question de programmation"),
    "logical": ("a calculation or a matter of reasoning", "un calcul ou un raisonnement"),
    "creative": ("a piece of writing to invent", "un texte à inventer"),
    "multilingual": ("a matter of languages", "une question de langues"),
    "vision": ("a question about an image", "une question sur une image"),
    "speech": ("a matter of sound or voice", "une demande sur du son ou de la voix"),
}
