"""Converts JavaScript's values to Python's: ``null`` is an object of its own in Pyodide, which other code doesn't
handle.
"""

from __future__ import annotations

from typing import Any

from pyodide.ffi import jsnull


def plain(value: Any) -> Any:
    """``value`` as ``to_py`` gives it, with None wherever JavaScript has null."""
    if value is jsnull:
        return None
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value
