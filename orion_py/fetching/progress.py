"""Measures a load: bytes of each shard, speed, and time left."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence

from orion_py.manifest.shards import Shard
from orion_py.protocol import PhaseName, ProgressEvent, ShardProgress

WINDOW_SECONDS = 3.0
"""Speed is measured over this long, so that it follows the connection and doesn't jitter."""
ESTIMATE_SECONDS = 2.0
"""The time left is reported once the speed was measured over this long: the first packets of a connection
say little about it, and an estimate that is off by minutes is worse than none."""
MIN_INTERVAL_SECONDS = 0.1
"""Byte counts alone are reported at most this often; changes of state always."""


class LoadProgress:
    """Collects what the loader reports and emits ``ProgressEvent`` objects.

    While anything is downloaded, ``loaded_bytes`` counts bytes that are on the device, those of unfinished
    shards included (``begun``: their sha256 to bytes); when all came from storage it counts bytes brought into
    memory. It falls only where what was here turns out to be damaged or gone. Speed and time left are measured on
    bytes that arrive now.
    """

    def __init__(
        self,
        model: str,
        version: str,
        shards: Sequence[Shard],
        stored: frozenset[str],
        clock: Callable[[], float],
        emit: Callable[[ProgressEvent], None],
        request_id: str = "engine",
        begun: Mapping[str, int] | None = None,
    ) -> None:
        begun = begun or {}
        self._model, self._version = model, version
        self._clock, self._emit, self._request_id = clock, emit, request_id
        self._phase: PhaseName = "initializing"
        self._shards = {
            s.sha256: ShardProgress(
                sha256=s.sha256,
                role=s.role,
                size=s.size,
                loaded=s.size if s.sha256 in stored else min(begun.get(s.sha256, 0), s.size),
                state="stored" if s.sha256 in stored else "waiting",
            )
            for s in shards
        }
        self._starting: set[str] = set()
        self.from_storage = all(s.sha256 in stored for s in shards)
        self._total = sum(s.size for s in shards)
        self._arrived = 0
        """Bytes downloaded so far."""
        self._samples: deque[tuple[float, int]] = deque()
        self._last_emit = float("-inf")

    @property
    def phase(self) -> PhaseName:
        return self._phase

    def enter(self, phase: PhaseName) -> None:
        self._phase = phase
        self._send()

    def starts(self, sha256: str) -> None:
        """An attempt to download this shard begins: the next count is of bytes that were here before."""
        self._starting.add(sha256)

    def bytes_here(self, sha256: str, count: int) -> None:
        """``count`` bytes of this shard are here so far."""
        shard = self._shards[sha256]
        before, shard.loaded = shard.loaded, max(0, min(count, shard.size))
        if sha256 in self._starting:
            self._starting.remove(sha256)
        else:
            self._arrived += max(0, shard.loaded - before)
        changed, shard.state = shard.state != "downloading", "downloading"
        self._sample()
        if changed or self._clock() - self._last_emit >= MIN_INTERVAL_SECONDS:
            self._send()

    def stored(self, sha256: str) -> None:
        """The shard is whole and verified on the device."""
        shard = self._shards[sha256]
        shard.loaded, shard.state = shard.size, "stored"
        self._sample()
        self._send()

    def lost(self, sha256: str) -> None:
        """The shard turned out damaged or gone: it counts as not here."""
        shard = self._shards[sha256]
        shard.loaded, shard.state = 0, "waiting"
        self.from_storage = False
        self._send()

    def loading(self, sha256: str) -> None:
        self._shards[sha256].state = "loading"
        self._send()

    def loaded(self, sha256: str) -> None:
        """The shard is in memory."""
        self._shards[sha256].state = "loaded"
        self._send()

    def _bytes(self) -> int:
        if self.from_storage:
            return sum(s.size for s in self._shards.values() if s.state == "loaded")
        return sum(s.loaded for s in self._shards.values())

    def _sample(self) -> None:
        now = self._clock()
        self._samples.append((now, self._arrived))
        while self._samples[0][0] < now - WINDOW_SECONDS:
            self._samples.popleft()

    def _speed(self) -> float | None:
        if len(self._samples) < 2 or self._phase != "downloading":
            return None
        (start, first), (end, last) = self._samples[0], self._samples[-1]
        return (last - first) / (end - start) if end - start >= 0.2 and last > first else None

    def _measured_long_enough(self) -> bool:
        return bool(self._samples) and self._samples[-1][0] - self._samples[0][0] >= ESTIMATE_SECONDS

    def _send(self) -> None:
        self._last_emit = self._clock()
        loaded, speed = self._bytes(), self._speed()
        self._emit(
            ProgressEvent(
                id=self._request_id,
                model=self._model,
                version=self._version,
                phase=self._phase,
                loaded_bytes=loaded,
                total_bytes=self._total,
                bytes_per_second=speed,
                seconds_left=(self._total - loaded) / speed if speed and self._measured_long_enough() else None,
                from_storage=self.from_storage,
                shards=[s.model_copy() for s in self._shards.values()],
            )
        )


FETCHED, FED, BUILT = 0.6, 0.25, 0.15
"""What bringing the bytes, reading them into memory and building the sessions count of a load."""


def fraction_of(event: ProgressEvent) -> float:
    """How much of the load that ``event`` reports is done, 0 to 1. Nothing is fetched of a model that
    lies on the device: there, reading it counts for both."""
    if event.phase == "ready":
        return 1.0
    if event.phase == "warming_up":
        return FETCHED + FED
    total = sum(shard.size for shard in event.shards)
    if not total:
        return 0.0
    fetched = sum(shard.loaded for shard in event.shards) / total
    fed = sum(shard.size for shard in event.shards if shard.state == "loaded") / total
    return (FETCHED + FED) * fed if event.from_storage else FETCHED * fetched + FED * fed
