"""The engine's worker begins with the page, and the page's own Python takes it over."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from e2e.page import assembled
from e2e.page.conftest import Visit
from e2e.support.waiting import until

WATCH = """
  window.engines = [];
  window.Worker = class extends Worker {
    constructor(url, options) {
      super(url, options);
      const { pathname, search } = new URL(url);
      const up = "loadMicroPython" in window;
      if (pathname.endsWith("workers/engine.js")) window.engines.push({ search, up });
    }
  };"""


def waits_for_the_shell(visit: Visit) -> None:
    controlled = "Boolean(navigator.serviceWorker.controller)"  # waited for here: the page's policy evaluates no text
    until(visit.page, "the shell is installed", lambda: visit.page.evaluate(controlled))


def opens_the_panel(visit: Visit) -> None:
    visit.page.get_by_role("button", name="Engine", exact=True).click()
    expect(visit.page.locator("#panel-title")).to_be_visible()


def returns(visit: Visit, *, preferences: str = "") -> list[dict[str, object]]:
    """A second visit; returns the engines that it began."""
    if preferences:
        visit.page.add_init_script(f"localStorage.setItem('orion.preferences', '{preferences}')")
    visit.open()
    waits_for_the_shell(visit)
    visit.page.add_init_script(WATCH)
    visit.page.reload()
    visit.wait()
    engines: list[dict[str, object]] = visit.page.evaluate("window.engines")
    return engines


def test_a_second_visit_begins_one_engine_before_the_pages_python_is_up(visit: Callable[..., Visit]) -> None:
    person = visit()
    assert returns(person) == [{"search": "?ahead=", "up": False}]
    person.ask_and_wait("Why is the sky blue?")
    assert person.faults == []


def test_the_model_waits_for_the_pages_word_where_the_last_visit_did_not_allow_it(visit: Callable[..., Visit]) -> None:
    assert returns(visit(), preferences='{"preload": false}') == [{"search": "", "up": False}]


def test_a_first_visit_begins_one_engine_once_the_page_has_what_it_needs_itself(visit: Callable[..., Visit]) -> None:
    person = visit()
    person.page.add_init_script(WATCH)
    person.open()
    assert person.page.evaluate("window.engines") == [{"search": "?first=", "up": True}]


def test_a_first_visit_with_choices_of_its_own_waits_for_the_pages_word(visit: Callable[..., Visit]) -> None:
    person = visit()
    person.page.add_init_script(WATCH)
    person.page.add_init_script("localStorage.setItem('orion.preferences', '{}')")
    person.open()
    assert person.page.evaluate("window.engines") == [{"search": "", "up": True}]


def test_one_that_fails_before_anybody_listens_is_begun_again_without_what_it_began_with(
    visit: Callable[..., Visit], folder: Path
) -> None:
    script = folder / "workers/engine.js"
    script.write_text("if (!location.search.includes('again')) throw new Error('broken');\n" + script.read_text())
    assembled.restamp(folder)
    person = visit()
    person.page.add_init_script(WATCH)
    person.open()
    waits_for_the_shell(person)
    person.page.reload()
    person.wait()
    assert [engine["search"] for engine in person.page.evaluate("window.engines")] == ["?ahead=", "?again="]


def test_the_page_goes_on_with_the_sources_where_nothing_is_compiled(visit: Callable[..., Visit], folder: Path) -> None:
    (folder / "ui/compiled.bin").unlink()
    (folder / "ui/later.bin").unlink()
    assembled.restamp(folder)
    person = visit().open()
    person.ask_and_wait("Why is the sky blue?")
    assert any(url.endswith("ui/app.py") for url in person.asked)
    opens_the_panel(person)
    assert any(url.endswith("ui/panel/panel.py") for url in person.asked)


def test_bytecode_of_another_micropython_is_passed_over(visit: Callable[..., Visit], folder: Path) -> None:
    compiled = folder / "ui/compiled.bin"
    compiled.write_bytes(compiled.read_bytes().replace(b'"mpy":6', b'"mpy":9', 1))
    assembled.restamp(folder)
    person = visit().open()
    person.ask_and_wait("Why is the sky blue?")
    expect(person.answer).to_contain_text("scatters")
    assert any(url.endswith("ui/app.py") for url in person.asked)


def test_compiled_modules_are_one_request(page: Visit) -> None:
    asked = [url.rpartition("/ui/")[2] for url in page.asked if "/ui/" in url]
    assert "compiled.bin" in asked
    assert not {"app.py", "main.py", "engine/reducer.py"} & set(asked)
