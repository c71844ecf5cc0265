"""``foundry router``: trains, evaluates or builds the neural router."""

from __future__ import annotations

import argparse
from pathlib import Path

from model_foundry.versions import MODELS


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("router", help="train, evaluate or build the neural router")
    parser.add_argument("action", choices=("train", "evaluate", "build"))
    parser.add_argument("weights", type=Path, help="the sentence encoder's weights.npz")
    parser.add_argument("sentencepiece", type=Path, help="its sp.model")
    parser.add_argument("--out", type=Path, default=MODELS, help="the folder of built models")
    parser.set_defaults(command=_router)


def _router(options: argparse.Namespace) -> int:
    from model_foundry.routing.commands import build, evaluate, train

    if options.action == "build":
        print(build(options.weights, options.sentencepiece, options.out, print))
    elif options.action == "train":
        print(train(options.weights, options.sentencepiece, print))
    else:
        print(evaluate(options.weights, options.sentencepiece))
    return 0
