"""Specialising a model: what is trained on, what is held out, what comes of it; torch itself where it is installed."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file
from tokenizers import Tokenizer

from model_foundry import cli
from model_foundry.errors import FoundryError
from model_foundry.training import environment
from model_foundry.training.corpus import is_held_out, read_corpus, sequences, spread
from model_foundry.training.specialise import Settings, end_of_text, open_tokenizer, specialise
from tests.build_support.index import borrow_pip, index
from tests.model_foundry.merging.tiny_parents import TinyParent

Capture = pytest.CaptureFixture[str]
Say = Callable[[str], None]


def quiet(what: str, done: int, total: int) -> None: ...


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return TinyParent(seed=1, tied=True).write(tmp_path / "base")


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    (folder / "deep").mkdir(parents=True)
    for number in range(24):
        (folder / "deep" / f"{number}.txt").write_text("the cat sat on the mat. " * 20)
    (folder / "image.png").write_bytes(b"\x89PNG")
    (folder / "latin.txt").write_bytes(b"caf\xe9")
    return folder


def test_a_corpus_is_its_texts_with_one_in_eight_held_out_by_name(corpus: Path) -> None:
    texts = read_corpus(corpus)
    assert len(texts.trained) + len(texts.held_out) == 24
    assert texts.held_out
    assert all(is_held_out(name) for name in texts.held_out)
    assert not any(is_held_out(name) for name in texts.trained)
    before = texts.sha256
    (corpus / "deep" / "0.txt").write_text("other")
    assert read_corpus(corpus).sha256 != before
    share = sum(is_held_out(f"file-{index}.py") for index in range(4000)) / 4000
    assert abs(share - 1 / 8) < 0.025


def test_a_folder_without_texts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FoundryError, match="there is no folder"):
        read_corpus(tmp_path / "none")
    with pytest.raises(FoundryError, match="0 texts to train on and 0 held out"):
        read_corpus(tmp_path)


@given(st.lists(st.text("abc. ", max_size=40), min_size=1, max_size=8), st.integers(1, 9))
def test_sequences_are_the_texts_in_order_with_a_token_before_each(texts: list[str], length: int) -> None:
    tokenizer = Tokenizer.from_str(json.dumps(TinyParent().tokenizer()))
    stream = [token for text in texts for token in [31, *tokenizer.encode(text).ids]]
    if len(stream) < length:
        with pytest.raises(FoundryError, match="are the least"):
            sequences(texts, tokenizer, length, 31)
        return
    rows = sequences(texts, tokenizer, length, 31)
    assert rows.shape[1] == length
    assert rows.reshape(-1).tolist() == stream[: rows.size]
    assert len(stream) - rows.size < length
    assert len(spread(rows, 3)) == min(3, len(rows))


def test_the_token_between_texts_is_the_models_own(base: Path) -> None:
    tokenizer = open_tokenizer(base)
    assert end_of_text(base, tokenizer) == 31
    (base / "tokenizer_config.json").write_text("{}")
    with pytest.raises(FoundryError, match="no token that ends a text"):
        end_of_text(base, tokenizer)
    (base / "tokenizer.json").write_text("{}")
    with pytest.raises(FoundryError, match="can't be read"):
        open_tokenizer(base)


@pytest.mark.parametrize("change", [{"rank": 0}, {"steps": -1}, {"learning_rate": 0.0}, {"learning_rate": 1.5}])
def test_settings_that_cant_be_are_refused(change: dict[str, float]) -> None:
    with pytest.raises(FoundryError, match=r"can't be"):
        Settings(**change)  # type: ignore[arg-type]


class ScriptedTorch:
    """Stands where ``run_script`` does: answers for lora.py and perplexity.py, and keeps what they were given."""

    def __init__(self) -> None:
        self.settings: dict[str, object] = {}
        self.shapes: dict[str, tuple[int, ...]] = {}

    def __call__(self, name: str, arguments: Sequence[str | Path], say: Say) -> None:
        self.settings = settings = json.loads(Path(arguments[0]).read_text())
        say("a warning of some library")
        if name == "lora.py":
            self.shapes["train"] = np.load(settings["sequences"]).shape
            for step in range(settings["steps"]):
                say(json.dumps({"step": step + 1, "of": settings["steps"], "loss": 3.0 - step}))
            save_file({"x": np.zeros(1, np.float32)}, Path(settings["out"]) / "model.safetensors")
            facts = {"trained_parameters": 1234, "losses": [3.0, 2.0], "seconds": 5.0, "torch": "0"}
            (Path(settings["out"]) / "training.json").write_text(json.dumps(facts))
            return
        for place, model in enumerate(settings["models"]):
            for text, file in settings["texts"].items():
                self.shapes[text] = np.load(file).shape
                say(json.dumps({"model": model, "text": text, "tokens": 9, "perplexity": 10.0 - place}))


@pytest.fixture
def torch(monkeypatch: pytest.MonkeyPatch) -> ScriptedTorch:
    scripted = ScriptedTorch()
    monkeypatch.setattr("model_foundry.training.specialise.run_script", scripted)
    monkeypatch.setattr("model_foundry.measuring.perplexity.run_script", scripted)
    return scripted


def test_a_specialised_model_is_a_folder_with_a_record_of_how_it_was_made(
    base: Path, corpus: Path, tmp_path: Path, torch: ScriptedTorch
) -> None:
    steps: list[tuple[str, int, int]] = []
    settings = Settings(steps=2, length=16, seed=5)
    record = specialise(base, corpus, tmp_path / "out", settings, lambda *step: steps.append(step))
    assert steps == [("training", 1, 2), ("training", 2, 2)]
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "config.json",
        "model.safetensors",
        "specialise.json",
        "tokenizer.json",
        "tokenizer_config.json",
    }
    assert json.loads((tmp_path / "out" / "specialise.json").read_text()) == record
    assert record["settings"]["seed"] == torch.settings["seed"] == 5
    trained = read_corpus(corpus).trained
    assert record["corpus"]["trained_files"] == len(trained)
    assert torch.shapes["train"] == (len(trained) * 481 // 16, 16)


def test_nothing_is_left_behind_where_training_fails(
    base: Path, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(name: str, arguments: Sequence[str | Path], say: Say) -> None:
        raise FoundryError("lora.py ended with 1: no memory")

    monkeypatch.setattr("model_foundry.training.specialise.run_script", fails)
    with pytest.raises(FoundryError, match="no memory"):
        specialise(base, corpus, tmp_path / "out", Settings(length=16), quiet)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["base", "corpus"]


def test_the_commands_train_and_print_a_table(
    base: Path, corpus: Path, tmp_path: Path, torch: ScriptedTorch, capsys: Capture
) -> None:
    out = str(tmp_path / "out")
    train = ["specialise", str(base), "--corpus", str(corpus), "--steps", "2", "--length", "16"]
    assert cli.main([*train, "--out", out]) == 0
    assert "2 steps in 5 s, loss 3.000 to 2.000, 1,234 parameters trained" in capsys.readouterr().out
    assert cli.main([*train, "--out", str(base)]) == 1
    models = [f"base={base}", f"new={out}"]
    measure = ["perplexity", *models, "--corpus", f"cats={corpus}", "--length", "16", "--sequences", "4"]
    assert cli.main([*measure, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"base": {"cats": 10.0}, "new": {"cats": 9.0}}
    assert torch.shapes["cats"] == (4, 16)
    assert cli.main(measure) == 0
    assert "9.00 (-10.0%)" in capsys.readouterr().out
    assert cli.main(["perplexity", *models]) == 1
    assert "nothing to measure on" in capsys.readouterr().err


def test_the_environment_has_another_place_for_other_requirements(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORION_CACHE", str(tmp_path))
    first = environment.folder()
    assert first.parent == tmp_path / "mergekit"
    assert environment.python() is None
    other = tmp_path / "requirements.txt"
    other.write_text("torch==1\n")
    monkeypatch.setattr(environment, "REQUIREMENTS", other)
    assert environment.folder() != first


def test_an_environment_that_cant_be_made_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(command: Sequence[str], what: str) -> None:
        raise FoundryError(f"{what} can't be installed: no network")

    monkeypatch.setenv("ORION_CACHE", str(tmp_path))
    monkeypatch.setattr("venv.EnvBuilder.create", lambda self, folder: Path(folder).mkdir())
    monkeypatch.setattr(environment, "_checked", fails)
    with pytest.raises(FoundryError, match="no network"):
        environment.make(lambda line: None)
    assert list((tmp_path / "mergekit").iterdir()) == []


def test_exactly_the_lock_is_installed_and_a_failure_ends_with_pips_own_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the real pip, of an index that has newer releases too."""
    monkeypatch.setenv("ORION_CACHE", str(tmp_path / "cache"))
    borrow_pip(monkeypatch)
    lock = tmp_path / "requirements.lock"
    monkeypatch.setattr(environment, "REQUIREMENTS", lock)
    with index(tmp_path / "index", monkeypatch) as packages:
        lines = [packages.add("direct", "1.0", ["indirect>=1.0"]), packages.add("indirect", "1.0")]
        packages.add("indirect", "2.0")
        lock.write_text("\n".join([*lines, f"nobody==1 --hash=sha256:{'0' * 64}"]))
        with pytest.raises(FoundryError, match="No matching distribution found for nobody==1"):
            environment.make(print)
        assert environment.python() is None
        assert list((tmp_path / "cache" / "mergekit").iterdir()) == []
        lock.write_text("\n".join(lines))
        made = environment.make(print)
        assert sorted(request.path.rpartition("/")[2] for request in packages.server.requests("files/*")[-2:]) == [
            "direct-1.0-py3-none-any.whl",
            "indirect-1.0-py3-none-any.whl",
        ]
    assert environment.make(print) == made, "made once"


def test_an_environment_that_a_killed_run_left_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORION_CACHE", str(tmp_path))
    interpreter = environment._interpreter(environment.folder())
    interpreter.parent.mkdir(parents=True)
    interpreter.touch()
    assert environment.python() == interpreter
    environment._unfinished(environment.folder()).touch()
    assert environment.python() is None


def test_training_lowers_the_loss_and_changes_the_weights(base: Path, corpus: Path, tmp_path: Path) -> None:
    if environment.python() is None:
        pytest.skip("torch isn't installed (over a gigabyte): foundry environment")
    settings = Settings(rank=2, steps=30, batch=4, length=32, learning_rate=0.05, threads=1)
    record = specialise(base, corpus, tmp_path / "out", settings, quiet)
    assert np.mean(record["losses"][-5:]) < np.mean(record["losses"][:5]) - 0.2
    before, after = (load_file(tmp_path / name / "model.safetensors") for name in ("base", "out"))
    assert before.keys() == after.keys()
    changed = {name for name in before if not np.array_equal(before[name], after[name])}
    assert changed == {name for name in before if "_proj" in name}
