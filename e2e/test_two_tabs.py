"""Two real tabs with an engine each, on one device: lists, downloads and what is forgotten are one person's."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from e2e.support.database import everything_stored, partial_bytes, settings
from e2e.support.engine import Engine
from e2e.support.larger import BALLAST, FULL, a_larger_model
from e2e.support.person import Person
from e2e.support.site import MODEL
from e2e.support.waiting import until
from e2e.support.web import Web
from tests.external.layout import write_folder

BARE = "protocol.schema.json"
FOLDER = "elsewhere/tiny-llama/"
DATA = f"{FOLDER}onnx/model.onnx_data"


@pytest.fixture
def tiny(web: Web) -> Iterator[Path]:
    """A small model in a folder of the site."""
    place = web.site.folder / FOLDER
    yield write_folder(place, "llama", external=True)
    shutil.rmtree(place.parent)


@pytest.fixture
def pages(newcomer: Person, web: Web) -> tuple[Page, Page]:
    """Two tabs that show a file of the site, so that no page starts an engine of its own."""
    newcomer.visits(BARE)
    other = newcomer.page.context.new_page()
    other.goto(web.url + BARE)
    return newcomer.page, other


LIGHT = {"config": {"use_neural_router": False, "enable_full_models": False}}


def test_what_two_tabs_write_at_once_is_all_kept_and_shown_in_both(pages: tuple[Page, Page]) -> None:
    first, second = (Engine(page, **LIGHT) for page in pages)
    asked = []
    for number in range(4):
        for engine, name in ((first, "a"), (second, "b")):
            definition = {"id": f"{name}-{number}", "name": name, "prompt": "You shake drinks."}
            asked.append((engine, engine.send("agent.register", definition=definition)))
    asked += [(first, first.send("teach", action="correct", query="one", agent="code"))]
    asked += [(second, second.send("teach", action="correct", query="two", agent="logical"))]
    for engine, request in asked:
        assert engine.end_of(request)["type"] == "result"
    wanted = {f"{name}-{number}" for name in "ab" for number in range(4)}
    for engine, page in ((first, pages[0]), (second, pages[1])):
        until(page, "all are here", lambda engine=engine: {d["id"] for d in engine.status()["custom"]} == wanted)
        until(page, "both corrections", lambda engine=engine: engine.status()["router"]["corrections"] == 2)
    assert {row["id"] for row in json.loads(settings(pages[0])["agents.custom"])} == wanted
    assert first.ask("agent.unregister", agent="b-0")["type"] == "result"
    until(pages[1], "it is gone", lambda: "b-0" not in {d["id"] for d in second.status()["custom"]})


def test_two_tabs_that_load_one_model_at_once_download_it_once_and_removed_and_added_again_it_is_the_new_one(
    pages: tuple[Page, Page], web: Web, tiny: Path
) -> None:
    first, second = (Engine(page, **LIGHT) for page in pages)
    assert first.ask("model.add", address=FOLDER)["type"] == "result"
    until(pages[1], "the other tab has it", lambda: second.status()["added"] == ["tiny-llama"])
    web.is_slow(25)  # what computes comes over it, too
    loads = [(engine, engine.send("preload", model="tiny-llama")) for engine in (first, second)]
    for engine, request in loads:
        end = engine.end_of(request)
        assert end["type"] == "result", end
    web.is_fast()
    assert len([r for r in web.requests(DATA) if r.method == "GET"]) == 1
    seen = [m for m in second.heard("progress") if m["phase"] == "downloading"]
    assert seen, "the tab that waited told how far it is"

    assert first.ask("model.remove", model="tiny-llama")["type"] == "result"
    until(pages[1], "it is gone there too", lambda: second.status()["added"] == [])
    until(pages[0], "nothing is left", lambda: everything_stored(pages[0]) == {})
    assert not [key for key in settings(pages[0]) if key.startswith(("manifest:", "folder:", "pin:"))]

    config = json.loads((tiny / "config.json").read_text())
    (tiny / "config.json").write_text(json.dumps(config | {"max_position_embeddings": 128}))
    data = bytearray((tiny / "onnx/model.onnx_data").read_bytes())
    data[-4:] = bytes(4)
    (tiny / "onnx/model.onnx_data").write_bytes(data)
    web.forgets()
    assert second.ask("model.add", address=FOLDER)["type"] == "result"
    end = second.ask("preload", model="tiny-llama")
    assert end["type"] == "result", end
    assert len([r for r in web.requests(DATA) if r.method == "GET"]) == 1, "its bytes came from the network"
    assert second.status()["versions"][0]["model"] == "tiny-llama"


def test_a_model_that_one_page_adds_is_offered_in_the_open_settings_of_the_other(
    regular: Person, web: Web, tiny: Path
) -> None:
    other = Person(regular.page.context.new_page(), web.url)
    for person in (regular, other):
        person.opens()
        person.waits_for_the_engine()
        person.page.get_by_role("button", name="Settings", exact=True).click()
    choice = other.page.get_by_label("Model that answers").locator("option[value=tiny-llama]")
    expect(choice).to_have_count(0)
    settings = regular.page.get_by_role("dialog", name="Settings")
    settings.get_by_label("Add a model").fill(FOLDER)
    settings.get_by_role("button", name="Inspect", exact=True).click()
    settings.get_by_role("button", name="Add it").click()
    expect(choice).to_have_count(1)
    settings.locator("[data-model=tiny-llama]").get_by_role("button", name="Remove").click()
    expect(choice).to_have_count(0)


def test_one_tab_brings_the_larger_model_for_both_and_another_goes_on_when_it_is_closed(
    regular: Person, web: Web
) -> None:
    with a_larger_model(web.site) as shard:
        regular.visits(BARE)
        other = regular.page.context.new_page()
        other.goto(web.url + BARE)
        first = Engine(regular.page)
        second = Engine(other)
        web.is_slow(1.5)  # it isn't done before the first tab is closed
        for engine in (first, second):
            assert engine.ask("preload")["type"] == "result"
            engine.answer("conversation")
        second.waits_for("upgrade", model=FULL, state="downloading")
        assert first.heard("upgrade"), "the tab that leads downloads"
        assert len([one for one in web.shard_requests() if one[0] == shard]) <= 1
        until(other, "some of it is kept", lambda: partial_bytes(other, shard) > 0)
        regular.page.close()
        web.is_fast()
        second.waits_for("upgrade", model=FULL, state="ready")
        # The server may notice that the first tab is gone after it has answered the second one.
        parts = [(status, size) for sha256, status, size in web.shard_requests() if sha256 == shard]
        rest = [size for status, size in parts if status == 206]
        assert len(rest) == 1, "it went on where the other tab stopped"
        assert rest[0] < BALLAST
        assert len([status for status, _ in parts if status == 200]) <= 1, "and nobody else began from the start"
        assert second.answer("conversation")["model"] == FULL


def test_what_is_forgotten_in_one_tab_stops_coming_in_the_other_and_stays_away(regular: Person, web: Web) -> None:
    with a_larger_model(web.site) as shard:
        regular.visits(BARE)
        other = regular.page.context.new_page()
        other.goto(web.url + BARE)
        first = Engine(regular.page)
        second = Engine(other)
        web.is_slow(4)
        assert first.ask("preload")["type"] == "result"
        first.answer("conversation")
        first.waits_for("upgrade", model=FULL, state="downloading")
        assert second.ask("unload", model=FULL, forget=True)["type"] == "result"
        first.waits_for("upgrade", model=FULL, state="cancelled")
        web.is_fast()
        first.answer("conversation")
        regular.page.wait_for_timeout(3000)
        assert shard not in everything_stored(regular.page)
        assert first.answer("conversation")["model"] == MODEL
        kept = json.loads(settings(regular.page)["hydration"])
        assert (kept["model"], kept["forgotten"]) == (None, [FULL])
        regular.page.goto(web.url + BARE)
        visit = Engine(regular.page)
        assert visit.ask("preload")["type"] == "result"
        visit.answer("conversation")
        regular.page.wait_for_timeout(2500)
        assert visit.status()["upgrade"]["model"] is None
        assert shard not in everything_stored(regular.page)
