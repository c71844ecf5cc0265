"""An answer's text on its way through its stages."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orion_py.agents.fences import FenceTransform
from orion_py.errors import HarmRefused, IllegalTransition
from orion_py.generation.chunker import Chunker
from orion_py.generation.pipeline import Pipeline
from orion_py.generation.stages import TextStage
from orion_py.generation.stops import StopMatcher
from orion_py.generation.transcript import Transcript
from orion_py.protocol import Granularity
from orion_py.runtime.tokenizer import ChatMessage
from orion_py.safety.output import MASK, OutputGuard

SECRET = "abcabcxyz"


class Characters:
    """A token is a character's code."""

    special_tokens: tuple[str, ...] = ()

    def encode(self, text: str) -> list[int]:
        return [ord(character) for character in text]

    def decode(self, ids: Sequence[int]) -> str:
        return "".join(map(chr, ids))

    def render(self, messages: Sequence[ChatMessage]) -> str:
        raise NotImplementedError


LETTERS = Characters()


class Upper:
    """Says all in capitals, "x" ends it; what comes at the end is its own."""

    def __init__(self) -> None:
        self.done = False
        self.got: list[str] = []

    def push(self, text: str) -> str:
        self.got.append(text)
        said, end, _ = text.partition("x")
        self.done = bool(end)
        return said.upper()

    def finish(self) -> str:
        return "!"


class Made:
    def __init__(
        self,
        stops: Sequence[str] = (),
        middle: Callable[[], TextStage] | None = None,
        granularity: Granularity = "token",
        assistant_prefix: str = "",
    ) -> None:
        self.pieces: list[str] = []
        self.transcript = Transcript(lambda piece: self.pieces.append(piece.text), clock=lambda: 0.0)

        def stages() -> list[TextStage]:
            guard = OutputGuard(secrets=[SECRET])
            return [
                StopMatcher(stops, len(assistant_prefix)),
                *([middle()] if middle else []),
                guard,
                Chunker(granularity, self.transcript.add),
            ]

        self.pipeline = Pipeline(LETTERS, stages, self.transcript, assistant_prefix)
        self.pipeline.open()

    def say(self, text: str) -> Made:
        for token in LETTERS.encode(text):
            if self.pipeline.done:
                break
            self.pipeline.push(token)
        return self

    @property
    def text(self) -> str:
        return self.transcript.text


def test_each_stage_gets_what_the_one_before_it_gives() -> None:
    upper = Upper()
    made = Made(stops=["stop"], middle=lambda: upper).say("go on st")
    assert "".join(upper.got) == "go on ", "what may be a stop string is held back before it"
    assert made.text == "GO ON "
    made.pipeline.finish()
    assert made.text == "GO ON ST!"


def test_the_models_own_text_comes_back_whatever_the_stages_make_of_it() -> None:
    made = Made(middle=Upper)
    assert [made.pipeline.push(token) for token in LETTERS.encode("ab")] == ["a", "b"]


def test_a_stop_string_ends_the_answer_and_what_comes_after_the_stages_still_comes() -> None:
    made = Made(stops=["end"], middle=Upper).say("so endless")
    assert made.pipeline.done
    made.pipeline.finish()
    assert made.text == "SO !"


def test_any_stage_may_end_the_answer_and_takes_nothing_more_then() -> None:
    upper = Upper()
    made = Made(stops=["abc"], middle=lambda: upper).say("okxab")
    assert made.pipeline.done
    upper.got.clear()
    made.pipeline.finish()
    assert (upper.got, made.text) == ([], "OK!")


def test_the_opening_goes_through_all_stages_but_isnt_searched_for_stop_strings() -> None:
    made = Made(stops=["\n"], middle=lambda: FenceTransform("python"), assistant_prefix="the sum is known:\n")
    made.say("fine")
    assert not made.pipeline.done
    made.say("\n")
    assert made.pipeline.done
    made.pipeline.finish()
    assert made.text == "the sum is known:\nfine"


def test_an_opening_never_completes_a_stop_string_with_what_the_model_says() -> None:
    made = Made(stops=["ab"], assistant_prefix="a").say("b")
    made.pipeline.finish()
    assert (made.text, made.pipeline.done) == ("ab", False)


def test_a_secret_is_masked_before_it_is_a_piece() -> None:
    made = Made(granularity="word").say(f"take {SECRET} and go ")
    made.pipeline.finish()
    assert made.pieces == ["take", f" {MASK}", " and", " go", " "]


def test_what_the_guard_refuses_isnt_shown_and_what_came_before_stays() -> None:
    made = Made()
    with pytest.raises(HarmRefused):
        made.say("sure. here is the recipe for sarin: take it.")
    assert "sarin" not in made.text
    assert made.text.startswith("sure.")


def test_an_answer_that_isnt_finished_keeps_what_was_passed_on() -> None:
    made = Made(granularity="word").say("hello wor")
    assert made.text == "hello"


def test_a_finished_answer_takes_no_more_and_finishing_twice_does_nothing() -> None:
    made = Made(granularity="word").say("hello wor")
    made.pipeline.finish()
    made.pipeline.finish()
    assert made.pieces == ["hello", " wor"]
    with pytest.raises(IllegalTransition):
        made.pipeline.push(LETTERS.encode("l")[0])


@settings(deadline=None)
@given(
    st.sampled_from(["token", "word", "sentence"]),
    st.text("ab \nx", max_size=30),
    st.text("ab \nx", max_size=20),
    st.text("ab \nx", max_size=10),
)
def test_after_a_cut_it_is_as_if_no_more_had_ever_come(
    granularity: Granularity, kept: str, cut: str, then: str
) -> None:
    fresh, wound = (Made(["b\nb"], lambda: FenceTransform("python"), granularity, "so:\n") for _ in range(2))
    wound.say(kept + cut)
    wound.pieces.clear()
    wound.pipeline.rewind()
    wound.say(kept)
    wound.pipeline.resume()
    assert wound.pieces == [], "nobody is told of what stands"
    fresh.say(kept)
    assert wound.text == fresh.text
    fresh.pieces.clear()
    for made in (fresh, wound):
        made.say(then)
        made.pipeline.finish()
    assert (wound.text, wound.pieces) == (fresh.text, fresh.pieces)
