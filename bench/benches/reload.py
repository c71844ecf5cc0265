"""Measures a later visit that begins with the model that --model names: the page is opened and a question sent at once.

Before it a first visit leaves what a person's leaves: the model is chosen in the settings, comes and answers, its
agent's prompt is kept, and Python's snapshot is made. Each later visit is a new page of the same browser. The model
comes from IndexedDB (whose files the system may still hold in memory), each shard is verified again, and the agent's
prompt is restored: a visit in which it isn't, because the device took too long over it, or in which another model
answers, gives no figure and is made once more, a limited number of times.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

from playwright.sync_api import BrowserContext, Locator, Page

from bench.benches.load import ENDED, PHASES, QUESTION, WATCH
from bench.chromium import fresh_profile
from bench.contenders import LARGE, LITE
from bench.context import Context
from bench.cpu import watching
from bench.figures import Contender, Outcome, limit
from bench.snapshot import until_kept
from orion_py.residency.saved_prefixes import LEAST_ROWS

FIRST_TOKEN = "first token"
GOAL_MS: dict[str, float | None] = {LITE: 2500.0, LARGE: 5000.0}
"""Wanted from the page's opening to the first token."""
ROWS = "rows restored"
TRIES = 3
"""Visits for one that counts."""
LIMIT_S = 900.0
"""For a model of more than 1 GB to come, to be built and to answer."""
HERE = "() => document.querySelector('#upgrade')?.innerText.includes('is here: it answers from your next question')"
"""What the page says of a larger model that has come. Until then nothing is asked: an answer keeps it waiting."""
KEPT = """async (model) => {
  const asked = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const all = async (name, store) => {
    if (!(await indexedDB.databases()).some((found) => found.name === name)) return [];
    const database = await asked(indexedDB.open(name));
    try {
      const of = database.transaction(store).objectStore(store);
      return [await asked(of.getAllKeys()), await asked(of.getAll())];
    } finally {
      database.close();
    }
  };
  const [keys = [], values = []] = await all("orion", "settings");
  const standby = values[keys.indexOf("standby")];
  const [, prefixes = []] = await all("orion-prefixes", "prefixes");
  const next = standby ? JSON.parse(JSON.parse(standby).spec).manifest.model : null;
  return next === model && prefixes.some((prefix) => prefix.model === model);
}"""


def run(context: Context) -> Outcome:
    visits = Contender("later visit")
    with fresh_profile(context.playwright) as browser:
        browser.add_init_script(path=WATCH)
        context.settle(f"a first visit, after which {context.model} is kept")
        _first_visit(context, browser)
        others = [
            why
            for number in range(context.rounds)
            for why in _round(context, browser, visits, f"round {number + 1} of {context.rounds}: later visit")
        ]
    if not visits.series:
        raise RuntimeError(f"No later visit began with {context.model} and its prompt: {others[-1]}.")
    title = f"{context.model}: page opened to first token, prompt restored"
    targets = [limit(title, visits.series[FIRST_TOKEN], GOAL_MS.get(context.model))]
    notes = [
        f"asked as soon as the page listens: {QUESTION}",
        *(f"a visit that doesn't count: {why}" for why in others),
    ]
    return Outcome("reload", [visits], targets, notes)


def restored_rows(told: str) -> int:
    """What an answer says of the tokens of its prompt that were read before: "57 of 80 tokens …". 0: nothing."""
    found = re.match(r"([\d,]+) of [\d,]+ tokens", told)
    return int(found[1].replace(",", "")) if found else 0


def _first_visit(context: Context, browser: BrowserContext) -> None:
    """Asks until the model answers: while it comes, another one does. Raises RuntimeError if it never comes."""
    page = browser.new_page()
    try:
        page.goto(f"{context.url}orion/index.html?lang=en")
        page.locator("html[data-busy]").wait_for(state="attached")
        _choose(page, context.model)
        end = time.monotonic() + LIMIT_S
        while _answered(page).get_attribute("data-model") != context.model:
            if time.monotonic() > end:
                raise RuntimeError(f"{context.model} answered nothing within {LIMIT_S:.0f} s.")
            page.wait_for_function(HERE, timeout=LIMIT_S * 1000)
        while not page.evaluate(KEPT, context.model):
            if time.monotonic() > end:
                raise RuntimeError(f"No prompt of {context.model} was kept for the next visit.")
            page.wait_for_timeout(250)
        _leave(page)
    finally:
        page.close()


def _round(context: Context, browser: BrowserContext, visits: Contender, title: str) -> Iterator[str]:
    """Makes a visit that counts, if one of ``TRIES`` does; why the others don't."""
    for _ in range(TRIES):
        context.settle(title)
        why = _later_visit(context, browser, visits)
        if not why:
            return
        yield why


def _later_visit(context: Context, browser: BrowserContext, visits: Contender) -> str:
    """Why the visit doesn't count; "": it does."""
    page = browser.new_page()
    try:
        with watching() as watch:
            page.goto(f"{context.url}orion/index.html?lang=en")
            page.locator("html[data-busy]").wait_for(state="attached")
            _ask(page)
            page.wait_for_function("() => orionWatch.times['first token'] && orionWatch.times.shown")
        answer = _ended(page)
        rows = restored_rows(answer.locator('[data-field="first-token"]').get_attribute("title") or "")
        model, times = answer.get_attribute("data-model"), page.evaluate("() => orionWatch.times")
        _leave(page)
    finally:
        page.close()
    if model != context.model or rows < LEAST_ROWS:
        return f"{model} answered, with {rows} rows restored"
    for phase in PHASES:
        visits.add(phase, "ms", times[phase], watch.foreign)
    visits.add(ROWS, "tokens", rows, watch.foreign)
    return ""


def _choose(page: Page, model: str) -> None:
    page.get_by_role("button", name="Settings", exact=True).click()
    settings = page.get_by_role("dialog", name="Settings")
    settings.get_by_label("Model that answers").select_option(model)
    settings.get_by_role("button", name="Close", exact=True).click()


def _ask(page: Page) -> None:
    page.get_by_role("textbox", name="Message").fill(QUESTION)
    page.get_by_role("button", name="Send", exact=True).click()


def _answered(page: Page) -> Locator:
    """Asks, and waits for the answer's end."""
    before = page.locator('article[data-role="assistant"]').count()
    _ask(page)
    page.wait_for_function(
        "(before) => document.querySelectorAll('article[data-role=assistant]').length > before", arg=before
    )
    return _ended(page)


def _ended(page: Page) -> Locator:
    page.wait_for_function(ENDED)
    answer = page.get_by_role("log").locator('article[data-role="assistant"]').last
    if answer.get_attribute("data-state") != "success":
        raise RuntimeError(f"the page answered: {answer.inner_text()}")
    return answer


def _leave(page: Page) -> None:
    """The next visit has the shell and Python's snapshot, and its question no history to read first."""
    page.evaluate("() => navigator.serviceWorker.ready.then(() => {})")
    page.get_by_role("button", name="New conversation").click()
    until_kept(page)
