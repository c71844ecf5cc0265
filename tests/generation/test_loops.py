"""What is a loop and what isn't: word by word and letter by letter, in both languages."""

from __future__ import annotations

import base64
import random
import re
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orion_py.generation.loops import ECHO, LoopDetector
from orion_py.generation.patience import patience_for

Cut = Callable[[str], list[str]]
PLAIN = "Tell me something."


def in_words(text: str) -> list[str]:
    """As a tokenizer of subwords cuts: a blank goes with its word, which is at most six letters long."""
    return re.findall(r"\s?[^\W_]{1,6}|\s?\d|\n| +|[^\w\s]|_", text)


def watched(text: str, asked: str = PLAIN, cut: Cut = in_words, assistant_prefix: str = "") -> tuple[str, str] | None:
    """What is kept of ``text`` and what had been said when a loop was noticed; None if none was."""
    detector, ids, said = LoopDetector(patience_for(asked), assistant_prefix), {}, ""
    pieces = cut(text)
    for piece in pieces:
        said += piece
        loop = detector.push(ids.setdefault(piece, len(ids)), piece)
        if loop is not None:
            return "".join(pieces[: loop.keep]), said
    return None


def forever(unit: str, before: str = "") -> str:
    return before + unit * 200


COUNTED = "".join(f"{number}. Check the oil of the engine and the brakes.\n" for number in range(1, 99))
CHANGING = "".join(
    f"The {animal} is very happy to see you here today. " for animal in ["cat", "dog", "cat", "dog", "bird", "cat"] * 20
)
STEPS = "".join(f"Step {number}: Open the door and look inside.\n" for number in range(1, 99))
TIMES = "".join(f"She knocked at the old wooden door for {number} minutes and waited.\n" for number in range(1, 99))

LOOPS = {
    "a placeholder": (forever("[Company Name]\n", "Kind regards,\nAnn\n"), "Kind regards,\nAnn\n[Company Name]\n"),
    "a placeholder of one word": (forever("[Nom]\n", "Cordialement,\n"), "Cordialement,\n[Nom]\n"),
    "a sentence": (
        forever("The old town is worth a visit. ", "Take a coat. "),
        "Take a coat. The old town is worth a visit. ",
    ),
    "a French sentence": (
        forever("Il faut boire beaucoup d'eau. ", "Reposez-vous. "),
        "Reposez-vous. Il faut boire beaucoup d'eau. ",
    ),
    "a line": (forever("Thank you for your time\n", "Hello,\n"), "Hello,\nThank you for your time\n"),
    "two sentences in turn": (
        forever("I like the sea. The sea likes me too. "),
        "I like the sea. The sea likes me too. ",
    ),
    "a phrase without an end": (forever(" the big dog and", "I saw"), "I saw the big dog and"),
    "a word": (forever(" very", "It was very"), "It was very"),
    "a counted line": (COUNTED, "1. Check the oil of the engine and the brakes.\n"),
    "a numbered step": (STEPS, "Step 1: Open the door and look inside.\n"),
    "a sentence with another number": (TIMES, "She knocked at the old wooden door for 1 minutes and waited.\n"),
    "a sentence with another word": (CHANGING, "The cat is very happy to see you here today. "),
    "another case and another mark": (
        "Drink a lot of cold water. Drink a lot of cold water! drink a lot of COLD water. " * 9,
        "Drink a lot of cold water. ",
    ),
    "a list's mark": ("1. " * 99, "1. "),
    "a rule that never ends": ("Title\n" + "-" * 999, "Title\n-"),
    "Chinese": (forever("我很喜欢这只猫。"), "我很喜欢这只猫。"),
}


@pytest.mark.parametrize("name", LOOPS)
def test_a_loop_is_cut_back_to_one_copy(name: str) -> None:
    text, kept = LOOPS[name]
    found = watched(text)
    assert found is not None
    assert found[0].strip() == kept.strip()


@pytest.mark.parametrize(
    "name", [name for name in LOOPS if "word" not in name and "mark" not in name and "rule" not in name]
)
def test_it_is_noticed_within_two_repetitions(name: str) -> None:
    text, kept = LOOPS[name]
    found = watched(text)
    assert found is not None
    unit = max(len(sentence) for sentence in re.split(r"(?<=[.。\n]) *", text)) if "turn" not in name else 40
    assert len(found[1]) <= len(kept) + 2 * (unit + 2) + 8, found[1]


def rows(*parts: str) -> str:
    return "\n".join(parts)


DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
FRENCH = "un, deux, trois, quatre, cinq, six, sept, huit, neuf, dix, onze, douze, treize, quatorze, quinze, seize"
CAPITALS = {"France": "Paris", "Spain": "Madrid", "Italy": "Rome", "Poland": "Warsaw", "Norway": "Oslo"}
FRUIT = ["Oranges", "Lemons", "Kiwis", "Limes", "Berries"]
ASSERTS = [f"assert add({n}, {n + 1}) == {2 * n + 1}" for n in range(20)]
IMPORTS = [f"from app.models.{name} import {name.title()}" for name in ("user", "post", "tag", "like", "vote", "item")]
PRODUCTS = [f'  {{"name": "Item {n}", "price": {n}, "stock": 10}},' for n in range(12)]
CITIES = [f"INSERT INTO city (name) VALUES ('city{n}');" for n in range(20)]
RULES = [f".c{n} {{\n  margin: 0;\n  padding: 0;\n}}" for n in range(6)]
TREE = [" " * (8 - n) + "*" * (2 * n + 1) for n in range(8)]
MENU = [f"**{day}**\n- Petit déjeuner : pain\n- Déjeuner : soupe\n- Dîner : salade" for day in ("Lundi", "Mardi")]
BEER = [
    f"{n} bottles of beer on the wall, {n} bottles of beer.\nTake one down, pass it around." for n in range(99, 95, -1)
]
BOAT = "Row, row, row your boat,\nGently down the stream.\nMerrily, merrily, merrily, merrily,\nLife is but a dream.\n"
JACQUES = "Frère Jacques, Frère Jacques,\nDormez-vous ? Dormez-vous ?\nSonnez les matines ! Sonnez les matines !\n"
CHORUS = "Oh take me home, oh take me home,\nOh take me home.\n\n"
SONG = "".join(
    f"Verse {n} tells a tale of {word},\nThat never ends,\n\n{CHORUS}"
    for n, word in enumerate(["stone", "rain", "bone"])
)


def fenced(language: str, *lines: str) -> str:
    return rows(f"```{language}", *lines, "```")


LEGITIMATE: dict[str, tuple[str, str]] = {
    "counting on lines": ("Count to 100", rows(*map(str, range(1, 101)))),
    "counting in a row": ("Count to 100", ", ".join(map(str, range(1, 101)))),
    "counting with stops": ("Count to 100", " ".join(f"{n}." for n in range(1, 101))),
    "counting in French": ("Compte", FRENCH),
    "a times table": ("The table of 7", rows(*(f"7 x {n} = {7 * n}" for n in range(1, 21)))),
    "a times table in words": ("The table of 7", rows(*(f"7 times {n} is {7 * n}." for n in range(1, 13)))),
    "a French times table": ("Table de 9", rows(*(f"- 9 fois {n} égale {9 * n}" for n in range(1, 13)))),
    "a table": (PLAIN, rows("| Day | From | To |", "| --- | --- | --- |", *(f"| {d} | 9:00 | 18:00 |" for d in DAYS))),
    "opening hours": (PLAIN, rows(*(f"- {day}: 9:00 AM to 6:00 PM" for day in DAYS))),
    "a word that was wanted": ("Repeat hello 20 times", " ".join(["hello"] * 20)),
    "lines that were wanted": ("Repeat hello twenty times", rows(*["Hello!"] * 20)),
    "a French word that was wanted": ("Répète vingt fois le mot bonjour", ", ".join(["bonjour"] * 20)),
    "an imposition": ("Write 'I must not talk' fifteen times", rows(*["I must not talk in class."] * 15)),
    "asserts": ("Write tests", fenced("python", *ASSERTS)),
    "asserts without a fence": ("Write tests", rows(*ASSERTS)),
    "imports": (PLAIN, fenced("python", *IMPORTS)),
    "print calls": (PLAIN, fenced("python", *['print("*" * 10)'] * 5)),
    "JSON": (PLAIN, fenced("json", "[", *PRODUCTS, "]")),
    "JSON without a fence": (PLAIN, rows("[", *PRODUCTS, "]")),
    "a matrix of zeros": (PLAIN, fenced("python", "grid = [", *["    [0, 0, 0, 0, 0, 0],"] * 6, "]")),
    "HTML rows": (PLAIN, fenced("html", *(f"<tr><td>{n}</td><td>9:00</td></tr>" for n in range(20)))),
    "SQL rows": (PLAIN, fenced("sql", *CITIES)),
    "CSS rules": (PLAIN, fenced("css", *RULES)),
    "rules of dashes": (PLAIN, "Title\n" + "-" * 80 + "\nText follows here.\n" + "=" * 60 + "\nMore."),
    "a form": (PLAIN, "Name: ________\nDate: ________\nPlace: ________\nSign: ________\n"),
    "a drawing": (PLAIN, fenced("", *TREE)),
    "base64": (PLAIN, base64.b64encode(random.Random(1).randbytes(400)).decode()),
    "hexadecimal": (PLAIN, random.Random(1).randbytes(300).hex()),
    "a periodic fraction": (PLAIN, "0." + "142857" * 10),
    "a round": ("Sing", BOAT * 2),
    "a birthday song": ("Sing", "Happy birthday to you,\n" * 2 + "Happy birthday, dear Ann,\nHappy birthday to you!\n"),
    "Frère Jacques": ("Une chanson", JACQUES + "Ding, dang, dong. Ding, dang, dong.\n"),
    "a line four times": ("A song", "Let it be, let it be, let it be, let it be\nWhisper words of wisdom\n" * 2),
    "a refrain": ("A song with a chorus", SONG),
    "an anaphora": ("A poem", rows(*(f"I have a dream of {word} and light," for word in FRUIT))),
    "capitals": (PLAIN, rows(*(f"The capital of {land} is {city}." for land, city in CAPITALS.items()))),
    "fruit": (PLAIN, rows(*(f"- {fruit} are rich in vitamin C." for fruit in FRUIT))),
    "emphasis": (PLAIN, "It was a very, very, very, very long way. No, no, no! Ha ha ha ha ha! Bla bla bla bla."),
    "a board": (PLAIN, rows(*["X O X O X O X O", "O X O X O X O X"] * 4)),
    "a clock": (PLAIN, "It went tick tock, tick tock, tick tock, tick tock, all night."),
    "numbers in words": (PLAIN, rows(*(f"{n} little ducks went out to play one day" for n in ("Five", "Four")))),
    "a week's menu": ("Un menu", rows(*MENU)),
    "chapters": ("An outline", rows(*(f"Chapter {n}" for n in range(1, 25)))),
    "a log": ("Explain", rows(*(f"08:00:{n:02d} INFO worker-1 reconnecting" for n in range(12)))),
    "a text and its correction": (
        "Correct: the dog run to the house and it see a cat on the roof that look at the moon",
        "Original: the dog run to the house and it see a cat on the roof that look at the moon.\n"
        "Corrected: The dog runs to the house and it sees a cat on the roof that looks at the moon.",
    ),
    "a dialogue": (PLAIN, "Ann: Yes.\nTom: Yes.\nAnn: No.\nTom: No.\nAnn: Yes.\n"),
    "bottles of beer": ("Sing 99 bottles of beer", rows(*BEER)),
    "a poem that was pasted": ("Add commas:\n" + "The sea is wide and blue\n" * 4, "The sea is wide and blue,\n" * 4),
}


@pytest.mark.parametrize("cut", [in_words, list], ids=["words", "letters"])
@pytest.mark.parametrize("name", LEGITIMATE)
def test_what_repeats_by_its_nature_or_was_asked_for_is_no_loop(name: str, cut: Cut) -> None:
    asked, text = LEGITIMATE[name]
    assert watched(text + "\n", asked, cut) is None


def test_more_than_was_asked_for_is_a_loop_again() -> None:
    found = watched("hello " * 200, "Repeat hello 20 times")
    assert found is not None
    assert 20 <= found[1].count("hello") <= 24


def test_counting_asks_for_no_sentence_again() -> None:
    assert watched(forever("L'équipe est une équipe.\n\n"), "Compte de 1 à 40, un nombre par ligne.") is not None


def test_a_long_stretch_is_enough_once_wherever_it_stood() -> None:
    stretch = " ".join(f"word{chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(80)) + ". "
    found = watched(stretch + "And so it ended one fine day. " + stretch * 2)
    assert found is not None
    kept, said = found
    assert kept.rstrip() == stretch + "And so it ended one fine day."
    assert len(in_words(said)) - len(in_words(kept)) <= ECHO + 1


THINGS = ["A tent for four people", "Two sleeping bags each", "A rope of ten metres", "Matches in a dry box"]
THINGS += [
    "Water for two days",
    "Bread and some cheese",
    "Maps of the region",
    "A lamp with batteries",
    "Dry socks for all",
]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_list_that_brings_its_items_again_in_any_order_is_a_loop(seed: int) -> None:
    again = random.Random(seed).sample(THINGS, len(THINGS))
    lines = [f"{number}. {thing}" for number, thing in enumerate([*THINGS, *again], 1)]
    found = watched("\n".join(lines) + "\n")
    assert found is not None
    assert found[0].strip() == "\n".join(lines[: len(THINGS)])


def test_a_long_passage_that_comes_again_with_small_changes_is_enough_once() -> None:
    passage = [" ".join(unlike(random.Random(number), 12)) for number in range(7)]
    changed = [line.rsplit(" ", 1)[0] + (" then" if number % 2 else " now") for number, line in enumerate(passage)]
    found = watched(". ".join([*passage, *changed]) + ". ")
    assert found is not None
    assert found[0].rstrip() == ". ".join(passage) + "."


def test_a_sentence_that_comes_back_between_others_again_and_again_is_a_loop() -> None:
    chance = random.Random(5)
    refrain = "What matters most is that you never give up. "
    text = "".join(refrain + " ".join(unlike(chance, 6)) + ". " for _ in range(20))
    found = watched(text)
    assert found is not None
    assert found[0].count("matters") == 1
    assert found[1].count("matters") == 8


def test_sentences_that_all_end_alike_are_a_loop_however_they_begin() -> None:
    chance = random.Random(9)
    starts = [" ".join(unlike(chance, chance.randint(1, 4))) for _ in range(30)]
    found = watched("".join(f"{start}, we never go there. " for start in starts))
    assert found is not None
    assert found[0].count("never") == 1


def test_the_same_meals_on_other_days_are_no_loop() -> None:
    meals = "- Breakfast: bread with butter and jam\n- Lunch: soup of the day\n- Dinner: rice and vegetables\n"
    assert watched("".join(f"**{day}**\n{meals}" for day in DAYS)) is None


def test_the_code_agents_fence_counts_though_no_token_said_it() -> None:
    lines = "total += 1\n" * 6
    assert watched(lines, assistant_prefix="```python\n") is None


def test_code_that_goes_on_for_ever_is_a_loop() -> None:
    found = watched("```python\n" + "value = value + 1\n" * 99)
    assert found is not None
    assert found[0].rstrip() == "```python\nvalue = value + 1"


@given(st.integers(0, 2**32), st.integers(0, 30), st.integers(3, 25))
@settings(max_examples=60)
def test_any_sentence_is_found_within_two_repetitions_whatever_comes_before(
    seed: int, before: int, length: int
) -> None:
    chance = random.Random(seed)
    head = " ".join(unlike(chance, before)) + ". " if before else ""
    unit = " ".join(unlike(chance, length)) + ". "
    found = watched(head + unit * 3, cut=list)
    assert found is not None
    assert found[0].rstrip() == (head + unit).rstrip()


@given(st.integers(0, 2**32))
@settings(max_examples=40)
def test_words_by_chance_are_no_loop(seed: int) -> None:
    chance = random.Random(seed)
    text = "".join(
        " ".join(unlike(chance, chance.randint(3, 20))) + chance.choice([". ", ".\n", "? "]) for _ in range(30)
    )
    assert watched(text) is None


def unlike(chance: random.Random, count: int) -> Iterator[str]:
    """Words of which no two are the same, most likely."""
    return ("".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=chance.randint(5, 9))) for _ in range(count))
