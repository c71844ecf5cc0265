"""Surveys a folder in the usual ONNX layout: reads the small metadata files, queries the size of large ones.

No byte of weights moves. Names, sizes and hashes come from the Hub's listing where the address has
its form (``<owner>/<name>/resolve/<revision>/``; a mirror may have one too), else from one HEAD a file.
"""

from __future__ import annotations

import hashlib
import re
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from orion_py.errors import DownloadFailed, InvalidModelFolder, TooLarge, UnsupportedModel
from orion_py.external.folder import ExternalFile, ExternalFolder
from orion_py.external.texts import (
    MAX_TEXT,
    UNSTATED,
    end_tokens,
    licence_in,
    names_its_end,
    parse_json,
    read_chat,
    read_config,
    read_generation,
    read_tokens,
    stop_strings,
)
from orion_py.faults import first_fault_text
from orion_py.generation.chat_template import examine
from orion_py.manifest.fields import MAX_SHARD_BYTES
from orion_py.ports import FileFacts, Ports

GRAPHS = ("model_quantized.onnx", "model_int8.onnx", "model_uint8.onnx", "model_q4.onnx", "model.onnx")
"""What WASM runs, best first: int8 is what it multiplies fastest; 4 bits it unpacks at each step; float32
is exact and four times as large."""
UNFIT = ("model_fp16.onnx", "model_q4f16.onnx", "model_bnb4.onnx")
"""WASM has no 16-bit arithmetic: its kernels widen each tensor at each step, where there are any."""
FOLDERS = ("onnx/", "")
MAX_DATA_FILES = 16
MAX_TOKENIZER = 64 * 2**20
MAX_LISTED = 5000
_RESOLVE = re.compile(r"^(?P<root>.*?)(?P<repo>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/$")


class _Lfs(BaseModel):
    model_config = ConfigDict(extra="ignore")
    oid: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    size: Annotated[int, Field(ge=0)]


class _Row(BaseModel):
    """A file of the Hub's listing (https://huggingface.co/docs/hub/api); ``lfs`` has its sha256."""

    model_config = ConfigDict(extra="ignore")
    type: str
    path: Annotated[str, Field(max_length=1000)]
    size: Annotated[int, Field(ge=0)] = 0
    oid: Annotated[str, Field(max_length=100)] = ""
    lfs: _Lfs | None = None

    @property
    def facts(self) -> FileFacts:
        if self.lfs is None:
            return FileFacts(self.size, None, self.oid)
        return FileFacts(self.lfs.size, self.lfs.oid, self.lfs.oid)


_ROWS = TypeAdapter(list[_Row])


class Survey:
    """One look at one folder, which ends in a slash."""

    def __init__(self, ports: Ports, folder: str) -> None:
        self._ports, self._folder = ports, folder
        self._listing: dict[str, FileFacts] | None = None

    async def describe(self) -> ExternalFolder:
        """Describes the folder; its model's id is made of the address.

        Raises UnsupportedModel, InvalidModelFolder, TooLarge, DownloadFailed or ForeignOrigin.
        """
        self._listing = await self._list()
        config, architecture = read_config(await self._text("config.json"))
        template = await self._optional("chat_template.jinja")
        tokenizer_config, chat = read_chat(await self._text("tokenizer_config.json"), template)
        if self._ports.template_factory is not None:
            examine(self._ports.template_factory(chat.chat_template, chat.bos_token, chat.eos_token))
        generation = read_generation(await self._optional("generation_config.json"))
        readme = await self._optional("README.md")
        files = (*await self._weights(), await self._tokenizer())
        tokens = None
        if not names_its_end(tokenizer_config):
            # Some name the end token and leave its id to the tokenizer, which has it.
            text = await self._optional("tokenizer.json", MAX_TOKENIZER)
            tokens = None if text is None else read_tokens(text, MAX_TOKENIZER)
        title, model = names(self._folder)
        return ExternalFolder(
            model=model,
            title=title,
            folder=self._folder,
            licence=UNSTATED if readme is None else licence_in(readme),
            architecture=architecture,
            chat=chat,
            eos_tokens=end_tokens(config, generation, tokenizer_config, tokens),
            stop_strings=stop_strings(generation),
            files=files,
        )

    async def _list(self) -> dict[str, FileFacts] | None:
        """What the Hub's listing says, by path; None where the address isn't of its form, or it has none."""
        parts = _RESOLVE.match(self._folder)
        if parts is None:
            return None
        address = f"{parts['root']}api/models/{parts['repo']}/tree/{parts['revision']}?recursive=true"
        try:
            text = await self._ports.fetch_text(address)
        except DownloadFailed:
            return None
        try:
            rows = _ROWS.validate_python(parse_json(text, "the listing")[:MAX_LISTED])
        except (ValidationError, TypeError, KeyError) as error:
            raise InvalidModelFolder(f"The host's listing can't be read: {str(error)[:120]}") from None
        return {
            row.path: FileFacts(row.lfs.size, row.lfs.oid, row.lfs.oid)
            if row.lfs
            else FileFacts(row.size, None, row.oid)
            for row in rows
            if row.type == "file"
        }

    async def _facts(self, path: str) -> FileFacts | None:
        if self._listing is not None:
            return self._listing.get(path)
        return await self._ports.facts(self._folder + path)

    async def _text(self, path: str) -> str:
        text = await self._optional(path)
        if text is None:
            raise UnsupportedModel(f"The folder has no {path}.", path=path)
        return text

    async def _optional(self, path: str, most: int = MAX_TEXT) -> str | None:
        """A text of at most ``most`` bytes, None where there is none. The size is checked before it is fetched."""
        facts = await self._facts(path)
        if facts is None:
            return None
        if facts.size is not None and facts.size > most:
            raise InvalidModelFolder(f"{path} has {facts.size:,} bytes; {most:,} are the most", path=path)
        text = await self._ports.fetch_text(self._folder + path)
        if len(text) > most:
            raise InvalidModelFolder(f"{path} has more than {most:,} bytes", path=path)
        return text

    async def _weights(self) -> tuple[ExternalFile, ...]:
        """The graph that WASM runs best, and its external data."""
        for place in FOLDERS:
            for name in GRAPHS:
                facts = await self._facts(place + name)
                if facts is not None:
                    return (_file(place + name, "graph", facts), *await self._external(place + name))
        unfit = [place + name for place in FOLDERS for name in UNFIT if await self._facts(place + name)]
        if unfit:
            raise UnsupportedModel(
                f"The folder has {', '.join(unfit)} alone, which WASM can't run well: no 16-bit arithmetic. "
                f"It takes {', '.join(GRAPHS)}."
            )
        raise UnsupportedModel(f"The folder has none of {', '.join(GRAPHS)}, in onnx/ or beside config.json.")

    async def _external(self, graph: str) -> list[ExternalFile]:
        """Of the names in use the ones that are there: .onnx_data, .onnx_data_1, … and .onnx.data."""
        found = []
        numbered = (f"{graph}_data" if number == 0 else f"{graph}_data_{number}" for number in range(MAX_DATA_FILES))
        for path in numbered:
            facts = await self._facts(path)
            if facts is None:
                break
            found.append(_file(path, "weights", facts))
        if not found and (facts := await self._facts(f"{graph}.data")) is not None:
            found.append(_file(f"{graph}.data", "weights", facts))
        return found

    async def _tokenizer(self) -> ExternalFile:
        facts = await self._facts("tokenizer.json")
        if facts is None:
            raise UnsupportedModel("The folder has no tokenizer.json.", path="tokenizer.json")
        if (facts.size or 0) > MAX_TOKENIZER:
            raise InvalidModelFolder(
                f"tokenizer.json has {facts.size:,} bytes; {MAX_TOKENIZER:,} are the most", path="tokenizer.json"
            )
        return _file("tokenizer.json", "tokenizer", facts)


def _file(path: str, role: str, facts: FileFacts) -> ExternalFile:
    if facts.size is None:
        raise InvalidModelFolder(f"The server doesn't say how large {path} is.", path=path)
    if facts.size > MAX_SHARD_BYTES:
        size = f"{facts.size / 1e9:.1f} GB"
        raise TooLarge(f"{path} has {size}; a browser can't hold more than 2.1 GB in one piece.", path=path)
    try:
        return ExternalFile.model_validate(
            {"path": path, "role": role, "size": facts.size, "sha256": facts.sha256, "tag": facts.tag[:300]}
        )
    except ValidationError as error:
        raise InvalidModelFolder(f"{path}: {first_fault_text(error)}", path=path) from None


def names(folder: str) -> tuple[str, str]:
    """(title, model id) of an address: owner/name where it has the Hub's form, else the folder's name."""
    parts = _RESOLVE.match(folder)
    title = parts["repo"] if parts else folder.rstrip("/").rsplit("/", 1)[-1]
    slug = re.sub(r"[^a-z0-9._-]+", "-", title.lower()).strip("._-")[:70]
    return title[:120], slug or "model-" + hashlib.sha256(folder.encode()).hexdigest()[:8]
