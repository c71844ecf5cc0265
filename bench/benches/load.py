"""Measures a first and a second visit as a person makes them: the page is opened and a question sent at once.

First visit: nothing is stored, the model comes over the loopback interface. Second visit: the page is
opened again, the shell comes from the service worker, the model from IndexedDB and Python from the snapshot that
an idle moment between the two left. Each visitor makes both in a Chromium with a fresh profile, and visitors
take turns: one has the site as it is, one chose onnxruntime before the visit, and with --before one visits an
earlier build. Times count from the page's opening. Beside them what blocked the main thread: the browser reports
tasks over 50 ms; there should be none from the engine's start to the end of the answer, nor while a second question
is answered beside the open panel. Other threads share the cores with it, so a last pair of visits is traced, and gives
the processor time of the longest task.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page

from bench.chromium import fresh_profile
from bench.context import Context
from bench.cpu import Watch, watching
from bench.figures import Contender, Outcome, Target, limit, speedup
from bench.main_thread import traced
from bench.snapshot import until_kept

WATCH = Path(__file__).parent.parent / "pages" / "watch.js"
QUESTION = "Tell me three things that I can see in the sky at night, and how to find them."
ENDED = """() => {
  const answers = document.querySelectorAll('article[data-role="assistant"]');
  return ["success", "error", "cancelled"].includes(answers[answers.length - 1]?.dataset.state);
}"""
PHASES = ("drawn", "engine started", "engine ready", "model ready", "first token", "shown")
STAGES = ("page start", "loading", "streaming")
WITH_PANEL = "panel open"
PROCESSOR = "longest task, processor time"
LONG_TASK_MS = 50.0
GOAL_MS = 2500.0
"""Wanted of a second visit."""
SOONER = {"first visit": 2.0, "second visit": 3.0}
"""How many times sooner than the earlier build each visit is to have its first token."""
PREFERENCES = "orion.preferences"


@dataclass(frozen=True, slots=True)
class Visitor:
    """``folder``: of the site; ``runner``: chosen before the first visit."""

    name: str
    folder: str = "orion"
    runner: str | None = None

    def visit(self, which: str) -> str:
        return f"{which}, {self.name}" if self.name else which


VISITS = ("first visit", "second visit")
NOW, ON_ORT, BEFORE = Visitor(""), Visitor("onnxruntime", runner="onnxruntime"), Visitor("before", "before")


def run(context: Context) -> Outcome:
    visitors = [NOW, ON_ORT, *([BEFORE] if context.before else [])]
    visits = {visitor.visit(which): Contender(visitor.visit(which)) for visitor in visitors for which in VISITS}
    for number in range(context.rounds):
        for visitor in visitors if number % 2 == 0 else reversed(visitors):
            with fresh_profile(context.playwright) as browser:
                browser.add_init_script(path=WATCH)
                if visitor.runner:
                    browser.add_init_script(script=choosing(visitor.runner))
                for which in VISITS:
                    name = visitor.visit(which)
                    context.settle(f"round {number + 1} of {context.rounds}: {name}")
                    _visit(context, browser, visits[name], visitor.folder)
    busy = {which: Contender(f"{which}, traced") for which in VISITS}
    with fresh_profile(context.playwright) as browser:
        browser.add_init_script(path=WATCH)
        for which in VISITS:
            context.settle(busy[which].name)
            _traced_visit(context, browser, busy[which])
    targets = targets_for(visits) + [_processor_time(contender) for contender in busy.values()]
    contenders = [*visits.values(), *busy.values()]
    return Outcome("load", contenders, targets, [f"asked as soon as the page listens: {QUESTION}"])


def keeps_snapshots(site: Path) -> bool:
    """Whether this build leaves a snapshot of Python for the next visit: an earlier one may not."""
    return any((site / "bridge").rglob("*snapshot*"))


def choosing(runner: str) -> str:
    """A script that chooses what computes, as the settings keep it, where nothing was chosen yet."""
    kept = json.dumps({"engine": {"runner": runner}})
    return f"localStorage.getItem({PREFERENCES!r}) ?? localStorage.setItem({PREFERENCES!r}, {kept!r});"


def targets_for(visits: dict[str, Contender]) -> list[Target]:
    """The second visit's time, both visits against the other visitors', and what blocked the main thread."""
    targets = [limit("second visit: page opened to first token", visits["second visit"].series["first token"], GOAL_MS)]
    for which in VISITS:
        ours = visits[which].series["first token"]
        for other, wanted in ((ON_ORT, None), (BEFORE, SOONER[which])):
            if other.visit(which) in visits:
                title = f"{which}: first token, times sooner than with {other.name}"
                theirs = visits[other.visit(which)].series["first token"]
                targets.append(speedup(title, ours, theirs, wanted))
        for stage in (*STAGES, WITH_PANEL):
            samples = visits[which].series[f"blocked, {stage}"].samples
            targets.append(_longest(f"{which}: longest task, {stage}", samples))
    return targets


def _visit(context: Context, browser: BrowserContext, contender: Contender, folder: str) -> None:
    page = browser.new_page()
    try:
        with watching() as watch:
            _ask(page, f"{context.url}{folder}/index.html?lang=en")
        with watching() as streaming:
            _until_answered(page)
        seen: dict[str, Any] = page.evaluate("() => orionWatch")
        _with_panel(page, contender)
        _prepare_next(page, context.site / folder)
    finally:
        page.close()
    _note(contender, seen, watch, streaming)


def _traced_visit(context: Context, browser: BrowserContext, contender: Contender) -> None:
    page = browser.new_page()
    try:
        with watching() as watch, traced(page) as longest:
            _ask(page, f"{context.url}{NOW.folder}/index.html?lang=en")
            _until_answered(page)
        _prepare_next(page, context.site / NOW.folder)
    finally:
        page.close()
    contender.add(PROCESSOR, "ms", longest.ms, watch.foreign)


def _ask(page: Page, address: str) -> None:
    """Opens the page, asks as soon as it listens, and waits for the first words."""
    page.goto(address)
    page.locator("html[data-busy]").wait_for(state="attached")
    page.get_by_role("textbox", name="Message").fill(QUESTION)
    page.get_by_role("button", name="Send", exact=True).click()
    page.wait_for_function("() => orionWatch.times['first token'] && orionWatch.times.shown")


def _until_answered(page: Page) -> None:
    page.wait_for_function(ENDED)
    answer = page.get_by_role("log").locator('article[data-role="assistant"]').last
    if answer.get_attribute("data-state") != "success":
        raise RuntimeError(f"the page answered: {answer.inner_text()}")


def _prepare_next(page: Page, site: Path) -> None:
    """The next visit has the shell and Python's snapshot, and its question no history to read first."""
    page.evaluate("() => navigator.serviceWorker.ready.then(() => {})")
    page.get_by_role("button", name="New conversation").click()
    if keeps_snapshots(site):
        until_kept(page)


def _processor_time(contender: Contender) -> Target:
    return limit(f"{contender.name}: longest task, processor time", contender.series[PROCESSOR], LONG_TASK_MS)


def _with_panel(page: Page, contender: Contender) -> None:
    """Notes what blocked the main thread while a second answer streams beside the open panel."""
    with watching() as watch:
        opened: float = page.evaluate("() => performance.now()")
        page.get_by_role("button", name="Engine", exact=True).click()
        page.get_by_role("textbox", name="Message").fill(QUESTION)
        page.get_by_role("button", name="Send", exact=True).click()
        page.wait_for_function("() => document.querySelectorAll('article[data-role=assistant]').length === 2")
        page.wait_for_function(ENDED)
    blocks: list[dict[str, float]] = page.evaluate("() => orionWatch.blocks")
    longest = max((block["ms"] for block in blocks if block["start"] >= opened), default=0.0)
    contender.add(f"blocked, {WITH_PANEL}", "ms", longest, watch.foreign)
    page.keyboard.press("Escape")


def _note(contender: Contender, seen: dict[str, Any], watch: Watch, streaming: Watch) -> None:
    for phase in PHASES:
        contender.add(phase, "ms", seen["times"][phase], watch.foreign)
    for stage, longest in blocked(seen["times"], seen["blocks"]):
        disturbed = streaming.foreign if stage == "streaming" else watch.foreign
        contender.add(f"blocked, {stage}", "ms", longest, disturbed)


def blocked(times: dict[str, float], blocks: list[dict[str, float]]) -> Iterator[tuple[str, float]]:
    """The longest task of each stage in ms, 0 if the browser reported none (it does from 50 ms on)."""
    starts = [0.0, times["engine started"], times["first token"]]
    for stage, start, end in zip(STAGES, starts, [*starts[1:], float("inf")], strict=True):
        yield stage, max((block["ms"] for block in blocks if start <= block["start"] < end), default=0.0)


def _longest(title: str, samples: list[Any]) -> Target:
    """The worst of all rounds: a block is felt when it happens, not on average."""
    quiet = [sample for sample in samples if sample.quiet]
    worst = max(sample.value for sample in quiet or samples)
    return Target(title, worst, LONG_TASK_MS, False, "ms", noisy=not quiet)
