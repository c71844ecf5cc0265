"""Builds the router's shards and manifest from the encoder's files and the trained head."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model_foundry.building.versions import CARD
from model_foundry.routing.graph import encoder_graph
from model_foundry.routing.source import EncoderSource, load_encoder
from model_foundry.routing.vocabulary import kept, tokenizer_definition
from model_foundry.sharding.content_folder import ContentFolder, write_atomically
from orion_py.manifest.manifest import Recipe, Source
from orion_py.manifest.shards import Shard
from orion_py.routing.encoder import BEGIN, END, normalised
from orion_py.routing.features import features
from orion_py.routing.head_file import read_card, read_head, write_head
from orion_py.routing.manifest import GoldenRoute, RouterManifest

MODEL = "use-multilingual-router"
VERSION = "1"
LICENCE = "Apache-2.0"
MAX_TOKENS = 256
HEAD = Path(__file__).parent / "head.safetensors"
GOLDEN = (
    "How do I reverse a linked list in Go?",
    "Écris un poème sur la pluie de novembre",
    "Un train part à 8 h 15 et roule 2 h 50 : à quelle heure arrive-t-il ?",
    "traduis « see you soon » en portugais",
    "what does the sign in this photo say",
    "lis-moi ce message à voix haute",
    "pourquoi la mer est salée ?",
)

Embedding = NDArray[np.float32]


class NativeEncoder:
    """The encoder on native onnxruntime, for training and golden vectors."""

    def __init__(self, graph: bytes, definition: bytes) -> None:
        import onnxruntime as ort

        from orion_py.native.tokenizer import NativeTokenizer

        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self._session = ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        self._tokenizer = NativeTokenizer(definition)

    def tokens(self, text: str) -> list[int]:
        return [BEGIN, *self._tokenizer.encode(normalised(text))[: MAX_TOKENS - 2], END]

    def __call__(self, text: str) -> Embedding:
        result = self._session.run(None, {"ids": np.array(self.tokens(text), np.int64)})
        return np.asarray(result[0][0], np.float32)


def encoder_files(source: EncoderSource) -> tuple[bytes, bytes, int]:
    """The graph, the tokenizer's definition, and the number of pieces."""
    ids = kept(source.pieces)
    definition = json.dumps(tokenizer_definition(source.pieces, ids), ensure_ascii=False, separators=(",", ":"))
    return encoder_graph(source, ids).SerializeToString(deterministic=True), definition.encode(), len(ids)


def build_router(
    weights: Path, sentencepiece: Path, sources: tuple[Source, ...], out_dir: Path, progress: Callable[[str], None]
) -> RouterManifest:
    """Writes the shards, ``<out_dir>/<MODEL>/manifest.json`` and the head's model card beside it. Raises
    FoundryError."""
    progress("reading the sentence encoder")
    graph, definition, pieces = encoder_files(load_encoder(weights, sentencepiece))
    progress("writing its shards")
    folder = ContentFolder(out_dir / "shards")
    kept_head = HEAD.read_bytes()
    head = write_head(read_head(kept_head))  # what ships has no card
    parts = {"graph": graph, "tokenizer": definition, "head": head}
    hashes = {role: folder.put(data) for role, data in parts.items()}
    manifest = RouterManifest(
        format=1,
        model=MODEL,
        version=VERSION,
        licence=LICENCE,
        sources=sources,
        recipe=Recipe(name="router", tool=f"orion-foundry, onnx {metadata.version('onnx')}"),
        graph=hashes["graph"],
        tokenizer=hashes["tokenizer"],
        head=hashes["head"],
        vocabulary=pieces,
        max_tokens=MAX_TOKENS,
        shards=tuple(
            Shard.model_validate({"sha256": hashes[role], "size": len(data), "role": role})
            for role, data in parts.items()
        ),
        golden=_golden(NativeEncoder(graph, definition), head),
    )
    target = out_dir / MODEL / "manifest.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(target.with_name(CARD), read_card(kept_head).encode())
    write_atomically(target, manifest.model_dump_json(indent=1).encode())
    return manifest


def _golden(encoder: NativeEncoder, head: bytes) -> tuple[GoldenRoute, ...]:
    layer, found = read_head(head), []
    for text in GOLDEN:
        probabilities = layer.probabilities(features(text, encoder(text))[None])[0]
        best = int(probabilities.argmax())
        found.append(
            GoldenRoute(
                text=text,
                tokens=tuple(encoder.tokens(text)),
                agent=layer.labels[best],
                confidence=round(float(probabilities[best]), 4),
            )
        )
    return tuple(found)
