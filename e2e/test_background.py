"""A tab that nobody looks at answers on: hidden, where timers and drawing rest, and after the machine slept."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from e2e.support.browsers import Browsers
from e2e.support.engine import Engine
from e2e.support.memory import renderers
from e2e.support.person import LABELS, Answer, Person
from e2e.support.waiting import until
from e2e.support.web import Web

QUESTION = "Write a story about a lighthouse keeper."
SLEEP_S = 8.0
"""Longer than a thread of the kernel is waited for in a pass, and than a worker may take to stop."""
HIDES = """{
  const frame = requestAnimationFrame.bind(globalThis), timer = setTimeout.bind(globalThis);
  const late = [];
  let hidden = false;
  Object.defineProperty(Document.prototype, "hidden", { get: () => hidden });
  Object.defineProperty(Document.prototype, "visibilityState", { get: () => (hidden ? "hidden" : "visible") });
  globalThis.requestAnimationFrame = (call) => (hidden ? late.push(call) : frame(call));
  globalThis.setTimeout = (call, ms = 0, ...rest) => timer(call, hidden ? Math.max(1000, ms) : ms, ...rest);
  globalThis.hide = (now) => {
    hidden = now;
    document.dispatchEvent(new Event("visibilitychange"));
    if (!now) late.splice(0).forEach((call) => frame(call));
  };
}"""
"""What a browser does to a page behind another tab: it draws no frame, and its timers come once a second. A browser
without a window shows all of its tabs."""
TURNS = """async () => {
  const open = indexedDB.open("orion-chats");
  const database = await new Promise((resolve) => { open.onsuccess = () => resolve(open.result); });
  const all = database.transaction("turns").objectStore("turns").getAll();
  await new Promise((resolve) => { all.onsuccess = resolve; });
  database.close();
  return all.result;
}"""


@contextmanager
def asleep() -> Iterator[None]:
    """No process of a page runs meanwhile, as where a laptop is closed or a phone puts the browser away."""
    stopped = renderers()
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)


def kept(page: Page, answer: Answer) -> dict[str, Any] | None:
    """The answer as it is on the device, once it is whole."""
    turn = answer.article.get_attribute("data-turn")
    rows = [row for row in page.evaluate(TURNS) if turn in (row.get("id"), row.get("turn"))]
    return next((row for row in rows if row.get("state") == "success"), None)


def test_an_answer_goes_on_with_all_its_threads_after_the_machine_slept_in_the_middle_of_it(regular: Person) -> None:
    regular.opens()
    regular.waits_for_the_model()
    answer = regular.asks(QUESTION)
    seen = answer.grows(20)
    with asleep():
        time.sleep(SLEEP_S)
    text = answer.succeeds()
    assert text.startswith(seen[:15])
    assert answer.backend == LABELS["kernel"]
    assert answer.others_notes == []
    assert regular.asks("And in French?").succeeds()


def test_time_in_which_the_machine_slept_is_no_time_in_which_the_model_was_silent(regular: Person) -> None:
    regular.visits("models.json")
    engine = Engine(regular.page, config={"use_neural_router": False, "inference_timeout_s": SLEEP_S / 2})
    options = {"force_agent": "conversation", "max_tokens": 400, "temperature": 0}
    asked = engine.send("infer", query=QUESTION, options=options)
    engine.waits_for("token", id=asked)
    with asleep():
        time.sleep(SLEEP_S)
    ended = engine.end_of(asked)
    assert ended["type"] == "result", ended
    assert engine.heard("fallback") == []


def test_a_hidden_tab_answers_to_the_end_and_keeps_it_even_where_the_browser_ends_the_tab(
    profile: Path, web: Web, browsers: Browsers
) -> None:
    page = browsers.start(profile)
    page.add_init_script(HIDES)
    person = Person(page, web.url)
    person.opens()
    person.waits_for_the_model()
    first = person.asks(QUESTION)
    seen = first.grows(20)
    page.evaluate("hide(true)")
    until(page, "the whole answer is on the device", lambda: kept(page, first))
    assert len(first.text) < len(kept(page, first)["text"]), "nothing is drawn"  # type: ignore[index]
    page.evaluate("hide(false)")
    whole = first.succeeds()
    assert whole.startswith(seen[:15])

    second = person.asks("Write another one about a baker.")
    second.grows(20)
    page.evaluate("hide(true)")
    told = until(page, "the whole answer is on the device", lambda: kept(page, second))["text"]
    for pid in renderers():
        os.kill(pid, signal.SIGKILL)
    browsers.close()
    later = Person(browsers.start(profile), web.url)
    later.opens()
    shown = Answer(later.page, later.answers.last)
    shown.comes_to("success")
    assert shown.text[:100] == told.strip()[:100]
