"""Lists the goals for the figures of ``generate``, as far as contenders were measured. A goal of None is reported
without a verdict.
"""

from __future__ import annotations

from bench.contenders import (
    BANDWIDTH,
    DECODE_FAR,
    FULL,
    KERNEL,
    LARGE,
    LIMIT,
    LITE,
    MEMORY,
    NATIVE,
    ORT,
    PLAIN,
    PREFILL_LONG,
    READ,
    ROWS,
    START,
    TRANSFORMERS,
)
from bench.figures import Contender, Target, fastest, limit, ratio
from bench.report import number

Wanted = dict[tuple[str, int], dict[str, float | None]]
"""By model and threads: the metrics that are compared, and at least how many times as fast."""

OVER_ORT: Wanted = {
    (LITE, 2): {"decode": 3.5, "prefill": 1.8, PREFILL_LONG: None, DECODE_FAR: 3.2},
    (LITE, 1): {"decode": 2.9, "prefill": None},
    (FULL, 2): {"decode": None, "prefill": None, PREFILL_LONG: 1.8, DECODE_FAR: None},
}
PLAIN_OVER_ORT: Wanted = {(LITE, 2): {"decode": 2.8, "prefill": None, DECODE_FAR: None}}
OVER_WLLAMA: Wanted = {
    (LITE, 2): {"decode": 6.0, "prefill": 13.0},
    (LITE, 1): {"decode": 6.0, "prefill": None},
    (FULL, 2): {"decode": 6.5, "prefill": None},
}
OVER_TRANSFORMERS: Wanted = {(LITE, 2): {"decode": 1.3, "prefill": 1.5}}
BOTH: dict[str, float | None] = {"decode": None, "prefill": None}
"""Compared where nothing is wanted."""

OVER_NATIVE = {LITE: 1.5, FULL: 0.9, LARGE: 0.9}
"""Decode, with two threads and with one."""
MEMORY_MB = {LITE: 160.0, FULL: 600.0, LARGE: 1400.0}
ROWS_AT_MOST = 5.0
START_AT_MOST = 0.2
"""Of onnxruntime's time."""
LIMIT_AT_MOST = {LITE: None, FULL: 1.3, LARGE: 1.3}
"""Times the shortest time in which the memory gives a token's bytes."""
PYTHON_AT_MOST = 10.0
"""Percent of a step in which no call of the model is under way."""
ENGINE_OVER_KERNEL = 0.9
"""Decode of the whole engine over the kernel's own behind the same messages: what sampling, streaming and whatever
competes for the processor take of a step."""

WLLAMA_NOTE = (
    "wllama's released builds are compiled without llama.cpp's own kernels for WebAssembly: one with them would be a "
    "faster peer than the one that the ratios name"
)


def threads_of(count: int) -> str:
    return f"{count} thread{'s' if count > 1 else ''}"


def targets_for(contenders: list[Contender], threads: int, model: str = LITE) -> list[Target]:
    """The figures of one number of threads beside their goals."""
    where, key = threads_of(threads), (model, threads)
    found = {contender.name: contender for contender in contenders}

    def named(name: str) -> Contender | None:
        return found.get(f"{name}, {where}")

    ours, plain, read, onnx = named(KERNEL), named(PLAIN), named(READ), named(ORT)
    targets: list[Target] = []
    if ours and onnx:
        targets += _over(f"{where}: kernel over onnxruntime", ours, onnx, OVER_ORT.get(key, BOTH))
    if plain and onnx:
        wanted = PLAIN_OVER_ORT.get(key, BOTH)
        targets += _over(f"{where}: kernel without relaxed SIMD over onnxruntime", plain, onnx, wanted)
    if ours:
        targets += _alone(where, ours, read, onnx, model)
        targets += _over_peers(where, ours, contenders, OVER_WLLAMA.get(key, BOTH))
        transformers, native = named(TRANSFORMERS), named(NATIVE)
        if transformers:
            title = f"{where}: kernel over {TRANSFORMERS}"
            targets += _over(title, ours, transformers, OVER_TRANSFORMERS.get(key, BOTH))
        if native:
            title = f"{where}: kernel in the browser over {NATIVE}"
            targets += _over(title, ours, native, {"decode": OVER_NATIVE[model], "prefill": None})
    for contender in contenders:
        if "Python's share" in contender.series:
            wanted_here = PYTHON_AT_MOST if "kernel" in contender.name else None
            targets.append(limit(f"Python's share: {contender.name}", contender.series["Python's share"], wanted_here))
        if ours and "whole engine, kernel" in contender.name and "decode" in contender.series:
            title = f"{contender.name} over the kernel alone, decode"
            targets.append(ratio(title, contender.series["decode"], ours.series["decode"], ENGINE_OVER_KERNEL))
    return targets


def _over(title: str, ours: Contender, theirs: Contender, wanted: dict[str, float | None]) -> list[Target]:
    return [
        ratio(f"{title}, {metric}", ours.series[metric], theirs.series[metric], least)
        for metric, least in wanted.items()
        if metric in ours.series and metric in theirs.series
    ]


def _over_peers(
    where: str, ours: Contender, contenders: list[Contender], wanted: dict[str, float | None]
) -> list[Target]:
    """Against the faster of wllama's quantizations, for each metric."""
    wllama = [contender for contender in contenders if contender.name.startswith("wllama")]
    targets = []
    for metric, least in wanted.items() if wllama else ():
        best = fastest(wllama, metric)
        title = f"{where}: kernel over {best.name.removesuffix(f', {where}')}, {metric}"
        targets.append(ratio(title, ours.series[metric], best.series[metric], least))
    return targets


def _alone(where: str, ours: Contender, read: Contender | None, onnx: Contender | None, model: str) -> list[Target]:
    """What needs no other contender, or one of ours."""
    targets = []
    if read and LIMIT in read.series:
        most, decode = read.series[LIMIT], ours.series["decode"]
        title = f"{where}: decode's time over that of a plain read of its bytes"
        noisy = most.noisy or decode.noisy
        targets.append(Target(title, most.median / decode.median, LIMIT_AT_MOST[model], False, "x", noisy))
    if ROWS in ours.series:
        targets.append(limit(f"{where}: 8 rows verified at once", ours.series[ROWS], ROWS_AT_MOST))
    if MEMORY in ours.series:
        targets.append(limit(f"{where}: WASM memory", ours.series[MEMORY], MEMORY_MB[model]))
    if onnx and START in ours.series and START in onnx.series:
        mine, theirs = ours.series[START], onnx.series[START]
        title = f"{where}: {START}, of onnxruntime's"
        noisy = mine.noisy or theirs.noisy
        targets.append(Target(title, mine.median / theirs.median, START_AT_MOST, False, "x", noisy))
    return targets


def notes_for(contenders: list[Contender]) -> list[str]:
    """What has to stand beside the figures."""
    notes = []
    for contender in contenders:
        if BANDWIDTH in contender.series:
            speed, most = (contender.series[metric].median for metric in (BANDWIDTH, LIMIT))
            notes.append(
                f"{contender.name}: a token reads {contender.facts['bytes'] / 1e6:.1f} MB of weights (the cache not "
                f"counted), at {number(speed)} GB/s: at most {number(most)} tokens/s"
            )
    if any(contender.name.startswith("wllama") for contender in contenders):
        notes.append(WLLAMA_NOTE)
    return notes
