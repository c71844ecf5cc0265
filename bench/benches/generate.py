"""Measures tokens per second: 128 in, 64 out, greedy, on the same weights, with two threads and with one.

Each contender in turn gets a page of its own in one Chromium, loads, runs once to warm up, and is
measured; the rounds interleave the contenders, so that a machine that changes its speed changes it for
all. wllama's figures are those that llama.cpp takes inside itself; all others hold the way to the token.
Native llama.cpp, in a process of its own, takes its turns among them. ORION's kernel runs twice, as
this browser chooses it and without relaxed SIMD, beside the path by onnxruntime. With two threads these also
read 512 tokens, verify eight rows at once, which have to be single steps to the bit, and go on after
1,500 tokens; a plain read of a token's bytes in the kernel's memory says what the memory would give.

A run that another program disturbed is done again, a limited number of times.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from playwright.sync_api import Error

from bench import prompt
from bench.chromium import Job, fresh_profile, opened
from bench.contenders import STEPS, Entry, Part, entries_for
from bench.context import Context
from bench.cpu import watching
from bench.figures import Contender, Outcome, Target
from bench.goals import notes_for, targets_for, threads_of
from bench.kernel import manifest_of
from bench.native.job import NativeFailed, NativeJob

RUNS = 2
"""Measured a round, beside the warm-up."""
RETRIES = 2
"""More runs a round, in the place of disturbed ones."""


def run(context: Context) -> Outcome:
    site = context.site / "orion"
    asked = prompt.of_site(site, context.model)
    manifest = manifest_of(site, context.model)
    contenders: list[Contender] = []
    targets: list[Target] = []
    notes: list[str] = []
    for threads in (2, 1):
        entries = list(entries_for(asked, manifest, threads, peers=context.peers))
        measured = {entry.name: Contender(f"{entry.name}, {threads_of(threads)}") for entry in entries}
        for number in range(context.rounds):
            # Every other round backwards: nobody always comes after the same neighbour.
            for entry in entries if number % 2 == 0 else reversed(entries):
                contender = measured[entry.name]
                context.settle(f"round {number + 1} of {context.rounds}: {contender.name}")
                try:
                    _session(context, entry, contender)
                except (Error, NativeFailed) as error:
                    notes.append(f"{contender.name} failed: {str(error).splitlines()[0]}")
        done = [contender for contender in measured.values() if contender.series]
        contenders += done
        targets += targets_for(done, threads, context.model)
    return Outcome("generate", contenders, targets, [*notes_for(contenders), *dict.fromkeys(notes)])


def _session(context: Context, entry: Entry, contender: Contender) -> None:
    """One load, and of each part one warm-up and the measured runs."""
    with _job(context, entry) as job:
        with watching() as watch:
            contender.facts = job.prepare(entry.module, entry.options)
        for fact, (metric, unit, times) in entry.loading.items():
            contender.add(metric, unit, contender.facts[fact] * times, watch.foreign)
        for part in entry.parts:
            _measure(job, part, contender)


def _measure(job: Job | NativeJob, part: Part, contender: Contender) -> None:
    if not check(part, job.run(part.runs[0])):
        return  # it can't
    wanted, tries = RUNS, RUNS + RETRIES
    for number in range(1, tries + 1):
        with watching() as watch:
            figures = job.run(part.runs[number % len(part.runs)])
        check(part, figures)
        for key, (metric, unit) in part.metrics.items():
            contender.add(metric, unit, figures[key], watch.foreign)
        wanted -= watch.quiet or watch.foreign is None
        if wanted == 0:
            return


def check(part: Part, figures: dict[str, Any]) -> bool:
    """Whether there are figures. Raises playwright's Error if a run wasn't the work that everybody does."""
    if part.exact_prompt and figures["prompt"] != prompt.TOKENS:
        raise Error(f"the prompt had {figures['prompt']} tokens instead of {prompt.TOKENS}")
    if figures.get("completion", STEPS) < STEPS:
        raise Error(f"the answer ended after {figures['completion']} tokens")
    if figures.get("unequal"):
        raise Error(f"{figures['unequal']} rows that were verified at once aren't single steps to the bit")
    return bool(figures)


def _job(context: Context, entry: Entry) -> AbstractContextManager[Job | NativeJob]:
    return native_job(context) if entry.module == "native" else contender_page(context)


@contextmanager
def native_job(context: Context) -> Iterator[NativeJob]:
    """A process of its own with llama.cpp. Raises NativeFailed where it couldn't be built."""
    if context.native is None:
        raise NativeFailed(context.native_reason)
    with NativeJob(context.native, context.site / "weights") as job:
        yield job


@contextmanager
def contender_page(context: Context) -> Iterator[Job]:
    """A page of its own in a Chromium of its own, for one contender."""
    with fresh_profile(context.playwright) as browser, opened(browser, f"{context.url}pages/index.html") as page:
        page.wait_for_function("() => 'bench' in globalThis")
        yield Job(page)
