"""A folder of Qwen2-VL becomes a decoder whose places have three axes and an encoder, which compute what transformers
computes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model_foundry.commands.folder import folder_job
from model_foundry.errors import FoundryError, MalformedFolder, UnknownArchitecture
from model_foundry.importing.opening import open_folder
from orion_py.manifest.manifest import Manifest
from orion_py.runtime.segments import NO_TOKEN, Embeddings, tokens_of
from tests.model_foundry.seeing.computing import built_from, opened, options, prompt_of, read, rows_of, taken_in
from tests.model_foundry.seeing.folder import PICTURES, QWEN2VL, changed, expected, expected_tensors

SAID = expected(QWEN2VL)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Manifest]:
    models = tmp_path_factory.mktemp("models")
    return models, built_from(QWEN2VL, models)


def test_the_manifest_says_how_the_model_sees(built: tuple[Path, Manifest]) -> None:
    _, manifest = built
    assert manifest.sight is not None
    assert manifest.sight.model_dump() == {
        "kind": "grid",
        "encoder": "seer-eyes",
        "token": "<|image_pad|>",
        "patch": 4,
        "merge": 2,
        "least": 256,
        "most": 1536,
        "head": 16,
    }
    assert (manifest.architecture.family, manifest.architecture.rope_sections) == ("qwen2", (2, 3, 3))


@pytest.mark.parametrize("name", PICTURES)
async def test_the_encoders_rows_are_those_of_transformers(built: tuple[Path, Manifest], name: str) -> None:
    rows, wanted = rows_of(await taken_in(*built, name)), expected_tensors(QWEN2VL)[f"{name}.rows"]
    assert rows.shape == wanted.shape
    assert np.abs(rows - wanted).max() < 0.003 * np.abs(wanted).max()


@pytest.mark.parametrize("chunk", [128, 7])
@pytest.mark.parametrize("name", PICTURES)
async def test_the_answer_begins_as_transformers_begins_it(built: tuple[Path, Manifest], name: str, chunk: int) -> None:
    tokenizer, prompt = prompt_of(*built, await taken_in(*built, name), SAID["question"])
    image = tokenizer.encode("<|image_pad|>")[0]
    wanted = SAID["pictures"][name]
    assert [image if token == NO_TOKEN else token for token in tokens_of(prompt)] == wanted["ids"]
    logits = read(opened(*built), prompt, chunk)
    assert np.abs(logits - wanted["logits"]).max() < 0.002 * np.ptp(wanted["logits"])


async def test_places_go_on_behind_a_picture_and_are_forgotten_with_it(built: tuple[Path, Manifest]) -> None:
    _, prompt = prompt_of(*built, await taken_in(*built, "wide"), SAID["question"])
    runner, fresh = opened(*built), opened(*built)
    read(runner, prompt)
    plain = [token for token in prompt if isinstance(token, int)]
    assert np.array_equal(read(runner, plain, 7), read(fresh, plain, 7)), "what is read anew has no picture any more"
    (shown,) = [part for part in prompt if isinstance(part, Embeddings)]
    assert shown.axes is not None
    assert shown.axes.span == 5
    assert len(shown) == 20


@pytest.mark.parametrize(
    ("file", "changes", "error", "reason"),
    [
        ("config.json", {"vision_config__hidden_act": "gelu"}, UnknownArchitecture, "quick_gelu"),
        ("config.json", {"vision_config__depth": 3}, MalformedFolder, r"blocks\.2.*missing"),
        ("config.json", {"vision_config__depth": 1}, UnknownArchitecture, "no place in this vision model"),
        ("config.json", {"vision_config__num_heads": 3}, MalformedFolder, "don't divide"),
        ("config.json", {"text_config": 3}, MalformedFolder, "text_config"),
        ("preprocessor_config.json", {"resample": 1}, UnknownArchitecture, "bicubic"),
        ("preprocessor_config.json", {"temporal_patch_size": 1}, MalformedFolder, "temporal_patch_size"),
    ],
)
def test_what_is_not_known_is_refused_by_its_name(
    tmp_path: Path, file: str, changes: dict[str, Any], error: type[FoundryError], reason: str
) -> None:
    with pytest.raises(error, match=reason):
        open_folder(changed(tmp_path, QWEN2VL, file, **changes))


def test_sections_that_are_not_the_heads_are_refused(tmp_path: Path) -> None:
    folder = changed(tmp_path, QWEN2VL, "config.json", text_config__rope_scaling={"mrope_section": [2, 3, 4]})
    with pytest.raises(MalformedFolder, match="rope_sections"):
        folder_job(options(folder), exact=False)


def test_the_layout_of_earlier_transformers_is_read_too(tmp_path: Path) -> None:
    """All of the decoder's settings beside ``vision_config``, and no text_config."""
    folder = changed(tmp_path, QWEN2VL, "config.json")
    config = json.loads((folder / "config.json").read_text("utf-8"))
    (folder / "config.json").write_text(json.dumps({**config.pop("text_config"), **config}), "utf-8")
    assert folder_job(options(folder), exact=False).sight is not None
