"""What two passes agree on is settled, and never said twice."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from orion_py.senses.hearing.agreement import Agreement


def test_the_part_that_two_passes_agree_on_is_settled() -> None:
    agreement = Agreement()
    assert agreement.take("Where is") == ("", "Where is")
    assert agreement.take("Where is the stay shun?") == ("Where is", "the stay shun?")
    assert agreement.take("Where is the station, please?") == ("Where is the", "station, please?")
    assert agreement.take("Where is the station, please?") == ("Where is the station, please?", "")


def test_a_full_stop_that_comes_and_goes_is_no_disagreement() -> None:
    agreement = Agreement()
    agreement.take("Hello.")
    assert agreement.take("Hello, how") == ("Hello,", "how")


def test_a_word_more_before_what_is_settled_repeats_nothing() -> None:
    agreement = Agreement()
    agreement.take("The train")
    agreement.take("The train for")
    settled, rest = agreement.take("So the train for Marseille")
    assert f"{settled} {rest}" == "The train for Marseille"
    settled, rest = agreement.take("train for Marseille leaves")
    assert f"{settled} {rest}" == "The train for Marseille leaves"


SENTENCE = ["one", "two", "three", "four", "five", "six", "seven"]
SLIPS = st.tuples(st.sampled_from(["more", "less", "other", "none"]), st.integers(0, 6))


@given(st.lists(st.tuples(st.integers(1, 7), SLIPS), max_size=8))
@example([(3, ("less", 1)), (3, ("less", 1)), (3, ("more", 1))])
@example([(6, ("less", 4)), (7, ("less", 4)), (7, ("more", 4))])
def test_no_word_is_shown_twice_whatever_a_pass_hears_more_less_or_otherwise(
    passes: list[tuple[int, tuple[str, int]]],
) -> None:
    agreement = Agreement()
    for number, (length, (slip, place)) in enumerate(sorted(passes)):
        heard = SENTENCE[:length]
        heard[place : place + (slip in ("less", "other"))] = [f"um-{number}"] if slip in ("more", "other") else []
        shown = " ".join(agreement.take(" ".join(heard))).split()
        assert all(shown.count(word) <= 1 for word in SENTENCE), (heard, shown)


WORDS = st.lists(st.sampled_from(["a", "b", "c", "a,", "B"]), max_size=8).map(" ".join)


@given(st.lists(WORDS, max_size=10))
def test_what_is_settled_only_grows(passes: list[str]) -> None:
    agreement, before = Agreement(), ""
    for heard in passes:
        settled, _ = agreement.take(heard)
        assert len(settled.split()) >= len(before.split())
        before = settled
