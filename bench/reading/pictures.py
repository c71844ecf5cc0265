"""Draws the pictures that are read: texts in both languages, in several fonts, sizes and states."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

COUNT = 60
STATES = ("plain", "slanted", "noisy", "pale", "dark", "large", "small", "columns", "receipt", "photo")
TEXTS = (
    "The quick brown fox jumps over 13 lazy dogs near the river bank.",
    "Please keep this door closed at all times. Thank you!",
    "Opening hours: Monday to Friday, 9:30 am to 6:00 pm",
    "Flight AF1680 to Paris leaves from gate B42 at 17:05.",
    "Mix 250 g of flour with 3 eggs and half a litre of milk.",
    "Invoice no. 2026-0457 is due on 15 December 2026.",
    "Bonjour, l'été à Orléans coûte 12,50 € par personne.",
    "Défense d'afficher, loi du 29 juillet 1881.",
    "La bibliothèque est fermée du 24 décembre au 2 janvier.",
    "Où est passé le garçon qui dînait près de la fenêtre ?",
    "Mélangez 200 g de sucre, 4 œufs et un sachet de levure.",
    "Prochain arrêt : Hôtel de Ville, correspondance ligne 7",
)
GOODS = (
    ("Baguette tradition", "1,30"),
    ("Café crème", "2,80"),
    ("Jus d'orange 25 cl", "3,90"),
    ("Olive oil 500 ml", "8.49"),
    ("Whole milk 1 L", "1.15"),
    ("Cheddar 200 g", "3.20"),
)


@dataclass(frozen=True, slots=True)
class Drawn:
    """``lines``: what stands in the picture, in reading order."""

    name: str
    picture: NDArray[np.uint8]
    lines: tuple[str, ...]


def drawn(fonts: Sequence[Path]) -> Iterator[Drawn]:
    """The pictures, the same each time for the same ``fonts``."""
    chance = np.random.default_rng(2026)
    for number in range(COUNT):
        state = STATES[number % len(STATES)]
        font = fonts[number % len(fonts)]
        picture, lines = _picture(state, font, number, chance)
        yield Drawn(f"{number:02} {state}, {font.stem}", picture, lines)


def _picture(
    state: str, font: Path, number: int, chance: np.random.Generator
) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    texts = [TEXTS[(number * 5 + step) % len(TEXTS)] for step in range(6)]
    size = {"large": 64, "small": 15}.get(state, (22, 28, 36)[number % 3])
    paper, ink = _colours(state, chance)
    if state == "receipt":
        image, lines = _receipt(font, number, paper, ink)
    elif state == "columns":
        image, lines = _columns(texts, font, 20, paper, ink)
    else:
        image, lines = _page(
            _wrapped(texts[:2] if size == 64 else texts[:3], 26 if size == 64 else 44), font, size, paper, ink
        )
    if state == "slanted":
        turn = float(chance.uniform(2, 6)) * (1 if number % 2 else -1)
        image = image.rotate(turn, Image.Resampling.BICUBIC, expand=True, fillcolor=paper)
    pixels = np.asarray(image).astype(np.float32)
    if state in ("noisy", "photo"):
        pixels += chance.normal(0, 22 if state == "noisy" else 8, pixels.shape)
    if state == "photo":  # light from one side
        pixels *= np.linspace(1.0, 0.55, pixels.shape[1])[None, :, None]
    return np.clip(pixels, 0, 255).astype(np.uint8), lines


def _colours(state: str, chance: np.random.Generator) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    if state == "pale":
        return (228, 226, 220), (168, 170, 176)
    if state == "dark":
        return (24, 30, 48), (236, 232, 210)
    tint = int(chance.integers(0, 12))
    return (250, 250 - tint // 2, 248 - tint), (20, 20, 40)


def _wrapped(texts: Sequence[str], width: int) -> tuple[str, ...]:
    lines = []
    for text in texts:
        line = ""
        for word in text.split(" "):
            if line and len(line) + len(word) + 1 > width:
                lines.append(line)
                line = ""
            line = f"{line} {word}".strip()
        lines.append(line)
    return tuple(lines)


def _page(
    lines: tuple[str, ...], font: Path, size: int, paper: tuple[int, int, int], ink: tuple[int, int, int]
) -> tuple[Image.Image, tuple[str, ...]]:
    face, step = ImageFont.truetype(font, size), round(size * 1.7)
    width = max(round(face.getlength(line)) for line in lines) + 3 * size
    image = Image.new("RGB", (max(width, 240), step * len(lines) + 2 * size), paper)
    draw = ImageDraw.Draw(image)
    for row, line in enumerate(lines):
        draw.text((1.5 * size, size + row * step), line, ink, face)
    return image, lines


def _columns(
    texts: Sequence[str], font: Path, size: int, paper: tuple[int, int, int], ink: tuple[int, int, int]
) -> tuple[Image.Image, tuple[str, ...]]:
    face, step = ImageFont.truetype(font, size), round(size * 1.6)
    sides = [_wrapped(texts[:3], 30), _wrapped(texts[3:6], 30)]
    width = max(round(face.getlength(line)) for side in sides for line in side)
    image = Image.new("RGB", (2 * width + 7 * size, step * max(map(len, sides)) + 2 * size), paper)
    draw = ImageDraw.Draw(image)
    for column, side in enumerate(sides):
        for row, line in enumerate(side):
            draw.text((1.5 * size + column * (width + 4 * size), size + row * step), line, ink, face)
    return image, (*sides[0], *sides[1])


def _receipt(
    font: Path, number: int, paper: tuple[int, int, int], ink: tuple[int, int, int]
) -> tuple[Image.Image, tuple[str, ...]]:
    size, step = 24, 42
    face = ImageFont.truetype(font, size)
    rows = [GOODS[(number + place) % len(GOODS)] for place in range(4)]
    rows = [("CORNER SHOP" if number % 2 else "ÉPICERIE DU PONT", ""), *rows, ("TOTAL", "14,82")]
    image = Image.new("RGB", (520, step * len(rows) + 60), paper)
    draw = ImageDraw.Draw(image)
    for row, (label, amount) in enumerate(rows):
        draw.text((30, 30 + row * step), label, ink, face)
        draw.text((490 - face.getlength(amount), 30 + row * step), amount, ink, face)
    return image, tuple(f"{label} {amount}".strip() for label, amount in rows)
