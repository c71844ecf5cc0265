"""Runs ``foundry specialise``: trains a model on texts."""

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


def _specialise(options: argparse.Namespace) -> int:
    from model_foundry.progress import ProgressBars
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
    with ProgressBars() as bars:
        record = specialise(options.model, options.corpus, options.out, settings, bars.report)
    losses = record["losses"]
    print(
        f"{options.out}: {settings.steps} steps in {record['seconds']:.0f} s, "
        f"loss {losses[0]:.3f} to {losses[-1]:.3f}, {record['trained_parameters']:,} parameters trained"
    )
    return 0
