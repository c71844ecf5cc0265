"""Versions of models as they are read back."""

from __future__ import annotations

import pytest

from orion_py.fetching import versions
from orion_py.fetching.versions import Versions, parse_ahead, read_version
from orion_py.storage.memory_settings import MemorySettings
from tests.tiny import manifest_json


async def test_a_kept_text_is_checked_once_however_often_it_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine's start tells the versions, then the model is opened."""
    checked: list[str] = []

    def watched(model_id: str, text: str) -> versions.StoredVersion:
        checked.append(text)
        return read_version(model_id, text)

    monkeypatch.setattr(versions, "read_version", watched)
    settings = MemorySettings()
    kept = Versions(settings)
    text = manifest_json(version="2.7.1")
    await settings.set("manifest:tiny", text)
    assert (await kept.describe("tiny"))["current"] == "2.7.1"
    assert await kept.kept("tiny") == await kept.kept("tiny") == read_version("tiny", text)
    assert checked == [text]


async def test_another_text_is_another_version_and_one_that_cannot_be_read_is_none() -> None:
    settings = MemorySettings()
    kept = Versions(settings)
    for text, version in ((manifest_json(version="2.7.2"), "2.7.2"), ("{", None), (manifest_json(), "1.0.0")):
        await settings.set("manifest:tiny", text)
        assert (await kept.describe("tiny"))["current"] == version


async def test_a_text_that_was_parsed_ahead_is_not_parsed_when_it_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A start from a snapshot, in which the manifests of the visit before were parsed."""
    text = manifest_json(version="2.7.3")
    parse_ahead(text)
    monkeypatch.setattr(versions, "read_manifest", lambda *_: pytest.fail("it is parsed again"))
    settings = MemorySettings()
    await settings.set("manifest:tiny", text)
    assert (await Versions(settings).describe("tiny"))["current"] == "2.7.3"


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"model": 3}', '{"model": "tiny"}', "[" * 100_000])
def test_what_cannot_be_parsed_ahead_is_passed_over(text: str) -> None:
    parse_ahead(text)
