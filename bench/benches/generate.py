"""Tokens per second: 128 in, 64 out, greedy, on the same weights, with two threads and with one.

Each contender in turn gets a page of its own in one Chromium, loads, generates once to warm up, and is
measured; the rounds interleave the contenders, so that a machine that changes its speed changes it for
all. wllama's figures are those that llama.cpp takes inside itself; ORION's and transformers.js' hold
the way to the token. A run that another program disturbed is done again, a limited number of times.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Error

from bench import prompt
from bench.chromium import Job, fresh_profile, opened
from bench.context import Context
from bench.cpu import watching
from bench.figures import Contender, Outcome, Target, fastest, limit, ratio
from orion_py.loading.manifest import parse_manifest
from orion_py.runtime.kernel_variant import kernel_variant

LITE = "smollm2-135m-instruct"
VARIANT = "wasm-int8"
KERNEL = "ORION, our kernel"
STEPS = 64
CONTEXT = 2048
RUNS = 2
"""Measured a round, beside the warm-up."""
RETRIES = 2
"""More runs a round, in the place of disturbed ones."""
METRICS = {"prefill_tps": ("prefill", "tokens/s"), "decode_tps": ("decode", "tokens/s")}
PYTHON = {"python_percent": ("Python's share", "% of a step")}

GGUFS = {
    LITE: (("Q4_1", "q4_1.gguf"), ("Q8_0", "q8_0.gguf")),
    "qwen2.5-coder-0.5b-instruct": (("Q4_K_M", "source.gguf"),),
}
"""What wllama runs of each model: a title, and the file below weights/."""

GREEDY = {"temperature": 0.0, "repetition_penalty": 1.0, "seed": 1}
SAMPLED = {"seed": 1}

TRANSFORMERS_RUNTIME = ".asyncify"
"""The build of onnxruntime-web that transformers.js chooses by itself."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A contender: its page module, what it is given, and how many tokens its prompt must have."""

    name: str
    module: str
    options: dict[str, Any]
    runs: list[dict[str, Any]] = field(default_factory=lambda: [{}])
    """Given to run number i: the list is gone through again and again."""
    metrics: dict[str, tuple[str, str]] = field(default_factory=lambda: dict(METRICS))
    exact_prompt: bool = True


def run(context: Context) -> Outcome:
    asked = prompt.of_site(context.site / "orion", context.model)
    kernel = kernel_of(context.site / "orion" / "models" / context.model / "manifest.json")
    contenders: list[Contender] = []
    targets: list[Target] = []
    notes: list[str] = []
    for threads in (2, 1):
        entries = list(entries_for(asked, threads, peers=context.peers, model=context.model, kernel=kernel))
        measured = {entry.module + entry.name: Contender(f"{entry.name}, {_threads(threads)}") for entry in entries}
        for number in range(context.rounds):
            # Every other round backwards: nobody always comes after the same neighbour.
            for entry in entries if number % 2 == 0 else reversed(entries):
                contender = measured[entry.module + entry.name]
                context.settle(f"round {number + 1} of {context.rounds}: {contender.name}")
                try:
                    _session(context, entry, contender)
                except Error as error:
                    notes.append(f"{contender.name} failed: {error.message.splitlines()[0]}")
        done = [contender for contender in measured.values() if contender.series]
        contenders += done
        targets += targets_for(done, threads, context.model)
    return Outcome("generate", contenders, targets, notes)


def kernel_of(manifest: Path) -> dict[str, Any] | None:
    """The variant that the engine derives for our kernel, as a worker is told of it."""
    variant = kernel_variant(parse_manifest(manifest.read_bytes()))
    return None if variant is None else variant.model_dump(mode="json")


def entries_for(
    asked: prompt.Prompt, threads: int, *, peers: bool, model: str = LITE, kernel: dict[str, Any] | None = None
) -> Iterator[Entry]:
    """Who takes part. transformers.js isn't given another model than Lite: it is exported for that one."""
    common = {"threads": threads, "context": CONTEXT, "steps": STEPS}
    own = {**common, "model": model}
    yield Entry("ORION, inference worker", "orion-inference", {**own, "variant": VARIANT, "tokens": asked.tokens})
    if kernel is not None:
        yield Entry(KERNEL, "orion-inference", {**own, "variant": kernel, "tokens": asked.tokens})
    engine = {"prefill_tps": METRICS["prefill_tps"], "decode_tps": METRICS["decode_tps"], **PYTHON}
    # Another question each time, with the same number of words: a repeated one would find its prompt in the cache.
    questions = [f"{word} {asked.query}" for word in ("Now", "Then", "So", "Well", "Please", "Today", "Here", "Again")]
    for title, options in (("greedy", GREEDY), ("the agent's sampling", SAMPLED)):
        runs = [{"query": question, "options": options} for question in questions]
        yield Entry(f"ORION, whole engine, {title}", "orion-engine", own, runs, engine, exact_prompt=False)
    if peers:
        text = {**common, "text": asked.text}
        for title, file in GGUFS[model]:
            yield Entry(f"wllama, {title}", "wllama", {**text, "gguf": file})
        if model != LITE:
            return
        yield Entry("transformers.js, q8", "transformers", {**text, "runtime": TRANSFORMERS_RUNTIME})


def targets_for(contenders: list[Contender], threads: int, model: str = LITE) -> list[Target]:
    """What issue-free figures have to reach, as far as its contenders were measured."""
    targets: list[Target] = []
    raw = _named(contenders, "ORION, inference worker")
    where = f"WASM, {_threads(threads)}"
    wllama = [contender for contender in contenders if contender.name.startswith("wllama")]
    transformers = _named(contenders, "transformers.js")
    kernel = _named(contenders, KERNEL)
    if kernel and raw:
        for metric, wanted in (("decode", 3.5 if threads > 1 else 2.9), ("prefill", 1.8)):
            title = f"our kernel, {_threads(threads)}: {metric} over onnxruntime"
            targets.append(ratio(title, kernel.series[metric], raw.series[metric], wanted if model == LITE else None))
    if kernel and wllama:
        best = fastest(wllama, "decode")
        title = f"our kernel, {_threads(threads)}: decode over {best.name.split(', ' + _threads(threads))[0]}"
        wanted_of = 6.0 if model == LITE else 6.5
        targets.append(ratio(title, kernel.series["decode"], best.series["decode"], wanted_of))
    if raw and wllama:
        decode = 1.5 if threads == 1 or model != LITE else 1.7
        for metric, wanted in (("decode", decode), ("prefill", 6.0 if model == LITE else 5.0)):
            best = fastest(wllama, metric)
            title = f"{where}: {metric} over {best.name.split(', ' + _threads(threads))[0]}"
            targets.append(ratio(title, raw.series[metric], best.series[metric], wanted))
    if raw and transformers:
        for metric, two in (("decode", 1.3), ("prefill", 1.5)):
            wanted_here = two if threads > 1 else None
            title = f"{where}: {metric} over transformers.js, q8"
            targets.append(ratio(title, raw.series[metric], transformers.series[metric], wanted_here))
    for contender in contenders:
        if "Python's share" in contender.series:
            targets.append(limit(f"Python's share: {contender.name}", contender.series["Python's share"], 10.0))
    return targets


def _session(context: Context, entry: Entry, contender: Contender) -> None:
    """One load, one warm-up, and the measured runs."""
    with contender_page(context) as job:
        contender.facts = job.prepare(entry.module, entry.options)
        job.run(entry.runs[0])
        wanted, tries = RUNS, RUNS + RETRIES
        for number in range(1, tries + 1):
            with watching() as watch:
                figures = job.run(entry.runs[number % len(entry.runs)])
            check(entry, figures)
            for key, (metric, unit) in entry.metrics.items():
                contender.add(metric, unit, figures[key], watch.foreign)
            wanted -= watch.quiet or watch.foreign is None
            if wanted == 0:
                return


def check(entry: Entry, figures: dict[str, Any]) -> None:
    """Raises playwright's Error if a run wasn't the work that everybody does."""
    if entry.exact_prompt and figures["prompt"] != prompt.TOKENS:
        raise Error(f"the prompt had {figures['prompt']} tokens instead of {prompt.TOKENS}")
    if figures.get("completion", STEPS) < STEPS:
        raise Error(f"the answer ended after {figures['completion']} tokens")


@contextmanager
def contender_page(context: Context) -> Iterator[Job]:
    """A page of its own in a Chromium of its own, for one contender."""
    with fresh_profile(context.playwright) as browser, opened(browser, f"{context.url}pages/index.html") as page:
        page.wait_for_function("() => 'bench' in globalThis")
        yield Job(page)


def _threads(count: int) -> str:
    return f"{count} thread{'s' if count > 1 else ''}"


def _named(contenders: list[Contender], beginning: str) -> Contender | None:
    return next((contender for contender in contenders if contender.name.startswith(beginning)), None)
