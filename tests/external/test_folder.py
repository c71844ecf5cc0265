"""The record of a foreign folder: its files get hashes one by one, and then it is a manifest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from orion_py.external.folder import ExternalFolder, ExternalFolders
from orion_py.external.survey import Survey
from orion_py.manifest.reading import parse_manifest
from orion_py.manifest.shards import location_of
from orion_py.storage.memory_settings import MemorySettings
from tests.external.layout import write_folder
from tests.external.ports import ADDRESS, ports_over


@pytest.fixture
async def record(tmp_path: Path) -> ExternalFolder:
    folder = write_folder(tmp_path / "f", "qwen2", external=True)
    return await Survey(ports_over(folder, hashes=False), ADDRESS).describe()


def pins(record: ExternalFolder) -> dict[str, str]:
    return {record.name_of(file): f"{number:064x}" for number, file in enumerate(record.files, 1)}


async def test_with_every_hash_it_is_a_manifest_that_survives_being_written(record: ExternalFolder) -> None:
    with pytest.raises(ValueError, match="no hash"):
        record.manifest()
    manifest = record.pinned(pins(record)).manifest()
    assert parse_manifest(manifest.model_dump_json()) == manifest
    assert [(s.path, location_of(s), int(s.sha256, 16)) for s in manifest.shards] == [
        ("onnx/model.onnx", "model.onnx", 1),
        ("onnx/model.onnx_data", "model.onnx_data", 2),
        ("tokenizer.json", "tokenizer.json", 3),
    ]
    assert manifest.variants[0].prefill.io == "optimum"
    assert manifest.eos_tokens == (2, 1)


async def test_a_hash_that_the_host_named_is_not_replaced(record: ExternalFolder) -> None:
    named = record.files[0].model_copy(update={"sha256": "f" * 64})
    told = record.model_copy(update={"files": (named, *record.files[1:])})
    assert told.pinned({record.name_of(named): "0" * 64}).files[0].sha256 == "f" * 64


async def test_another_file_has_another_name(record: ExternalFolder) -> None:
    file = record.files[0]
    others = [file.model_copy(update=change) for change in ({"size": 1}, {"tag": "x"}, {"path": "onnx/other"})]
    assert len({record.name_of(other) for other in (file, *others)}) == 4


@pytest.mark.parametrize(
    "path", ["../x", "/x", "onnx/../../x", ".git/x", "onnx//x", "onnx/.x", "a/b/c/d/e", "x\n", "c:\\x", "https://a/b"]
)
async def test_no_path_climbs(record: ExternalFolder, path: str) -> None:
    raw = json.loads(record.model_dump_json())
    raw["files"][1]["path"] = path
    with pytest.raises(ValidationError):
        ExternalFolder.model_validate(raw)


@pytest.mark.parametrize("change", [{"files": []}, {"folder": "x"}, {"surprise": 1}])
async def test_a_record_that_makes_no_sense_is_none(record: ExternalFolder, change: dict[str, Any]) -> None:
    settings = MemorySettings()
    folders = ExternalFolders(settings)
    await folders.keep(record)
    assert await folders.kept(record.model) == record
    assert await folders.needed(record.model) == set(pins(record))
    await settings.set(f"folder:{record.model}", json.dumps(json.loads(record.model_dump_json()) | change))
    assert await folders.kept(record.model) is None
    await folders.forget(record.model)
    assert await folders.needed(record.model) == set()


async def test_external_data_lies_beside_its_graph(record: ExternalFolder) -> None:
    raw = json.loads(record.model_dump_json())
    raw["files"][1]["path"] = "elsewhere/model.onnx_data"
    with pytest.raises(ValidationError, match="beside"):
        ExternalFolder.model_validate(raw)
