"""Refuses a download that the device has no room for, before a byte moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from orion_py.errors import QuotaExceeded
from orion_py.manifest.shards import Shard
from orion_py.storage.base import ShardStore


async def require_quota(store: ShardStore, missing: Sequence[Shard], begun: Mapping[str, int]) -> None:
    """Raises QuotaExceeded where ``missing``, of which ``begun`` bytes are here by sha256, can't be stored."""
    estimate = await store.estimate()
    # What is used already holds the unfinished shards.
    needed = sum(s.size - min(begun.get(s.sha256, 0), s.size) for s in missing)
    if estimate.quota is None or estimate.usage is None or not needed:
        return
    free = estimate.quota - estimate.usage
    if needed > free:
        raise QuotaExceeded(
            f"The model needs {needed / 1e6:.0f} MB more; {free / 1e6:.0f} MB can be stored here.",
            needed=needed,
            free=free,
        )
