"""Which messages want a letter or an e-mail, who signs it and who gets it."""

from __future__ import annotations

import pytest

from orion_py.skills.letter_wanted import Letter, letter_wanted


@pytest.mark.parametrize(
    ("query", "letter"),
    [
        ("Write an e-mail to the garage. Move my MOT to Friday. Sign it Ann Pickering.",
         Letter(True, "Ann Pickering", "")),
        ("Can you write to my neighbour Mr Okafor and thank him for the parcels? Linda and Graham.",
         Letter(False, "Linda and Graham", "Mr Okafor")),
        ("Draft an email to my former colleague Maureen, who retires on Friday. From Graham.",
         Letter(True, "Graham", "Maureen")),
        ("A letter to the council about the streetlight in Mill Lane. Yours, Graham", Letter(False, "Graham", "")),
        ("mail au maître de Malo, M. Benali : il sera absent vendredi. signé Maëlle Tanguy",
         Letter(True, "Maëlle Tanguy", "M. Benali")),
        ("écris une lettre de remerciement à mamie Jeannine pour l'écharpe. Malo",
         Letter(False, "Malo", "mamie Jeannine")),
        ("Please decline an invitation for me. Ruth has asked us for 20 July. From Graham and Linda.",
         Letter(False, "Graham and Linda", "Ruth")),
        ("A letter to a boy called Noah. Signed Grandad. About 100 words.", Letter(False, "Grandad", "Noah")),
        ("hi, write an email, im called jess pickering and want a job. the manager is mrs lowe",
         Letter(True, "Jess Pickering", "Mrs Lowe")),
        ("Rédige un email aux clients : la boutique ferme lundi. Signé : L'équipe de La Plume Bleue.",
         Letter(True, "L'équipe de La Plume Bleue", "")),
        ("Lettre de motivation pour un stage chez l'agence Kouign, mon nom : Maëlle Tanguy",
         Letter(False, "Maëlle Tanguy", "")),
    ],
)  # fmt: skip
def test_a_letter_is_known_with_its_sender_and_its_recipient(query: str, letter: Letter) -> None:
    assert letter_wanted(query) == letter


@pytest.mark.parametrize(
    "query",
    [
        "How do I write a formal letter?",
        "Summarise this e-mail in one sentence: the meeting is moved.",
        "Write a poem about a letter that never came",
        "Write a function that counts the letters in a word",
        "Translate this email into French: hello",
        "Hello, how are you?",
        "Can you remind me who won in 1998? Zidane",
        "I want to cancel my subscription from Netflix, what now?",
        "Thank you very much. From Paris it was a long way.",
        "Invite ideas for my party, please. Anna",
        "What is the capital letter rule in German?",
    ],
)
def test_what_only_speaks_of_letters_is_none(query: str) -> None:
    assert letter_wanted(query) is None


def test_a_day_or_a_month_is_nobody_to_write_to() -> None:
    wanted = letter_wanted("Write an email to cancel my visit to Paris on Monday. From Ann.")
    assert wanted is not None
    assert wanted.sender == "Ann"
    assert wanted.recipient != "Monday"
