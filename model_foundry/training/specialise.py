"""Trains a model on one kind of text: LoRA on a folder of it, folded back into the weights."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from model_foundry.errors import FoundryError, MalformedFolder
from model_foundry.formats.bounded_json import JsonLimits, read_json
from model_foundry.formats.hf_names import CONFIG, TOKENIZER, TOKENIZER_CONFIG, WEIGHTS
from model_foundry.importing.safetensors_folder import CONFIG_LIMITS
from model_foundry.progress import Progress
from model_foundry.training.corpus import read_corpus, sequences
from model_foundry.training.environment import run_script

RECORD = "specialise.json"
_COPIED = (CONFIG, TOKENIZER, TOKENIZER_CONFIG)
_FACTS_LIMITS = JsonLimits(size=16 * 2**20, depth=2, parts=2**20)
"""A loss for each step is in it."""


@dataclass(frozen=True)
class Settings:
    """``batch`` sequences of ``length`` tokens a step; ``alpha`` / ``rank`` scales what is learnt."""

    rank: int = 8
    alpha: int = 16
    steps: int = 40
    batch: int = 4
    length: int = 128
    learning_rate: float = 5e-4
    seed: int = 0
    threads: int = 2

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if value < (0 if name == "seed" else 1) and name != "learning_rate":
                raise FoundryError(f"{name} can't be {value}")
        if not 0 < self.learning_rate < 1:
            raise FoundryError(f"the learning rate can't be {self.learning_rate}")


def specialise(base: Path, corpus: Path, out: Path, settings: Settings, progress: Progress) -> dict[str, Any]:
    """Trains ``base``, a Hugging Face folder, on ``corpus`` and writes the folder ``out`` with its record.

    Files that ``is_held_out`` are never trained on. Raises FoundryError.
    """
    texts = read_corpus(corpus)
    tokenizer = open_tokenizer(base)
    rows = sequences(texts.trained.values(), tokenizer, settings.length, end_of_text(base, tokenizer))
    partial = out.with_name(f".{out.name}.{os.getpid()}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)

    def say(line: str) -> None:
        if line.startswith('{"step"'):
            step = json.loads(line)
            progress("training", step["step"], step["of"])

    try:
        with tempfile.TemporaryDirectory() as work:
            np.save(Path(work) / "sequences.npy", rows)
            script = {
                **asdict(settings),
                "model": str(base.resolve()),
                "sequences": str(Path(work) / "sequences.npy"),
                "out": str(partial.resolve()),
            }
            (Path(work) / "settings.json").write_text(json.dumps(script))
            run_script("lora.py", [Path(work) / "settings.json"], say)
        for name in _COPIED:
            shutil.copyfile(base / name, partial / name)
        facts = read_json(partial / "training.json", _FACTS_LIMITS, MalformedFolder)
        (partial / "training.json").unlink()
        record = {
            "base_weights_sha256": _sha256(base / WEIGHTS),
            "corpus": {
                "sha256": texts.sha256,
                "trained_files": len(texts.trained),
                "held_out_files": len(texts.held_out),
                "tokens": int(rows.size),
            },
            "settings": asdict(settings),
            **facts,
        }
        (partial / RECORD).write_text(json.dumps(record, indent=1) + "\n", "utf-8")
        if out.exists():
            shutil.rmtree(out)
        partial.rename(out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return record


def open_tokenizer(folder: Path) -> Tokenizer:
    """The tokenizer of a model folder. Raises FoundryError."""
    path = folder / TOKENIZER
    if not path.is_file():
        raise FoundryError(f"there is no {TOKENIZER} in {folder}")
    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises plain Exception
        raise FoundryError(f"{path} can't be read: {error}") from error


def end_of_text(folder: Path, tokenizer: Tokenizer) -> int:
    """What stands between two texts: the end-of-text token where there is one, else the end token."""
    settings = read_json(folder / TOKENIZER_CONFIG, CONFIG_LIMITS, MalformedFolder)
    for token in ("<|endoftext|>", settings.get("eos_token")):
        index = tokenizer.token_to_id(token) if isinstance(token, str) else None
        if isinstance(index, int):
            return index
    raise FoundryError(f"{folder} has no token that ends a text")


def _sha256(path: Path) -> str:
    if not path.is_file():
        raise FoundryError(f"there is no {path.name} in {path.parent}")
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
