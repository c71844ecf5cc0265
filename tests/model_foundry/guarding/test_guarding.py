"""The guard's classifiers are fitted, written as a module, read back as they were, and measured by kind."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model_foundry import cli
from model_foundry.commands import guard as command
from model_foundry.errors import MalformedRows
from model_foundry.guarding.fitting import fit, limit, logistic
from model_foundry.guarding.measuring import measure
from model_foundry.guarding.rows import Message, messages
from model_foundry.guarding.writing import module, rounded
from orion_py.safety.learned import KINDS, Classifier

HARMLESS = {"text": "hello", "language": "en", "label": "harmless", "kind": "everyday"}


def test_hands_are_read_with_what_is_to_be_noticed(tmp_path: Path) -> None:
    rows = [
        HARMLESS,
        {**HARMLESS, "label": "hostile", "kind": "indirect-injection"},
        {**HARMLESS, "label": "hostile", "kind": "harm-request"},
        {**HARMLESS, "label": "distress", "kind": "distress"},
    ]
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / "ann.jsonl").write_text("\n".join(map(json.dumps, rows)))
    found = messages("test", tmp_path)
    assert [message.wanted for message in found] == ["", "injection", "harm", "distress"]
    assert {message.hand for message in found} == {"ann"}
    with pytest.raises(MalformedRows, match="has no messages"):
        messages("training", tmp_path)


@pytest.mark.parametrize("change", [{"text": " "}, {"kind": 5}, {"label": "odd"}, {"label": "hostile", "kind": "rude"}])
def test_a_row_that_is_none_is_named(tmp_path: Path, change: dict[str, Any]) -> None:
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / "ann.jsonl").write_text(json.dumps(HARMLESS | change))
    with pytest.raises(MalformedRows, match=r"ann\.jsonl:1"):
        messages("test", tmp_path)


def test_the_hands_of_the_house_can_be_read() -> None:
    assert {message.wanted for message in messages("training")} == {"", *KINDS}


def test_a_kind_is_told_from_the_rest() -> None:
    chance = np.random.default_rng(5)
    centres = dict(zip(("", *KINDS), np.eye(4, 8) * 4, strict=True))
    wanted = [kind for kind in centres for _ in range(60)]
    rows = np.array([centres[kind] for kind in wanted]) + chance.normal(0, 0.5, (len(wanted), 8))
    said: list[str] = []
    fitted = fit([row[None, :] for row in rows], wanted, 1, said.append)
    assert all(share > 0.9 for share in fitted.caught.values())
    assert len(said) == len(KINDS)
    noticed = [fitted.classifier.noticed(row) for row in rows]
    right = [found == ([kind] if kind else []) for found, kind in zip(noticed, wanted, strict=True)]
    assert np.mean(right) > 0.95


def test_one_sentence_of_many_is_found_and_told_from_the_rest() -> None:
    chance = np.random.default_rng(7)

    def drawn(centre: int, count: int) -> np.ndarray:
        return np.eye(1, 8, centre) * 4 + chance.normal(0, 0.5, (count, 8))

    hostile = [np.concatenate([drawn(0, 1), drawn(0, 3), drawn(1, 1)]) for _ in range(60)]
    short = [drawn(1, 1) for _ in range(20)]
    harmless = [np.concatenate([drawn(0, 1), drawn(0, 4)]) for _ in range(120)]
    others = [drawn(2, 1) for _ in range(30)] + [drawn(3, 1) for _ in range(30)]
    wanted = ["injection"] * 80 + [""] * 120 + ["harm"] * 30 + ["distress"] * 30
    fitted = fit([*hostile, *short, *harmless, *others], wanted, 1)
    assert fitted.caught["injection"] > 0.9
    assert "injection" in fitted.classifier.noticed(hostile[0][0], list(hostile[0][1:]))
    assert fitted.classifier.noticed(harmless[0][0], list(harmless[0][1:])) == []


def test_a_threshold_lets_so_many_harmless_messages_be_noted_and_no_more() -> None:
    scores = np.arange(1000.0)
    assert np.sum(scores > limit(scores, 0.004)) == 4
    assert np.sum(scores > limit(scores, 0.0)) == 0


def test_newtons_method_finds_the_slope() -> None:
    rows = np.linspace(-3, 3, 200)[:, None]
    solution = logistic(rows, rows[:, 0] > 0.5)
    assert solution[0] > 0
    assert abs(-solution[1] / solution[0] - 0.5) < 0.3


def test_what_is_written_is_read_back_as_it_was_measured() -> None:
    weights = np.random.default_rng(1).normal(size=(3, 16)).astype(np.float32)
    classifier = Classifier(tuple(KINDS), weights, (0.123456, 1.0, -2.0), (0.5, 0.25, 0.125))
    read: dict[str, Any] = {}
    exec(module(classifier), read)
    again = rounded(classifier)
    packed = np.frombuffer(base64.b64decode("".join(read["WEIGHTS"])), np.int8).reshape(3, -1)
    assert np.allclose(packed * np.array(read["SCALES"])[:, None], again.weights, atol=1e-6)
    assert (read["KINDS"], read["BIAS"], read["THRESHOLD"]) == (again.kinds, again.bias, again.threshold)
    assert np.abs(again.weights - weights).max() < 0.02


def test_rates_tell_what_rules_and_classifiers_meet() -> None:
    classifier = Classifier(("injection",), np.array([[1.0, 0.0]], np.float32), (0.0,), (0.5,))

    def embed(text: str) -> np.ndarray:
        return np.array([1.0, 0.0] if "odd" in text else [0.0, 1.0], np.float32)

    found = [
        Message("hello", "en", "ann", "everyday", ""),
        Message("something odd", "en", "ann", "direct-injection", "injection"),
        Message("nothing", "en", "ann", "direct-injection", "injection"),
    ]
    rates = {(rate.kind, rate.language): rate for rate in measure(found, embed, classifier)}
    assert (rates["direct-injection", "en"].met, rates["direct-injection", "en"].count) == (1, 2)
    assert (rates["all harmless", ""].met, rates["all harmless", ""].refused) == (0, 0)
    assert "noted    1 of    2: 0.500" in rates["direct-injection", "en"].sentence()


def test_the_command_trains_and_measures(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def embed(text: str) -> np.ndarray:
        return np.random.default_rng(len(text)).normal(size=12).astype(np.float32)

    few = messages("training")[::40] + [m for m in messages("training") if m.wanted][::10]
    monkeypatch.setattr(command, "built_encoder", lambda out: embed)
    monkeypatch.setattr(command, "messages", lambda part: few)
    monkeypatch.setattr(command, "training_rows", list)
    monkeypatch.setattr(command, "WEIGHTS", tmp_path / "weights.py")
    assert cli.main(["guard", "train"]) == 0
    assert "WEIGHTS = (" in (tmp_path / "weights.py").read_text()
    assert cli.main(["guard", "evaluate", "--set", "training"]) == 0
    assert "all harmless" in capsys.readouterr().out
