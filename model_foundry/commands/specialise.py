"""``foundry specialise`` and ``foundry perplexity``: train a model on texts, and see what it took and what it lost."""

from __future__ import annotations

import argparse
from pathlib import Path

from model_foundry.errors import FoundryError


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    train = commands.add_parser(
        "specialise", help="train a model on a folder of text (LoRA on the CPU, in the environment with torch)"
    )
    train.add_argument("model", type=Path, help="a Hugging Face folder, such as foundry import --out makes")
    train.add_argument("--corpus", type=Path, required=True, help="a folder of texts; one file in eight is held out")
    train.add_argument("--out", type=Path, required=True, help="the folder of the specialised model")
    train.add_argument("--rank", type=int, default=8)
    train.add_argument("--alpha", type=int, default=16)
    train.add_argument("--steps", type=int, default=40)
    train.add_argument("--batch", type=int, default=4, help="sequences a step")
    train.add_argument("--length", type=int, default=128, help="tokens a sequence")
    train.add_argument("--learning-rate", type=float, default=5e-4)
    train.add_argument("--seed", type=int, default=0)
    train.add_argument("--threads", type=int, default=2)
    train.set_defaults(command=_specialise)

    measure = commands.add_parser("perplexity", help="perplexity of models on the held-out part of folders of text")
    measure.add_argument("models", nargs="+", metavar="NAME=FOLDER", help="Hugging Face folders with one tokenizer")
    measure.add_argument("--corpus", action="append", default=[], metavar="NAME=FOLDER", help="may be repeated")
    measure.add_argument("--own-texts", action="store_true", help="the foundry's own evaluation texts, too")
    measure.add_argument("--sequences", type=int, default=24, help="sequences of each text")
    measure.add_argument("--length", type=int, default=256, help="tokens a sequence")
    measure.add_argument("--threads", type=int, default=2)
    measure.add_argument("--json", action="store_true", help="as JSON")
    measure.set_defaults(command=_perplexity)


def _specialise(options: argparse.Namespace) -> int:
    from model_foundry.bars import Bars
    from model_foundry.training.specialise import Settings, specialise

    settings = Settings(
        rank=options.rank,
        alpha=options.alpha,
        steps=options.steps,
        batch=options.batch,
        length=options.length,
        learning_rate=options.learning_rate,
        seed=options.seed,
        threads=options.threads,
    )
    if options.out.resolve() in (options.model.resolve(), options.corpus.resolve()):
        raise FoundryError(f"{options.out} is what is read: the specialised model needs a folder of its own")
    with Bars() as bars:
        record = specialise(options.model, options.corpus, options.out, settings, bars.report)
    losses = record["losses"]
    print(
        f"{options.out}: {settings.steps} steps in {record['seconds']:.0f} s, "
        f"loss {losses[0]:.3f} to {losses[-1]:.3f}, {record['trained_parameters']:,} parameters trained"
    )
    return 0


def _perplexity(options: argparse.Namespace) -> int:
    import json

    from rich.console import Console
    from rich.table import Table

    from model_foundry.bars import Bars
    from model_foundry.training.perplexity import measure

    models, corpora = _named(options.models), _named(options.corpus)
    with Bars() as bars:
        found = measure(
            models, corpora, options.own_texts, options.sequences, options.length, options.threads, bars.report
        )
    if options.json:
        print(json.dumps(found))
        return 0
    texts = list(next(iter(found.values())))
    table = Table("Model", *texts)
    first = next(iter(found.values()))
    for name, row in found.items():
        table.add_row(name, *(f"{row[text]:.2f} ({row[text] / first[text] - 1:+.1%})" for text in texts))
    Console().print(table)
    return 0


def _named(options: list[str]) -> dict[str, Path]:
    named = {}
    for option in options:
        name, equals, folder = option.partition("=")
        if not equals or not name or not folder:
            raise FoundryError(f"{option} isn't NAME=FOLDER")
        named[name] = Path(folder)
    return named
