"""Each rule accepts right answers however they are worded, and finds what is wrong in others."""

from __future__ import annotations

from typing import Any

import pytest

from model_foundry.errors import EvaluationFailed
from model_foundry.measuring.usefulness.checks import failing, rule_of

LETTER = "Dear Ann,\n\nThe roof leaks.\n\nKind regards,\nTom"
LETTRE = "Bonjour Madame,\n\nLe toit fuit.\n\nCordialement,\nTom"
POEM = "Rain on the hill,\nsheep in the lane,\nthe mill stands still,\nand so does the train."


@pytest.mark.parametrize(
    ("check", "answer"),
    [
        ({"any": ["206", "two hundred and six"]}, "There are **206** bones."),
        ({"any": ["œuf"]}, "Un OEUF dur."),
        ({"any": ["recipe*"]}, "Two recipes."),
        ({"all": ["café", "l’eau"]}, "Du cafe et de l'eau."),
        ({"none": ["Paris"]}, "Parisian"),
        ({"result": 13}, "5 + 8 = 13 apples."),
        ({"result": 36}, "So it is **36** euros. He had 3 bags before."),
        ({"result": 1234.5}, "Total : 1 234,5 €"),
        ({"result": 4.5, "within": 0.1}, "About 4.45"),
        ({"numbers": [1200, 7.5]}, "1,200 people at 7,5 %"),
        ({"numbers": [3]}, "Elle a trois chats."),
        ({"numbers": [20]}, "between 10-20 people"),
        ({"language": "fr"}, "Le chat dort sur le lit, et il ne veut pas sortir."),
        ({"words": [2, 4]}, "Three short words.\n```\nnot counted at all here\n```"),
        ({"lines": [2, 2]}, "a\n\nb"),
        ({"items": [3, 3]}, "- a\n* b\n3. c"),
        ({"pattern": r"(?i)dear\s+ann"}, LETTER),
        ({"no_pattern": "sincerely"}, LETTER),
        ({"shorter": 0.5}, "Ann pays."),
        ({"form": "letter"}, LETTER),
        ({"form": "letter"}, LETTRE),
        ({"form": "letter"}, "Hi Ann,\n\nThe roof leaks.\n\nAll the best,\nTom"),
        ({"form": "letter"}, "Hello Ann,\n\nThe roof leaks.\n\nLots of love,\nTom"),
        ({"numbers": [30, 14]}, "thirty men and fourteen dogs"),
        ({"kept": True}, "The Anns pay twenty euros."),
        ({"form": "poem"}, POEM),
        ({"form": "haiku"}, "Old pond,\na frog leaps in,\nthe sound of water."),
        ({"form": "dialogue"}, "Ann: Hello!\nBob: Hi."),
        ({"form": "dialogue"}, "— Bonjour !\n— Salut."),
        ({"form": "table"}, "| a | b |\n| --- | --- |\n| 1 | 2 |"),
        ({"form": "json"}, 'Here:\n```json\n{"a": [1]}\n```'),
        ({"form": "json"}, 'It is {"a": 1}.'),
        ({"form": "question"}, "What do you want?**"),
        ({"form": "code"}, "```py\nx\n```"),
    ],
)
def test_a_right_answer_passes(check: dict[str, Any], answer: str) -> None:
    assert failing(check, answer, "Ann pays 20 euros for the big roof in March, she says.") == ""


@pytest.mark.parametrize(
    ("check", "answer", "said"),
    [
        ({"any": ["206"]}, "There are 2060 bones.", "none of"),
        ({"all": ["Ann", "roof"]}, "Ann pays.", "doesn't say ['roof']"),
        ({"none": ["Paris"]}, "It is paris.", "says ['Paris']"),
        ({"result": 13}, "It is 13, no, 14.", "ends on [14.0], not on 13"),
        ({"numbers": [7.5]}, "75", "lacks the numbers [7.5]"),
        ({"language": "fr"}, "The cat sleeps on the bed and doesn't want to go out.", "isn't in the language fr"),
        ({"words": [2, 4]}, "one", "has 1 words, not 2 to 4"),
        ({"lines": [1, 1]}, "a\nb", "has 2 lines"),
        ({"items": [3, 3]}, "a, b, c", "has 0 list items"),
        ({"pattern": "dear"}, "hello", "doesn't match dear"),
        ({"no_pattern": "hello"}, "hello", "matches hello"),
        ({"shorter": 0.2}, "Ann pays twenty euros.", "has 4 words, more than 2"),
        ({"form": "letter"}, "The roof leaks.", "isn't in the form of a letter"),
        ({"form": "letter"}, "Dear Ann, the roof leaks.", "isn't in the form of a letter"),
        ({"form": "poem"}, "One line only.", "isn't in the form of a poem"),
        ({"form": "json"}, "{broken", "isn't in the form of a json"),
        ({"form": "json"}, "```json\n{broken\n```", "isn't in the form of a json"),
        ({"form": "dialogue"}, "They spoke.", "isn't in the form of a dialogue"),
    ],
)
def test_a_wrong_answer_is_told_what_is_wrong(check: dict[str, Any], answer: str, said: str) -> None:
    assert said in failing(check, answer, "Ann pays 20 euros for the roof in March.")


def test_an_invented_name_or_number_is_not_kept() -> None:
    given = "Ann pays 20 euros for the roof in March."
    assert failing({"kept": True}, "In March, Ann pays 20 euros.\n1. Ann", given) == ""
    assert failing({"kept": True}, "The roof costs 200 euros, says Bob to Ann.", given) == "invents ['200', 'Bob']"


@pytest.mark.parametrize("check", [{}, {"anything": 1}, {"any": ["a"], "all": ["b"]}, {"result": 1, "about": 2}])
def test_a_check_that_is_no_rule_is_refused(check: dict[str, Any]) -> None:
    with pytest.raises(EvaluationFailed, match="must name one rule of any, all"):
        rule_of(check)


SQL = {"setup": "CREATE TABLE p(n TEXT, a INT); INSERT INTO p VALUES ('Ann', 40), ('Bo', 20);", "rows": [["Ann"]]}


@pytest.mark.parametrize(
    ("check", "answer"),
    [
        ({"program": {"tests": "assert add(2, 3) == 5"}}, "Here:\n```python\ndef add(a, b):\n    return a + b\n```"),
        (
            {"program": {"tests": "assert add(2, 3) == 5"}},
            "```python\ndef add(a, b):\n    return a + b\n```\nUse:\n```python\n>>> add(2, 3)\n```",
        ),
        ({"sql": SQL}, "```sql\nSELECT n FROM p WHERE a > 30;\n```"),
        ({"sql": SQL}, "Use `SELECT n FROM p WHERE a > 30`."),
        ({"sql": {**SQL, "rows": [["Bo"], ["Ann"]], "ordered": True}}, "```sql\nSELECT n FROM p ORDER BY a\n```"),
        ({"matches": {"yes": ["75001"], "no": ["7500"]}}, r"Use `\d{5}`."),
        ({"matches": {"yes": ["75001"], "no": ["7500"]}}, "```python\nimport re\nx = re.compile(r'\\d{5}')\n```"),
        ({"matches": {"yes": ["75001"], "no": ["7500"]}}, "```js\n/\\d{5}/g\n```"),
        ({"matches": {"yes": ["75001"], "no": ["7500"]}}, r"\d{5}"),
    ],
)
def test_code_that_works_passes(check: dict[str, Any], answer: str) -> None:
    assert failing(check, answer, "") == ""


@pytest.mark.parametrize(
    ("check", "answer", "said"),
    [
        ({"program": {"tests": "assert add(2, 3) == 5"}}, "```python\ndef add(a, b): return 6\n```", "program fails"),
        ({"program": {"tests": "assert add(2, 3) == 5"}}, "def add(a, b): return a + b", "has no code block"),
        ({"sql": SQL}, "```sql\nSELECT n FROM p;\n```", "query fails: AssertionError: gives"),
        ({"sql": SQL}, "I don't know.", "query fails"),
        ({"sql": {**SQL, "rows": [["Ann"], ["Bo"]], "ordered": True}}, "`SELECT n FROM p ORDER BY a`", "query fails"),
        ({"matches": {"yes": ["75001"], "no": ["7500"]}}, r"Use `\d+`.", "expression fails"),
    ],
)
def test_code_that_fails_is_told_why(check: dict[str, Any], answer: str, said: str) -> None:
    assert said in failing(check, answer, "")
