"""What two passes agree on is settled, and never said twice."""

from __future__ import annotations

from hypothesis import given
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


WORDS = st.lists(st.sampled_from(["a", "b", "c", "a,", "B"]), max_size=8).map(" ".join)


@given(st.lists(WORDS, max_size=10))
def test_what_is_settled_only_grows(passes: list[str]) -> None:
    agreement, before = Agreement(), ""
    for heard in passes:
        settled, _ = agreement.take(heard)
        assert len(settled.split()) >= len(before.split())
        before = settled
