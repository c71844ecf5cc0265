"""Hands a question's files to the host's attachments, and checks that those it names are there."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable
from pathlib import Path

from orion_py.errors import AttachmentBroken, AttachmentMissing
from orion_py.protocol import InferOptions
from orion_py.runtime.attachments import Attachments

Source = str | Path | bytes
"""A file's path, or its bytes."""


async def handed_in(
    attachments: Attachments,
    request: str,
    options: InferOptions,
    images: Iterable[Source],
    audio: Iterable[Source],
) -> InferOptions:
    """``options`` with the names of these files behind those it has. Raises AttachmentMissing for a path that can't be
    read, and AttachmentBroken for a file without a byte."""
    try:
        named = {"images": await _put(attachments, request, images), "audio": await _put(attachments, request, audio)}
        if not named["images"] and not named["audio"]:
            return options
        old = options.model_dump()
        return InferOptions.model_validate({**old, **{field: [*old[field], *ids] for field, ids in named.items()}})
    except BaseException:
        attachments.release(request)
        raise


async def _put(attachments: Attachments, request: str, sources: Iterable[Source]) -> list[str]:
    named = []
    for source in sources:
        data = source if isinstance(source, bytes) else await asyncio.to_thread(_read, Path(source))
        if not data:
            raise AttachmentBroken("The attached file is empty.")
        named.append(hashlib.sha256(data).hexdigest())
        attachments.put(request, named[-1], data)
    return named


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise AttachmentMissing(f"{path} can't be read: {error.strerror or error}.", attachment=str(path)) from error


def require(options: InferOptions, attachments: Attachments) -> None:
    """Raises AttachmentMissing, before anything is loaded, where one that is named wasn't handed in."""
    for name in (*options.images, *options.audio):
        if not attachments.has(name):
            raise AttachmentMissing(f"The attachment {name[:12]} didn't come with the question.", attachment=name)
