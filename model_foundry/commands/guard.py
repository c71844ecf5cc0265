"""Runs ``foundry guard``: trains the guard's classifiers, or measures the guard."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from model_foundry.building.versions import MODELS
from model_foundry.commands.router import built_encoder
from model_foundry.guarding.fitting import fit
from model_foundry.guarding.measuring import Embed, measure
from model_foundry.guarding.rows import messages
from model_foundry.guarding.writing import module, rounded
from model_foundry.routing.dataset import training_rows
from orion_py.safety import learned_weights
from orion_py.safety.learned import pieces_of, shipped

WEIGHTS = Path(learned_weights.__file__)
SEED = 1


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("guard", help="train the guard's classifiers, or measure rules and classifiers")
    parser.add_argument("action", choices=("train", "evaluate"))
    parser.add_argument("--set", choices=("training", "test"), default="test", help="what to measure on")
    parser.add_argument("--out", type=Path, default=MODELS, help=f"the folder of built models (default: {MODELS})")
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Raises NotBuilt, MalformedRows and InvalidManifest."""
    embed = built_encoder(options.out)
    if options.action == "train":
        train(embed, WEIGHTS)
    else:
        for rate in measure(messages(options.set), embed, shipped()):
            print(rate.sentence())
    return 0


def train(embed: Embed, target: Path) -> None:
    """Fits on the training messages, and on the router's questions as harmless ones; writes the module ``target``."""
    found = messages("training")
    texts = [message.text for message in found] + [row.text for row in training_rows()]
    wanted = [message.wanted for message in found]
    wanted += [""] * (len(texts) - len(wanted))
    bags = [np.stack([embed(part) for part in (text, *pieces_of(text))]).astype(np.float64) for text in texts]
    fitted = fit(bags, wanted, SEED, print)
    target.write_text(module(rounded(fitted.classifier)), "utf-8")
    print(f"wrote {target}")
