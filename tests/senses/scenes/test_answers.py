"""What the reports decide by themselves, in both languages, and what they refuse to."""

from __future__ import annotations

import pytest

from orion_py.senses.scenes.answers import scene_answer
from orion_py.senses.scenes.codes import Code
from orion_py.senses.scenes.labels import Language
from orion_py.senses.scenes.report import SceneReport
from tests.senses.scenes.reports import KNOWN, report, seen
from tests.senses.scenes.test_receipts import FRENCH

SIGN = report("DÉFENSE DE FUMER\nMerci", unsure=["B1ah"])
PARK = report(
    objects=[seen("person"), seen("person", 0.7), seen("dog", box=(200, 0, 300, 90))],
    unsure_objects=[seen("person", 0.35)],
)
BILL = report(FRENCH)


def told(question: str, *reports: SceneReport, language: Language = "en") -> str:
    answer = scene_answer(question, reports, KNOWN, language)
    assert answer is not None, "a language model would have to answer"
    return answer


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("What does it say?", "en"),
        ("what does the sign say", "en"),
        ("What does the sign in this picture say?", "en"),
        ("What does that label on the left read?", "en"),
        ("C'est écrit quoi sur le panneau ?", "fr"),
        ("Qu'est-ce qu'il y a d'écrit ici ?", "fr"),
        ("Read it to me please", "en"),
        ("What is written on this?", "en"),
        ("Que dit le panneau ?", "fr"),
        ("Qu’est-ce qui est écrit ?", "fr"),
        ("Lis ce texte", "fr"),
        ("Is there any text?", "en"),
    ],
)
def test_what_was_read_is_quoted_and_what_is_doubtful_said_apart(question: str, language: Language) -> None:
    answer = told(question, SIGN, language=language)
    assert "> DÉFENSE DE FUMER  \n> Merci" in answer
    assert answer.endswith("B1ah")


@pytest.mark.parametrize("question", ["What does it say?", "Translate this sign into English", "Summarize the text"])
def test_without_text_there_is_nothing_to_read_or_to_translate(question: str) -> None:
    assert "can't read any text" in told(question, PARK)


@pytest.mark.parametrize(("question", "language"), [("Translate it", "en"), ("Traduis ce texte", "fr")])
def test_a_lone_figure_is_no_text_to_translate(question: str, language: Language) -> None:
    answer = told(question, report("8", [seen("cup")]), language=language)
    assert {"en": "“8”, so there are no words", "fr": "« 8 » : il n'y a pas de mots"}[language] in answer


def test_what_is_asked_of_a_lone_character_is_not_left_to_a_model() -> None:
    assert "can't tell" in told("Is that healthy?", report("8"))
    assert scene_answer("Is that a lot?", [report("04521 kWh")], KNOWN, "en") is None


@pytest.mark.parametrize(
    "question",
    ["Translate this sign", "Traduis ce panneau en anglais", "Explain what that means", "Which law is meant?"],
)
def test_work_on_the_text_is_left_to_a_language_model(question: str) -> None:
    assert scene_answer(question, [SIGN], KNOWN, "en") is None


@pytest.mark.parametrize(
    ("question", "language", "expected"),
    [
        ("How many people are there?", "en", "I found 2 people. Perhaps there are 1 more; I'm not sure."),
        ("how many persons do you see", "en", "2 people"),
        ("Combien de personnes y a-t-il ?", "fr", "J'ai trouvé 2 personnes."),
        ("Combien de gens vois-tu ?", "fr", "2 personnes"),
        ("How many dogs?", "en", "I found 1 dog."),
        ("combien de chiens ?", "fr", "1 chien"),
        ("How many cats are in it?", "en", "none of this kind"),
        ("Combien de chats ?", "fr", "aucun exemple dans l'image : chat"),
        ("Is there a dog in the picture?", "en", "I found 1 dog."),
        ("Y a-t-il un vélo ?", "fr", "vélo"),
    ],
)
def test_counts_are_the_detectors(question: str, language: Language, expected: str) -> None:
    assert expected in told(question, PARK, language=language)


@pytest.mark.parametrize("question", ["How many women are there?", "Combien d'enfants ?"])
def test_people_are_counted_and_their_sex_and_age_never_guessed(question: str) -> None:
    language: Language = "fr" if question.startswith("C") else "en"
    answer = told(question, PARK, language=language)
    assert answer.startswith(("I found 2 people", "J'ai trouvé 2 personnes"))
    assert "sex" in answer


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Who is this man?", "en"),
        ("How old is she?", "en"),
        ("Why is the man laughing?", "en"),
        ("What breed is the dog?", "en"),
        ("Where was it taken?", "en"),
        ("How many windows does the house have?", "en"),
        ("Is the weather nice?", "en"),
        ("Qui est cette personne ?", "fr"),
        ("Où la photo a-t-elle été prise ?", "fr"),
        ("Combien de fenêtres ?", "fr"),
    ],
)
def test_what_no_detector_tells_isnt_told(question: str, language: Language) -> None:
    answer = told(question, PARK, language=language)
    assert answer.startswith(("I can't", "L'image ne me permet pas", "Je ne peux pas"))
    assert ("2 people, 1 dog" if language == "en" else "2 personnes, 1 chien") in answer


def test_an_object_has_its_place_and_its_colour() -> None:
    assert told("Where is the dog?", PARK) == "1 dog: at the top right."
    assert told("Où est le chien ?", PARK, language="fr") == "1 chien : en haut à droite."
    assert told("What colour is the dog?", PARK) == "The place of the dog is mostly red."
    assert "white (80 %)" in told("What are the main colours?", PARK)


@pytest.mark.parametrize("question", ["What is the total?", "How much is it?", "Total?"])
def test_the_total_is_quoted_and_checked(question: str) -> None:
    answer = told(question, BILL)
    assert "The total is €5.50." in answer
    assert "“TOTAL TTC               5,50 €”" in answer
    assert "3 lines above it add up to the same" in answer


def test_in_french_too_and_a_sum_that_differs_is_said() -> None:
    wrong = report(FRENCH.replace("1,30", "1,80"))
    answer = told("Quel est le total ?", wrong, language="fr")
    assert "5,50\u00a0€" in answer
    assert "mal lu une" in answer


def test_without_amounts_there_is_no_total() -> None:
    assert told("What is the total?", SIGN).startswith("I read no amount")


def test_a_code_is_told() -> None:
    ticket = report(codes=[Code("QR Code", "https://example.org", ((0.0, 0.0),))])
    assert told("What is in the QR code?", ticket) == "The QR Code contains: https://example.org"
    assert "no QR code" in told("what does the QR code say", PARK)


@pytest.mark.parametrize(
    ("question", "language"),
    [("Describe the picture", "en"), ("What do you see?", "en"), ("Que vois-tu ?", "fr"), ("Décris l'image", "fr")],
)
def test_a_description_is_what_was_found(question: str, language: Language) -> None:
    answer = told(question, PARK, language=language)
    assert ("2 people, 1 dog" if language == "en" else "2 personnes, 1 chien") in answer


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Can you see dogs?", "en"),
        ("any dogs?", "en"),
        ("Is this a dog?", "en"),
        ("Is it a big dog?", "en"),
        ("Is a dog in the picture?", "en"),
        ("Est-ce qu'il y a un chien ?", "fr"),
        ("C'est un chien ?", "fr"),
        ("Et un chien ?", "fr"),
        ("Combien y a-t-il de chiens ?", "fr"),
        ("Combien vois-tu de chiens ?", "fr"),
    ],
)
def test_however_one_asks_for_a_thing_the_detector_answers_even_beside_text(question: str, language: Language) -> None:
    picture = report("NIKON 50 mm", objects=[seen("dog")])
    assert ("1 dog" if language == "en" else "1 chien") in told(question, picture, language=language)
    nothing = told(question, report("NIKON 50 mm"), language=language)
    assert ("none of this kind" if language == "en" else "aucun exemple") in nothing


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("What is the man doing?", "en"),
        ("Is the person on the left a man?", "en"),
        ("What's the weather like?", "en"),
        ("Is it day or night?", "en"),
        ("Que fait l'homme ?", "fr"),
        ("Quel temps fait-il ?", "fr"),
        ("Où a été prise la photo ?", "fr"),
        ("Sont-ils heureux ?", "fr"),
    ],
)
def test_what_no_detector_tells_isnt_told_beside_text_either(question: str, language: Language) -> None:
    picture = report("NIKON 50 mm", objects=[seen("person")])
    assert told(question, picture, language=language).startswith(("I can't tell", "L'image ne me permet pas"))


def test_a_number_to_ring_is_looked_for_in_the_text_and_no_telephone_counted() -> None:
    shop = report("Tel. 01 23 45 67 89", objects=[seen("mobile phone")])
    assert scene_answer("What is the phone number?", [shop], KNOWN, "en") is None
    assert scene_answer("C'est quel numéro de téléphone ?", [shop], KNOWN, "fr") is None


def test_things_of_a_colour_are_counted_and_each_ones_colour_said() -> None:
    street = report(objects=[seen("car"), seen("car", 0.7)])
    assert told("How many blue cars?", street).splitlines() == [
        "I found 2 cars.",
        "The place of the car is mostly red.",
        "The place of the car is mostly red.",
    ]
    assert told("Is the car blue?", street).startswith("The place of the car is mostly red.")
    assert told("La voiture est-elle bleue ?", street, language="fr").count("rouge") == 2


@pytest.mark.parametrize(
    ("question", "language", "price"),
    [
        ("How much is the baguette?", "en", "€1.30. I read it here: “Baguette"),
        ("What's the price of the croissants?", "en", "€2.40"),
        ("Combien coûte la baguette ?", "fr", "1,30\u00a0€"),
        ("Quel est le prix de la baguette ?", "fr", "1,30\u00a0€"),
        ("Combien je dois ?", "fr", "5,50\u00a0€"),
        ("Ça fait combien ?", "fr", "5,50\u00a0€"),
        ("How much did the dinner cost?", "en", "The total is €5.50"),
    ],
)
def test_the_price_of_one_thing_isnt_the_total(question: str, language: Language, price: str) -> None:
    assert told(question, BILL, language=language).count(price) == 1


def test_what_a_picture_or_a_code_says_makes_no_links_and_no_headings() -> None:
    trap = Code("QR Code", "[Your bank](https://evil.example)", ((0.0, 0.0),))
    assert told("What is in the QR code?", report(codes=[trap])).endswith("`[Your bank](https://evil.example)`")
    assert "`[Your bank](https://evil.example)`" in told("Describe it", report(codes=[trap]))
    card = Code("QR Code", "BEGIN:VCARD\n# N:Doe", ((0.0, 0.0),))
    assert "> BEGIN:VCARD  \n> `# N:Doe`" in told("What is in the QR code?", report(codes=[card]))
    assert "> Bread 2.00  \n> `-------`" in told("What does it say?", report("Bread 2.00\n-------"))
    assert "`**TOTAL**" in told("What is the total?", report("**TOTAL** 5.50"))


def test_several_pictures_are_answered_one_by_one() -> None:
    answer = told("How many dogs are there?", PARK, SIGN)
    first, second = answer.split("**Picture 2**")
    assert "1 dog" in first
    assert "none of this kind" in second


def test_every_kind_is_found_by_its_own_names() -> None:
    for kind in KNOWN:
        for words, question in ((kind.english, "How many {} are there?"), (kind.french, "Combien de {} y a-t-il ?")):
            language: Language = "fr" if question[0] == "C" else "en"
            for word in words:
                picture = report(objects=[seen(kind.english[0])])
                assert kind.counted(1, language) in told(question.format(word), picture, language=language), word
