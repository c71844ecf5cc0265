"""One window is written down: in its language, again where it is doubtful, never in circles."""

from __future__ import annotations

import asyncio

import pytest

from orion_py.cancellation import CancelToken
from orion_py.errors import Cancelled
from orion_py.senses.hearing.decoding import Decoded, Whisper, frames_for
from tests.senses.hearing.scripted_ears import Decoder, Encoder, sound, tiny_tokens

TOKENS = tiny_tokens()
SPEECH = sound(("speech", 3.0))


def whisper(*attempts: tuple[str, str, float, float]) -> tuple[Whisper, Encoder, Decoder]:
    """``attempts``: text, language, how sure, probability of no speech."""
    encoder = Encoder()
    decoder = Decoder(TOKENS, lambda attempt: attempts[min(attempt, len(attempts) - 1)])
    return Whisper(encoder, decoder, TOKENS, lambda: 0.5), encoder, decoder


def decoded(made: Whisper, language: str | None = None, before: tuple[int, ...] = ()) -> Decoded:
    return asyncio.run(made.decode(SPEECH, language, before, CancelToken()))


def test_text_and_language_are_found() -> None:
    made, encoder, decoder = whisper(("<0.00> Bonjour.<2.00>", "fr", 20, 0.01))
    found = decoded(made)
    assert TOKENS.text(found.tokens) == " Bonjour."
    assert found.language == "fr"
    assert found.temperature == 0
    assert found.log_probability == pytest.approx(0, abs=0.01)
    assert found.no_speech == pytest.approx(0.01, abs=1e-4)
    assert not found.made_up
    assert encoder.mels == [(1, 80, 500)]
    assert decoder.attempts == 1


def test_a_language_that_is_told_is_taken() -> None:
    made, _, _ = whisper(("<0.00> Hi.<2.00>", "fr", 20, 0))
    assert decoded(made, "de").language == "de"


def test_what_was_said_before_is_shown_first_and_only_its_end() -> None:
    made, _, decoder = whisper(("<0.00> Hi.<2.00>", "en", 20, 0))
    decoded(made, before=tuple(range(50)) * 10)
    (prompt,) = decoder.prompts
    assert prompt[0] == TOKENS.before
    assert prompt[-1] == TOKENS.start
    assert prompt[1:-1] == (list(range(50)) * 10)[-223:]


def test_a_doubtful_text_is_tried_again_hotter_and_the_first_good_one_taken() -> None:
    made, _, decoder = whisper(("<0.00> um<2.00>", "en", 3.5, 0), ("<0.00> Hi there.<2.00>", "en", 20, 0))
    found = decoded(made)
    assert TOKENS.text(found.tokens) == " Hi there."
    assert found.temperature == 0.2
    assert decoder.attempts == 2


def test_of_texts_that_are_all_doubtful_the_likeliest_stays() -> None:
    made, _, decoder = whisper(
        *[(f"<0.00> {word}<2.00>", "en", sure, 0) for word, sure in (("um", 3.0), ("ah", 4.2), ("eh", 3.0))]
    )
    found = decoded(made)
    assert decoder.attempts == 6
    assert found.log_probability < -1


def test_a_loop_is_cut_where_nothing_better_comes() -> None:
    made, _, decoder = whisper(("<0.00>" + " no" * 60, "en", 20, 0))
    found = decoded(made)
    assert decoder.attempts == 6
    assert TOKENS.text(found.tokens) in (" no", " no no", " n", " no n")


def test_the_text_before_is_not_shown_again_after_it_led_into_a_loop() -> None:
    made, _, decoder = whisper(("<0.00>" + " no" * 60, "en", 20, 0))
    decoded(made, before=(1, 2, 3))
    assert [TOKENS.before in prompt for prompt in decoder.prompts] == [True, True, True, False, False, False]


def test_a_window_in_which_nobody_speaks_is_tried_once_and_known() -> None:
    made, _, decoder = whisper(("<0.00> Thanks for watching!<2.00>", "en", 3.0, 0.9))
    assert decoded(made).made_up
    assert decoder.attempts == 1


def test_it_says_no_more_than_anybody_could_in_the_time() -> None:
    letters = "".join(chr(97 + (index * 7 + index // 26) % 26) for index in range(400))
    made, _, _ = whisper((f"<0.00>{letters}", "en", 20, 0))
    assert len(decoded(made).tokens) <= 3 * 14 + 24


def test_it_stops_at_once_when_it_is_cancelled() -> None:
    made, _, decoder = whisper(("<0.00> Hi<2.00>", "en", 20, 0))
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        asyncio.run(made.decode(SPEECH, None, (), cancel))
    assert decoder.attempts == 0


@pytest.mark.parametrize(("seconds", "frames"), [(0.1, 500), (5.0, 700), (11.01, 1300), (28.0, 3000), (30.0, 3000)])
def test_a_window_gets_silence_behind_it_and_no_more_than_whisper_takes(seconds: float, frames: int) -> None:
    assert frames_for(seconds) == frames


@pytest.mark.parametrize(
    ("seconds", "likely", "found"),
    [(1.0, ("xx", "fr", "en"), "fr"), (1.0, (), "de"), (1.0, ("xx",), "de"), (3.0, ("fr", "en"), "de")],
)
def test_a_word_alone_is_in_a_language_that_the_person_may_speak(
    seconds: float, likely: tuple[str, ...], found: str
) -> None:
    made, _, _ = whisper(("<0.00> Hi.<0.80>", "de", 20, 0))
    heard = asyncio.run(made.decode(sound(("speech", seconds)), None, (), CancelToken(), likely=likely))
    assert heard.language == found


def test_a_brief_text_is_tried_once_and_has_no_more_than_somebody_can_say() -> None:
    made, _, decoder = whisper(("<0.00> " + "abcdefgh" * 9, "en", 3.0, 0))
    short = asyncio.run(made.decode(sound(("speech", 1.0)), None, (), CancelToken(), brief=True))
    assert len(short.tokens) == 15
    assert decoder.attempts == 1


def test_a_brief_text_ends_where_the_sound_does() -> None:
    made, _, _ = whisper(("<0.00> Hi.<0.90><0.90> Hi.<1.00>", "en", 20, 0))
    speech = sound(("speech", 1.0))
    whole, brief = [
        asyncio.run(made.decode(speech, None, (), CancelToken(), brief=brief)).tokens for brief in (False, True)
    ]
    assert (TOKENS.text(whole), TOKENS.text(brief)) == (" Hi. Hi.", " Hi.")


def test_a_brief_text_ends_where_it_begins_again() -> None:
    made, _, decoder = whisper(("<0.00> Hi.<0.20><0.20> Hi.<0.40><0.40> Hi.<0.60>", "en", 20, 0))
    heard = asyncio.run(made.decode(sound(("speech", 1.0)), None, (), CancelToken(), brief=True))
    assert TOKENS.text(heard.tokens) == " Hi."
    assert decoder.attempts == 1
