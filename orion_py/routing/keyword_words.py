"""Lists the keyword router's words, each with a weight for one agent, and says what each agent's questions are about.

Everything is matched on folded text, and weights mean what they do in ``keyword_rules.py``.
"""

from __future__ import annotations

WORDS: dict[str, dict[float, str]] = {
    "code": {
        3: "javascript typescript kotlin golang php html css scss sql mysql sqlite postgres postgresql mongodb "
        "redis c++ c# regex regexp numpy pandas django flask fastapi nodejs npm yarn pip git github gitlab "
        "dockerfile kubernetes kubectl json yaml xml segfault traceback compiler compilateur refactor "
        "refactorise refactoring debug debugue debuguer deboguer powershell haskell matplotlib pytest webpack "
        "localhost stdin stdout async asyncio leetcode nginx cron crontab uuid vba js jsx stylesheet grep awk "
        "chmod curl tuple tuples hashmap boolean booleen typeerror keyerror valueerror indexerror middleware "
        "oauth jwt graphql websocket tailwind jquery vuejs nextjs svelte maven gradle makefile cmake gcc "
        "virtualenv conda jupyter tensorflow pytorch opencv selenium heroku vscode polymorphism polymorphisme "
        "fizzbuzz malloc dataframe dataframes tkinter pyqt deadlock mutex webhook terraform ansible firebase "
        "sqlalchemy junit eslint arduino bytecode bitwise dict scraping scraper microservices microservice "
        "http https tcp udp sockets",
        2: "python java docker api apis bash backend frontend database databases recursion recursive recursif "
        "endpoint endpoints commit commits rebase programming programmation algorithm algorithms algorithme "
        "algorithmes react angular laravel linux unix ssh snippet quicksort crud oop framework int const var "
        "void div csv aws sudo fibonacci repo repository lambda deployer kernel implement implemente "
        "raspberry latex markdown socket azure orm mock mocks singleton heap struct scrape decorators "
        "generics",
        1.5: "code exception fonction composant array arrays null closure pointeur pointeurs pointer pointers "
        "boucle parse parser parsing float hash syntax syntaxe terminal script scripts undefined serverless "
        "responsive promise promises assembleur assembly pagination node middleware multithreading",
        1: "function functions bug bugs compile program programme loop loops variable variables string strings "
        "query queries requete requetes branch deploy rust swift ruby perl vue class classe server serveur "
        "import module modules package library bibliotheque cache merge dictionary dictionaries fichier "
        "fichiers file files console crash interface integer static sort trier plugin website component "
        "method methode folder dossier app excel keyword binary url developpement thread threads form "
        "formulaire bouton push pull host",
    },
    "logical": {
        3: "equation equations derivative derivee derive integral integrale probability probabilite probabilites "
        "factorise factorize factoriser polynomial polynome logarithm theorem theoreme syllogism syllogisme "
        "enigme enigmes arithmetic pgcd ppcm modulo hypotenuse trigonometry permutations combinatorics sudoku "
        "inequation",
        2: "calculate calcule calculer calculez calcul compute riddle riddles devinette prove demontre demontrer "
        "matrice fraction fractions percent percentage pourcentage median mediane perimeter perimetre resous "
        "simplify simplifie divisible deduis deduce odds liars menteurs probable dizaines multiple multiples",
        1: "solve resoudre average moyenne sum somme twice double triple puzzle multiply divide divise divided "
        "multiplie logic logique area aire reste discount remise left prime produit product triangle circle "
        "cercle rectangle cylinder cylindre radius rayon diameter diametre diagonale diagonales polygon "
        "octogone hexagone sphere cone cube volume hauteur distance speed vitesse ratio proportion interest "
        "interets chacun each share partagent limite prouve justifie mileage consecutive consecutifs angle "
        "angles hexagon pentagon pentagone octagon flip coin dice chances exactly coins knights exact larger "
        "smaller greater",
    },
    "creative": {
        3: "poem poems poeme poemes haiku haikus limerick sonnet acrostiche acrostic slogan slogans lyrics fable "
        "screenplay monologue fanfiction tagline quatrain comptine berceuse lullaby ode jingle parody parodie "
        "eulogy elegy oraison plot-twist dungeon",
        2: "story stories tale rap verse toast poesie sketch nouvelle conte chanson strophe couplet dialogue "
        "pitch song bio villanelle",
        1.5: "histoire song novel roman scene chapter chapitre discours letter lettre email mail caption legende "
        "tweet blog essay titres names invitation paroles pun puns annonce ad advert flyer leaflet brochure "
        "prospectus texto rewrite villain superheroes superhero superheros playlist",
        1: "invente invent imagine dragon wizard sorcier magique magical enchanted enchantee enchante fantasy "
        "fantastique brainstorm speech creative rhyme rime rimes hero heros princess princesse title titre "
        "funny drole scary catchy sweet poetic poetique heartfelt chaleureux touchant personnage character "
        "narrator ending dragons robot vampire fairy fee pirate chevalier knight words mots",
    },
    "multilingual": {
        3: "translate translation translations traduis traduire traduisez traduction traductions conjugate "
        "conjugue conjuguer conjugaison traduit",
        2: "subjonctif imparfait subjunctive participle pluperfect preterit proofread pluriel plural participe "
        "pronounce prononcer prononce-t-on tenses gerund gerondif accusative dative datif",
        1: "english french spanish german italian portuguese chinese japanese arabic russian dutch korean latin "
        "swahili thai vietnamese czech danish norwegian finnish hungarian romanian ukrainian hebrew persian "
        "urdu bengali welsh irish basque esperanto mandarin hindi turkish polish swedish greek anglais "
        "francais espagnol allemand italien portugais chinois japonais arabe russe neerlandais coreen turc "
        "polonais breton catalan grec suedois danois tcheque hongrois roumain ukrainien hebreu occitan corse "
        "anglaise espagnole allemande italienne portugaise verb verbe grammar grammaire vocabulary "
        "vocabulaire pronounce pronunciation prononce prononciation proverb proverbe idiom synonym synonyme "
        "language langue",
    },
    "conversation": {
        1.5: "boyfriend girlfriend husband wife boss colleague mari copain copine patron collegue feel feeling "
        "lonely tired sad stressed stresse fatigue triste favourite favorite preferee prefere preferes job "
        "boulot interview entretien earn gagne salary salaire career carriere developer developpeur "
        "programmer zoo snake serpent coffee island ile vacances holiday thanks merci hello hi salut bonjour "
        "coucou recommend conseille advice conseil recipe recette weather meteo plants tomato restaurant "
        "complain",
    },
}

FOREIGN = tuple(
    frozenset(words.split())
    for words in (
        "donde esta como estas los las por para con muy hola gracias quiero puedo puedes cerca cual una hay buenos "
        "dias "
        "el tengo necesito ayudarme cuando quien porque tambien pero soy eres hacer tiene estoy",
        "ich wie und der das ist nicht zum zur ein eine einen mir mein bitte wo guten sie wir haben kann auf mit fur "
        "komme mochte heute gibt kein den dem wir ihr was von du bist warum habe zwei",
        "buongiorno vorrei che sono dove grazie ciao questo sapere una posso quanto costa il per della sei perche "
        "anche molto bene quando oggi stai ho hai vuoi mi piace sempre questa sto fare cosa",
        "onde voce obrigado obrigada bom quero nao uma fica para meu eu preciso tudo ola pode ajudar muito estou isso "
        "tenho fazer quando minha",
    )
)
"""Frequent words of Spanish, German, Italian and Portuguese."""

TOPICS: dict[str, tuple[str, str]] = {
    "conversation": ("an everyday question", "une question courante"),
    "code": ("a question about programming", "une question de programmation"),
    "logical": ("a calculation or a matter of reasoning", "un calcul ou un raisonnement"),
    "creative": ("a piece of writing to invent", "un texte à inventer"),
    "multilingual": ("a matter of languages", "une question de langues"),
    "vision": ("a question about an image", "une question sur une image"),
    "speech": ("a matter of sound or voice", "une demande sur du son ou de la voix"),
}
"""What a question for each agent is about, in English and French."""

RULED = tuple(TOPICS)
"""The agents that these rules know. Their scores are features of the trained head, in this order, whatever labels it
has: a rule for another agent is a keyword of its registry entry (``AgentEntry.keywords``)."""
