"""The fuzzer: damages real small files and keeps each that brings out anything but a FoundryError.

    python -m tests.fuzz --seconds 120 --seed 1 [--target gguf] [--memory-mb 512]

Each target runs in a process of its own whose address space may grow by ``--memory-mb``: a parser
that believes a size that lies ends in MemoryError, which is a finding, as are a crash of the process
and a file that takes longer than ``--case-seconds``. Found cases go to tests/fuzz/cases, where
test_cases.py runs them again for ever.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import os
import resource
import signal
import sys
import time
import traceback
from collections import Counter
from pathlib import Path
from random import Random

from tests.fuzz.targets import TARGETS, outcome

CASES = Path(__file__).parent / "cases"


def main() -> int:
    options = _options()
    found = 0
    for name in options.target or TARGETS:
        end, seed = time.monotonic() + options.seconds / len(options.target or TARGETS), options.seed
        while time.monotonic() < end:  # again after a crash, with other choices
            found += _in_a_process(name, seed, end, options)
            seed += 1000
    print(f"{found} found" if found else "nothing but FoundryErrors")
    return 1 if found else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--target", action="append", choices=tuple(TARGETS))
    parser.add_argument("--memory-mb", type=int, default=512)
    parser.add_argument("--case-seconds", type=float, default=10)
    return parser.parse_args()


def _in_a_process(name: str, seed: int, end: float, options: argparse.Namespace) -> int:
    """Forks, fuzzes, and gives the number of findings."""
    under_way = CASES.parent / f".{name}.{os.getpid()}.case"
    child = os.fork()
    if child == 0:
        code = 100
        try:
            code = _fuzz(name, seed, end, options, under_way)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    status = os.waitpid(child, 0)[1]
    found = 0
    if os.WIFSIGNALED(status):
        seed_name, _, data = under_way.read_bytes().partition(b"\0")
        _keep(name, seed_name.decode(), data, f"the process ended by signal {os.WTERMSIG(status)}")
        found = 1
    elif os.WEXITSTATUS(status) == 100:
        raise SystemExit(f"the fuzzer itself failed on {name}")
    else:
        found = os.WEXITSTATUS(status)
    under_way.unlink(missing_ok=True)
    return found


def _fuzz(name: str, seed: int, end: float, options: argparse.Namespace, under_way: Path) -> int:
    target, random = TARGETS[name], Random(seed)
    seeds = target.seeds()
    names = sorted(seeds)
    # What is read without a fault loads every library before memory is limited.
    for seed_name in names:
        if outcome(target, seed_name, seeds[seed_name]) != "read":
            raise RuntimeError(f"{name}: {seed_name} isn't read as it is")
    here = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    limit = here + options.memory_mb * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    signal.signal(signal.SIGPROF, _too_long)
    counts, kinds = Counter[str](), set[str]()
    while time.monotonic() < end and len(kinds) < 20:
        seed_name = random.choice(names)
        data = target.mutate(random, seeds[seed_name], seeds[random.choice(names)])
        under_way.write_bytes(seed_name.encode() + b"\0" + data)
        signal.setitimer(signal.ITIMER_PROF, options.case_seconds)  # processor time: a busy machine is no finding
        try:
            counts[outcome(target, seed_name, data)] += 1
        except BaseException as error:
            signal.setitimer(signal.ITIMER_PROF, 0)
            frame = traceback.extract_tb(error.__traceback__)[-1]
            kind = f"{type(error).__name__} in {Path(frame.filename).name}:{frame.lineno}"
            if kind not in kinds:
                kinds.add(kind)
                _keep(name, seed_name, data, f"{kind}: {str(error)[:200]}")
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
    print(f"{name}: {counts.total()} files, {dict(counts.most_common())}", flush=True)
    return len(kinds)


def _too_long(number: int, frame: object) -> None:
    raise TimeoutError("this file takes too long")


def _keep(name: str, seed_name: str, data: bytes, why: str) -> None:
    folder = CASES / name
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{seed_name}-{hashlib.sha256(data).hexdigest()[:12]}.gz"
    path.write_bytes(gzip.compress(data, mtime=0))
    print(f"{path}: {why!r}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
