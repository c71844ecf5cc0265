"""Describes models that a person adds by an address, beside those of models.json."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field

from orion_py.errors import InvalidInput
from orion_py.registry.models import ModelEntry

HUB = "https://huggingface.co/"
_ID = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9][A-Za-z0-9._-]{0,95}$")
_URL = re.compile(r"^https?://[^\s/?#@]+(?:/[^\s?#]*)?$")
_PATH = re.compile(r"^(?:\./)?(?:[A-Za-z0-9_-][A-Za-z0-9._-]*/)+$")


class AddedEntry(ModelEntry):
    """``manifest`` may be a whole URL. ``shards``: whether their folder lies beside the model's folder,
    as on our sites, or inside it. ``layout`` "onnx": a folder as ``orion_py.external.folder`` says,
    whose config.json stands for a manifest; ``file`` is its graph."""

    manifest: Annotated[str, Field(max_length=600)]
    shards: Literal["beside", "inside"] = "beside"
    source: Annotated[str, Field(max_length=300)] = ""
    layout: Literal["orion", "onnx"] = "orion"
    file: Annotated[str, Field(max_length=410)] = ""


def folder_of(address: str) -> str:
    """The folder that ``address`` means, with a slash at its end: a URL, a path relative to the page, or
    a Hugging Face id ("owner/name").

    Raises InvalidInput for what is none of these: a query, a fragment, credentials, a path that climbs.
    """
    text = address.strip()
    text = text.removesuffix("manifest.json")
    if _ID.match(text) and not text.startswith("models/"):
        return f"{HUB}{text}/resolve/main/"
    text = text if text.endswith("/") else text + "/"
    parts = text.split("//", 1)[-1].split("/")
    if ".." in parts or not (_URL.match(text) or _PATH.match(text)):
        raise InvalidInput("Write a folder's address, such as https://example.org/models/mine/, or owner/name.")
    return text.removeprefix("./")
