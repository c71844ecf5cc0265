"""Remembers what the next visit can load while its Python boots: the spec of a model that was built in this one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable


class NextVisit:
    """``keep`` is awaited with a model's spec and the bytes that it takes. The first model of a visit is kept, until
    ``begin_with`` names another: a larger one that answers came behind the first, and comes first at the next visit."""

    def __init__(self, keep: Callable[[str, int], Awaitable[None]]) -> None:
        self._keep = keep
        self._built: dict[str, tuple[str, int]] = {}
        self._chosen: str | None = None

    async def built(self, model: str, spec: str, memory_bytes: int) -> None:
        """``model`` came into memory, in place of what was built of it before."""
        self._built[model] = (spec, memory_bytes)
        self._chosen = self._chosen or model
        if self._chosen == model:
            await self._keep(spec, memory_bytes)

    async def begin_with(self, model: str) -> None:
        """What this visit hasn't built stays as it was kept."""
        if model == self._chosen or model not in self._built:
            return
        self._chosen = model
        await self._keep(*self._built[model])
