"""Builds the models of hearing, Whisper base and Silero VAD, from their published files."""

from __future__ import annotations

import hashlib
import json
import wave
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from model_foundry.errors import MalformedFolder
from model_foundry.formats.bounded_json import JsonLimits, read_json
from model_foundry.senses.ctranslate2_file import read_ctranslate2
from model_foundry.senses.silero import read_silero, vad_graph
from model_foundry.senses.whisper import WhisperShape, decoder_graph, encoder_graph, handed_on, kept
from model_foundry.sharding.graph_folder import GoldenRun, GraphModelDraft, SessionDraft, write_graph_model
from orion_py.errors import OrionError
from orion_py.manifest.graph_manifest import GraphManifest
from orion_py.manifest.manifest import Source
from orion_py.senses.hearing.mel import log_mel
from orion_py.senses.hearing.resampling import Resampler, Samples, mixed
from orion_py.senses.hearing.tokens import WhisperTokens
from orion_py.senses.hearing.transcriber import VAD, WHISPER
from orion_py.senses.hearing.voice import CONTEXT, FRAME, STATE

VERSION = "1"
CLIP = Path(__file__).parent / "clip.wav"
"""The reference clip: "It was the best of times, it was the worst of times", from a LibriVox reading of A Tale of Two
Cities, which is in the public domain. 16 bits, 16 kHz, mono."""

WEIGHTS, TOKENIZER, CONFIG = "whisper-base.bin", "whisper-base.tokenizer.json", "whisper-base.config.json"
SILERO = "silero-vad-5.onnx"
"""The sources, by the names that ``build_support/sources.py`` gives them."""
_LIMITS = JsonLimits(size=32_000_000, depth=12, parts=2_000_000)
_GOLDEN_FRAMES, _GOLDEN_VOICE_FRAMES = 320, 90
_ENCODER_TOLERANCE, _LOGITS_TOLERANCE, _VOICE_TOLERANCE = 4.0, 4.0, 0.01
"""Int8 activations are rounded at their own extremes, which differ a little from one device to another: a
ten-thousandth more of the sound changes single numbers of what the encoder heard by 1.6, and their root mean square by
0.06 of 1.2. In Chromium they are 1.1 and 0.06 off, and the logits 0.8 and 0.2 of 1.7."""
_ENCODER_RMS, _LOGITS_RMS = 0.25, 0.6

Report = Callable[[str], None]


def build_whisper(files: Mapping[str, Path], models: Path, report: Report = lambda title: None) -> GraphManifest:
    """Of model.bin as CTranslate2 has it, with tokenizer.json and config.json beside it. Raises FoundryError."""
    report("reading Whisper's weights")
    file = read_ctranslate2(files[WEIGHTS])
    shape = WhisperShape(file)
    vocabulary = files[TOKENIZER].read_bytes()
    generation = generation_file(files[TOKENIZER], files[CONFIG])
    try:
        tokens = WhisperTokens(vocabulary, generation)
    except OrionError as error:
        raise MalformedFolder(f"{TOKENIZER} and {CONFIG}: {error}") from error
    begin = [tokens.start, tokens.languages["en"], tokens.transcribe]
    mel = log_mel(clip_of(CLIP), _GOLDEN_FRAMES)
    ends = ("cross_key.0", f"cross_value.{shape.decoder_layers - 1}")
    most, typical = dict.fromkeys(ends, _ENCODER_TOLERANCE), dict.fromkeys(ends, _ENCODER_RMS)
    sure = {"logits": _LOGITS_RMS}
    golden = [
        GoldenRun("clip", "encoder", {"mel": mel}, most, typical),
        GoldenRun("begin", "decoder", {"tokens": np.array([begin])}, {"logits": _LOGITS_TOLERANCE}, sure),
        GoldenRun("step", "decoder", {"tokens": np.array([[tokens.times]])}, {"logits": _LOGITS_TOLERANCE}, sure),
    ]
    report("quantizing Whisper to 8 bits")
    sessions = {
        "encoder": SessionDraft(encoder_graph(file), hands_on=handed_on(shape, "decoder"), threads=4),
        "decoder": SessionDraft(decoder_graph(file), keeps=kept(shape), threads=2),
    }
    draft = GraphModelDraft(
        model=WHISPER,
        version=VERSION,
        licence="MIT",
        sources=tuple(
            source("Systran/faster-whisper-base", name, files[name], "main") for name in (WEIGHTS, TOKENIZER, CONFIG)
        ),
        recipe="ctranslate2-whisper-to-int8",
        sessions=sessions,
        golden=golden,
        files={"tokenizer.json": vocabulary, "generation.json": generation},
    )
    return write_graph_model(draft, models)


def generation_file(tokenizer: Path, config: Path) -> bytes:
    """generation.json, which ``WhisperTokens`` reads. Raises MalformedFolder."""
    read, rules = (read_json(path, _LIMITS, MalformedFolder) for path in (tokenizer, config))
    try:
        names = {int(row["id"]): str(row["content"]) for row in read["added_tokens"]}
        languages = {names[at].strip("<|>"): at for at in rules["lang_ids"]}
        made: dict[str, Any] = {
            "languages": languages,
            "suppress": sorted(rules["suppress_ids"]),
            "suppress_first": sorted(rules["suppress_ids_begin"]),
        }
    except (KeyError, TypeError, ValueError) as error:
        raise MalformedFolder(f"{config.name} isn't Whisper's: {error}") from error
    return json.dumps(made).encode()


def build_silero(files: Mapping[str, Path], models: Path, report: Report = lambda title: None) -> GraphManifest:
    """Of Silero VAD v5 as its makers publish it, in ONNX. Raises FoundryError."""
    report("building Silero's graph")
    samples = clip_of(CLIP)[: CONTEXT + _GOLDEN_VOICE_FRAMES * FRAME]
    frames = np.lib.stride_tricks.sliding_window_view(samples, CONTEXT + FRAME)[::FRAME]
    run = {"frames": np.ascontiguousarray(frames), "state": np.zeros(STATE, np.float32)}
    tolerance = {"speech": _VOICE_TOLERANCE, "new_state": 5 * _VOICE_TOLERANCE}
    draft = GraphModelDraft(
        model=VAD,
        version=VERSION,
        licence="MIT",
        sources=(source("Silero VAD", SILERO, files[SILERO], "v5.1.2"),),
        recipe="silero-vad-frames-as-batch",
        sessions={"vad": SessionDraft(vad_graph(read_silero(files[SILERO])))},
        golden=[GoldenRun("clip", "vad", run, tolerance)],
    )
    return write_graph_model(draft, models)


def source(name: str, file: str, path: Path, revision: str) -> Source:
    """Where a model's file is from, as its manifest says it."""
    with path.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    return Source(name=name, file=file, sha256=sha256, revision=revision)


def clip_of(path: Path) -> Samples:
    """A wav file of 16 bits as mono sound at 16 kHz. Raises MalformedFolder."""
    try:
        with wave.open(str(path)) as file:
            if file.getsampwidth() != 2:
                raise wave.Error("it hasn't 16 bits")
            channels, rate = file.getnchannels(), file.getframerate()
            data = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, channels)
    except (wave.Error, EOFError, ValueError) as error:
        raise MalformedFolder(f"{path.name} isn't the reference clip: {error}") from error
    resampler = Resampler(rate)
    return np.concatenate([resampler.push(mixed(data.astype(np.float32) / np.float32(32768))), resampler.finish()])
