"""Which questions go on about the picture before, in both languages, and which have left it."""

from __future__ import annotations

import pytest

from orion_py.senses.scenes.follow_up import goes_on_about_pictures


@pytest.mark.parametrize(
    "question",
    [
        "How many people are there?",
        "and how many dogs?",
        "What colour is the car?",
        "Is there a dog?",
        "Who is she?",
        "What is it?",
        "What does it say?",
        "What is the total?",
        "How much is the bread?",
        "Where is the cat?",
        "Which one is cheaper?",
        "Split it between 4 people",
        "What's in the QR code?",
        "Combien de personnes y a-t-il ?",
        "et combien de chiens ?",
        "De quelle couleur est la voiture ?",
        "Est-ce qu'il y a un chien ?",
        "C'est quoi ?",
        "Qui est-ce ?",
        "Quel est le total ?",
        "Qu'est-ce qui est écrit ?",
    ],
)
def test_it_goes_on(question: str) -> None:
    assert goes_on_about_pictures(question)


@pytest.mark.parametrize(
    "question",
    [
        "",
        "Thanks!",
        "Tell me a joke",
        "How many people live in Paris?",
        "How many days are in a leap year?",
        "What is 20 % of 50?",
        "What is love?",
        "Write a poem about autumn",
        "Who wrote Les Misérables?",
        "Why do cats purr?",
        "Raconte-moi une histoire",
        "Combien d'habitants a la France ?",
        "Translate good morning into French",
        "Could you explain to me in simple words how a heat pump works and what it costs to run one?",
    ],
)
def test_it_has_left_the_picture(question: str) -> None:
    assert not goes_on_about_pictures(question)
