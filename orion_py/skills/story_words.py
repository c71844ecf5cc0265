"""Lists what the solver of story sums asks the model, and tells the person, in English and French."""

from __future__ import annotations

from typing import Any

_ENGLISH = {
    "steps": 'Solve it step by step, an equation a line. End with a line "Answer:" and the number alone.',
    "program": "Write a short Python program that computes the answer step by step and prints the number alone.",
    "agreed": "Checked: {agreed} of {tried} ways to work it out give **{answer}**.",
    "unsure": "Unsure: the ways to work it out differ ({others} came out, too). Check this answer: **{answer}**",
    "by_program": "Worked out by this program:\n\n```python\n{code}\n```\n\nAnswer: {answer}",
}
_FRENCH = {
    "steps": "Résous-le étape par étape, une équation par ligne. "
    "Termine par une ligne « Réponse : » et le nombre seul.",
    "program": "Écris un court programme Python qui calcule la réponse étape par étape et affiche le nombre seul.",
    "agreed": "Vérifié : {agreed} calculs sur {tried} donnent **{answer}**.",
    "unsure": "Incertain : les calculs diffèrent ({others} aussi trouvé). Vérifiez cette réponse : **{answer}**",
    "by_program": "Calculé par ce programme :\n\n```python\n{code}\n```\n\nRéponse : {answer}",
}


def told(french: bool, word: str, **values: Any) -> str:
    """The sentence ``word``, with its places filled."""
    return (_FRENCH if french else _ENGLISH)[word].format(**values)
