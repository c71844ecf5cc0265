"""Somebody makes agents of their own: with a prompt, with Python, with Python that means harm.

One page for all of it; each test makes an agent of its own there.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Playwright, expect

from e2e.support.browsers import Browsers, copy_profile
from e2e.support.evidence import Evidence
from e2e.support.person import Person
from e2e.support.waiting import until
from e2e.support.web import Web
from e2e.support.workshop import Workshop

ECHO = """\
async def respond(request, llm):
    yield f"[{request.query.upper()}] "
    said = await llm("Say hello.", max_tokens=6)
    yield "model: " + str(len(said) > 0)
"""
HARM = {
    "time": "def respond(request, llm):\n    while True:\n        pass\n",
    "output": "def respond(request, llm):\n    while True:\n        print('x' * 70)\n",
    "error": "def respond(request, llm):\n    return [][7]\n",
}
ESCAPE = """\
async def respond(request, llm):
    import js
    try:
        from pyodide.http import pyfetch
        await pyfetch("{url}escaped")
    except BaseException:
        yield "refused "
    try:
        world = js.Object.constructor("return globalThis")()
        await world.fetch("{url}escaped")
    except BaseException:
        yield "refused"
"""


@pytest.fixture(scope="module")
def person(
    furnished: Path, address: Web, playwright: Playwright, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Person]:
    browsers = Browsers(playwright, Evidence())
    profile = copy_profile(furnished, tmp_path_factory.mktemp("workshop") / "profile")
    person = Person(browsers.start(profile), address.url)
    person.opens()
    person.waits_for_the_engine()
    yield person
    errors = browsers.errors
    browsers.close()
    assert not errors, f"uncaught errors: {errors}"


@pytest.fixture
def workshop(person: Person) -> Iterator[Workshop]:
    workshop = Workshop(person.page)
    yield workshop
    if workshop.dialog.is_visible():
        workshop.leaves()


def test_an_agent_with_a_prompt_is_routed_to_by_its_examples_after_a_reload(person: Person, workshop: Workshop) -> None:
    workshop.begins()
    workshop.writes("Sea captain", "You are an old sea captain. Answer in one sentence.", "Which knot holds a boat?")
    workshop.saves()
    person.reloads()
    answer = person.asks("Which knot holds a boat?")
    answer.grows()
    person.cuts_short(answer)
    expect(answer.article).to_have_attribute("data-agent", "sea-captain")


def test_an_agent_with_code_is_tried_saved_and_answers_with_the_model_in_its_hands(
    person: Person, workshop: Workshop
) -> None:
    workshop.begins()
    workshop.writes("Echo", "You greet.", "Echo this", ECHO)
    assert workshop.tries("hello there") == "done"
    expect(workshop.trial).to_contain_text("[HELLO THERE] model: True")
    workshop.saves()
    workshop.leaves()
    answer = person.asks("Echo this")
    assert answer.succeeds() == "[ECHO THIS] model: True"
    expect(answer.article).to_have_attribute("data-agent", "echo")
    answer.article.get_by_role("button", name="Echo", exact=True).click()
    expect(answer.article).to_contain_text("This is like the example “Echo this”.")
    expect(answer.article).to_contain_text("Chosen by an agent’s examples")


def test_code_that_fails_leaves_the_answer_to_the_prompt(person: Person, workshop: Workshop) -> None:
    workshop.begins()
    workshop.writes("Broken", "Answer in one word.", "Break now", HARM["error"])
    assert workshop.tries("go") == "error"
    expect(workshop.trial.locator(".stderr")).to_contain_text("line 2, in respond")
    expect(workshop.trial.locator(".stderr")).to_contain_text("IndexError")
    workshop.saves()
    workshop.leaves()
    answer = person.asks("Break now")
    answer.grows()
    person.cuts_short(answer)
    expect(answer.article).to_have_attribute("data-agent", "broken")
    assert any("own Python failed" in note for note in answer.notes)


def test_code_that_means_harm_is_stopped_reaches_nothing_and_the_engine_still_answers(
    person: Person, workshop: Workshop, address: Web
) -> None:
    address.forgets()
    workshop.begins()
    workshop.writes("Harm", "Harm.")
    for end in ("time", "output"):
        workshop.codes(HARM[end])
        assert workshop.tries("go") == end
    workshop.codes(ESCAPE.replace("{url}", address.url))
    assert workshop.tries("go") == "done"
    expect(workshop.trial).to_contain_text("refused refused")
    assert address.requests("escaped*") == []
    workshop.dialog.get_by_role("button", name="Discard", exact=True).click()
    workshop.leaves()
    answer = person.asks("Hello!")
    answer.grows()
    person.cuts_short(answer)


def test_what_is_not_saved_outlives_the_page_and_what_is_deleted_can_come_back(
    person: Person, workshop: Workshop
) -> None:
    workshop.begins()
    workshop.writes("Gardener", "You know plants.")
    person.reloads()
    person.waits_for_the_engine()
    workshop.opens()
    expect(workshop.row("Gardener")).to_contain_text("not saved yet")
    workshop.row("Gardener").click()
    expect(workshop.dialog.get_by_label("Prompt", exact=True)).to_have_value("You know plants.")
    workshop.saves()
    workshop.dialog.get_by_role("button", name="Delete Gardener").click()
    expect(workshop.row("Gardener")).to_have_count(0)
    workshop.dialog.get_by_role("button", name="Undo").press("Enter")
    expect(workshop.row("Gardener")).to_be_focused()


def leaves_editor(workshop: Workshop) -> bool:
    """Whether Escape and Tab leave the editor. It takes Tab for that only within 2 s after Escape: on a busy machine a
    person presses both again."""
    workshop.page.keyboard.press("Escape")
    workshop.page.keyboard.press("Tab")
    try:
        expect(workshop.dialog.locator("iframe").first).not_to_be_focused(timeout=5000)
    except AssertionError:
        return False
    return True


def test_the_editor_and_the_dialog_are_left_by_the_keyboard(person: Person, workshop: Workshop) -> None:
    workshop.begins()
    workshop.codes("def respond(request, llm):\n    return 1\n")
    workshop.editor.focus()
    until(person.page, "the focus left the editor", lambda: leaves_editor(workshop))
    expect(workshop.dialog).to_be_visible()
    workshop.dialog.get_by_role("button", name="Discard", exact=True).click()
    person.page.keyboard.press("Escape")
    expect(workshop.dialog).to_be_hidden()
