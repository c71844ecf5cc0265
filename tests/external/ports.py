"""A folder on the disk as a server has it: the ports that look at it, and what they see."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from orion_py.errors import DownloadFailed
from orion_py.external.folder import ExternalFolder
from orion_py.external.survey import Survey
from orion_py.ports import FileFacts, Ports
from tests.tiny import World, says

ADDRESS = "https://example.org/tiny/"


def ports_over(folder: Path, *, hashes: bool = True, address: str = ADDRESS) -> Ports:
    """``folder`` at ``address``. ``hashes``: the server names each file's sha256."""

    def file(url: str) -> Path | None:
        path = folder / url.removeprefix(address)
        return path if url.startswith(address) and path.is_file() else None

    async def facts(url: str) -> FileFacts | None:
        path = file(url)
        if path is None:
            return None
        data = path.read_bytes()
        sha256 = hashlib.sha256(data).hexdigest()
        return FileFacts(len(data), sha256 if hashes else None, f'"{sha256[:8]}"')

    async def fetch_text(url: str) -> str:
        path = file(url)
        if path is None:
            raise DownloadFailed(f"404: {url}", status=404)
        return path.read_text("utf-8")

    async def exists(url: str) -> bool:
        return file(url) is not None

    return replace(World(says("hi")).ports, facts=facts, fetch_text=fetch_text, exists=exists)


async def described(folder: Path) -> ExternalFolder:
    """What a survey says of it, with every hash."""
    return await Survey(ports_over(folder), ADDRESS).describe()
