"""CTranslate2's files are read as they were written, and damaged ones refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from model_foundry.errors import MalformedGraph
from model_foundry.senses.ctranslate2_file import read_ctranslate2
from tests.model_foundry.senses.tiny_whisper import ctranslate2_bytes

MADE = {
    "a/weight": np.arange(6, dtype=np.float16).reshape(2, 3),
    "b": np.array([1, -2], np.int8),
    "heads": np.array(8, np.int16),
}


def written(folder: Path, data: bytes) -> Path:
    path = folder / "model.bin"
    path.write_bytes(data)
    return path


def test_variables_and_aliases_are_read(tmp_path: Path) -> None:
    file = read_ctranslate2(written(tmp_path, ctranslate2_bytes(MADE, aliases={"c": "b"})))
    assert (file.specification, file.revision) == ("WhisperSpec", 3)
    assert file.floats("a/weight").tolist() == [[0, 1, 2], [3, 4, 5]]
    assert file.variables["c"].tolist() == [1, -2]
    assert int(file.floats("heads")) == 8
    with pytest.raises(MalformedGraph, match="no nothing"):
        file.floats("nothing")


def test_every_file_that_ends_early_is_refused(tmp_path: Path) -> None:
    whole = ctranslate2_bytes(MADE, aliases={"c": "b"})
    for end in range(len(whole)):
        with pytest.raises(MalformedGraph):
            read_ctranslate2(written(tmp_path, whole[:end]))


@pytest.mark.parametrize(
    "data",
    [
        ctranslate2_bytes(MADE) + b"x",
        b"\x05" + ctranslate2_bytes(MADE)[1:],
        ctranslate2_bytes(MADE, aliases={"c": "nowhere"}),
        ctranslate2_bytes({}).replace(b"\0\0\0\0" + b"\0\0\0\0", b"\xff\xff\xff\xff" + b"\0\0\0\0"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(MalformedGraph, match="isn't a CTranslate2 model"):
        read_ctranslate2(written(tmp_path, data))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MalformedGraph):
        read_ctranslate2(tmp_path / "none")
