"""Keeps prompts in memory, for CPython and tests."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Collection, Sequence
from dataclasses import replace

from orion_py.runtime.prefixes import Prefix


class MemoryPrefixes:
    """Keeps them for as long as the process lives: for CPython and tests. What was used longest ago goes first."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[Prefix, str, bytes]] = OrderedDict()

    async def all(self) -> Sequence[Prefix]:
        return [prefix for prefix, _, _ in self._kept.values()]

    async def drop(self, keys: Collection[str]) -> None:
        for key in keys:
            self._kept.pop(key, None)

    def keep(self, prefix: Prefix, data: bytes, budget: int) -> int:
        """Bytes that are kept of it: none of what is larger than ``budget``, in bytes, which all keep to."""
        if len(data) > budget:
            return 0
        for key, (other, _, _) in list(self._kept.items()):
            if other.model == prefix.model and other.edition != prefix.edition:
                del self._kept[key]
        self._kept.pop(prefix.key, None)
        while self._kept and budget < len(data) + sum(len(kept) for _, _, kept in self._kept.values()):
            self._kept.popitem(last=False)
        self._kept[prefix.key] = (replace(prefix, bytes=len(data)), hashlib.sha256(data).hexdigest(), data)
        return len(data)

    def read(self, key: str, length: int) -> bytes | None:
        """What is kept by ``key`` where it is whole and has ``length``; anything else is dropped."""
        if key not in self._kept:
            return None
        _, sha256, data = self._kept[key]
        if len(data) != length or hashlib.sha256(data).hexdigest() != sha256:
            del self._kept[key]
            return None
        self._kept.move_to_end(key)
        return data
