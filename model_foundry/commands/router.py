"""Runs ``foundry router``: trains, evaluates or builds the neural router, or prints its model card."""

from __future__ import annotations

import argparse
from pathlib import Path

from model_foundry.errors import FoundryError
from model_foundry.versions import MODELS


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("router", help="train, evaluate or build the neural router, or print its model card")
    parser.add_argument("action", choices=("train", "evaluate", "card", "build"))
    parser.add_argument(
        "sources",
        type=Path,
        nargs="*",
        metavar="FILE",
        help="the sentence encoder's weights.npz and its sp.model; without them, the encoder of the built router",
    )
    parser.add_argument("--out", type=Path, default=MODELS, help=f"the folder of built models (default: {MODELS})")
    parser.set_defaults(command=_router)


def _router(options: argparse.Namespace) -> int:
    from model_foundry.routing.commands import build, built_encoder, card, encoder_of, evaluate, train

    if len(options.sources) not in (0, 2):
        raise FoundryError("the sentence encoder is two files: weights.npz and sp.model")
    if options.action == "card":
        print(card())
        return 0
    if options.action == "build":
        if not options.sources:
            raise FoundryError("say the encoder's two files, or let python3 build.py models router fetch them")
        weights, pieces = options.sources
        print(build(weights, pieces, options.out, print))
        return 0
    embed = encoder_of(*options.sources) if options.sources else built_encoder(options.out)
    print(train(embed, print) if options.action == "train" else evaluate(embed))
    return 0
