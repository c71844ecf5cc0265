"""Runs language models in a browser tab and in CPython: one engine, from a question to a streamed answer.

>>> import asyncio
>>> from orion_py import EngineConfig, native_engine
>>> async def ask(question: str) -> None:
...     async with await native_engine(".", EngineConfig()) as engine:  # a checkout's folder
...         print((await engine.infer(question)).content)
>>> asyncio.run(ask("What is 17 * 23?"))
17 × 23 = 391

``native_engine`` runs the models that were built in a checkout, and keeps its settings there. ``Engine.start`` takes
other ports (``orion_py.ports``): a browser's or a test's. The names are imported when they are first used, so that
importing this package imports nothing else.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"
__all__ = ["Engine", "EngineConfig", "InferOptions", "native_engine"]

_WHERE = {
    "Engine": "orion_py.engine.engine",
    "EngineConfig": "orion_py.config",
    "InferOptions": "orion_py.protocol",
    "native_engine": "orion_py.native.start",
}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'orion_py' has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(_WHERE[name]), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_WHERE})
