"""Builds the engine's ports in CPython: a checkout's models.json and its built models in public/models."""

from __future__ import annotations

import asyncio
import random
import sys
import time
from pathlib import Path

from orion_py.errors import DownloadFailed
from orion_py.language.detector import LangidDetector
from orion_py.native.built_models import with_built_models
from orion_py.native.chat_template import NativeChatTemplate
from orion_py.native.codes import read_codes
from orion_py.native.eyes import seen
from orion_py.native.remote import file_facts, is_url, read_text
from orion_py.native.runtime import NativeRuntime
from orion_py.native.sandbox import SandboxRunner
from orion_py.native.sounds import sound_in
from orion_py.native.store import FolderShardStore
from orion_py.native.tokenizer import NativeTokenizer
from orion_py.ports import FileFacts, Ports
from orion_py.registry.built import only_built
from orion_py.runtime.attachments import HeldAttachments
from orion_py.runtime.memory_prefixes import MemoryPrefixes
from orion_py.senses.hearing.lent import LentEars
from orion_py.senses.scenes.sight import LentSight
from orion_py.storage.memory_settings import MemorySettings
from orion_py.storage.settings import Settings


def native_ports(root: Path, settings: Settings | None = None) -> Ports:
    """``root`` holds models.json and public/; nothing is downloaded but what is added by its address, so a
    missing shard of another model is an error. ``settings``: by default forgotten with the process."""
    public = root / "public"
    shards = public / "models" / "shards"
    chance = random.SystemRandom()
    prefixes = MemoryPrefixes()

    def built(manifest: str) -> bool:
        return (public / manifest).is_file()

    async def facts(path: str) -> FileFacts | None:
        return await asyncio.to_thread(file_facts, path, public)

    async def exists(path: str) -> bool:
        return await facts(path) is not None

    async def fetch_text(path: str) -> str:
        # As on a server, where public/ is the page's folder and models.json is copied into it.
        folder = root if path == "models.json" else public
        try:
            text = await asyncio.to_thread(read_text, path, folder)
        except DownloadFailed as error:
            if is_url(path):
                raise
            why = f"{folder / path} can't be read. Run python3 build.py models lite."
            raise DownloadFailed(why, path=path, **error.detail) from error
        if path != "models.json":
            return text
        return only_built(await asyncio.to_thread(with_built_models, text, shards.parent), built)

    return Ports(
        runtime=NativeRuntime(shards, prefixes),
        prefixes=prefixes,
        store=FolderShardStore(shards, public),
        settings=settings or MemorySettings(),
        tokenizer_factory=NativeTokenizer,
        template_factory=NativeChatTemplate,
        fetch_text=fetch_text,
        clock=time.perf_counter,
        sleep=asyncio.sleep,
        uniform=chance.random,
        new_seed=lambda: chance.randrange(2**53),
        languages=LangidDetector(),
        exists=exists,
        facts=facts,
        attachments=HeldAttachments(see=seen, hear=sound_in),
        sight=lambda lend: LentSight(lend, read_codes),
        hearing=LentEars,
        code_runner=SandboxRunner() if sys.platform.startswith("linux") else None,
    )
