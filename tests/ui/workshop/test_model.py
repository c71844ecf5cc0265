"""What is written in the workshop is what the engine takes, or it is said what is wrong; nothing written is lost."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orion_py.agents.custom import MOST
from orion_py.protocol import AgentDefinition
from tests.ui.speech import speak
from ui.base.store import MemoryBacking
from ui.workshop import model

FIELDS = {**model.fresh(), "name": "Chef", "prompt": "You cook."}


def fields(**changes: str) -> dict[str, str]:
    return {**FIELDS, **changes}


def made(agent: str = "chef", **changes: Any) -> dict[str, Any]:
    return AgentDefinition(**{"id": agent, "name": "Chef", "prompt": "You cook.", **changes}).model_dump(mode="json")


def wrong(**changes: str) -> dict[str, str]:
    return {name: problem[0] for name, problem in model.problems(fields(**changes), model.NEW, []).items()}


def test_a_name_and_a_prompt_are_enough() -> None:
    assert wrong() == {}
    saved = AgentDefinition.model_validate(model.definition(FIELDS, model.NEW, [], []))
    assert (saved.id, saved.name, saved.prompt, saved.examples, saved.code) == ("chef", "Chef", "You cook.", [], "")


@pytest.mark.parametrize(
    ("changes", "problems"),
    [
        ({"name": "  "}, {"name": "wrong_name_missing"}),
        ({"name": "x" * 61}, {"name": "wrong_name_long"}),
        ({"prompt": "\n"}, {"prompt": "wrong_prompt_missing"}),
        ({"prompt": "x" * 4001}, {"prompt": "wrong_prompt_long"}),
        ({"examples": "\n".join(map(str, range(21)))}, {"examples": "wrong_examples_many"}),
        ({"examples": "x" * 301}, {"examples": "wrong_example_long"}),
        ({"code": "respond" + "x" * 20_000}, {"code": "wrong_code_long"}),
        ({"code": "print(1)"}, {"code": "wrong_code_respond"}),
        ({"name": "", "prompt": ""}, {"name": "wrong_name_missing", "prompt": "wrong_prompt_missing"}),
    ],
)
def test_what_is_wrong_is_said_by_its_field(changes: dict[str, str], problems: dict[str, str]) -> None:
    assert wrong(**changes) == problems


def test_every_problem_has_words_that_take_its_values() -> None:
    worst = fields(name="x" * 61, prompt="x" * 4001, examples="x\n" * 9 + "\n".join(map(str, range(21))), code="x")
    for key, values in model.problems(worst, model.NEW, []).values():
        for language in ("en", "fr"):
            assert speak(language)(key, **values)


def test_two_agents_of_ones_own_have_two_names_and_an_agent_may_keep_its_own() -> None:
    assert model.problems(fields(name="CHEF"), model.NEW, [made()])["name"][0] == "wrong_name_taken"
    assert model.problems(FIELDS, "chef", [made()]) == {}


def test_there_are_no_more_than_the_engine_takes() -> None:
    full = [made(f"a{number}", name=f"A{number}") for number in range(model.MOST)]
    assert model.MOST == MOST
    assert model.problems(FIELDS, model.NEW, full)["name"][0] == "wrong_too_many"
    assert model.problems(fields(name="A3"), "a3", full) == {}


@settings(max_examples=60, deadline=None)
@given(
    name=st.text(max_size=70),
    prompt=st.text(max_size=50),
    examples=st.lists(st.text(max_size=310), max_size=22).map("\n".join),
    code=st.sampled_from(["", "  ", "x", "def respond(request, llm): return 1"]),
)
def test_what_the_form_lets_through_the_engine_takes(name: str, prompt: str, examples: str, code: str) -> None:
    written = fields(name=name, prompt=prompt, examples=examples, code=code)
    if not model.problems(written, model.NEW, []):
        AgentDefinition.model_validate(model.definition(written, model.NEW, [], ["conversation"]))


def test_a_changed_agent_keeps_its_id_and_what_the_form_does_not_show() -> None:
    kept = made(temperature=0.1, max_tokens=64)
    saved = model.definition(fields(name="Cook", prompt="You fry."), "chef", [kept], ["chef"])
    assert saved == {**kept, "name": "Cook", "prompt": "You fry."}
    assert kept["name"] == "Chef"


@pytest.mark.parametrize(
    ("name", "taken", "agent"),
    [
        ("Chef étoilé !", [], "chef-etoile"),
        ("Œuvre", [], "oeuvre"),
        ("日本", [], "agent"),
        ("Code", ["code"], "code-2"),
        ("Code", ["code", "code-2"], "code-3"),
        ("auto", [], "auto-2"),
        ("x" * 60, [], "x" * 36),
    ],
)
def test_an_id_is_made_of_the_name_and_is_nobody_elses(name: str, taken: list[str], agent: str) -> None:
    assert model.new_id(name, taken) == agent


def test_examples_are_lines_each_once() -> None:
    assert model.lines(" one \n\ntwo\r\none") == ["one", "two"]


def test_the_form_shows_what_was_saved() -> None:
    kept = made(examples=["a", "b"], code="def respond(): pass")
    shown = model.fields_of(kept)
    assert shown["examples"] == "a\nb"
    assert model.definition(shown, "chef", [kept], []) == kept
    assert not model.differs(shown, model.fields_of(kept))
    assert model.differs({**shown, "code": ""}, shown)
    assert not model.differs({**shown, "question": "x"}, shown), "the question is no part of the agent"


def test_drafts_outlive_the_page_until_they_are_dropped() -> None:
    backing = MemoryBacking()
    drafts = model.Drafts(backing)
    assert drafts.keep(model.NEW, fields(code="x"))
    drafts.keep("chef", FIELDS)
    again = model.Drafts(backing)
    assert again.get(model.NEW) == fields(code="x")
    assert sorted(again.ids()) == [model.NEW, "chef"]
    again.drop(model.NEW)
    again.drop("chef")
    assert model.Drafts(backing).ids() == []
    assert backing.keys() == []


def test_two_tabs_keep_the_drafts_of_two_agents() -> None:
    backing = MemoryBacking()
    one, other = model.Drafts(backing), model.Drafts(backing)
    one.keep("chef", FIELDS)
    other.keep("poet", FIELDS)
    one.drop("chef")
    assert other.ids() == ["poet"]
    assert model.Drafts(backing).ids() == ["poet"]


def test_a_device_that_keeps_nothing_says_so_and_the_page_still_has_the_draft() -> None:
    class Refusing(MemoryBacking):
        def set(self, key: str, text: str) -> bool:
            return False

    drafts = model.Drafts(Refusing())
    assert not drafts.keep(model.NEW, FIELDS)
    assert drafts.get(model.NEW) == FIELDS


@pytest.mark.parametrize("kept", ["{", "[]", json.dumps({"": 1}), json.dumps({"a": {"name": 3, "x": "y"}})])
def test_drafts_of_another_kind_do_no_harm(kept: str) -> None:
    backing = MemoryBacking()
    backing.set(model.DRAFTS, kept)
    for row in map(model.Drafts(backing).get, model.Drafts(backing).ids()):
        assert row == model.fresh()
