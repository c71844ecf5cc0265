"""Which question gets which skill."""

from __future__ import annotations

import pytest

from orion_py.agents.conversation import ConversationAgent
from orion_py.agents.creative import CreativeAgent
from orion_py.agents.logical import LogicalAgent
from orion_py.agents.multilingual import MultilingualAgent
from orion_py.language.detector import LangidDetector
from orion_py.protocol import InferOptions
from orion_py.skills.letter import WriteLetter
from orion_py.skills.letter_wanted import Letter
from orion_py.skills.story_sums import StorySums
from orion_py.skills.translation import Translate
from orion_py.skills.translation_wanted import Translation
from orion_py.skills.working_out import WorkingOut
from tests.agents.test_vision import entry

LETTER = "Write an e-mail to Mrs Hale: I am ill on Monday. From Ann."
STORY = "A lorry takes 26 pallets and I have 182 pallets to shift. How many lorries do I need?"
ITALIAN = "Ciao nonna, ti voglio bene, arrivo domani sera"


@pytest.mark.parametrize("agent", [CreativeAgent(entry("creative")), ConversationAgent(entry("conversation"))])
async def test_a_letter_is_written_by_its_skill_whoever_it_was_routed_to(
    agent: CreativeAgent | ConversationAgent,
) -> None:
    brief = await agent.prepare(LETTER, "en", InferOptions())
    assert brief.skill == WriteLetter(Letter(True, "Ann", "Mrs Hale"))
    own = await agent.prepare(LETTER, "en", InferOptions(system="You are a pirate."))
    assert own.skill is None, "a caller's own prompt decides"


async def test_a_problem_told_as_a_story_is_voted_on_and_other_reasoning_is_worked_out() -> None:
    agent = LogicalAgent(entry("logical"))
    assert (await agent.prepare(STORY, "en", InferOptions())).skill == StorySums(False)
    assert (await agent.prepare("All cats purr. Does Tom purr?", "en", InferOptions())).skill == WorkingOut(False)


async def test_a_passage_is_translated_from_the_language_that_it_is_in() -> None:
    agent = MultilingualAgent(entry("multilingual"), LangidDetector())
    brief = await agent.prepare(f'What does "{ITALIAN}" mean?', "en", InferOptions())
    assert brief.skill == Translate(Translation(ITALIAN, "it", "en"))
    assert (await agent.prepare("Hola, ¿qué tal?", "en", InferOptions())).skill is None
