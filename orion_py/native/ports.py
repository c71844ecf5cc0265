"""The engine's ports in CPython: a checkout's models.json and its built models in public/models."""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path

from orion_py.errors import DownloadFailed
from orion_py.language.langid import LangidDetector
from orion_py.native.runtime import NativeRuntime
from orion_py.native.store import FolderShardStore
from orion_py.native.tokenizer import NativeTokenizer
from orion_py.ports import Ports
from orion_py.registry.built import only_built
from orion_py.storage.settings import MemorySettings


def native_ports(root: Path) -> Ports:
    """``root`` holds models.json and public/; nothing is downloaded, so a missing shard is an error."""
    shards = root / "public" / "models" / "shards"
    chance = random.SystemRandom()

    def built(manifest: str) -> bool:
        return (root / "public" / manifest).is_file()

    async def fetch_text(path: str) -> str:
        # As on a server, where public/ is the page's folder and models.json is copied into it.
        file = root / path if path == "models.json" else root / "public" / path
        try:
            text = await asyncio.to_thread(file.read_text, "utf-8")
        except OSError as error:
            raise DownloadFailed(f"{file} can't be read. Run python3 build.py models lite.", path=path) from error
        return only_built(text, built) if path == "models.json" else text

    return Ports(
        runtime=NativeRuntime(shards),
        store=FolderShardStore(shards),
        settings=MemorySettings(),
        tokenizer_factory=NativeTokenizer,
        fetch_text=fetch_text,
        clock=time.perf_counter,
        sleep=asyncio.sleep,
        uniform=chance.random,
        new_seed=lambda: chance.randrange(2**53),
        languages=LangidDetector(),
    )
