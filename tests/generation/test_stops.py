"""Stop strings over a stream."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from orion_py.generation.stops import StopMatcher


def naive(text: str, stops: list[str]) -> tuple[str, bool]:
    """Reads along character by character and stops at the first that is complete, the longer of two."""
    for end in range(1, len(text) + 1):
        ended = [stop for stop in stops if stop and text[:end].endswith(stop)]
        if ended:
            return text[: end - max(map(len, ended))], True
    return text, False


def run(stops: list[str], pieces: list[str]) -> tuple[str, bool]:
    matcher = StopMatcher(stops)
    shown = "".join(matcher.push(piece) for piece in pieces)
    return shown + matcher.finish(), matcher.done


def pushed(matcher: StopMatcher, text: str) -> tuple[str, bool]:
    return matcher.push(text), matcher.done


def test_without_stop_strings_everything_passes_at_once() -> None:
    assert pushed(StopMatcher([]), "hello") == ("hello", False)


def test_a_stop_string_ends_the_text_before_itself() -> None:
    assert pushed(StopMatcher(["END"]), "before END after") == ("before ", True)


def test_a_stop_string_cut_over_pieces_is_found() -> None:
    assert run(["\n\nUser:"], ["Hi.", "\n", "\nUs", "er", ": more"]) == ("Hi.", True)


def test_what_may_become_a_stop_string_is_held_back() -> None:
    matcher = StopMatcher(["<stop>"])
    assert pushed(matcher, "a <st") == ("a ", False)


def test_what_did_not_become_a_stop_string_is_shown_after_all() -> None:
    matcher = StopMatcher(["<stop>"])
    matcher.push("a <st")
    assert pushed(matcher, "ar>") == ("<star>", False)


def test_no_more_is_held_back_than_may_become_one() -> None:
    matcher = StopMatcher(["aab"])
    assert pushed(matcher, "aaa") == ("a", False)
    assert pushed(matcher, "b") == ("", True)


def test_after_the_stop_nothing_passes() -> None:
    matcher = StopMatcher(["x"])
    matcher.push("ax")
    assert pushed(matcher, "more") == ("", True)
    assert matcher.finish() == ""


def test_finishing_gives_the_held_text_once() -> None:
    matcher = StopMatcher(["abc"])
    matcher.push("ab")
    assert matcher.finish() == "ab"
    assert matcher.finish() == ""


def test_the_stop_string_that_is_complete_first_counts() -> None:
    assert run(["abcd", "b"], ["abcd"]) == ("a", True)
    assert run(["abcd", "b"], ["a", "b", "c", "d"]) == ("a", True)


def test_of_two_with_one_end_the_longer_counts() -> None:
    assert run(["c", "abc"], ["xabc"]) == ("x", True)


def test_an_empty_stop_string_is_none() -> None:
    assert run([""], ["text"]) == ("text", False)


@settings(deadline=None)
@given(
    st.lists(st.text("ab\n", max_size=4), max_size=4),
    st.lists(st.text("ab\n", max_size=5), max_size=12),
)
def test_any_cutting_gives_what_reading_character_by_character_gives(stops: list[str], pieces: list[str]) -> None:
    assert run(stops, pieces) == naive("".join(pieces), stops)


@settings(deadline=None)
@given(
    st.lists(st.text("ab", min_size=1, max_size=4), min_size=1, max_size=3),
    st.lists(st.text("abc", max_size=4), max_size=10),
)
def test_only_a_possible_start_of_a_stop_string_is_ever_held(stops: list[str], pieces: list[str]) -> None:
    matcher = StopMatcher(stops)
    arrived = shown = ""
    for piece in pieces:
        emit, stopped = pushed(matcher, piece)
        arrived, shown = arrived + piece, shown + emit
        if stopped:
            break
        held = arrived[len(shown) :]
        assert held == "" or any(stop.startswith(held) and stop != held for stop in stops)
