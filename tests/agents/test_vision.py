"""The agents that see: what they answer themselves, what they give a model, and what they ask for."""

from __future__ import annotations

import pytest

from orion_py.agents.base import Brief, SeeingAgent
from orion_py.agents.conversation import ConversationAgent
from orion_py.agents.vision import VisionAgent
from orion_py.agents.vision_logic import VisionLogicAgent
from orion_py.protocol import InferOptions
from orion_py.registry.load import parse_registry
from orion_py.registry.models import AgentEntry
from orion_py.senses.scenes.report import SceneReport
from orion_py.senses.scenes.sight import Scenes
from tests.senses.scenes.reports import KNOWN, ROOT, report, seen
from tests.senses.scenes.test_receipts import FRENCH

REGISTRY = parse_registry((ROOT / "models.json").read_text("utf-8"))
DOG, SIGN, BILL = report(objects=[seen("dog")]), report("Ausgang"), report(FRENCH)


def entry(name: str) -> AgentEntry:
    return next(agent for agent in REGISTRY.agents if agent.id == name)


async def brief(query: str, *reports: SceneReport, agent: str = "vision", locale: str = "en") -> Brief:
    made = (VisionLogicAgent if agent == "vision-logic" else VisionAgent)(entry(agent))
    if not reports:
        return await made.prepare(query, locale, InferOptions())
    return await made.prepare_seen(query, locale, InferOptions(), Scenes(reports, KNOWN))


async def test_what_the_detectors_decide_needs_no_model() -> None:
    made = await brief("How many dogs are there?", DOG)
    assert (made.assistant_prefix, made.answered_by) == ("I found 1 dog.", "engine")
    assert made.notes["scenes"][0]["objects"][0]["name"] == "dog"


async def test_another_question_gets_the_report_as_evidence() -> None:
    made = await brief("Is it an emergency exit?", SIGN)
    assert "<<<\nAusgang\n>>>" in made.asked
    assert made.asked.endswith("Is it an emergency exit?")


async def test_a_translation_gets_the_text_behind_the_query() -> None:
    made = await brief("Translate this sign into English", SIGN)
    assert made.answered_by == ""
    assert made.asked == "Translate this sign into English\n\nAusgang"
    assert "Ausgang" not in made.system, "what a picture says is never part of the instructions"


async def test_the_answer_is_in_the_questions_language() -> None:
    assert (await brief("Combien de chiens y a-t-il ?", DOG)).assistant_prefix == "J'ai trouvé 1 chien."
    assert "Texte lu dans l'image" in (await brief("Est-ce une sortie de secours ?", SIGN)).asked


async def test_two_pictures_are_told_apart_in_the_prompt() -> None:
    made = await brief("Do they belong together?", SIGN, BILL)
    assert "Picture 1:" in made.asked
    assert "Picture 2:" in made.asked


@pytest.mark.parametrize("agent", ["vision", "vision-logic"])
@pytest.mark.parametrize(
    ("query", "words"), [("What does the sign say?", "Attach the picture"), ("Que dit ce panneau ?", "Joignez l'image")]
)
async def test_without_a_picture_it_is_asked_for(agent: str, query: str, words: str) -> None:
    made = await brief(query, agent=agent)
    assert words in made.assistant_prefix
    assert made.answered_by == "engine"


async def test_vision_and_logic_shows_its_working() -> None:
    made = await brief("Add it up", BILL, agent="vision-logic")
    assert "1.30 + 2.40 + 1.80 = **€5.50**" in made.assistant_prefix
    assert made.answered_by == "calculator"
    assert made.notes["computed"] == [{"expression": "1.30 + 2.40 + 1.80", "value": "5.50", "exact": "true"}]


async def test_vision_and_logic_sees_and_reckons_without_the_other() -> None:
    assert (await brief("How many dogs?", DOG, agent="vision-logic")).assistant_prefix == "I found 1 dog."
    assert (await brief("what is 17 × 3?", agent="vision-logic")).assistant_prefix == "17 × 3 = 51"


def test_only_agents_that_see_are_given_pictures() -> None:
    assert isinstance(VisionAgent(entry("vision")), SeeingAgent)
    assert not isinstance(ConversationAgent(entry("conversation")), SeeingAgent)
