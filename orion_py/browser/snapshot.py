"""Prepares Python for a snapshot of its memory, and repairs it after a start from one.

``web/bridge/worker/snapshot/snapshot.js`` does the rest.

Whatever ``prepare`` imports and builds is there at once in every Python that starts from the snapshot. So it must not
hold a JavaScript object other than what ``js`` offers under a name, must not belong to one page or one moment, and
must not be secret: many pages start with the same memory.
"""

from __future__ import annotations

import gc
import importlib
import json
import random
import sys
import zlib
from collections.abc import Iterator
from contextlib import suppress
from types import FunctionType

import numpy as np
from pydantic import BaseModel, ValidationError

from orion_py.errors import ProtocolError
from orion_py.fetching.versions import parse_ahead
from orion_py.protocol import parse_request, read_message

_PARTS = (
    "orion_py.browser.lazy",
    "orion_py.browser.main",
    "orion_py.routing.neural",
    "orion_py.routing.head",
    "orion_py.generation.decoder",
)
_LEAST_OBJECTS = 1000


def prepare(manifests: str = "[]") -> None:
    """Imports what an engine imports until its first answer, builds the schemas of its messages, and parses the
    manifests that are kept on the device, a JSON list of their texts: a start that finds the same texts needn't."""
    for name in _PARTS:
        importlib.import_module(name)
    for model in _models(BaseModel):
        if model.__module__.startswith("orion_py") and not model.__pydantic_complete__:
            model.model_rebuild()
    for text in json.loads(manifests):
        if isinstance(text, str):
            parse_ahead(text)
    while "" in sys.path:
        sys.path.remove("")  # Pyodide puts it there at each start
    gc.collect()


def _models(base: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for model in base.__subclasses__():
        yield model
        yield from _models(model)


def wake() -> None:
    """Makes of a memory that many lives begin with one life's own."""
    random.seed()
    importlib.invalidate_caches()


class _Probe(BaseModel):
    name: str
    values: list[float]


def check() -> str:
    """A few milliseconds of what the engine computes with: floats, linear algebra, sorting, schemas, text. The same
    text each time, in each Python of one kind."""
    values = np.sin(np.arange(4096, dtype=np.float32))
    matrix = values.reshape(64, 64)
    numbers = [
        float(values @ values),
        float(np.linalg.norm(matrix @ matrix.T)),
        float(np.linalg.det(np.eye(8) + matrix[:8, :8])),
        float(np.partition(values, 40)[40]),
    ]
    order = zlib.crc32(np.argsort(values, kind="stable").astype(np.int32).tobytes())
    probe = _Probe.model_validate_json(_Probe(name="é", values=numbers).model_dump_json())
    texts = ",".join(sorted(f"{key:x}" for key in {hash(number) for number in probe.values}))
    return f"{zlib.crc32(repr((probe, order, texts)).encode()):08x}"


def examine() -> str:
    """``check``, and what a damaged memory doesn't survive: every object that Python keeps track of is visited, every
    module's code and every schema is used, libraries are opened that weren't open yet, memory grows. Of a Python
    that began with a snapshot it answers what it answers of the one that the snapshot was made of."""
    seen = 0
    for each in gc.get_objects():
        seen += len(gc.get_referents(each)) > 0
    if seen < _LEAST_OBJECTS:
        raise RuntimeError(f"Python keeps track of {seen} objects only")
    names = sorted(name for name in sys.modules if name.startswith("orion_py"))
    code = 0
    for name in names:
        for thing in vars(sys.modules[name]).values():
            if isinstance(thing, FunctionType):
                code = zlib.crc32(thing.__code__.co_code + repr(thing.__code__.co_names).encode(), code)
    schemas = 0
    for model in _models(BaseModel):
        if model.__module__.startswith("orion_py") and model.__pydantic_complete__:
            schemas = zlib.crc32(repr(sorted(model.model_fields)).encode(), schemas)
            with suppress(ValidationError):
                model.model_validate({"type": "nothing of the kind"})
    parsed = parse_request(read_message('{"v": 1, "id": "a", "type": "infer", "query": "é"}'))
    with suppress(ProtocolError):
        read_message("{")
    large = np.zeros(1 << 24, dtype=np.float32)  # 64 MiB: the memory grows
    large[:: 1 << 12] = 1.0
    spectrum = importlib.import_module("numpy.fft").rfft(np.sin(np.arange(256.0)))
    chance = importlib.import_module("numpy.random").default_rng(7).random(16)
    text = f"{len(names)},{parsed!r},{large.sum()},{np.abs(spectrum).sum():.9e},{chance.sum():.12f}"
    again = zlib.crc32(text.encode(), code ^ schemas)
    gc.collect()
    return f"{check()}-{again:08x}"
