"""A folder of a model that sees becomes a decoder and an encoder, which compute what transformers computes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model_foundry.building.sources import manifest_job
from model_foundry.cli import main
from model_foundry.commands.folder import folder_job
from model_foundry.errors import FoundryError, MalformedFolder, UnknownArchitecture, UnknownTokenizer
from model_foundry.importing.opening import open_folder
from model_foundry.importing.seeing_folder import SeeingFolder
from orion_py.manifest.manifest import Manifest
from orion_py.runtime.segments import NO_TOKEN, tokens_of
from tests.model_foundry.seeing.computing import built_from, opened, options, prompt_of, read, rows_of, taken_in
from tests.model_foundry.seeing.folder import PICTURES, SMOLVLM, changed, expected, expected_tensors


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Manifest]:
    models = tmp_path_factory.mktemp("models")
    return models, built_from(SMOLVLM, models)


def test_the_manifest_says_how_the_model_sees(built: tuple[Path, Manifest]) -> None:
    _, manifest = built
    assert manifest.sight is not None
    assert manifest.sight.model_dump() == {
        "kind": "tiles",
        "encoder": "seer-eyes",
        "token": "<image>",
        "side": 32,
        "longest": 64,
        "splits": True,
        "rows": 4,
    }
    assert manifest.architecture.family == "llama"


@pytest.mark.parametrize("name", PICTURES)
async def test_the_encoders_rows_are_those_of_transformers(built: tuple[Path, Manifest], name: str) -> None:
    rows = rows_of(await taken_in(*built, name))
    wanted = expected_tensors()[f"{name}.rows"].reshape(-1, 32)
    assert rows.shape == wanted.shape
    # A pixel of 255 that Pillow rounds otherwise costs more than the computation does.
    assert np.abs(rows - wanted).max() < 0.003 * np.abs(wanted).max()


@pytest.mark.parametrize("name", PICTURES)
async def test_the_answer_begins_as_transformers_begins_it(built: tuple[Path, Manifest], name: str) -> None:
    tokenizer, prompt = prompt_of(*built, await taken_in(*built, name), expected()["question"])
    image = tokenizer.encode("<image>")[0]
    assert [image if token == NO_TOKEN else token for token in tokens_of(prompt)] == expected()["pictures"][name]["ids"]
    logits = read(opened(*built), prompt)
    wanted = np.array(expected()["pictures"][name]["logits"])
    assert np.abs(logits - wanted).max() < 0.001 * np.ptp(wanted)
    assert int(np.argmax(logits)) == int(np.argmax(wanted))


@pytest.mark.parametrize(
    ("file", "changes", "error", "reason"),
    [
        ("config.json", {"text_config__model_type": "mamba"}, UnknownArchitecture, "mamba"),
        ("config.json", {"text_config": None}, MalformedFolder, "text_config"),
        ("config.json", {"vision_config__hidden_act": "relu"}, UnknownArchitecture, "relu"),
        ("config.json", {"vision_config__image_size": 40}, UnknownArchitecture, "tiles of 32"),
        ("config.json", {"vision_config__num_hidden_layers": 3}, MalformedFolder, r"layers\.2.*missing"),
        ("config.json", {"vision_config__num_hidden_layers": 1}, UnknownArchitecture, "no place in this vision model"),
        ("config.json", {"vision_config__num_attention_heads": 3}, MalformedFolder, "don't fit"),
        ("config.json", {"scale_factor": 3}, MalformedFolder, "don't fit"),
        ("preprocessor_config.json", {"resample": 3}, UnknownArchitecture, "Lanczos"),
        ("preprocessor_config.json", {"image_std": [0.5, 0.5, 0]}, MalformedFolder, "image_std"),
        ("preprocessor_config.json", {"size": {"longest_edge": "64"}}, MalformedFolder, "longest_edge"),
    ],
)
def test_what_is_not_known_is_refused_by_its_name(
    tmp_path: Path, file: str, changes: dict[str, Any], error: type[FoundryError], reason: str
) -> None:
    with pytest.raises(error, match=reason):
        open_folder(changed(tmp_path, SMOLVLM, file, **changes))


def test_marks_that_a_person_could_type_are_refused(tmp_path: Path) -> None:
    folder = changed(tmp_path, SMOLVLM, "preprocessor_config.json", size={"longest_edge": 96})
    opened = open_folder(folder)
    assert isinstance(opened, SeeingFolder)
    with pytest.raises(UnknownTokenizer, match="row_1_col_3"):
        opened.sight("eyes")


def test_a_template_that_leaves_the_picture_out_is_refused(tmp_path: Path) -> None:
    folder = changed(tmp_path, SMOLVLM, "config.json")
    for name in ("chat_template.jinja", "chat_template.json"):
        (folder / name).unlink(missing_ok=True)
    text = "{% for m in messages %}{% for part in m['content'] %}{{ part['text'] }}{% endfor %}{% endfor %}"
    (folder / "chat_template.jinja").write_text(text, "utf-8")
    with pytest.raises(UnknownTokenizer, match="mark a picture"):
        folder_job(options(folder), exact=False)


def test_the_import_command_says_how_it_sees(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import", str(SMOLVLM), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["family"] == "llama"
    assert told["sight"]["rows"] == 4


def test_what_is_made_of_the_built_model_sees_as_it_does(built: tuple[Path, Manifest]) -> None:
    models, manifest = built
    assert manifest_job(models / manifest.model / "manifest.json").sight == manifest.sight
