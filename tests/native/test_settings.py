"""Settings in a file: shared between processes, never half written, never another's file overwritten."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from orion_py.errors import StorageUnavailable
from orion_py.native.settings import FileSettings
from orion_py.storage.settings import Record


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "kept" / "settings.json"


async def test_what_was_set_is_there_for_the_next_process(path: Path) -> None:
    first = FileSettings(path)
    await first.set("a.one", "é")
    await first.set("b", "2")
    await first.set("a.two", "3")
    await first.delete("b")
    again = FileSettings(path)
    assert [await again.get("a.one"), await again.get("b")] == ["é", None]
    assert await again.names("a.") == ["a.one", "a.two"]


async def test_changes_of_two_at_once_are_all_kept(path: Path) -> None:
    both = [FileSettings(path), FileSettings(path)]

    def one_more(text: str | None) -> str:
        return str(int(text or 0) + 1)

    await asyncio.gather(*(settings.update("count", one_more) for settings in both * 5))
    assert await both[0].get("count") == "10"
    assert [file.name for file in path.parent.iterdir()] == ["settings.json"]


async def test_what_a_change_raises_leaves_all_as_it_was(path: Path) -> None:
    settings = FileSettings(path)
    await settings.set("a", "1")

    def fails(record: Record) -> Record:
        raise ValueError(record["a"])

    with pytest.raises(ValueError, match="1"):
        await settings.change(["a"], fails)
    assert await settings.get("a") == "1"


@pytest.mark.parametrize(
    "text", ["{", "[]", "{}", '{"format": 2, "settings": {}}', '{"format": 1, "settings": {"a": 1}}']
)
async def test_a_file_that_is_not_ours_is_refused_and_left_alone(path: Path, text: str) -> None:
    path.parent.mkdir()
    path.write_text(text)
    settings = FileSettings(path)
    with pytest.raises(StorageUnavailable, match=r"settings\.json"):
        await settings.get("a")
    with pytest.raises(StorageUnavailable, match=r"settings\.json"):
        await settings.set("a", "1")
    assert path.read_text() == text


async def test_a_folder_that_cannot_be_made_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageUnavailable):
        await FileSettings(tmp_path / "file" / "settings.json").set("a", "1")


async def test_the_file_says_its_form(path: Path) -> None:
    await FileSettings(path).set("a", "1")
    assert json.loads(path.read_text()) == {"format": 1, "settings": {"a": "1"}}
