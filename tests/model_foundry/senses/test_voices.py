"""The models that speak are built from their files, and speak as the engine opens them."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto

from model_foundry.errors import FoundryError, MalformedFolder, MalformedGraph
from model_foundry.graphs.builder import GraphBuilder
from model_foundry.senses import voices
from model_foundry.senses.kokoro import SYMBOLS
from model_foundry.senses.lexicons import english_lexicon, french_lexicon, letters
from orion_py.native.graph_model import opened_graphs
from orion_py.senses.speaking.catalogue import VOICES
from orion_py.senses.speaking.lexicon import Lexicon
from orion_py.senses.speaking.voices import Samples, Speaker
from tests.senses.speaking.scripted_voice import IDS
from tests.senses.speaking.test_english_guess import SHAPES


def piper() -> bytes:
    """Each symbol's number, as loud as the speed is slow."""
    graph = GraphBuilder()
    ids = graph.input("input", TensorProto.INT64, ["b", "n"])
    graph.input("input_lengths", TensorProto.INT64, ["b"])
    scales = graph.input("scales", TensorProto.FLOAT, [3])
    floats = graph.node("Mul", [graph.node("Cast", [ids], to=TensorProto.FLOAT), graph.scalar(0.001)])
    speed = graph.node("Slice", [scales, graph.integers(1), graph.integers(2)])
    graph.node("Unsqueeze", [graph.node("Mul", [floats, speed]), graph.integers(1, 2)], "output")
    graph.output("output", TensorProto.FLOAT, ["b", "t", 1, "s"])
    return graph.serialized("piper")


def kokoro() -> bytes:
    graph = GraphBuilder()
    tokens = graph.input("tokens", TensorProto.INT64, [1, "n"])
    graph.input("style", TensorProto.FLOAT, [1, 256])
    speed = graph.input("speed", TensorProto.FLOAT, [1])
    small = graph.node("Unsqueeze", [graph.node("Cast", [tokens], to=TensorProto.UINT8), graph.integers(1)])
    same = graph.node("ConvInteger", [small, graph.constant("same", np.ones((1, 1, 1), np.uint8))])
    floats = graph.node("Mul", [graph.node("Cast", [same], to=TensorProto.FLOAT), graph.scalar(0.001)])
    graph.node("Reshape", [graph.node("Mul", [floats, speed]), graph.integers(-1)], "audio")
    graph.output("audio", TensorProto.FLOAT, ["s"])
    return graph.serialized("kokoro")


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    config = {"audio": {"sample_rate": 22_050}, "num_speakers": 1}
    config["phoneme_id_map"] = {letter: [number] for letter, number in IDS.items()}
    gold = {"hello": "həlˈO", "record": {"DEFAULT": "ɹˈɛkəɹd", "VERB": "ɹəkˈɔɹd", "NOUN": None}}
    made = {
        voices.PIPER_GRAPH: piper(),
        voices.PIPER_CONFIG: json.dumps(config).encode(),
        voices.KOKORO_GRAPH: kokoro(),
        voices.GOLD: json.dumps(gold).encode(),
        voices.SILVER: json.dumps({"hello": "worse", "world": "wˈɜɹld"}).encode(),
    }
    style = np.ones((510, 256), np.float32).tobytes()
    made |= {f"kokoro-{voice.name}.bin": style for voice in VOICES if voice.name}
    for name, data in made.items():
        (tmp_path / name).write_bytes(data)
    np.savez(tmp_path / voices.CHECKPOINT, **{name: np.zeros(shape, np.float32) for name, shape in SHAPES.items()})
    with closing(sqlite3.connect(tmp_path / voices.GRUUT)) as database:
        database.execute("CREATE TABLE word_phonemes (word TEXT, pron_order INTEGER, phonemes TEXT)")
        rows = [("bonjour", 0, "b ɔ̃ ʒ u ʁ"), ("plus", 1, "p l y s"), ("plus", 0, "p l y")]
        database.executemany("INSERT INTO word_phonemes VALUES (?, ?, ?)", rows)
        database.commit()
    return {name: tmp_path / name for name in (*made, voices.CHECKPOINT, voices.GRUUT)}


def test_what_is_built_speaks(files: dict[str, Path], tmp_path: Path) -> None:
    models = tmp_path / "models"
    told: list[str] = []
    built = {
        made.model: made
        for made in (voices.build_piper(files, models, told.append), voices.build_kokoro(files, models))
    }
    assert len(told) >= 3

    async def say(index: int, words: str) -> Samples:
        voice = VOICES[index]
        model = await opened_graphs(built[voice.model], models / "shards", 1)
        try:
            return await (await Speaker.open(voice, model)).speak(words)
        finally:
            await model.close()

    english, french = asyncio.run(say(0, "Hello world.")), asyncio.run(say(1, "Bonjour."))
    assert np.isclose(english.max(), 0.001 * max(IDS[letter] for letter in "həlˈoʊwɜːd." if letter in IDS))
    assert np.isclose(french.max(), 0.001 * SYMBOLS["ˈ"])
    graph = onnx.load(models / "shards" / built["kokoro-82m"].sessions["speaker"].graph, load_external_data=False).graph
    assert [list(tensor.dims) for tensor in graph.initializer if tensor.name == "same"] == [[1, 1, 1, 1]], "flattened"
    # What both pronounce English by is one shard.
    shared = {shard.sha256 for shard in built["piper-joe"].shards} & {
        shard.sha256 for shard in built["kokoro-82m"].shards
    }
    assert len(shared) == 2


def test_lexicons_have_parts_of_speech_and_the_first_pronunciation(files: dict[str, Path]) -> None:
    english = Lexicon(english_lexicon([files[voices.GOLD], files[voices.SILVER]]))
    assert [english.get(word) for word in ("hello", "world", "record")] == [
        "həlˈO",
        "wˈɜɹld",
        "ɹˈɛkəɹd;VERB:ɹəkˈɔɹd",
    ]
    french = Lexicon(french_lexicon(files[voices.GRUUT]))
    assert [french.get(word) for word in ("bonjour", "plus")] == ["bɔ̃ʒuʁ", "ply"]


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        (voices.PIPER_GRAPH, MalformedGraph),
        (voices.PIPER_CONFIG, MalformedFolder),
        (voices.GOLD, MalformedFolder),
        (voices.CHECKPOINT, MalformedFolder),
    ],
)
def test_a_damaged_file_of_pipers_is_refused(
    files: dict[str, Path], tmp_path: Path, name: str, fault: type[FoundryError]
) -> None:
    files[name].write_bytes(b"[1]")
    with pytest.raises(fault):
        voices.build_piper(files, tmp_path / "models")
    assert not (tmp_path / "models" / "piper-joe").exists()


def test_a_damaged_file_of_kokoros_is_refused(files: dict[str, Path], tmp_path: Path) -> None:
    files[voices.GRUUT].write_bytes(b"no database at all, but long enough to be taken for one" * 30)
    with pytest.raises(MalformedFolder, match="gruut's lexicon"):
        voices.build_kokoro(files, tmp_path / "models")
    files[voices.KOKORO_GRAPH].write_bytes(piper())
    with pytest.raises(FoundryError):
        voices.build_kokoro(files, tmp_path / "models")


def test_letters_are_the_networks_alone(files: dict[str, Path], tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", fc_b=np.zeros(74))
    with pytest.raises(MalformedFolder, match="checkpoint"):
        letters(tmp_path / "other.npz")
    assert len(letters(files[voices.CHECKPOINT])) > 4 * 74
