"""JavaScript's null, which isn't None in Pyodide, never gets past the bridge."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any

import pytest


@pytest.fixture
def pyodide(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What is used of Pyodide, played."""
    package, ffi = ModuleType("pyodide"), ModuleType("pyodide.ffi")
    ffi.jsnull = object()  # type: ignore[attr-defined]

    class JsException(Exception):
        code: Any = None
        message: Any = ""
        detail: Any = None

    ffi.JsException = JsException  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pyodide", package)
    monkeypatch.setitem(sys.modules, "pyodide.ffi", ffi)
    for name in ("orion_py.browser.values", "orion_py.browser.errors"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield ffi
    for name in ("orion_py.browser.values", "orion_py.browser.errors"):
        sys.modules.pop(name, None)


def test_null_becomes_none_wherever_it_stands(pyodide: Any) -> None:
    plain = importlib.import_module("orion_py.browser.values").plain
    null = pyodide.jsnull
    assert plain({"quota": null, "usage": 3, "rows": [null, {"a": null}]}) == {
        "quota": None,
        "usage": 3,
        "rows": [None, {"a": None}],
    }
    assert plain(null) is None


def test_an_errors_facts_have_none_for_null(pyodide: Any) -> None:
    translate = importlib.import_module("orion_py.browser.errors").translate

    class Detail:
        def to_py(self) -> dict[str, Any]:
            return {"status": pyodide.jsnull}

    error = pyodide.JsException("no")
    error.code, error.message, error.detail = "download_failed", "no", Detail()
    assert translate(error).detail == {"status": None}
