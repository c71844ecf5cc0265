"""The problems are right, various, and kept apart."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_foundry.measuring.stories.generating import PARTS, TEMPLATES, Part, stories
from orion_py.arithmetic.equations import corrections
from orion_py.skills.story import is_story


@pytest.mark.parametrize("part", PARTS)
@given(seed=st.integers(0, 10_000))
def test_every_line_of_a_solution_is_true_and_the_last_one_gives_the_answer(part: Part, seed: int) -> None:
    for story in stories(part, 24, seed):
        assert not list(corrections("\n".join(story.working), french=False)), story
        assert story.working[-1].endswith(f"= {story.answer}")
        assert story.answer > 0
        assert story.answer == int(story.answer)


def test_no_problem_occurs_twice_and_no_form_is_in_both_parts() -> None:
    made = {part: stories(part) for part in PARTS}
    texts = [story.text for part in PARTS for story in made[part]]
    assert len(texts) == len(set(texts)) == 400
    assert not {story.template for story in made["development"]} & {story.template for story in made["test"]}


@pytest.mark.parametrize("part", PARTS)
def test_both_languages_all_forms_and_several_lengths_occur(part: Part) -> None:
    made = stories(part)
    assert [sum(story.language == language for story in made) for language in ("en", "fr")] == [100, 100]
    assert {story.template for story in made} == {template.__name__ for template in TEMPLATES[part]}
    assert {story.steps for story in made} == {2, 3, 4}


@pytest.mark.parametrize("part", PARTS)
def test_the_agent_takes_each_for_a_problem_in_words(part: Part) -> None:
    assert [story.text for story in stories(part) if not is_story(story.text)] == []


def test_a_seed_gives_the_same_problems_again() -> None:
    assert stories("test", 10, 3) == stories("test", 10, 3)
    assert stories("test", 10, 3) != stories("test", 10, 4)
    assert isinstance(stories("test", 1)[0].answer, Decimal)
