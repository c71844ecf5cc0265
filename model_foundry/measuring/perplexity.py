"""Measures the perplexity of several models on the same tokens: held-out files, and the foundry's own texts."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np

from model_foundry.errors import FoundryError
from model_foundry.measuring.texts import evaluation_texts
from model_foundry.progress import Progress
from model_foundry.training.corpus import Sequences, read_corpus, sequences, spread
from model_foundry.training.environment import run_script
from model_foundry.training.specialise import end_of_text, open_tokenizer


def measure(
    models: Mapping[str, Path],
    corpora: Mapping[str, Path],
    own_texts: Collection[str],
    count: int,
    length: int,
    threads: int,
    progress: Progress,
) -> dict[str, dict[str, float]]:
    """Perplexity by model and text, over ``count`` sequences of ``length`` tokens. Raises FoundryError.

    ``own_texts`` are names of the foundry's evaluation texts.

    All models must have one tokenizer, or their perplexities couldn't be compared.
    """
    first = next(iter(models.values()))
    for name, folder in models.items():
        if (folder / "tokenizer.json").read_bytes() != (first / "tokenizer.json").read_bytes():
            raise FoundryError(f"{name} has another tokenizer than {next(iter(models))}")
    rows = _texts(first, corpora, own_texts, count, length)
    if not rows:
        raise FoundryError("there is nothing to measure on: give --corpus NAME=FOLDER, --text NAME or --own-texts")
    found: dict[str, dict[str, float]] = {name: {} for name in models}
    done = 0

    def say(line: str) -> None:
        nonlocal done
        if line.startswith('{"model"'):
            score = json.loads(line)
            found[score["model"]][score["text"]] = score["perplexity"]
            done += 1
            progress("measuring", done, len(models) * len(rows))

    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        files = {}
        for index, (text, row) in enumerate(rows.items()):
            files[text] = str(work / f"{index}.npy")
            np.save(files[text], row)
        settings = {
            "models": {name: str(path.resolve()) for name, path in models.items()},
            "texts": files,
            "threads": threads,
        }
        (work / "settings.json").write_text(json.dumps(settings))
        run_script("perplexity.py", [work / "settings.json"], say)
    return found


def _texts(
    model: Path, corpora: Mapping[str, Path], own_texts: Collection[str], count: int, length: int
) -> dict[str, Sequences]:
    tokenizer = open_tokenizer(model)
    separator = end_of_text(model, tokenizer)
    rows = {
        name: spread(sequences(read_corpus(folder).held_out.values(), tokenizer, length, separator), count)
        for name, folder in corpora.items()
    }
    for name, text in evaluation_texts().items():
        if name in own_texts:
            rows[name] = sequences([text], tokenizer, min(length, 128), separator)
    return rows
