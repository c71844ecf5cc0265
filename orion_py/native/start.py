"""Starts an engine in CPython that keeps its settings on disk."""

from __future__ import annotations

from pathlib import Path

from orion_py.config import EngineConfig
from orion_py.engine.engine import Engine
from orion_py.native.ports import native_ports
from orion_py.native.settings import FileSettings

SETTINGS = Path(".orion") / "settings.json"
"""Below the folder with models.json: kept versions and checks concern the models there."""


async def native_engine(
    root: str | Path, config: EngineConfig | None = None, *, settings: str | Path | None = None
) -> Engine:
    """An engine on the models that were built in ``root``, a folder with models.json and public/models. Custom
    agents, the router's corrections, added models and what was found out about the machine stay in the file
    ``settings``, by default ``root/.orion/settings.json``; where it can't be written they hold for this engine only.

    Raises as ``Engine.start``.
    """
    folder = Path(root)
    kept = FileSettings(Path(settings) if settings is not None else folder / SETTINGS)
    return await Engine.start(config or EngineConfig(), native_ports(folder, kept))
