"""Imports a module of orion_py.browser in CPython, with what it uses of Pyodide played."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import pytest


@contextmanager
def played(monkeypatch: pytest.MonkeyPatch, module: str, to_js: Callable[[Any], Any]) -> Iterator[Any]:
    """``orion_py.browser.<module>`` while the block runs; ``to_js`` in place of Pyodide's."""
    before = set(sys.modules)
    js, package, ffi = ModuleType("js"), ModuleType("pyodide"), ModuleType("pyodide.ffi")
    js.AbortController = object  # type: ignore[attr-defined]
    ffi.JsException = type("JsException", (Exception,), {})  # type: ignore[attr-defined]
    ffi.jsnull, ffi.create_proxy, ffi.to_js = object(), lambda call: call, to_js  # type: ignore[attr-defined]
    for each in (js, package, ffi):
        monkeypatch.setitem(sys.modules, each.__name__, each)
    yield importlib.import_module(f"orion_py.browser.{module}")
    for name in set(sys.modules) - before:
        if name.startswith("orion_py.browser"):
            del sys.modules[name]
