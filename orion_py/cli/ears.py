"""Opens the models of hearing for a command, as the engine lends them."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TextIO

from orion_py.cancellation import CancelToken
from orion_py.engine.engine import Engine
from orion_py.errors import ModelNotBuilt
from orion_py.senses.hearing.transcriber import VAD, WHISPER, Ears


@asynccontextmanager
async def ears_of(engine: Engine) -> AsyncIterator[Ears]:
    """The engine's, for as long as the block runs. Raises as ``Engine.senses.lent``, and InvalidModel."""
    cancel = CancelToken()
    async with engine.senses.lent(WHISPER, cancel) as whisper, engine.senses.lent(VAD, cancel) as vad:
        # The same recording gives the same text each time.
        yield await Ears.open(whisper, vad, random.Random(0).random)


@asynccontextmanager
async def own_ears(root: Path, notes: TextIO) -> AsyncIterator[Ears]:
    """Those of an engine of their own. ``notes`` hears of the load. Raises ModelNotBuilt, too."""
    import time

    from orion_py.cli.loading import Loading
    from orion_py.config import EngineConfig
    from orion_py.native.ports import native_ports
    from orion_py.telemetry.log import Logger

    require_built(root)
    log = Logger(clock=time.monotonic)
    async with await Engine.start(EngineConfig(), native_ports(root), log, subscribers=[Loading(notes)]) as engine:
        async with ears_of(engine) as ears:
            yield ears


def require_built(root: Path) -> None:
    """Raises ModelNotBuilt."""
    for name in (WHISPER, VAD):
        if not (root / "public" / "models" / name / "manifest.json").is_file():
            raise ModelNotBuilt(f"{name} isn't built here.")
