from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orion_py.background.agent_sequence import AgentSequence


def learnt(*agents: str) -> AgentSequence:
    made = AgentSequence()
    for previous, following in itertools.pairwise(agents):
        made.observe(previous, following)
    return made


def test_what_followed_once_is_as_likely_as_not_and_what_followed_twice_is_likely() -> None:
    assert learnt("a", "b").probability("a", "b") == 0.5
    assert learnt("a", "b", "a", "b").probability("a", "b") == pytest.approx(1.9 / 2.9)


def test_what_never_followed_is_not_likely_at_all() -> None:
    assert learnt("a", "b").probability("a", "c") == 0.0
    assert learnt("a", "b").probability("nobody", "b") == 0.0
    assert AgentSequence().following("a") == []


def test_the_likeliest_stands_first() -> None:
    agents = [agent for agent, _ in learnt("a", "b", "a", "c", "a", "b").following("a")]
    assert agents == ["b", "c"]


def test_old_habits_fade() -> None:
    made = learnt(*["a", "b"] * 10)
    for _ in range(10):
        made.observe("a", "c")
    assert made.following("a")[0][0] == "c"


@given(st.lists(st.sampled_from("abcd"), max_size=60))
def test_probabilities_never_sum_to_one_and_survive_a_visit(agents: list[str]) -> None:
    made, again = learnt(*agents), AgentSequence()
    again.restore(made.export())
    for agent in "abcd":
        following = made.following(agent)
        assert sum(p for _, p in following) < 1, "something else is always possible"
        assert {a: p for a, p in again.following(agent)} == pytest.approx(dict(following), abs=1e-4)


def test_a_record_never_grows_beyond_its_bound() -> None:
    made = AgentSequence()
    for n in range(1000):
        made.observe(f"a{n % 100}", f"b{n}")
        made.observe("a", f"b{n}")
    kept = json.loads(made.export())["counts"]
    assert len(kept) == 64
    assert max(len(row) for row in kept.values()) == 64


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.text() | JSON.map(json.dumps) | JSON.map(lambda counts: json.dumps({"version": 1, "counts": counts})))
def test_whatever_was_kept_is_read_or_counts_as_nothing(text: str) -> None:
    made = AgentSequence()
    made.restore(text)
    made.observe("a", "b")
    for agent in json.loads(made.export())["counts"]:
        assert all(0 <= p < 1 for _, p in made.following(agent))


@pytest.mark.parametrize(
    "counts",
    [{"a": {"b": 1e300}}, {"a": {"b": -1}}, {"a": {"b": True}}, {"a": {"b": "many"}}, {"a": []}, {"a" * 99: {"b": 1}}],
)
def test_a_count_that_cannot_be_is_left_out(counts: object) -> None:
    made = AgentSequence()
    made.restore(json.dumps({"version": 1, "counts": counts}))
    assert json.loads(made.export())["counts"] == {}
