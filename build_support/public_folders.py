"""Fetches the folders of public models that are built from safetensors, for networks that reach the hub that has them.

What such a model is made from isn't in any package that the build fetches from, so its files aren't pinned by hash in
this repository: they come over TLS at the named revision, and the hashes of the first fetch are kept beside them.
Whatever else lies there later isn't used. Nothing in these files is run.
"""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from build_support import paths
from build_support.downloads import CHUNK, CONNECT_SECONDS, sha256_of
from build_support.errors import SourceUnavailable
from build_support.locks import alone
from model_foundry.failures import local, of_error

HUB = "https://huggingface.co"
_RECORD = "fetched.json"


@dataclass(frozen=True)
class PublicFolder:
    """``repository``: on the hub, as OWNER/NAME; ``revision``: a branch or a commit of it."""

    repository: str
    revision: str
    licence: str
    files: tuple[str, ...]

    def url(self, file: str) -> str:
        return f"{HUB}/{self.repository}/resolve/{self.revision}/{file}"


_SMALL = (
    "config.json",
    "generation_config.json",
    "preprocessor_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "chat_template.json",
)
_SMOLVLM = (*_SMALL, "model.safetensors")
_QWEN_PARTS = tuple(f"model-{part:05}-of-00002.safetensors" for part in (1, 2))
_QWEN2_VL = (*_SMALL, "model.safetensors.index.json", *_QWEN_PARTS)
FOLDERS: dict[str, PublicFolder] = {
    "smolvlm-256m": PublicFolder("HuggingFaceTB/SmolVLM-256M-Instruct", "main", "Apache-2.0", _SMOLVLM),
    "smolvlm-500m": PublicFolder("HuggingFaceTB/SmolVLM-500M-Instruct", "main", "Apache-2.0", _SMOLVLM),
    "qwen2-vl-2b": PublicFolder("Qwen/Qwen2-VL-2B-Instruct", "main", "Apache-2.0", _QWEN2_VL),
}
"""By the name on the command line, which is the model's id, too."""


def place_of(name: str) -> Path:
    """Where the files of the model ``name`` lie, or are to be put by hand."""
    return paths.cache() / "folders" / name


def fetched(name: str, report: Callable[[str], None]) -> Path:
    """The folder of the model ``name``, fetched where it isn't whole. Raises SourceUnavailable."""
    source, folder = FOLDERS[name], place_of(name)
    try:
        with alone(paths.cache() / "locks" / f"folder-{name}", f"fetching {name}"):
            folder.mkdir(parents=True, exist_ok=True)
            for file in source.files:
                if not (folder / file).is_file():
                    report(f"fetching {file}")
                    _fetch(source, file, folder / file)
            _keep_or_compare(name, source, folder)
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise _unavailable(name, source, error) from error
    return folder


def _fetch(source: PublicFolder, file: str, target: Path) -> None:
    """Goes on with what an earlier run left. Raises OSError, ValueError or HTTPException."""
    partial = target.with_name(f"{file}.partial")
    done = partial.stat().st_size if partial.exists() else 0
    request = urllib.request.Request(source.url(file), headers={"User-Agent": "orion-build"})
    if done:
        request.add_header("Range", f"bytes={done}-")
    with urllib.request.urlopen(request, timeout=CONNECT_SECONDS) as response:
        resumed = response.status == 206
        left = int(response.headers.get("Content-Length") or 0)
        with partial.open("ab" if resumed else "wb") as stream:
            got = 0
            while chunk := response.read(CHUNK):
                stream.write(chunk)
                got += len(chunk)
    if left and got < left:
        raise ValueError(f"the connection ended after {got} of {left} bytes")
    partial.replace(target)


def _keep_or_compare(name: str, source: PublicFolder, folder: Path) -> None:
    """Notes the hashes of what was fetched, or raises SourceUnavailable where they have changed since."""
    found = {file: sha256_of(folder / file) for file in source.files}
    record = folder / _RECORD
    if not record.is_file():
        record.write_text(json.dumps(found, indent=1), "utf-8")
        return
    kept = json.loads(record.read_text("utf-8"))
    for file, sha256 in found.items():
        if kept.get(file) != sha256:
            raise SourceUnavailable(
                f"{file} of {name} isn't what was fetched at first.", f"Delete {folder} and run the command again."
            )


def _unavailable(name: str, source: PublicFolder, error: Exception) -> SourceUnavailable:
    by_hand = f"Or put its files ({', '.join(source.files)}) into {place_of(name)}."
    if isinstance(error, urllib.error.HTTPError):
        why = f"{HUB} answers {error.code} for {source.repository}"
        return SourceUnavailable(f"{name} couldn't be downloaded: {why}.", by_hand)
    reason = of_error(error)
    remedy = reason.remedy(folder=paths.cache()) if local(error) else "Use a network that reaches that address."
    where = f"{HUB}/{source.repository}"
    return SourceUnavailable(
        f"{name} couldn't be downloaded from {where}: {reason.line}.", f"{remedy} {by_hand}", reason
    )
