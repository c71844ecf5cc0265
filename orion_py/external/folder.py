"""Records what a folder in the usual ONNX layout holds, until its files have hashes.

The layout is that of models for transformers.js on the Hugging Face Hub::

    config.json  generation_config.json  tokenizer.json  tokenizer_config.json  chat_template.jinja  README.md
    onnx/model_quantized.onnx  onnx/model_q4.onnx  onnx/model.onnx  onnx/model.onnx_data  …

Our shards are addressed by their sha256, and here nobody has to tell it. Where the host names one
it is binding. Otherwise the first complete download settles it (trust on first use): the file is
hashed on arrival and pinned in this record; from then on it is a shard as any other. A record all
of whose files have a hash is a manifest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from orion_py.manifest.architecture import Architecture
from orion_py.manifest.fields import MAX_SHARD_BYTES, Identifier, RelativeFile, Sha256
from orion_py.manifest.manifest import ChatFormat, Manifest, Recipe, Source
from orion_py.manifest.shards import Shard
from orion_py.manifest.variants import SessionSpec, Variant
from orion_py.storage.settings import Settings

_KEY = "folder:{}"


class ExternalFile(BaseModel):
    """A file below the folder. ``sha256`` None: not known yet. ``tag`` changes with its content, where
    the host says one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: RelativeFile
    role: Literal["graph", "weights", "tokenizer"]
    size: Annotated[int, Field(gt=0, le=MAX_SHARD_BYTES)]
    sha256: Sha256 | None = None
    tag: Annotated[str, Field(max_length=300)] = ""


class ExternalFolder(BaseModel):
    """``folder`` ends in a slash. The first of ``files`` is the graph; external data lies beside it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: Identifier
    title: Annotated[str, Field(min_length=1, max_length=120)]
    folder: Annotated[str, Field(min_length=2, max_length=500, pattern=r"/$")]
    licence: Annotated[str, Field(min_length=1, max_length=80)]
    architecture: Architecture
    chat: ChatFormat
    eos_tokens: Annotated[tuple[int, ...], Field(min_length=1, max_length=16)]
    stop_strings: tuple[str, ...] = ()
    files: Annotated[tuple[ExternalFile, ...], Field(min_length=2, max_length=40)]

    @model_validator(mode="after")
    def _a_graph_a_tokenizer_and_what_lies_beside(self) -> Self:
        roles = [file.role for file in self.files]
        if roles[0] != "graph" or roles.count("graph") != 1 or roles.count("tokenizer") != 1:
            raise ValueError("one graph, which comes first, and one tokenizer")
        if len({file.path for file in self.files}) != len(self.files):
            raise ValueError("a file is listed twice")
        beside = _parent(self.files[0].path)
        if any(_parent(file.path) != beside for file in self.files if file.role == "weights"):
            raise ValueError("external data lies beside its graph")
        return self

    @property
    def graph(self) -> ExternalFile:
        return self.files[0]

    @property
    def size(self) -> int:
        """Bytes to download."""
        return sum(file.size for file in self.files)

    @property
    def complete(self) -> bool:
        """Every file's hash is known."""
        return all(file.sha256 for file in self.files)

    def name_of(self, file: ExternalFile) -> str:
        """What an unfinished download of ``file`` is kept as: another as soon as the file is another."""
        said = "\n".join((self.folder, file.path, str(file.size), file.tag))
        return hashlib.sha256(said.encode()).hexdigest()

    def unpinned(self) -> tuple[Shard, ...]:
        """Every file as a shard; those without a hash are called by ``name_of``."""
        return tuple(_shard(file, file.sha256 or self.name_of(file)) for file in self.files)

    def pinned(self, hashes: Mapping[str, str]) -> ExternalFolder:
        """With the hashes that these names (of ``name_of``) turned out to have."""
        files = [f if f.sha256 else f.model_copy(update={"sha256": hashes.get(self.name_of(f))}) for f in self.files]
        return self.model_copy(update={"files": tuple(files)})

    def manifest(self) -> Manifest:
        """Raises ValueError as long as it isn't ``complete``."""
        shards = {file.sha256: _shard(file, file.sha256) for file in self.files if file.sha256}
        if not self.complete:
            raise ValueError("a file has no hash yet")
        graph, tokenizer = str(self.graph.sha256), next(str(f.sha256) for f in self.files if f.role == "tokenizer")
        session = SessionSpec(graph=graph, kv="grow", io="optimum")
        return Manifest(
            format=1,
            model=self.model,
            version=graph[:12],
            licence=self.licence,
            source=Source(name=self.title, file=self.graph.path, sha256=graph, revision="", url=self.folder),
            recipe=Recipe(name="as found", tool="none"),
            seed=0,
            architecture=self.architecture,
            eos_tokens=self.eos_tokens,
            tokenizer=tokenizer,
            shards=tuple(shards.values()),
            variants=(
                # tolerance_kl bounds golden vectors, of which this layout has none.
                Variant(id="onnx", backend="wasm", exact=False, prefill=session, decode=session, tolerance_kl=1),
            ),
            golden=(),
            chat=self.chat,
            stop_strings=self.stop_strings,
        )


def _parent(path: str) -> str:
    return path.rpartition("/")[0]


def _shard(file: ExternalFile, sha256: str) -> Shard:
    priority = {"tokenizer": 0, "graph": 1, "weights": 2}[file.role]
    return Shard(sha256=sha256, size=file.size, role=file.role, priority=priority, path=file.path)


class ExternalFolders:
    """The records in the settings, by model id."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def kept(self, model_id: str) -> ExternalFolder | None:
        """None where there is none, and where it can't be read any more."""
        text = await self._settings.get(_KEY.format(model_id))
        try:
            found = None if text is None else ExternalFolder.model_validate_json(text)
        except ValidationError:
            return None
        return found if found is not None and found.model == model_id else None

    def record_of(self, folder: ExternalFolder) -> dict[str, str | None]:
        """The setting that keeps ``folder``."""
        return {_KEY.format(folder.model): folder.model_dump_json()}

    async def keep(self, folder: ExternalFolder) -> None:
        for key, text in self.record_of(folder).items():
            await self._settings.set(key, text or "")

    async def forget(self, model_id: str) -> None:
        """With what its files turned out to be: added again, they are looked at anew."""
        folder = await self.kept(model_id)
        pins = [f"pin:{folder.name_of(file)}" for file in folder.files] if folder is not None else []
        keys = [_KEY.format(model_id), *pins]
        await self._settings.change(keys, lambda record: dict.fromkeys(keys))

    async def needed(self, model_id: str) -> set[str]:
        """What the record's files are called in the store, whole or in part."""
        folder = await self.kept(model_id)
        return set() if folder is None else {shard.sha256 for shard in folder.unpinned()}
