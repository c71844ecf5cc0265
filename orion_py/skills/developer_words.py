"""Lists what the developer asks the model, and tells the person, in English and French."""

from __future__ import annotations

from typing import Any

_ENGLISH = {
    "tests": "Write {count} short lines that test the function `{name}`, each of the form: assert {name}(...) == ...",
    "mend": "{query}\n\nTake care: a first version failed this check: {fault}",
    "mended": "Corrected after a trial. ",
    "runs": "The program was run: it starts without a fault.",
    "crash": "The program was run and fails: {why}.",
    "examples_pass": ("Your example was run: it holds.", "Your {count} examples were run: all hold."),
    "examples_fail": (
        "Your example was run: it doesn’t hold (`{why}`).",
        "Your {count} examples were run: {passed} hold; the first that doesn’t: `{why}`.",
    ),
    "tests_pass": ("One test of its own was run: it passes.", "{count} tests of its own were run: all pass."),
    "tests_fail": (
        "One test of its own was run: it fails (`{why}`).",
        "{count} tests of its own were run: {passed} pass; the first that doesn’t: `{why}`.",
    ),
    "not_run": "The program wasn’t run: {why}.",
    "input": "it waits for somebody’s input",
    "files": "it opens files",
    "module": "it needs a module that the sandbox doesn’t have",
    "time": "it ran too long",
    "memory": "it took too much memory",
    "early": "it ended early",
}
_FRENCH = {
    "tests": "Écris {count} lignes courtes qui testent la fonction `{name}`, de la forme : assert {name}(...) == ...",
    "mend": "{query}\n\nAttention : une première version a échoué à cette vérification : {fault}",
    "mended": "Corrigé après un essai. ",
    "runs": "Le programme a été exécuté : il démarre sans erreur.",
    "crash": "Le programme a été exécuté et échoue : {why}.",
    "examples_pass": (
        "Votre exemple a été exécuté : il est juste.",
        "Vos {count} exemples ont été exécutés : tous justes.",
    ),
    "examples_fail": (
        "Votre exemple a été exécuté : il n’est pas respecté (`{why}`).",
        "Vos {count} exemples ont été exécutés : {passed} respectés ; le premier qui ne l’est pas : `{why}`.",
    ),
    "tests_pass": (
        "Un test maison a été exécuté : il réussit.",
        "{count} tests maison ont été exécutés : tous réussissent.",
    ),
    "tests_fail": (
        "Un test maison a été exécuté : il échoue (`{why}`).",
        "{count} tests maison ont été exécutés : {passed} réussissent ; le premier échec : `{why}`.",
    ),
    "not_run": "Le programme n’a pas été exécuté : {why}.",
    "input": "il attend une saisie",
    "files": "il ouvre des fichiers",
    "module": "il lui faut un module que le bac à sable n’a pas",
    "time": "il a duré trop longtemps",
    "memory": "il a pris trop de mémoire",
    "early": "il s’est arrêté avant la fin",
}
WORDS: dict[bool, dict[str, Any]] = {False: _ENGLISH, True: _FRENCH}
"""By whether the answer is in French. A pair is the wording for one and for several."""


def told(french: bool, key: str, **values: Any) -> str:
    """The sentence ``key``, with ``values``; for a pair ``count`` decides."""
    text = WORDS[french][key]
    if isinstance(text, tuple):
        text = text[values["count"] > 1]
    return str(text.format(**values))
