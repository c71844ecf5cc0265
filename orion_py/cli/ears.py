"""Opens the models of hearing for a command, in an engine of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from orion_py.cancellation import CancelToken
from orion_py.engine.engine import Engine
from orion_py.errors import ModelNotBuilt
from orion_py.senses.hearing.lent import LentEars
from orion_py.senses.hearing.transcriber import VAD, WHISPER

if TYPE_CHECKING:
    from orion_py.senses.hearing.transcriber import Ears


@asynccontextmanager
async def own_ears(root: Path, notes: TextIO) -> AsyncIterator[Ears]:
    """The ears for as long as the block runs. ``notes`` hears of the load. Raises ModelNotBuilt, and as
    ``LentEars.ears``."""
    import time

    from orion_py.cli.loading import Loading
    from orion_py.config import EngineConfig
    from orion_py.native.ports import native_ports
    from orion_py.telemetry.log import Logger

    require_built(root)
    log = Logger(clock=time.monotonic)
    async with await Engine.start(EngineConfig(), native_ports(root), log, subscribers=[Loading(notes)]) as engine:
        async with LentEars(engine.senses.lent).ears(CancelToken()) as ears:
            yield ears


def require_built(root: Path) -> None:
    """Raises ModelNotBuilt."""
    for name in (WHISPER, VAD):
        if not (root / "public" / "models" / name / "manifest.json").is_file():
            raise ModelNotBuilt(f"{name} isn't built here.")
