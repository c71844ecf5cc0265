"""Opens the models that see, from a checkout's public/models, and looks with them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import numpy as np

from orion_py.cancellation import CancelToken
from orion_py.errors import DownloadFailed
from orion_py.manifest.graph_manifest import parse_graph_manifest
from orion_py.native.codes import read_codes
from orion_py.native.graph_model import opened_graphs
from orion_py.runtime.graphs import GraphModel
from orion_py.senses.images.resampling import Picture, shrunk
from orion_py.senses.scenes.eyes import MODELS, Eyes
from orion_py.senses.scenes.sight import Scenes, Shown, Watch, all_seen, unseen

LONG_SIDE = 2000
"""Pixels of an attached picture."""


def can_see(root: Path) -> bool:
    """Whether the models that see are built in ``root``."""
    return all((root / "public" / "models" / name / "manifest.json").is_file() for name in MODELS)


async def seen(data: bytes) -> Picture:
    """An attached file's picture, as ``runtime.attachments`` has it. Raises AttachmentBroken."""
    from orion_py.native.images import decode_image

    picture = await asyncio.to_thread(decode_image, data, "The attached picture")
    height, width = picture.shape[:2]
    ratio = LONG_SIDE / max(height, width)
    if ratio >= 1:
        return picture
    sides = max(1, round(height * ratio)), max(1, round(width * ratio))
    pixels: Picture = np.rint(await asyncio.to_thread(shrunk, picture, *sides)).astype(np.uint8)
    return pixels


def at_hand(picture: Picture) -> Shown:
    """A picture that is decoded already."""

    async def shown() -> Picture:
        return picture

    return shown


class NativeSight:
    """A ``Sight`` over the models that were built in ``root``, opened when a picture is first looked at, on all
    processors."""

    def __init__(self, root: Path) -> None:
        self._models = root / "public" / "models"
        self._turn = asyncio.Lock()
        self._eyes: Eyes | None = None
        self._open = AsyncExitStack()

    async def look(
        self, pictures: Sequence[Shown], cancel: CancelToken, watch: Watch = unseen, shrink: int = 1
    ) -> Scenes:
        """Raises DownloadFailed where the models aren't built; otherwise as ``Sight.look``."""
        async with self._turn:
            return await all_seen(self._eyes or await self._opened(), pictures, cancel, watch, shrink)

    async def close(self) -> None:
        self._eyes = None
        await self._open.aclose()

    async def _opened(self) -> Eyes:
        self._eyes = await Eyes.of([await self._model(name) for name in MODELS], read_codes)
        return self._eyes

    async def _model(self, name: str) -> GraphModel:
        try:
            text = await asyncio.to_thread((self._models / name / "manifest.json").read_bytes)
        except OSError as error:
            why = f"The model {name} isn't built. Run python3 build.py models vision."
            raise DownloadFailed(why, model=name) from error
        model = await opened_graphs(parse_graph_manifest(text), self._models / "shards", os.cpu_count() or 1)
        self._open.push_async_callback(model.close)
        return model
