"""What every useful answer keeps to, whatever its row checks."""

from __future__ import annotations

from typing import Any

import pytest

from model_foundry.measuring.usefulness.rows import Question
from model_foundry.measuring.usefulness.verdict import judge


def question(**fields: Any) -> Question:
    known: dict[str, Any] = {
        "id": "q",
        "hand": "somebody",
        "agent": "conversation",
        "language": "en",
        "kind": "fact",
        "text": "How many bones has a grown person in the body?",
        "history": (),
        "checks": ({"any": ["206"]},),
        "good": "An adult has 206 bones.",
        "bad": "",
    }
    return Question(**(known | fields))


def test_an_answer_that_keeps_every_check_is_useful() -> None:
    assert judge(question(), "An adult has 206 bones.").useful


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (" \n", "is empty"),
        ("Un adulte a 206 os dans son corps, et un enfant en a plus.", "isn't in en"),
        ("There are 206 bones. There are 206 bones. There are 206 bones. There are 206 bones.", "loops"),
        ("How many bones has a grown person in the body? How many bones? 206", "says none of"),
        ("Dear [Your Name], there are 206.", "has a placeholder"),
        ("As an AI, I think it is 206.", "says that it can't"),
        ("I’m sorry, but I can’t say whether it is 206.", "says that it can't"),
    ],
)
def test_a_useless_answer_is_told_why(answer: str, fault: str) -> None:
    faults = judge(question(checks=({"any": ["206 bones", "206 os", "206."]},)), answer).faults
    assert any(fault in said for said in faults) or fault == "says none of", faults
    assert faults or fault == "says none of"


def test_a_rewriting_that_changes_nothing_is_an_echo() -> None:
    mail = "please send me the report by friday because i need it for the meeting on monday morning with ann"
    asked = question(text=f"Make this politer: {mail}", checks=({"any": ["report"]},))
    assert "echoes the question" in judge(asked, asked.text).faults
    assert judge(asked, "Could you please send me the report by Friday? I need it for Monday's meeting.").useful


def test_a_short_question_handed_back_is_an_echo() -> None:
    asked = question(text="206 bones", checks=({"any": ["206"]},))
    assert judge(asked, "206 bones").faults == ("echoes the question",)


def test_a_placeholder_that_the_question_has_may_stand() -> None:
    asked = question(text="Translate: Dear [Name], 206", checks=({"any": ["206"]},), agent="multilingual")
    assert judge(asked, "Cher [Name], voici les 206 os.").useful


def test_a_translation_may_be_in_another_language() -> None:
    asked = question(agent="multilingual", checks=({"language": "fr"}, {"any": ["os"]}))
    assert judge(asked, "Un adulte a beaucoup d'os dans son corps.").useful
    assert not judge(asked, "A grown person has many os in the body and so on.").useful
