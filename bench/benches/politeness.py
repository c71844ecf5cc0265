"""Measures how much of the processor an idle page takes, and how decoding fares beside a busy program.

A page that has answered a question is left alone for a minute: processor time of the whole browser, in percent of one
core, beside that of a browser that shows an empty page. The minute begins when the first visit has done what it does
once after its answer: the router's encoder comes, and the snapshot for the next start is made and tested. What that
took stands beside it, in seconds of a core. Then the inference worker decodes with two threads, on either runner, in
turn alone and beside a program of another session that computes without pause on one core.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from playwright.sync_api import Error, Page

from bench import prompt
from bench.benches.generate import contender_page
from bench.benches.load import ENDED, QUESTION, keeps_snapshots
from bench.chromium import Job, fresh_profile
from bench.contenders import KERNEL, ORT, Entry, entries_for
from bench.context import Context
from bench.cpu import used_by_browser, watching
from bench.figures import Contender, Outcome, Target, limit
from bench.kernel import manifest_of
from bench.snapshot import until_kept

MINUTE_S = 60.0
SETTLING_S = 15.0
"""At least: after an answer the engine keeps on for a while, it stores and fetches what may be needed next."""
STILL = 0.05
"""Share of a core, over ``LOOK_S``, below which what is done once counts as done; twice in a row."""
LOOK_S = 4.0
LONGEST_S = 120.0
IDLE_PERCENT = 0.5
KEPT = 0.6
"""Share of the quiet rate that decoding keeps beside a neighbour."""
PAIRS = 3
"""Runs a round: so often alone, and as often beside the neighbour."""
BUSY = "while True: pass"
SHARE = "whole browser"
ONCE = "once, after the answer"


def run(context: Context) -> Outcome:
    pages = {"idle page": Contender("idle page"), "empty page": Contender("empty page")}
    for number in range(context.rounds):
        for name, contender in pages.items():
            context.settle(f"round {number + 1} of {context.rounds}: {name}, a minute")
            _idle(context, contender, f"{context.url}orion/index.html?lang=en" if name == "idle page" else "")
    decoding: list[Contender] = []
    notes: list[str] = []
    targets = [limit("an idle page's whole browser", pages["idle page"].series[SHARE], IDLE_PERCENT)]
    for entry in decoders(context):
        alone, beside = Contender(f"{entry.name}, alone"), Contender(f"{entry.name}, beside a neighbour")
        for number in range(context.rounds):
            context.settle(f"round {number + 1} of {context.rounds}: {entry.name}, alone and beside a neighbour")
            try:
                with contender_page(context) as job:
                    _decode(job, entry, alone, beside)
            except Error as error:
                notes.append(f"{entry.name} failed: {error.message.splitlines()[0]}")
        if alone.series and beside.series:
            decoding += [alone, beside]
            targets.append(kept(entry.name, alone, beside))
    return Outcome("politeness", [*pages.values(), *decoding], targets, notes)


def kept(name: str, alone: Contender, beside: Contender) -> Target:
    """Share of the quiet rate beside a neighbour; wanted of our kernel."""
    quiet, busy = alone.series["decode"], beside.series["decode"]
    title = f"{name}: decode beside a busy neighbour, of the quiet rate"
    wanted = KEPT if name == KERNEL else None
    return Target(title, busy.median / quiet.median, wanted, True, "x", quiet.noisy or busy.noisy)


def decoders(context: Context) -> list[Entry]:
    """The kernel and onnxruntime, as ``generate`` runs them with two threads."""
    site = context.site / "orion"
    asked = prompt.of_site(site, context.model)
    entries = entries_for(asked, manifest_of(site, context.model), 2, peers=False)
    return [entry for entry in entries if entry.name in (KERNEL, ORT)]


def _idle(context: Context, contender: Contender, url: str) -> None:
    with fresh_profile(context.playwright) as browser:
        page = browser.new_page()
        if url:
            page.goto(url)
            _answered(page)
            with watching() as watch:
                spent = until_still()
            if spent is not None:
                contender.add(ONCE, "core s", spent, watch.foreign)
            if keeps_snapshots(context.site / "orion"):
                until_kept(page)
        time.sleep(SETTLING_S)
        with watching() as watch:
            share = share_of_a_core(MINUTE_S)
        if share is None:
            raise OSError("this system doesn't say what a process used")
        contender.add(SHARE, "% of a core", share * 100, watch.foreign)


def _answered(page: Page) -> None:
    """Asks, and waits for the answer's end and for the network to be still."""
    page.locator("html[data-busy]").wait_for(state="attached")
    page.get_by_role("textbox", name="Message").fill(QUESTION)
    page.get_by_role("button", name="Send", exact=True).click()
    page.wait_for_function("() => document.querySelector('article[data-role=assistant]')")
    page.wait_for_function(ENDED)
    page.wait_for_load_state("networkidle")


def until_still(share: Callable[[float], float | None] | None = None) -> float | None:
    """Waits until the browser does next to nothing, or for ``LONGEST_S``. What it took until then in seconds of a
    core; None where it can't be known. ``share``: as ``share_of_a_core``."""
    spent = waited = 0.0
    still = 0
    while still < 2 and waited < LONGEST_S:
        took = (share or share_of_a_core)(LOOK_S)
        if took is None:
            return None
        spent += took * LOOK_S
        waited += LOOK_S
        still = still + 1 if took < STILL else 0
    return spent


def share_of_a_core(seconds: float, sleep: Callable[[float], None] = time.sleep) -> float | None:
    """What the browser's processes take in so long, in cores; None where it can't be known."""
    before, started = used_by_browser(), time.monotonic()
    sleep(seconds)
    after, ended = used_by_browser(), time.monotonic()
    if before is None or after is None:
        return None
    return (after - before) / os.sysconf("SC_CLK_TCK") / (ended - started)


def _decode(job: Job, entry: Entry, alone: Contender, beside: Contender) -> None:
    """In turn with and without the neighbour. Raises playwright's Error."""
    alone.facts = job.prepare(entry.module, entry.options)
    job.run()
    for number in range(2 * PAIRS):
        if number % 2:
            with busy_neighbour(), watching() as watch:
                figures = job.run()
        else:
            with watching() as watch:
                figures = job.run()
        (beside if number % 2 else alone).add("decode", "tokens/s", figures["decode_tps"], watch.foreign)


@contextmanager
def busy_neighbour() -> Iterator[None]:
    """A program that computes without pause on one core, in a session of its own: Linux shares the processor between
    sessions. It counts as ours, so that only what others take besides is a disturbance."""
    process = subprocess.Popen(
        [sys.executable, "-c", BUSY], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True
    )
    try:
        yield
    finally:
        process.kill()
        process.wait()
