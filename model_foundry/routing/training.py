"""Fits the router's head, calibrates it, and measures it on rows outside its training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model_foundry.errors import MalformedRows
from model_foundry.routing.calibration import calibrate
from model_foundry.routing.dataset import Row, labels_of
from orion_py.routing.features import features
from orion_py.routing.head import LinearHead, fit
from orion_py.routing.head_file import UNSURE, write_head

L2 = 1.5e-3
SMOOTHING = 0.02
ITERATIONS = 200
Embed = Callable[[str], NDArray[np.float32]]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Trained:
    """``across``: accuracy on each author of a head that was fitted on the others, over the labels that others have."""

    head: LinearHead
    across: dict[str, float]


def matrix(rows: Sequence[Row], embed: Embed) -> Matrix:
    """[rows, features]."""
    return np.stack([features(row.text, embed(row.text)) for row in rows])


def targets(rows: Sequence[Row], labels: Sequence[str]) -> list[int]:
    """Each row's place in ``labels``. Raises MalformedRows for a label that isn't there."""
    unknown = sorted({row.label for row in rows} - set(labels))
    if unknown:
        raise MalformedRows(f"the head has no label {', '.join(unknown)}; train it with: foundry router train")
    return [labels.index(row.label) for row in rows]


def train(rows: Sequence[Row], inputs: Matrix, say: Callable[[str], None] = lambda text: None) -> Trained:
    """The head over all ``rows``, with the labels that they have; its temperature comes from leaving out one author
    after another, so that confidence is honest about people whose style no row has. What only one author has rows of
    can't be judged without it, and doesn't count there."""
    labels = labels_of(rows)
    wanted = np.array(targets(rows, labels))
    authors = np.array([row.author for row in rows])
    left_out = np.zeros((len(rows), len(labels)))
    across, judged = {}, np.zeros(len(rows), bool)
    for author in sorted(set(authors.tolist())):
        inside = authors == author
        known = inside & np.isin(wanted, wanted[~inside])
        if not known.any():
            say(f"without {author}: nobody else has rows of its labels")
            continue
        part = _fit(inputs[~inside], wanted[~inside], labels)
        left_out[known] = part.logits(inputs[known])
        judged |= known
        across[author] = float((left_out[known].argmax(axis=1) == wanted[known]).mean())
        say(f"without {author}: {across[author]:.3f} of its rows right")
    head = calibrate(_fit(inputs, wanted, labels), left_out[judged], wanted[judged].tolist())
    say(f"fitted on {len(rows)} rows, temperature {head.temperature:.2f}")
    return Trained(head, across)


def _fit(inputs: Matrix, wanted: NDArray[np.int64], labels: Sequence[str]) -> LinearHead:
    return fit(inputs, wanted.tolist(), labels, l2=L2, smoothing=SMOOTHING, iterations=ITERATIONS)


@dataclass(frozen=True, slots=True)
class Slice:
    """How often the router is right on some rows, and right or unsure."""

    name: str
    rows: int
    right: float
    right_or_unsure: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """``confusion`` [label, answer]; ``calibration_error``: expected, in ten bins (Guo et al. 2017)."""

    slices: tuple[Slice, ...]
    confusion: NDArray[np.int64]
    calibration_error: float


def evaluate(head: LinearHead, rows: Sequence[Row], inputs: Matrix) -> Evaluation:
    """By kind, by label, by language and by hand, as far as there are rows of it; kinds of noise don't count for
    labels, languages and hands. Raises MalformedRows for a row whose label the head doesn't have."""
    labels = head.labels
    probabilities = head.probabilities(inputs)
    answers, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    wanted = np.array(targets(rows, labels))
    right, unsure = answers == wanted, confidence < UNSURE

    def slice_of(name: str, mask: NDArray[np.bool_]) -> Slice:
        shares = (float(hits[mask].mean()) if mask.any() else 0.0 for hits in (right, right | unsure))
        return Slice(name, int(mask.sum()), *shares)

    kinds = np.array([row.kind for row in rows])
    languages = np.array([row.language for row in rows])
    ordinary = np.isin(kinds, ("real", "written"))
    slices = [slice_of(kind, kinds == kind) for kind in dict.fromkeys(kinds.tolist())]
    slices += [slice_of(label, ordinary & (wanted == index)) for index, label in enumerate(labels)]
    slices += [slice_of(language, ordinary & (languages == language)) for language in ("en", "fr")]
    hands = np.array([row.author for row in rows])
    slices += [slice_of(f"hand {hand}", ordinary & (hands == hand)) for hand in dict.fromkeys(hands.tolist())]
    slices = [part for part in slices if part.rows]
    confusion = np.zeros((len(labels), len(labels)), np.int64)
    np.add.at(confusion, (wanted, answers), 1)
    return Evaluation(tuple(slices), confusion, _calibration_error(confidence, right))


def _calibration_error(confidence: Matrix, right: NDArray[np.bool_]) -> float:
    bins = np.minimum((confidence * 10).astype(int), 9)
    error = 0.0
    for index in range(10):
        inside = bins == index
        if inside.any():
            error += inside.mean() * abs(float(right[inside].mean()) - float(confidence[inside].mean()))
    return float(error)


def model_card(trained: Trained, evaluation: Evaluation, rows: Sequence[Row]) -> str:
    """Markdown: what it was made of and what it reaches."""
    labels = trained.head.labels
    counts = {label: sum(row.label == label for row in rows) for label in labels}
    languages = {name: sum(row.language == name for row in rows) for name in ("en", "fr")}
    other = len(rows) - sum(languages.values())
    lines = [
        "# Model card: the neural router",
        "",
        "Universal Sentence Encoder, multilingual v3 (Apache-2.0), its vocabulary pruned, its table in 4 bits, with a",
        "linear head over the embedding, the keyword rules' scores and hashed n-grams, calibrated by temperature.",
        "Written by `foundry router train`. The test rows were written apart, and training and calibration never read",
        "them. Those of the hand `test` were looked at while the features were chosen, and the kinds of request that",
        "failed there were asked for from the author `breadth`, so they flatter; those of `village` came later, from a",
        "hand that saw nothing. An author who was left out (below) is the hardest test.",
        "",
        f"Training rows: {len(rows)} (English {languages['en']}, French {languages['fr']}, other {other}); "
        + ", ".join(f"{label} {count}" for label, count in counts.items())
        + ".",
        "",
        f"Temperature {trained.head.temperature:.2f}; expected calibration error on the test rows "
        f"{evaluation.calibration_error:.3f}; below {UNSURE:.2f} it counts as unsure.",
        "",
        "| Left out: author | right |",
        "| --- | --- |",
        *(f"| {author} | {share:.3f} |" for author, share in trained.across.items()),
        "",
        "| Test rows | rows | right | right or unsure |",
        "| --- | --- | --- | --- |",
        *(f"| {s.name} | {s.rows} | {s.right:.3f} | {s.right_or_unsure:.3f} |" for s in evaluation.slices),
        "",
        "Confusion on all test rows (a line is what was wanted, a column what it answered):",
        "",
        "| | " + " | ".join(labels) + " |",
        "| --- |" + " --- |" * len(labels),
        *(
            f"| {label} | " + " | ".join(map(str, evaluation.confusion[index].tolist())) + " |"
            for index, label in enumerate(labels)
        ),
        "",
    ]
    return "\n".join(lines)


def save(trained: Trained, card: str, path: Path) -> None:
    """Writes the head, with its card in it."""
    path.write_bytes(write_head(trained.head, card))
