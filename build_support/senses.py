"""Lists the graph models that can be built: what sees, hears and speaks, what each is made from, and who makes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from build_support.downloads import Source
from build_support.sources import SILERO, WHISPER
from build_support.vision_sources import EFFICIENTNET, NANODET, PPOCR
from build_support.voice_sources import KOKORO, PIPER


@dataclass(frozen=True)
class SenseBuild:
    """``group``: the name on the command line that builds it with others: "vision", "speech" or "voices".

    ``builder``: a module of the foundry and a function in it, as "module:function", which is called with the sources'
    files by name, the folder of models, and a function that takes what it is doing. It answers with the manifest, and
    raises FoundryError.
    """

    group: str
    builder: str
    sources: tuple[Source, ...]

    @property
    def module(self) -> str:
        return self.builder.partition(":")[0]


_VISION = "model_foundry.senses.vision"
SENSES: dict[str, SenseBuild] = {
    "ppocr-v6-small": SenseBuild("vision", f"{_VISION}:build_text_reader", PPOCR),
    "nanodet-416": SenseBuild("vision", f"{_VISION}:build_object_detector", NANODET),
    "efficientnet-lite0": SenseBuild("vision", f"{_VISION}:build_classifier", EFFICIENTNET),
    "whisper-base": SenseBuild("speech", "model_foundry.senses.speech:build_whisper", WHISPER),
    "silero-vad": SenseBuild("speech", "model_foundry.senses.speech:build_silero", (SILERO,)),
    "piper-joe": SenseBuild("voices", "model_foundry.senses.voices:build_piper", PIPER),
    "kokoro-82m": SenseBuild("voices", "model_foundry.senses.voices:build_kokoro", KOKORO),
}
"""By model id."""


def members(group: str) -> tuple[str, ...]:
    """The models that the name ``group`` builds; none where it isn't one."""
    return tuple(name for name, sense in SENSES.items() if sense.group == group)


def convert(name: str, files: Mapping[str, Path], models: Path, report: Callable[[str], None]) -> str:
    """Has the foundry make the model ``name``; returns the id of what it built. Raises FoundryError."""
    module, _, function = SENSES[name].builder.partition(":")
    manifest: Any = getattr(import_module(module), function)(files, models, report)
    return str(manifest.model)
