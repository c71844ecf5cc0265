"""What ``foundry router`` does: train, evaluate, build."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from model_foundry.routing.build import HEAD, NativeEncoder, build_router, encoder_files
from model_foundry.routing.dataset import held_out_rows, training_rows
from model_foundry.routing.source import load_encoder
from model_foundry.routing.training import Trained, matrix, model_card, save
from model_foundry.routing.training import evaluate as measured
from model_foundry.routing.training import train as fitted
from orion_py.loading.manifest import Source
from orion_py.routing.head_file import read_head

CARD = Path(__file__).parent / "MODEL_CARD.md"
ORIGIN = "Universal Sentence Encoder, multilingual v3"


def _encoder(weights: Path, sentencepiece: Path) -> NativeEncoder:
    graph, definition, _ = encoder_files(load_encoder(weights, sentencepiece))
    return NativeEncoder(graph, definition)


def train(weights: Path, sentencepiece: Path, say: Callable[[str], None]) -> str:
    """Fits the head, writes it and its model card; answers with the card. Raises FoundryError."""
    embed = _encoder(weights, sentencepiece)
    rows, held_out = training_rows(), held_out_rows()
    trained = fitted(rows, matrix(rows, embed), say)
    rounded = Trained(read_head(_written(trained)), trained.across)
    card = model_card(rounded, measured(rounded.head, held_out, matrix(held_out, embed)), rows)
    save(trained, card, HEAD, CARD)
    return card


def _written(trained: Trained) -> bytes:
    """What is measured is what ships: the head in half precision."""
    from orion_py.routing.head_file import write_head

    return write_head(trained.head)


def evaluate(weights: Path, sentencepiece: Path) -> str:
    """The figures of the head that ships, on the test rows. Raises FoundryError."""
    held_out = held_out_rows()
    inputs = matrix(held_out, _encoder(weights, sentencepiece))
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
