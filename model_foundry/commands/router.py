"""Runs ``foundry router``: trains, evaluates or builds the neural router, or prints its model card."""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model_foundry.building.versions import MODELS
from model_foundry.errors import FoundryError, NotBuilt
from model_foundry.routing.build import HEAD, MODEL, NativeEncoder, build_router, encoder_files
from model_foundry.routing.dataset import held_out_rows, training_rows
from model_foundry.routing.source import load_encoder
from model_foundry.routing.training import Trained, matrix, model_card, save
from model_foundry.routing.training import evaluate as measured
from model_foundry.routing.training import train as fitted
from orion_py.manifest.manifest import Source
from orion_py.routing.head_file import read_card, read_head, write_head
from orion_py.routing.manifest import parse_router_manifest

ORIGIN = "Universal Sentence Encoder, multilingual v3"

Embed = Callable[[str], NDArray[np.float32]]


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
    if len(options.sources) not in (0, 2):
        raise FoundryError("the sentence encoder is two files: weights.npz and sp.model")
    if options.action == "card":
        print(card())
        return 0
    if options.action == "build":
        if not options.sources:
            raise FoundryError("name the encoder's two files, or let python3 build.py models router fetch them")
        weights, pieces = options.sources
        print(build(weights, pieces, options.out, print))
        return 0
    embed = encoder_of(*options.sources) if options.sources else built_encoder(options.out)
    print(train(embed, print) if options.action == "train" else evaluate(embed))
    return 0


def encoder_of(weights: Path, sentencepiece: Path) -> NativeEncoder:
    """The encoder as its makers publish it. Raises MalformedEncoder."""
    graph, definition, _ = encoder_files(load_encoder(weights, sentencepiece))
    return NativeEncoder(graph, definition)


def built_encoder(models: Path) -> NativeEncoder:
    """The encoder of the router in the folder ``models``. Raises NotBuilt, or InvalidManifest."""
    path = models / MODEL / "manifest.json"
    try:
        manifest = parse_router_manifest(path.read_bytes())
        graph, definition = ((models / "shards" / sha).read_bytes() for sha in (manifest.graph, manifest.tokenizer))
    except OSError as error:
        raise NotBuilt(f"the router isn't built in {models}; build it with: python3 build.py models router") from error
    return NativeEncoder(graph, definition)


def train(embed: Embed, say: Callable[[str], None], head_file: Path = HEAD) -> str:
    """Fits the head on the labels that the rows have, and writes it with its model card; answers with the card. Raises
    FoundryError."""
    rows, held_out = training_rows(), held_out_rows()
    trained = fitted(rows, matrix(rows, embed), say)
    rounded = Trained(read_head(_written(trained)), trained.across)
    card = model_card(rounded, measured(rounded.head, held_out, matrix(held_out, embed)), rows)
    save(trained, card, head_file)
    return card


def _written(trained: Trained) -> bytes:
    """What is measured is what ships: the head in half precision."""
    return write_head(trained.head)


def card() -> str:
    """The model card of the head that ships. Raises InvalidManifest."""
    return read_card(HEAD.read_bytes())


def evaluate(embed: Embed) -> str:
    """The figures of the head that ships, on the test rows. Raises FoundryError."""
    held_out = held_out_rows()
    inputs = matrix(held_out, embed)
    result = measured(read_head(HEAD.read_bytes()), held_out, inputs)
    lines = [f"{s.name:<14}{s.rows:>5}  right {s.right:.3f}  or unsure {s.right_or_unsure:.3f}" for s in result.slices]
    return "\n".join([*lines, f"expected calibration error {result.calibration_error:.3f}"])


def build(weights: Path, sentencepiece: Path, out: Path, say: Callable[[str], None]) -> str:
    """Builds the router's shards; answers with where its manifest is. Raises FoundryError."""
    sources = tuple(
        Source(name=ORIGIN, file=path.name, sha256=hashlib.sha256(path.read_bytes()).hexdigest(), revision="v3")
        for path in (weights, sentencepiece)
    )
    manifest = build_router(weights, sentencepiece, sources, out, say)
    return str(out / manifest.model / "manifest.json")
