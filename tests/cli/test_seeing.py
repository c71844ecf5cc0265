"""``orion chat --image`` with a model that sees, from its folder to its answer."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from model_foundry.cli import main as foundry
from orion_py.cli.commands import main
from tests.model_foundry.seeing.folder import SMOLVLM, picture

ROOT = Path(__file__).resolve().parents[2]


def test_a_folder_is_built_with_one_command_and_answers_about_a_picture(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(ROOT / "models.json", tmp_path)
    models = tmp_path / "public" / "models"
    built = [
        "optimize",
        str(SMOLVLM),
        "--name",
        "seer",
        "--licence",
        "Apache-2.0",
        "--out",
        str(models),
        "--no-quality",
        "--json",
    ]
    assert foundry(built) == 0
    Image.fromarray(picture("wide")).save(tmp_path / "plate.png")
    capsys.readouterr()
    asked = ["chat", "--model", "seer", "--image", str(tmp_path / "plate.png"), "--json", "--max-tokens", "8"]
    assert main(["--root", str(tmp_path), *asked, "what is on the plate?"]) == 0
    response = json.loads(capsys.readouterr().out)
    assert (response["agent"], response["model"]) == ("vision", "seer")
    assert response["usage"]["prompt"] > 5 * 4, "the rows of four tiles and of the whole"
    assert "Kernel" in response["backend"]

    assert main(["--root", str(tmp_path), "chat", "--model", "seer", "--json", "--max-tokens", "8", "hello"]) == 0
    assert json.loads(capsys.readouterr().out)["model"] == "seer"
