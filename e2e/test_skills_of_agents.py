"""Skills on the page, with the real Lite model: what the program writes and checks is right whatever the model says."""

from __future__ import annotations

from e2e.support.person import Person


def test_an_email_is_greeted_and_signed_as_the_request_says_and_the_model_is_told_to_be_weak(regular: Person) -> None:
    regular.opens()
    regular.waits_for_the_model()
    answer = regular.asks("Write an e-mail to Mrs Hale: I am ill and can't come on Monday. Sign it Ann Lee.")
    lines = [line.strip() for line in answer.succeeds().splitlines() if line.strip()]
    assert lines[0].startswith("Subject:")
    assert lines[1] == "Dear Mrs Hale,"
    assert lines[-2:] == ["Kind regards,", "Ann Lee"]
    assert "[" not in answer.text, "nothing is left to be filled in"
    assert any("seldom right" in note for note in answer.notes)
    again = regular.asks("Write an e-mail to Mr Reed: the boiler is broken. Sign it Ann Lee.")
    again.succeeds()
    assert not any("seldom right" in note for note in again.notes), "once a visit is enough"


def test_a_passage_is_given_to_the_model_as_a_translation_and_checked(regular: Person) -> None:
    regular.opens()
    regular.waits_for_the_model()
    answer = regular.asks('Translate into French: "The bread is excellent, but the coffee is cold."')
    said = answer.succeeds()
    assert answer.fact("agent").inner_text() == "Multilingual"
    assert "Check this translation" in said or "bread" not in said, "it isn't given back as it was"
