"""The line about what comes in the background, and the versions in the settings."""

from __future__ import annotations

from typing import Any

import pytest

from orion_py.external.texts import UNSTATED
from orion_py.protocol import ControlUpgrade, UpgradeEvent, VersionRequest
from tests.ui.engine.test_reducer import Page
from tests.ui.fake_dom import dom
from tests.ui.speech import TEXT, speak
from ui.engine import reducer
from ui.settings.models_settings import offer_words, refusal_words, version_rows
from ui.status.upgrade_view import LABELS, UpgradeView, action, declinable, sentence

S = "\u202f"
EN, FR = speak("en"), speak("fr")


def event(state: str, **fields: Any) -> dict[str, Any]:
    made = UpgradeEvent(id="engine", model="full", version="2", purpose="model", state=state)
    return made.model_copy(update={"loaded_bytes": 41_000_000, "total_bytes": 398_000_000, **fields}).model_dump()


def test_what_is_on_its_way_says_how_much_and_how_long() -> None:
    said = sentence(event("downloading", seconds_left=80.0), "Qwen", None, EN)
    assert said.startswith(f"Qwen, a larger model, is on its way · 41 of 398{S}MB · ")
    assert said.endswith("left")
    update = sentence(event("downloading", purpose="update"), "Qwen", None, FR)
    assert update == f"Une nouvelle version de Qwen arrive · 41 sur 398{S}Mo"


def test_it_says_for_what_it_waits() -> None:
    assert sentence(event("waiting", reason_code="busy"), "Qwen", None, EN).endswith("it waits while Orion answers")
    metered = event("waiting", reason_code="metered", total_bytes=0)
    assert f"(398{S}MB)" in sentence(metered, "Qwen", 398_000_000, EN)
    begun = event("waiting", reason_code="metered")
    assert f"(357{S}MB)" in sentence(begun, "Qwen", 398_000_000, EN), "only the rest would be downloaded"
    assert action(metered) == "start"
    assert declinable(metered)


def test_a_model_that_the_site_has_built_is_announced_where_it_would_be_used() -> None:
    page = dom("upgrade", "upgrade-text", "upgrade-bar", "upgrade-action", "upgrade-cancel")
    view = UpgradeView(page, lambda act: None)
    state = Page("success").state
    line = page.by_id("upgrade")
    view.draw(state, EN)
    assert line.hidden
    eyes = {"id": "orion-vision", "title": "ORION Vision", "senses": ["eyes"]}
    state.device = {"coming": [eyes], "config": {"enable_full_models": True}}
    view.draw(state, EN)
    assert line.hidden, "what sees is no larger model"
    state.device["coming"] = [eyes, {"id": "full", "title": "Qwen"}]
    view.draw(state, EN)
    assert not line.hidden
    assert page.by_id("upgrade-text").textContent.startswith("Qwen, a larger model, is being built")
    assert page.by_id("upgrade-action").hidden
    assert page.by_id("upgrade-bar").hidden
    state.upgrade = event("downloading")
    view.draw(state, FR)
    assert "arrive" in page.by_id("upgrade-text").textContent
    assert not page.by_id("upgrade-action").hidden
    state.upgrade = None
    state.device["config"]["enable_full_models"] = False
    view.draw(state, EN)
    assert line.hidden, "it would not be used here"


@pytest.mark.parametrize(
    ("state", "code", "button", "asks"),
    [
        ("downloading", "", "pause", False),
        ("waiting", "busy", "pause", False),
        ("paused", "", "resume", True),
        ("failed", "download_failed", "resume", True),
        ("failed", "too_large", None, False),
        ("loading", "", None, False),
        ("ready", "", None, False),
    ],
)
def test_the_person_has_a_say_where_there_is_something_to_say(
    state: str, code: str, button: str | None, asks: bool
) -> None:
    it = event(state, reason_code=code)
    assert (action(it), declinable(it)) == (button, asks)
    assert sentence(it, "Qwen", None, EN)
    assert sentence(it, "Qwen", None, FR)
    if button:
        assert LABELS[button] in TEXT
        ControlUpgrade(id="h", action=button, model="full")


def test_a_failure_is_said_in_the_pages_words() -> None:
    assert sentence(event("failed", reason_code="quota_exceeded"), "Qwen", None, EN) == (
        "Qwen can’t be used here. There is no room left for the model."
    )


def test_the_background_never_shows_as_a_load_and_is_read_once() -> None:
    page = Page("success")
    page.hear("upgrade", "engine", **{k: v for k, v in event("downloading").items() if k not in ("v", "id", "type")})
    assert page.state.load is None
    assert page.state.upgrade["state"] == "downloading"
    assert "upgrade" in page.state.take_dirty()
    page.state.upgrade = event("ready")
    page.answer.state = "queued"
    page.hear("state", previous="idle", state="validating")
    assert page.state.upgrade is None


def test_what_was_given_up_is_gone_from_the_page() -> None:
    page = Page("success")
    page.hear("upgrade", "engine", state="cancelled", model="full")
    assert page.state.upgrade is None


def test_a_status_says_what_the_models_weigh() -> None:
    page = Page("success")
    models = [{"id": "full", "title": "Full", "languages": [], "download_bytes": 5}]
    reducer.status(page.state, {"models": models, "upgrade": {"event": None}}, 0)
    assert page.state.model_size("full") == 5


def test_the_settings_list_what_is_kept_and_what_one_can_go_back_to() -> None:
    rows = [
        {"model": "a", "current": "2", "previous": "1"},
        {"model": "b", "current": "1", "previous": None},
        {"model": "c", "current": None, "previous": None},
    ]
    assert version_rows(rows) == [("a", "2", "1"), ("b", "1", None)]
    assert version_rows(None) == []
    VersionRequest(id="v", action="back", model="a")


def test_an_added_model_says_what_it_weighs_and_under_which_licence() -> None:
    entry = {
        "title": "Mine",
        "family": "qwen2",
        "download_bytes": 398_000_000,
        "memory_bytes": 1_200_000_000,
        "licence": "MIT",
    }
    weighs = f"Mine: Qwen2, 398{S}MB to download, about 1.2{S}GB of memory."
    assert offer_words(entry, EN) == f"{weighs} Licence: MIT. Source: ?."
    entry |= {"licence": UNSTATED, "file": "onnx/model_q4.onnx", "source": "https://example.org/mine/"}
    assert offer_words(entry, EN) == (
        f"{weighs} Licence: not stated. Source: https://example.org/mine/. File: onnx/model_q4.onnx."
    )
    assert "Licence : non indiquée." in offer_words(entry, FR)


def test_a_folder_that_will_not_do_says_why_and_other_errors_keep_to_their_words() -> None:
    error = {"code": "invalid_model_folder", "family": "invalid_model", "message": "config.json isn't JSON"}
    assert refusal_words(error, EN).endswith("tell its author. In detail: config.json isn't JSON")
    assert refusal_words({"code": "download_failed", "message": "HTTP 503"}, EN).count("503") == 0
