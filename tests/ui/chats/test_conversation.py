"""What a conversation sends along, and what is left of it after a reload."""

from __future__ import annotations

from ui.chats.conversation import Conversation, Turn, load


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
    assert talk("success", "success").history() == history, "of a question that is being typed"


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


def test_another_pages_answer_does_not_keep_this_page_from_asking() -> None:
    conversation = talk("success", "streaming")
    assert conversation.current is conversation.turns[3]
    conversation.turns[3].remote = True
    assert conversation.current is None


def test_what_is_not_kept_yet_comes_behind_what_all_tabs_know() -> None:
    conversation = talk("success", "success")
    for turn, seq in zip(conversation.turns, (None, None, 0, 1), strict=True):
        turn.seq = seq
    assert conversation.sort()
    assert [turn.id for turn in conversation.turns] == ["q1", "a1", "q0", "a0"]
    assert not conversation.sort()


def test_a_turn_takes_what_another_page_wrote_and_knows_whether_it_differs() -> None:
    turn = talk("streaming").turns[1]
    row = turn.dump()
    assert not turn.take(row)
    assert turn.version == 0
    assert turn.take({**row, "state": "success", "text": "all of it"})
    assert (turn.state, turn.text, turn.version) == ("success", "all of it", 1)


def test_a_note_that_can_be_taken_back_here_still_can_after_it_was_read_again() -> None:
    turn = talk("success").turns[1]
    turn.note(kind="learnt", agent="code", undo=True)
    row = turn.dump()
    assert row["notes"] == [{"kind": "learnt", "agent": "code"}]
    turn.take(row)
    assert turn.notes == [{"kind": "learnt", "agent": "code", "undo": True}]


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


def test_what_was_found_in_pictures_stays_with_the_answer_until_it_is_asked_again() -> None:
    conversation = talk("success")
    answer = conversation.turns[1]
    box = [[0, 0], [9, 0], [9, 9], [0, 9]]
    found = [{"kind": "line", "what": "TOTAL", "share": 0.9, "sure": True, "box": box}]
    answer.scenes = [{"width": 300, "height": 200, "found": found}]
    again = load(conversation.dump())
    assert again is not None
    assert again.turns[1].scenes == answer.scenes
    answer.reset()
    assert "scenes" not in answer.dump()
