"""Who may compute the answers: a large model is offered where the device bears it, and asked for by choosing it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests.ui.fake_dom import Event, dom
from tests.ui.speech import speak
from tests.ui.wire import Wire
from ui.settings.models_settings import ModelsSettings, choice_words, large_words, offered_models, waits_for_nothing

LITE = {"id": "lite", "title": "Lite", "tier": "lite", "offered": True, "download_bytes": 99_000_000}
LARGE = {"id": "big", "title": "Big", "tier": "large", "download_bytes": 1_180_000_000, "memory_bytes": 3_800_000_000}
S = "\u202f"


def test_a_model_that_the_device_is_not_offered_is_not_in_the_list() -> None:
    assert offered_models([LITE, LARGE | {"offered": False}]) == [LITE]
    assert offered_models([LITE, LARGE | {"offered": True}]) == [LITE, LARGE | {"offered": True}]
    assert offered_models(None) == []


def test_a_large_model_shows_its_size_and_says_what_it_costs() -> None:
    assert choice_words(LITE, speak("en")) == "Lite"
    assert choice_words(LARGE, speak("en")) == f"Big · 1.2{S}GB"
    assert f"3.8{S}GB of memory" in large_words(LARGE, speak("en"))
    assert f"3,8{S}Go de mémoire" in large_words(LARGE, speak("fr"))


def test_a_large_model_that_was_chosen_is_not_waited_for() -> None:
    assert waits_for_nothing("big", [LITE, LARGE])
    assert not waits_for_nothing("lite", [LITE, LARGE])
    assert not waits_for_nothing("", [LITE, LARGE])


@pytest.mark.parametrize(
    ("chosen", "sent"), [("big", [("upgrade.control", {"action": "start", "model": "big"})]), ("lite", []), ("", [])]
)
def test_choosing_a_large_model_asks_for_it(chosen: str, sent: list[Any]) -> None:
    names = ("model-versions", "versions-note", "version-check", "set-model", "model-address", "model-offer")
    page = dom(*names, "model-add", "model-inspect", "model-hub")
    told: list[Any] = []
    kept: list[Any] = []
    state = SimpleNamespace(device={"models": [LITE, LARGE | {"offered": True}]}, model_name=lambda model: model)
    settings = ModelsSettings(
        page,
        speak("en"),
        {"model": ""},
        lambda kind, fields, on_end: told.append((kind, fields)),
        lambda *what: kept.append(what),
        state,
        lambda message: None,
    )
    settings.draw(state)
    choice = page.by_id("set-model")
    choice.value = chosen
    for listener in choice.listeners["change"]:
        listener(Event(choice))
    assert kept == [("model", chosen)]
    assert told == sent


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ("default-src 'none'; connect-src 'self'", ""),
        ("connect-src 'self' https://huggingface.co.evil.example", ""),
        ("default-src https://huggingface.co; connect-src 'self'", ""),
        ("default-src 'none'; connect-src 'self' https://huggingface.co", "A Hugging Face id"),
    ],
)
def test_ids_of_hugging_face_are_offered_where_the_site_was_built_for_them(policy: str, said: str) -> None:
    names = ("model-versions", "versions-note", "version-check", "set-model", "model-address", "model-offer")
    page = dom(*names, "model-add", "model-inspect", "model-hub", "policy")
    page.by_id("policy").setAttribute("http-equiv", "Content-Security-Policy")
    page.by_id("policy").content = policy
    ModelsSettings(page, speak("en"), {"model": ""}, lambda *_: None, lambda *_: None, None, lambda *_: None)
    assert page.by_id("model-hub").textContent.startswith(said)
    assert page.by_id("model-hub").attributes.get("data-words") == ("model_hub" if said else None)


def test_a_model_that_is_being_made_is_told_of_until_it_is_there() -> None:
    names = ("model-versions", "versions-note", "version-check", "set-model", "model-address", "model-offer")
    page = dom(*names, "model-add", "model-inspect", "model-hub")
    device: dict[str, Any] = {"models": [LITE], "coming": [{"id": "full", "title": "Full"}]}
    state = SimpleNamespace(device=device, model_name=lambda model: model)
    settings = ModelsSettings(
        page, speak("en"), {"model": ""}, lambda *_: None, lambda *_: None, state, lambda *_: None
    )

    def rows() -> list[str]:
        return [row.textContent for row in page.by_id("model-versions").children]

    settings.draw(state)
    assert rows()[-1] == "Full is still being prepared on this site; it will appear here automatically."
    device["coming"] = []
    settings.draw(state)
    assert rows() == ["No model is kept on this device yet."]


def test_what_sees_and_hears_is_told_with_its_size_and_licence() -> None:
    page = dom(*NAMES, "model-inspect", "model-hub")
    senses = [
        {"id": "eyes", "title": "Eyes", "sense": "vision", "download_bytes": 9_100_000, "licence": "Apache-2.0"},
        {"id": "ears", "title": "Ears", "sense": "speech", "download_bytes": 79_000_000, "licence": "MIT"},
    ]
    state = SimpleNamespace(device={"models": [LITE], "senses": senses}, model_name=lambda model: model)
    for language, said in (
        ("en", "Ears, for speech: 79 MB, downloaded when it is first needed. Licence: MIT."),
        ("fr", "Ears, pour la parole : 79 Mo, téléchargé au premier besoin. Licence : MIT."),
    ):
        ModelsSettings(
            page, speak(language), {"model": ""}, lambda *_: None, lambda *_: None, state, lambda *_: None
        ).draw(state)
        rows = [row.textContent for row in page.by_id("model-versions").children]
        assert rows[-2].startswith("Eyes, ")
        assert rows[-1].replace("\u00a0", " ").replace("\u202f", " ") == said


NAMES = ("model-versions", "versions-note", "version-check", "set-model", "model-address", "model-offer", "model-add")
OFFER = {
    "title": "Mine",
    "family": "llama",
    "download_bytes": 5,
    "memory_bytes": 9,
    "licence": "MIT",
    "source": "https://example.org/mine/",
}


class Sheet:
    """The models' part of the settings, over an engine of a few words."""

    def __init__(self) -> None:
        self.dom, self.wire = dom(*NAMES, "model-inspect", "model-hub"), Wire()
        self.state = SimpleNamespace(device={"models": [LITE]}, model_name=lambda model: model)
        self.settings = ModelsSettings(
            self.dom, speak("en"), {"model": ""}, self.wire.ask, lambda *_: None, self.state, self._status
        )

    def _status(self, message: dict[str, Any]) -> None:
        if message["type"] == "result":
            self.state.device = message["payload"]

    def presses(self, name: str) -> None:
        button = self.dom.by_id(name)
        for listener in button.listeners["click"]:
            listener(Event(button))

    def says(self, name: str) -> str:
        text: str = self.dom.by_id(name).textContent
        return text


def test_an_address_is_looked_at_then_added_and_each_end_is_said() -> None:
    sheet = Sheet()
    sheet.dom.by_id("model-address").value = " mine/ "
    sheet.presses("model-inspect")
    sheet.wire.says("result", payload={"model": OFFER})
    assert "Mine" in sheet.says("model-offer")
    assert not sheet.dom.by_id("model-add").hidden
    sheet.presses("model-add")
    assert sheet.wire.sent[-1][:2] == ("model.add", {"address": "mine/"})
    sheet.wire.says("result", payload={"models": [LITE], "added": ["mine"]})
    assert [row.attributes["data-model"] for row in sheet.dom.by_id("model-versions").children] == ["mine"]
    assert sheet.dom.by_id("model-address").value == ""


def test_an_address_that_is_refused_says_why() -> None:
    sheet = Sheet()
    sheet.dom.by_id("model-address").value = "mine/"
    sheet.presses("model-inspect")
    error = {"code": "unsupported_model", "family": "invalid_model", "message": "no ONNX file"}
    sheet.wire.says("error", error=error)
    assert "no ONNX file" in sheet.says("model-offer")
    assert sheet.dom.by_id("model-add").hidden


def test_a_check_that_fails_is_said_beside_the_versions() -> None:
    sheet = Sheet()
    sheet.state.device = {"models": [LITE], "versions": [{"model": "lite", "current": "1", "previous": None}]}
    sheet.settings.draw(sheet.state)
    sheet.presses("version-check")
    sheet.wire.says("error", error={"code": "download_failed", "family": "load", "message": "HTTP 503"})
    assert sheet.says("versions-note")
    assert "503" not in sheet.says("versions-note")
