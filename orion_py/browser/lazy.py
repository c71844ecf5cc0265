"""Defers loading a module until one of its names is first used.

``importlib.util.LazyLoader`` loads as soon as an import statement looks whether the module is still
initializing (https://github.com/python/cpython: ``import_ensure_initialized``), which is at once.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from types import ModuleType
from typing import Any


class _Deferred(ModuleType):
    """Replaces a module in ``sys.modules``, and later for the modules that imported it by then."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name != "__path__":  # import statements look at these
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        module = importlib.import_module(self.__name__)
        value = getattr(module, name)
        self.__dict__.setdefault(name, value)  # found at once from now on
        return value


def defer(name: str) -> None:
    """From now on ``import name`` costs nothing; the module is loaded at the first look into it.

    A module that is loaded already stays as it is. Raises ModuleNotFoundError.
    """
    if name in sys.modules:
        return
    spec = importlib.util.find_spec(name)
    if spec is None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    module = _Deferred(name)
    module.__spec__ = spec
    sys.modules[name] = module
