"""How far a load is, as it is told."""

from __future__ import annotations

from orion_py.fetching.progress import ESTIMATE_SECONDS, LoadProgress
from orion_py.manifest.shards import Shard
from orion_py.protocol import ProgressEvent
from tests.tiny import manifest

SHARDS: list[Shard] = list(manifest().shards)


class Now:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_a_time_left_is_told_only_once_the_speed_was_measured_for_a_while() -> None:
    told: list[ProgressEvent] = []
    now = Now()
    progress = LoadProgress("tiny", "1", SHARDS, frozenset(), now, told.append)
    progress.enter("downloading")
    first = SHARDS[-1]
    for tenth in range(1, 60):
        now.seconds = tenth / 10
        progress.bytes_here(first.sha256, min(first.size, tenth))
    early = [event for event in told if event.bytes_per_second]
    assert early, "the speed itself is told at once"
    estimates = [event.seconds_left for event in told]
    begun = next(index for index, left in enumerate(estimates) if left is not None)
    assert all(left is None for left in estimates[:begun])
    assert told[begun].loaded_bytes >= ESTIMATE_SECONDS * 10, "a byte came each tenth of a second"
    assert estimates[-1] is not None


def test_no_time_is_left_to_tell_while_nothing_arrives() -> None:
    told: list[ProgressEvent] = []
    now = Now()
    progress = LoadProgress("tiny", "1", SHARDS, frozenset(), now, told.append)
    progress.enter("downloading")
    for _ in range(40):
        now.seconds += 0.1
        progress.bytes_here(SHARDS[-1].sha256, 0)
    assert all(event.seconds_left is None for event in told)
