"""What is run before a snapshot of Python is made and after one woke. Pyodide's part is in e2e/test_snapshot.py."""

from __future__ import annotations

import json
import random
import subprocess
import sys

import pytest
from pydantic import BaseModel

from orion_py.browser import snapshot
from orion_py.fetching import versions
from orion_py.storage.memory_settings import MemorySettings
from tests.tiny import manifest_json


def in_a_process_of_its_own(function: str) -> str:
    code = f"from orion_py.browser import snapshot; print(snapshot.{function}())"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_the_check_says_the_same_each_time_and_in_each_process() -> None:
    assert snapshot.check() == snapshot.check() == in_a_process_of_its_own("check")


def test_an_examination_says_the_same_in_each_process_and_begins_as_the_check_does() -> None:
    said = in_a_process_of_its_own("examine")
    assert said == in_a_process_of_its_own("examine")
    assert said.startswith(snapshot.check() + "-")


@pytest.mark.parametrize("damage", ["sin", "argsort"])
def test_the_check_notices_that_numbers_come_out_differently(damage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    right = snapshot.check()
    real = getattr(snapshot.np, damage)
    monkeypatch.setattr(snapshot.np, damage, lambda values, *args, **kwargs: real(values[::-1], *args, **kwargs))
    assert snapshot.check() != right


def test_an_examination_of_a_python_that_lost_its_objects_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot.gc, "get_objects", list)
    with pytest.raises(RuntimeError, match="objects only"):
        snapshot.examine()


def test_preparing_imports_the_parts_and_builds_every_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "_PARTS", ("orion_py.protocol", "orion_py.config"))  # main needs Pyodide
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    snapshot.prepare()
    assert "" not in sys.path
    ours = [model for model in snapshot._models(BaseModel) if model.__module__.startswith("orion_py")]
    assert ours
    assert all(model.__pydantic_complete__ for model in ours)
    assert snapshot.examine() == snapshot.examine(), "nothing is left that using it would change"


async def test_preparing_parses_the_manifests_that_the_device_keeps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "_PARTS", ())
    text = manifest_json(version="3.1.4")
    snapshot.prepare(json.dumps([None, text, "{", 5]))
    monkeypatch.setattr(versions, "read_manifest", lambda *_: pytest.fail("it is parsed again"))
    settings = MemorySettings()
    await settings.set("manifest:tiny", text)
    assert (await versions.Versions(settings).describe("tiny"))["current"] == "3.1.4"


def test_lives_that_begin_with_one_memory_have_chances_of_their_own() -> None:
    state = random.getstate()
    snapshot.wake()
    one = random.random()
    random.setstate(state)
    snapshot.wake()
    assert random.random() != one
