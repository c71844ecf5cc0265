"""What was heard in recordings is shown with its times, and saved as files named after them."""

from __future__ import annotations

from typing import Any

from tests.ui.speech import speak
from ui.answers.transcripts_view import file_of, heard_words
from ui.chats.conversation import Conversation, Turn, title_of

HEARD = {
    "text": "Good day. And you?",
    "seconds": 75.2,
    "language": "en",
    "segments": [{"start": 0.4, "end": 2, "text": "Good day."}, {"start": 72.6, "end": 75, "text": "And you?"}],
    "srt": "1\n00:00:00,400 --> 00:00:02,000\nGood day.\n",
    "vtt": "WEBVTT\n",
}


def turns(text: str = "", **file: Any) -> tuple[Turn, Turn]:
    question, answer = Turn("q", "user", text), Turn("a", "assistant", "Fine.")
    question.attached = [{"id": "0" * 64, "kind": "audio", "name": "hello.there.ogg", "size": 9, **file}]
    answer.meta = {"recordings": [HEARD]}
    return question, answer


def test_each_line_begins_with_its_time() -> None:
    words = speak("en")
    assert heard_words(HEARD, words) == "0:00\u2002Good day.\n1:13\u2002And you?"
    assert heard_words({"segments": []}, words) == "Nobody speaks in this recording."


def test_a_transcript_is_saved_under_its_recordings_name() -> None:
    question, answer = turns()
    assert file_of(answer, question, 0, "text") == ("hello.there.txt", HEARD["text"], "text/plain")
    assert file_of(answer, question, 0, "srt") == ("hello.there.srt", HEARD["srt"], "application/x-subrip")
    assert file_of(answer, question, 0, "vtt") == ("hello.there.vtt", "WEBVTT\n", "text/vtt")
    assert file_of(answer, None, 0, "text") == ("orion-transcript.txt", HEARD["text"], "text/plain")
    assert file_of(answer, question, 1, "text") is None
    assert file_of(answer, question, 0, "pdf") is None


def test_a_question_without_words_is_what_was_said() -> None:
    question, answer = turns()
    assert Conversation("c", [question, answer]).history() == [
        {"role": "user", "content": "Good day. And you?"},
        {"role": "assistant", "content": "Fine."},
    ]
    question, answer = turns("Is he polite?")
    assert Conversation("c", [question, answer]).history()[0]["content"] == "Is he polite?"


def test_a_conversation_that_begins_with_a_recording_has_its_name() -> None:
    question, answer = turns()
    assert Conversation("c", [question, answer]).title == "hello.there.ogg"
    assert title_of(" Hi ", question.attached) == "Hi"
    assert title_of("") == ""
