"""``orion see`` and ``orion chat --image`` as a person types them."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from orion_py.cancellation import CancelToken
from orion_py.cli.commands import main
from orion_py.native import eyes as native_eyes
from orion_py.native import ports
from orion_py.native.eyes import NativeSight
from orion_py.runtime.attachments import HeldAttachments
from orion_py.senses.scenes.sight import Scenes, Shown
from tests.answering.test_pictures import DOG, ScriptedSight, registry, see
from tests.native.test_images import gradient, png_of, saved
from tests.senses.scenes.reports import KNOWN, report, seen
from tests.tiny import World, says

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    Image.fromarray(np.full((50, 60, 3), 255, np.uint8)).save(path)
    return path


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with models.json and nothing built."""
    shutil.copy(ROOT / "models.json", tmp_path)
    return tmp_path


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """Stands in for the models: each picture shows two people and says Hello. The shapes of what was looked at."""
    shapes: list[tuple[int, ...]] = []

    async def look(self: NativeSight, pictures: list[Shown], cancel: CancelToken) -> Scenes:
        shapes.extend([(await shown()).shape for shown in pictures])
        found = report("Hello", objects=[seen("person"), seen("person")])
        return Scenes(tuple(found for _ in pictures), KNOWN)

    monkeypatch.setattr(NativeSight, "look", look)
    return shapes


def test_json_is_a_line_for_each_picture(
    checkout: Path, photo: Path, looked: list[tuple[int, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--root", str(checkout), "see", str(photo), str(photo), "--json", "--lang", "fr"]) == 0
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert first == second
    assert first["file"] == str(photo)
    assert first["text"] == "Hello"
    assert first["lines"][0].keys() == {"text", "box", "confidence", "box_confidence"}
    assert [found["name"] for found in first["objects"]] == ["personne", "personne"]
    assert looked == [(50, 60, 3)] * 2


def test_people_get_the_text_and_a_description(
    checkout: Path, photo: Path, looked: list[tuple[int, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--root", str(checkout), "see", str(photo)]) == 0
    assert capsys.readouterr().out.startswith("Hello\n\nI found: 2 people.\n")


def test_a_picture_that_cant_be_used_is_said_and_the_others_are_told(
    checkout: Path, photo: Path, looked: list[tuple[int, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    broken = photo.with_name("broken.png")
    broken.write_bytes(b"nothing")
    arguments = ["--root", str(checkout), "see", str(broken), str(photo), str(photo.with_name("gone.png")), "--json"]
    assert main(arguments) == 1
    out, err = capsys.readouterr()
    rows = [json.loads(line) for line in out.splitlines()]
    assert [row.get("error", {}).get("code") for row in rows] == ["unreadable_image", None, "unreadable_image"]
    assert "broken.png isn't an image" in err
    assert "gone.png" in err
    assert "Traceback" not in err


def test_without_the_models_it_says_how_to_make_them_once(
    checkout: Path, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--root", str(checkout), "see", str(photo), str(photo)]) == 1
    err = capsys.readouterr().err
    assert err.count("build.py models vision") == 1


@pytest.mark.parametrize("arguments", [["see"], ["see", "a.png", "--lang", "de"]])
def test_wrong_usage_ends_with_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2


@pytest.fixture
def seeing(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A checkout whose engine sees one dog in each picture; the arguments that name it."""
    world = World(says("good day"))
    world.texts["models.json"] = json.dumps(registry())
    held = HeldAttachments(see=see)
    world.ports = replace(world.ports, sight=lambda lend: ScriptedSight(DOG, DOG), attachments=held)
    monkeypatch.setattr(ports, "native_ports", lambda root: world.ports)
    return ["--root", str(checkout), "chat"]


@pytest.mark.parametrize(
    "order",
    [("--image", "PHOTO", "QUESTION"), ("QUESTION", "--image", "PHOTO"), ("--json", "--image", "PHOTO", "QUESTION")],
)
def test_a_question_stands_before_or_behind_its_picture(
    order: tuple[str, ...], seeing: list[str], photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = {"PHOTO": str(photo), "QUESTION": "How many dogs are there?"}
    assert main([*seeing, *(words.get(word, word) for word in order)]) == 0
    out = capsys.readouterr().out
    assert (json.loads(out)["content"] if "--json" in order else out.strip()) == "I found 1 dog."


def test_several_pictures_are_answered_one_by_one(
    seeing: list[str], photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = photo.with_name("other.png")
    other.write_bytes(photo.read_bytes() + b" ")
    assert main([*seeing, "How many dogs?", "--image", str(photo), str(other)]) == 0
    assert "**Picture 2**" in capsys.readouterr().out


def test_a_picture_that_is_gone_is_said(seeing: list[str], photo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*seeing, "How many dogs?", "--image", str(photo.with_name("gone.png"))]) == 1
    assert "gone.png can't be read" in capsys.readouterr().err


BAD = [
    ("empty.png", b"", "empty"),
    ("half.png", saved(gradient(400, 300), "PNG")[:-60], "damaged or cut off"),
    ("dot.png", saved(gradient(1, 1), "PNG"), "1 × 1 pixels"),
    ("huge.png", png_of(10_000, 10_000), "100 million"),
    ("bomb.png", png_of(60_000, 60_000), "million pixels"),
    ("photo.jpg", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
    ("drawing.png", b'<svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
    ("letter.png", b"Dear Sir or Madam", "isn't an image"),
]
"""Name, content, and words of the refusal."""


@pytest.mark.parametrize(("name", "data", "words"), BAD, ids=[name for name, _, _ in BAD])
def test_each_bad_picture_is_refused_in_words_and_the_next_is_seen(
    name: str,
    data: bytes,
    words: str,
    checkout: Path,
    photo: Path,
    looked: list[tuple[int, ...]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    bad = photo.with_name(name)
    bad.write_bytes(data)
    assert main(["--root", str(checkout), "see", str(bad), str(photo)]) == 1
    out, err = capsys.readouterr()
    assert words in err
    assert name in err
    assert "Traceback" not in err
    assert "Hello" in out


@pytest.mark.parametrize(("name", "data", "words"), BAD, ids=[name for name, _, _ in BAD])
def test_a_question_on_a_bad_picture_ends_in_words(
    name: str,
    data: bytes,
    words: str,
    checkout: Path,
    photo: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    world = World(says("good day"))
    world.texts["models.json"] = json.dumps(registry())
    held = HeldAttachments(see=native_eyes.seen)
    world.ports = replace(world.ports, sight=lambda lend: ScriptedSight(DOG), attachments=held)
    monkeypatch.setattr(ports, "native_ports", lambda root: world.ports)
    bad = photo.with_name(name)
    bad.write_bytes(data)
    assert main(["--root", str(checkout), "chat", "How many dogs?", "--image", str(bad)]) == 1
    err = capsys.readouterr().err
    assert words in err
    assert "Traceback" not in err
