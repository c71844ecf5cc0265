"""The names of COCO's and ImageNet's kinds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from model_foundry.errors import MalformedGraph
from model_foundry.senses.labels import coco_labels, imagenet_labels
from orion_py.senses.scenes.labels import parse_labels


def test_coco_has_80_kinds_in_two_languages_that_can_be_counted() -> None:
    names = parse_labels(coco_labels(), "nanodet-416")
    assert len(names) == 80
    assert names[0].counted(2, "fr") == "2 personnes"
    assert all(len(name.english) == len(name.french) == 2 for name in names)
    for language in ("english", "french"):
        assert len({getattr(name, language)[0] for name in names}) == 80


def test_imagenets_french_names_stand_beside_the_packages_english_ones(tmp_path: Path) -> None:
    english = tmp_path / "names.json"
    english.write_text(json.dumps([f"kind {number}" for number in range(1000)]))
    names = parse_labels(imagenet_labels(english), "efficientnet-lite0")
    assert len(names) == 1000
    assert (names[967].english, names[967].french) == (("kind 967",), ("expresso",))
    assert names[207].french == ("chien (kind 207)",)
    assert all(name.french[0] for name in names)


@pytest.mark.parametrize("text", ["[]", '{"a": 1}', json.dumps([1] * 1000)])
def test_another_list_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "names.json"
    path.write_text(text)
    with pytest.raises(MalformedGraph, match=r"names\.json"):
        imagenet_labels(path)
