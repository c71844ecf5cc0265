"""A folder is refused by what its texts say, before its weights are there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from model_foundry.errors import FoundryError, MalformedFolder, UnknownArchitecture, UnknownTokenizer
from model_foundry.importing.opening import check_texts
from tests.model_foundry.folders import NAMES, changed

WEIGHTS = "model.safetensors"


@pytest.mark.parametrize("name", NAMES)
def test_texts_that_can_be_imported_need_no_weights(name: str, tmp_path: Path) -> None:
    for weights in changed(tmp_path, name).glob("*.safetensors"):
        weights.unlink()
    check_texts(tmp_path)


@pytest.mark.parametrize(
    ("file", "change", "error"),
    [
        ("config.json", {"architectures": ["GPT2LMHeadModel"]}, UnknownArchitecture),
        ("config.json", {"quantization_config": {"quant_method": "awq"}}, UnknownArchitecture),
        ("config.json", {"vocab_size": 5}, MalformedFolder),
        ("tokenizer.json", {"model": {"type": "Another"}}, UnknownTokenizer),
    ],
)
def test_texts_that_cant_be_imported_are_refused(
    file: str, change: dict[str, Any], error: type[FoundryError], tmp_path: Path
) -> None:
    (changed(tmp_path, "qwen2", file, **change) / WEIGHTS).unlink()
    with pytest.raises(error):
        check_texts(tmp_path)


def test_a_folder_without_a_config_is_none(tmp_path: Path) -> None:
    with pytest.raises(MalformedFolder, match=r"has no config\.json"):
        check_texts(tmp_path)
