"""Training and measuring the router's head, on rows whose embedding says what is wanted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from model_foundry.errors import MalformedRows
from model_foundry.routing.dataset import Row
from model_foundry.routing.training import Trained, evaluate, matrix, model_card, save, train
from orion_py.routing.features import EMBEDDING
from orion_py.routing.head import LinearHead
from orion_py.routing.head_file import read_card, read_head
from orion_py.routing.keyword_words import RULED as LABELS

AUTHORS = ("first", "second")
WORDS = ("alder", "birch", "cedar", "elm", "fir", "hazel", "larch", "maple")


def rows(each: int = 2, kind: str = "") -> list[Row]:
    """Of each author ``each`` rows a label; the text holds a word that stands for it."""
    return [
        Row(f"{WORDS[index]} {number} {author}", label, ("en", "fr")[number % 2], author, kind)
        for author in AUTHORS
        for index, label in enumerate(LABELS)
        for number in range(each)
    ]


def embed(text: str) -> NDArray[np.float32]:
    """A direction of its own for each label's word."""
    found = np.zeros(EMBEDDING, np.float32)
    found[WORDS.index(text.split()[0])] = 1
    return found


@pytest.fixture(scope="module")
def trained() -> Trained:
    return train(rows(), matrix(rows(), embed))


def test_a_head_learns_what_the_embedding_says_and_each_hand_is_left_out_once(trained: Trained) -> None:
    assert trained.across == dict.fromkeys(AUTHORS, 1.0)
    held_out = rows(2, kind="real")
    found = evaluate(trained.head, held_out, matrix(held_out, embed))
    assert {part.name: part.right for part in found.slices} == dict.fromkeys(
        ["real", *LABELS, "en", "fr", *(f"hand {author}" for author in AUTHORS)], 1.0
    )
    assert (found.confusion == np.diag([4] * len(LABELS))).all()


def test_kinds_of_noise_count_by_themselves_and_not_for_a_language(trained: Trained) -> None:
    noise = [Row("alder of no meaning", "code", "en", "test", "garbage")]
    held_out = [*rows(1, kind="written"), *noise]
    found = {part.name: part for part in evaluate(trained.head, held_out, matrix(held_out, embed)).slices}
    assert (found["garbage"].rows, found["garbage"].right) == (1, 0.0)
    assert found["en"].rows == len(rows(1))


def test_the_calibration_error_is_how_far_confidence_is_from_being_right() -> None:
    wanted = rows(2, kind="real")
    inputs = matrix(wanted, embed)
    certain = np.zeros((inputs.shape[1] + 1, len(LABELS)))
    certain[-1, 0] = 50.0  # always the first label, with certainty: right once in seven
    found = evaluate(LinearHead(LABELS, certain), wanted, inputs)
    assert found.calibration_error == pytest.approx(1 - 1 / len(LABELS), abs=1e-6)


def test_the_card_holds_the_figures_and_the_head_is_what_is_read_again(trained: Trained, tmp_path: Path) -> None:
    held_out = rows(1, kind="real")
    card = model_card(trained, evaluate(trained.head, held_out, matrix(held_out, embed)), rows())
    assert "| first | 1.000 |" in card
    assert f"Training rows: {len(rows())}" in card
    save(trained, card, tmp_path / "head.safetensors")
    kept = (tmp_path / "head.safetensors").read_bytes()
    assert read_card(kept) == card
    again = read_head(kept)
    assert again.labels == LABELS
    assert np.allclose(again.weights, trained.head.weights, atol=1e-2)


def of_one_hand(label: str, word: str) -> list[Row]:
    return [Row(f"{word} {number}", label, "en", "third") for number in range(6)]


def test_the_labels_are_those_of_the_rows_and_what_one_hand_alone_wrote_is_learnt_too(trained: Trained) -> None:
    more = [*rows(), *of_one_hand("code-logic", "maple")]
    heard: list[str] = []
    made = train(more, matrix(more, embed), heard.append)
    assert made.head.labels == (*LABELS, "code-logic")
    assert made.across == dict.fromkeys(AUTHORS, 1.0), "without that author nobody has a row of the label"
    assert "without third: nobody else has rows of its labels" in heard
    assert made.head.temperature == pytest.approx(trained.head.temperature, rel=0.2)
    fewer = [row for row in rows() if row.label in ("code", "conversation")]
    assert train(fewer, matrix(fewer, embed)).head.labels == ("conversation", "code")


def test_rows_that_the_head_has_no_label_for_are_told_by_it(trained: Trained) -> None:
    strange = of_one_hand("code-logic", "maple")
    with pytest.raises(MalformedRows, match="code-logic; train it"):
        evaluate(trained.head, strange, matrix(strange, embed))
