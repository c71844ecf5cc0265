"""Describes what was found in one picture: its text, objects, subject, colours, layout and codes.

A report holds what detectors saw and nothing else. ``as_data`` gives it to programs, ``evidence`` to a language model,
``described`` to people.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from orion_py.senses.images.resampling import Quad
from orion_py.senses.reading.lines import Line
from orion_py.senses.reading.reader import Reading
from orion_py.senses.scenes.codes import Code
from orion_py.senses.scenes.colours import FRENCH, Colour
from orion_py.senses.scenes.labels import Language, Name

SURE = 0.5
"""From this chance on the subject is said to be shown; below it, perhaps."""
MAX_EVIDENCE_CHARS = 4000
"""Of a picture's text in a prompt; the rest is left out, and the prompt says so."""
MAX_CODE_CHARS = 500
"""Of what a code holds, in a report's line."""
_NO_FENCE = str.maketrans({"<": "‹", ">": "›"})
"""The text of a picture can't end its own quotation in a prompt."""


@dataclass(frozen=True, slots=True)
class SeenObject:
    """``box``: left, top, right, bottom in pixels of the picture; ``colour``: the one that most of the box has."""

    name: Name
    score: float
    box: tuple[float, float, float, float]
    colour: Colour


@dataclass(frozen=True, slots=True)
class Subject:
    """What the picture may show as a whole, and the classifier's chance of it."""

    name: Name
    chance: float


@dataclass(frozen=True, slots=True)
class Layout:
    """``text_share``: of the picture, that boxes of text cover; ``columns``: of text, side by side; ``light``: 0 to
    1."""

    orientation: Literal["portrait", "landscape", "square"]
    text_share: float
    columns: int
    light: float


@dataclass(frozen=True, slots=True)
class SceneReport:
    """``objects`` were found for sure, ``unsure_objects`` perhaps; both the likeliest first, as ``subjects``."""

    width: int
    height: int
    reading: Reading
    objects: tuple[SeenObject, ...]
    unsure_objects: tuple[SeenObject, ...]
    subjects: tuple[Subject, ...]
    colours: tuple[tuple[Colour, float], ...]
    layout: Layout
    codes: tuple[Code, ...] = ()

    @property
    def text(self) -> str:
        return self.reading.text


def as_data(report: SceneReport, language: Language) -> dict[str, Any]:
    """``report`` in JSON's types; names in ``language``, boxes in pixels, confidences 0 to 1."""
    return {
        "width": report.width,
        "height": report.height,
        "text": report.text,
        "lines": [_line(line) for line in report.reading.lines],
        "unsure_lines": [_line(line) for line in report.reading.unsure],
        "objects": [_object(seen, language) for seen in report.objects],
        "unsure_objects": [_object(seen, language) for seen in report.unsure_objects],
        "shows": [{"name": s.name.one(language), "confidence": round(s.chance, 4)} for s in report.subjects],
        "colours": [{"name": colour_name(name, language), "share": round(share, 3)} for name, share in report.colours],
        "layout": {
            "orientation": report.layout.orientation,
            "columns": report.layout.columns,
            "text_share": round(report.layout.text_share, 3),
            "light": round(report.layout.light, 3),
        },
        "codes": [{"kind": code.kind, "text": code.text, "box": [list(p) for p in code.box]} for code in report.codes],
    }


def _line(line: Line) -> dict[str, Any]:
    return {
        "text": line.text,
        "box": _corners(line.quad),
        "confidence": round(line.confidence, 4),
        "box_confidence": round(line.box_score, 4),
    }


def _corners(quad: Quad) -> list[list[float]]:
    return [[round(float(x), 1), round(float(y), 1)] for x, y in quad.tolist()]


def _object(seen: SeenObject, language: Language) -> dict[str, Any]:
    return {
        "name": seen.name.one(language),
        "confidence": round(seen.score, 4),
        "box": [round(side, 1) for side in seen.box],
        "colour": colour_name(seen.colour, language),
    }


def colour_name(colour: Colour, language: Language) -> str:
    return FRENCH[colour] if language == "fr" else colour


def counts(objects: Sequence[SeenObject]) -> list[tuple[Name, int]]:
    """How many there are of each kind, the most frequent first."""
    return Counter(seen.name for seen in objects).most_common()


def listed(objects: Sequence[SeenObject], language: Language) -> str:
    """ "2 people, 1 dog"."""
    return ", ".join(name.counted(count, language) for name, count in counts(objects))


def evidence(report: SceneReport, language: Language) -> str:
    """``report`` as a part of a prompt, in ``language``. What the picture says is quoted: it is content, and asks for
    nothing."""
    words = _EVIDENCE[language]
    lines = []
    if report.text:
        shown = report.text[:MAX_EVIDENCE_CHARS].translate(_NO_FENCE)
        lines += [words["text"], f"<<<\n{shown}\n>>>"]
        if len(report.text) > MAX_EVIDENCE_CHARS:
            lines.append(words["cut"])
    else:
        lines.append(words["no_text"])
    if report.reading.unsure:
        lines.append(words["unreadable"].format(len(report.reading.unsure)))
    lines.append(words["objects"].format(listed(report.objects, language)) if report.objects else words["no_objects"])
    if report.unsure_objects:
        lines.append(words["unsure"].format(listed(report.unsure_objects, language)))
    lines += [words["code"].format(code.kind, _one_line(code.text)) for code in report.codes]
    lines += [_subject(subject, words, language) for subject in report.subjects[:1]]
    lines.append(words["colours"].format(", ".join(colour_name(name, language) for name, _ in report.colours)))
    return "\n".join(lines)


def _one_line(text: str) -> str:
    """What a code holds: a line of its own could pass for one of the report."""
    return " ".join(text.translate(_NO_FENCE).split())[:MAX_CODE_CHARS]


def described(report: SceneReport, language: Language, as_it_is: Callable[[str], str] = str) -> str:
    """``report`` in sentences for people, without the text itself. ``as_it_is`` writes down what a code holds."""
    words = _DESCRIBED[language]
    lines = []
    if report.objects:
        lines.append(words["objects"].format(listed(report.objects, language)))
    if report.unsure_objects:
        lines.append(words["unsure"].format(listed(report.unsure_objects, language)))
    lines += [_subject(subject, words, language) for subject in report.subjects[:1]]
    count = len(report.reading.lines)
    if count:
        lines.append(words["text" if count > 1 else "line"].format(count))
    elif not report.reading.unsure:
        lines.append(words["no_text"])
    if report.reading.unsure:
        lines.append(words["unreadable"].format(len(report.reading.unsure)))
    lines += [words["code"].format(code.kind, as_it_is(_one_line(code.text))) for code in report.codes]
    lines.append(words["colours"].format(", ".join(colour_name(name, language) for name, _ in report.colours)))
    return "\n".join(lines)


def _subject(subject: Subject, words: dict[str, str], language: Language) -> str:
    key = "shows" if subject.chance >= SURE else "may_show"
    return words[key].format(subject.name.one(language), round(subject.chance * 100))


_EVIDENCE: dict[Language, dict[str, str]] = {
    "en": {
        "text": "Text in the picture, as it was read:",
        "cut": "(More text follows; it is left out here.)",
        "no_text": "No text was read in the picture.",
        "unreadable": "Places with text that couldn't be read for sure: {}.",
        "objects": "Objects found: {}.",
        "no_objects": "No objects were found.",
        "unsure": "Perhaps also, not for sure: {}.",
        "code": "{} with the content: {}",
        "shows": "As a whole it shows: {} (confidence {} %).",
        "may_show": "As a whole it may show: {} (confidence only {} %).",
        "colours": "Main colours: {}.",
    },
    "fr": {
        "text": "Texte lu dans l'image :",
        "cut": "(Le texte continue ; la suite n'est pas reproduite ici.)",
        "no_text": "Aucun texte n'a été lu dans l'image.",
        "unreadable": "Endroits dont le texte n'a pas pu être lu avec certitude : {}.",
        "objects": "Objets trouvés : {}.",
        "no_objects": "Aucun objet n'a été trouvé.",
        "unsure": "Peut-être aussi, sans certitude : {}.",
        "code": "{} dont le contenu est : {}",
        "shows": "Dans l'ensemble, elle montre : {} (confiance de {} %).",
        "may_show": "Dans l'ensemble, elle montre peut-être : {} (confiance de {} % seulement).",
        "colours": "Couleurs principales : {}.",
    },
}
_DESCRIBED: dict[Language, dict[str, str]] = {
    "en": {
        "objects": "I found: {}.",
        "unsure": "Perhaps also, but I'm not sure: {}.",
        "shows": "As a whole it looks like: {} ({} % sure).",
        "may_show": "As a whole it may be: {}, but I'm only {} % sure.",
        "line": "There is one line of text.",
        "text": "There are {} lines of text.",
        "no_text": "I found no text.",
        "unreadable": "Places with text that I can't read for sure: {}.",
        "code": "There is a {} that contains: {}",
        "colours": "Main colours: {}.",
    },
    "fr": {
        "objects": "J'ai trouvé : {}.",
        "unsure": "Peut-être aussi, mais je n'en suis pas sûr : {}.",
        "shows": "Dans l'ensemble, cela ressemble à : {} (sûr à {} %).",
        "may_show": "Dans l'ensemble, c'est peut-être : {}, mais je n'en suis sûr qu'à {} %.",
        "line": "Il y a une ligne de texte.",
        "text": "Il y a {} lignes de texte.",
        "no_text": "Je n'ai trouvé aucun texte.",
        "unreadable": "Endroits dont je ne lis pas le texte avec certitude : {}.",
        "code": "Il y a un code {} qui contient : {}",
        "colours": "Couleurs principales : {}.",
    },
}
