"""Figures, dates, times, money, units, abbreviations, addresses and signs are said as people say them."""

from __future__ import annotations

import pytest

from orion_py.senses.speaking.english_wording import english_words
from orion_py.senses.speaking.french_wording import french_words
from orion_py.senses.speaking.wording import roman


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("I have 3 cats.", "I have three cats."),
        ("1,234.5 people", "one thousand two hundred and thirty-four point five people"),
        ("In 1999 and 2024", "In nineteen ninety-nine and twenty twenty-four"),
        ("the 1990s", "the nineteen nineties"),
        ("the 21st and 2nd", "the twenty-first and second"),
        ("$5.50 or €20", "five dollars and fifty cents or twenty euros"),
        ("$1 and $3.2 million", "one dollar and three point two million dollars"),
        ("$0.99", "ninety-nine cents"),
        ("at 3:05 pm and 10:00", "at three oh five PM and ten o'clock"),
        ("at 9 a.m.", "at nine AM"),
        ("on 2024-05-12", "on May twelfth, twenty twenty-four"),
        ("May 5, 2024", "May fifth, twenty twenty-four"),
        ("5 May 2024", "May fifth, twenty twenty-four"),
        ("10-20 km", "ten to twenty kilometers"),
        ("1 km at 90 km/h", "one kilometer at ninety kilometers per hour"),
        ("-5 °C", "minus five degrees Celsius"),
        ("20% of 1/2 and 3/4", "twenty percent of one half and three quarters"),
        ("Dr. Smith vs. Mr. Jones", "doctor Smith versus mister Jones"),
        ("e.g. apples, etc.", "for example apples, et cetera."),
        ("Louis XIV and World War II", "Louis the fourteenth and World War two"),
        ("https://www.example.com/a/b?c=1", "example dot com"),
        ("jane.doe@mail.org", "jane dot doe at mail dot org"),
        ("Python 3.11.2", "Python three point eleven point two"),
        ("2 + 2 = 4", "two plus two equals four"),
        ("x^2", "x squared"),
        ("MP3 & B2B", "MP three and B two B"),
        ("call 555-0123", "call five five five, zero one two three"),
        ("007", "zero zero seven"),
        ("the U.S. army", "the US army"),
        ("#1 item", "number one item"),
    ],
)
def test_english(text: str, said: str) -> None:
    assert english_words(text) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("J'ai 3 chats.", "J'ai trois chats."),
        ("1 234,5 habitants", "mille deux cent trente-quatre virgule cinq habitants"),
        ("en 1999", "en mille neuf cent quatre-vingt-dix-neuf"),
        ("3.14", "trois virgule quatorze"),
        ("12 000 000", "douze millions"),
        ("1.234.567", "un million deux cent trente-quatre mille cinq cent soixante-sept"),
        ("le 1er mai et le 1 juin", "le premier mai et le premier juin"),
        ("le 12/05/2024", "le douze mai deux mille vingt-quatre"),
        ("le 2024-01-01", "le premier janvier deux mille vingt-quatre"),
        ("14h30, 9 h, 1h05 et 21:00", "quatorze heures trente, neuf heures, une heure cinq et vingt et une heures"),
        ("5,50 €", "cinq euros cinquante"),
        ("1 € et 20 $", "un euro et vingt dollars"),
        ("3 millions d'euros", "trois millions d'euros"),
        ("3 M€", "trois millions d'euros"),
        ("90 km/h", "quatre-vingt-dix kilomètres heure"),
        ("1,5 kg et 2 m²", "un virgule cinq kilogramme et deux mètres carrés"),
        ("-5 °C", "moins cinq degrés Celsius"),
        ("20 % de 1/2", "vingt pour cent de un demi"),
        ("21 fois", "vingt et une fois"),
        ("M. Dupont, Mme Durand et le Dr Martin", "monsieur Dupont, madame Durand et le docteur Martin"),
        ("p. ex. ceci, etc.", "par exemple ceci, et cetera."),
        ("au XIXe siècle", "au dix-neuvième siècle"),
        ("Louis XIV et François Ier", "Louis quatorze et François premier"),
        ("la 2e et la 1re", "la deuxième et la première"),
        ("01 23 45 67 89", "zéro un, vingt-trois, quarante-cinq, soixante-sept, quatre-vingt-neuf"),
        ("www.exemple.fr/page", "exemple point FR"),
        ("10 à 20 ou 10-20", "dix à vingt ou dix à vingt"),
        ("2 + 2 = 4", "deux plus deux égale quatre"),
        ("n° 5 & co", "numéro cinq et co"),
        ("et/ou", "et ou ou"),
    ],
)
def test_french(text: str, said: str) -> None:
    assert french_words(text) == said


def test_roman_numerals() -> None:
    assert [roman(text) for text in ("I", "IV", "XIX", "MCMXCIX", "IIII", "ABC", "")] == [
        1,
        4,
        19,
        1999,
        None,
        None,
        None,
    ]
