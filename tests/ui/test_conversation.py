"""What a conversation sends along, and what is left of it after a reload."""

from __future__ import annotations

from ui.conversation import Conversation, Turn, load


def talk(*states: str) -> Conversation:
    turns = []
    for number, state in enumerate(states):
        turns.append(Turn(f"q{number}", "user", f"question {number}"))
        turns.append(Turn(f"a{number}", "assistant", f"answer {number}", state))
    return Conversation("c", turns)


def test_the_history_is_what_was_said_before_the_question() -> None:
    conversation = talk("success", "success", "queued")
    history = conversation.history(conversation.turns[-1])
    assert [row["content"] for row in history] == ["question 0", "answer 0", "question 1", "answer 1"]
    assert [row["role"] for row in history] == ["user", "assistant"] * 2


def test_failed_and_empty_answers_are_left_out_with_their_questions() -> None:
    conversation = talk("error", "cancelled", "cancelled", "queued")
    conversation.turns[5].text = "  "
    history = conversation.history(conversation.turns[-1])
    assert [row["content"] for row in history] == ["question 1", "answer 1"]


def test_a_long_history_keeps_its_newest_turns() -> None:
    conversation = talk(*["success"] * 30, "queued")
    history = conversation.history(conversation.turns[-1])
    assert len(history) == 40
    assert history[-1]["content"] == "answer 29"


def test_asking_an_earlier_answer_again_does_not_send_what_came_later() -> None:
    conversation = talk("success", "queued", "success")
    assert len(conversation.history(conversation.turns[3])) == 2


def test_the_title_is_the_first_questions_first_line() -> None:
    assert talk("success").title == "question 0"
    long = Conversation("c", [Turn("q", "user", "\n" + "long " * 40 + "\nsecond")])
    assert len(long.title) <= 60
    assert long.title.endswith("…")


def test_a_stored_conversation_comes_back_as_it_was() -> None:
    conversation = talk("success")
    conversation.turns[1].meta = {"rate": 40.5}
    conversation.turns[1].note(kind="length")
    again = load(conversation.dump())
    assert again is not None
    assert again.dump() == conversation.dump()


def test_an_answer_that_a_reload_cut_off_is_cancelled_with_what_it_had_said() -> None:
    again = load(talk("streaming").dump())
    assert again is not None
    assert again.turns[1].state == "cancelled"
    assert again.turns[1].text == "answer 0"
    assert again.turns[1].notes == [{"kind": "interrupted"}]


def test_after_the_pages_own_reload_the_question_waits_in_the_queue_again() -> None:
    again = load(talk("loading").dump(), resume=True)
    assert again is not None
    assert again.turns[1].state == "queued"
    assert again.current is again.turns[1]


def test_a_damaged_store_is_no_conversation() -> None:
    for stored in (None, [], {"format": 9}, {"format": 1, "turns": [{"role": "system"}]}, {"format": 1, "turns": [3]}):
        assert load(stored) is None


def test_only_the_attempt_under_way_gets_what_arrives() -> None:
    conversation = talk("streaming")
    answer = conversation.turns[1]
    answer.request = "a0.2"
    assert conversation.answering("a0.2") is answer
    assert conversation.answering("a0.1") is None
    answer.state = "cancelled"
    assert conversation.answering("a0.2") is None
