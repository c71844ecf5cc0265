"""Models in the usual ONNX layout, added by their address: on the page, and each architecture by the engine."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from e2e.support.browsers import Browsers
from e2e.support.engine import Engine
from e2e.support.hub import a_hub, talking_to
from e2e.support.person import Person
from e2e.support.web import Web
from tests.external.layout import publish, write_folder

FOLDER = "elsewhere/tiny-llama/"


@pytest.fixture
def tiny(web: Web) -> Iterator[Path]:
    """A folder on the site, of which nobody tells a hash."""
    place = web.site.folder / FOLDER
    yield write_folder(place, "llama", external=True)
    shutil.rmtree(place.parent)


def looked_at(person: Person, address: str) -> Locator:
    """The settings, with ``address`` typed and looked at."""
    person.page.get_by_role("button", name="Settings", exact=True).click()
    settings = person.page.get_by_role("dialog", name="Settings")
    settings.get_by_label("Add a model").fill(address)
    settings.get_by_role("button", name="Inspect", exact=True).click()
    return settings


def test_a_person_adds_a_folder_sees_size_and_licence_first_and_gets_an_answer_by_its_model(
    regular: Person, web: Web, tiny: Path
) -> None:
    regular.opens()
    regular.waits_for_the_model()
    settings = looked_at(regular, FOLDER)
    offer = settings.locator("#model-offer")
    expect(offer).to_contain_text("tiny-llama: Llama, ")
    expect(offer).to_contain_text("Licence: mit.")
    expect(offer).to_contain_text("File: onnx/model.onnx.")
    large = [r.path for r in web.requests(f"{FOLDER}*") if r.bytes and r.path.endswith(("tokenizer.json", "x", "data"))]
    assert large == []
    settings.get_by_role("button", name="Add it").click()
    settings.get_by_label("Model that answers").select_option("tiny-llama")
    settings.get_by_role("button", name="Close", exact=True).click()
    web.is_slow(2)  # or what came before the break is lost with it
    web.faults.truncate(f"{FOLDER}onnx/model.onnx_data", after=100_000)
    answer = regular.asks("What is the capital of France?")
    answer.comes_to("success")
    assert answer.article.get_attribute("data-model") == "tiny-llama"
    asked = web.requests(f"{FOLDER}onnx/model.onnx_data")
    assert [r.status for r in asked if r.method == "GET"] == [200, 206], "it went on where the line broke"

    web.is_fast()
    web.forgets()
    shutil.rmtree(tiny)
    regular.reloads()
    answer = regular.asks("And of Spain?")
    answer.comes_to("success")
    assert answer.article.get_attribute("data-model") == "tiny-llama", "it is kept"
    assert web.requests(f"{FOLDER}*") == []


def test_each_architecture_answers_from_another_origin_and_what_is_wrong_is_refused_with_the_reason(
    web: Web, browsers: Browsers, empty_profile: Path, tmp_path: Path
) -> None:
    root = tmp_path / "hub"
    whole = publish(root, "somebody/tiny-qwen2", "qwen2", external=True, licence="apache-2.0")
    counting = publish(root, "somebody/tiny-mistral", "mistral", positions=False)
    last = publish(root, "somebody/tiny-gemma", "gemma", keep=True)
    int8 = publish(root, "somebody/tiny-int8", "llama", int8=True)
    page_instead = publish(root, "somebody/page", "llama")
    shutil.rmtree(root / "api/models/somebody/page")  # no listing: one HEAD a file
    (root / page_instead / "onnx/model.onnx").write_bytes(b"<!doctype html>" * 100)
    lying = publish(root, "somebody/lying", "llama")
    config = root / lying / "config.json"
    config.write_text(config.read_text().replace('"num_hidden_layers": 2', '"num_hidden_layers": 1000000000'))

    with a_hub(root) as origin, talking_to(web.site.folder, origin):
        person = Person(browsers.start(empty_profile), web.url)
        person.visits("models.json")
        engine = Engine(person.page, config={"use_neural_router": False})

        def added(path: str) -> str:
            seen = engine.ask("model.inspect", address=f"{origin}/{path}")
            assert seen["type"] == "result", seen
            offer = seen["payload"]["model"]
            assert engine.ask("model.add", address=f"{origin}/{path}")["type"] == "result"
            return str(offer["id"])

        for path in (whole, counting, last, int8):
            model = added(path)
            assert engine.answer("conversation", model=model)["model"] == model, path

        def refusal(path: str) -> tuple[str, str]:
            options = {"force_agent": "conversation", "model": added(path), "max_tokens": 2}
            error = engine.ask("infer", query="Hello!", options=options)["error"]
            return error["code"], error["message"]

        code, message = refusal(page_instead)
        assert (code, "model.onnx is no ONNX file" in message) == ("invalid_model_folder", True)
        refused = engine.ask("model.inspect", address=f"{origin}/{lying}")["error"]
        assert refused["code"] == "invalid_model_folder"
        assert "num_hidden_layers" in refused["message"]
        elsewhere = engine.ask("model.inspect", address="https://example.org/somewhere/")["error"]
        assert elsewhere["code"] == "foreign_origin"
