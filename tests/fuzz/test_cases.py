"""What the fuzzer found stays fixed, and a short run finds nothing new."""

from __future__ import annotations

import gzip
import time
from pathlib import Path
from random import Random

import pytest

from tests.fuzz.__main__ import CASES
from tests.fuzz.targets import TARGETS, outcome

FOUND = sorted(CASES.rglob("*.gz"))


@pytest.mark.parametrize("path", FOUND, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_case_that_was_found_is_refused_at_once(path: Path) -> None:
    name, target = path.stem.rpartition("-")[0], TARGETS[path.parent.name]
    started = time.process_time()
    assert outcome(target, name, gzip.decompress(path.read_bytes())) != "read"
    assert time.process_time() - started < 5


@pytest.mark.parametrize("name", TARGETS)
def test_damaged_files_are_read_or_refused_but_never_worse(name: str) -> None:
    target, random = TARGETS[name], Random(7)
    seeds = target.seeds()
    outcomes = set()
    for _ in range(25):
        seed_name = random.choice(sorted(seeds))
        outcomes.add(
            outcome(target, seed_name, target.mutate(random, seeds[seed_name], seeds[random.choice([*seeds])]))
        )
    assert len(outcomes) > 1


def test_every_seed_is_read_as_it_is() -> None:
    for target in TARGETS.values():
        for name, data in target.seeds().items():
            assert outcome(target, name, data) == "read"
